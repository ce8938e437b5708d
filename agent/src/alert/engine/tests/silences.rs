//! What is held back because the owner or the night wants quiet: never dropped, never for ever, and nothing that is critical
//! at night.

use super::*;

#[test]
fn a_silence_holds_what_is_new_and_ends_by_itself() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    day.change(|book, _, now| {
        silence(book, MAINTENANCE, Duration::from_secs(1800), now);
        Vec::new()
    });
    day.told();
    day.wrong("backup/any", Rule::BackupNotTaken);
    day.wrong("backup_age/newest", Rule::BackupOld);
    day.pass_long(Duration::from_secs(900));
    day.restart();
    day.fine("backup/any");
    day.fine("bot/bot");
    assert_eq!(
        day.told(),
        ["resolved bot/bot", "settled bot/bot"],
        "what was told is ended all the same"
    );
    day.pass_long(Duration::from_secs(930));
    assert_eq!(
        day.told(),
        ["first backup_age/newest"],
        "what still stands is told then"
    );
    let past = day.store.past(UnixMillis(0)).unwrap();
    assert_eq!(
        past[0].held,
        Some(Held::Silenced),
        "what ended unheard is written down"
    );
    assert!(day.store.book().unwrap().silences.is_empty());
}

#[test]
fn no_silence_is_for_ever() {
    let mut day = Day::begin();
    let mut until = day.now;
    day.change(|book, _, now| {
        until = silence(book, "bot/bot", Duration::MAX, now);
        Vec::new()
    });
    assert_eq!(until.since(START), Duration::from_secs(7 * 86_400));
}

#[test]
fn the_night_defers_a_warning_and_lets_what_is_critical_through() {
    let mut day = Day::begin();
    day.calendar.quiet_hours = Some((time(7, 0, 0, 0), time(9, 0, 0, 0)));
    day.wrong("backup/any", Rule::BackupNotTaken);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first bot/bot"]);
    day.fine("bot/bot");
    day.told();
    day.pass_long(Duration::from_secs(7140));
    assert_eq!(day.told(), Vec::<String>::new());
    day.pass_long(Duration::from_secs(60));
    assert_eq!(day.told(), ["first backup/any"]);
}

#[test]
fn a_warning_held_at_night_that_still_stands_is_told_in_the_morning_whenever_the_agent_was_started_anew() {
    // The agent is away over the end of the night, or comes back just before or after it.
    for (stops_s, starts_s) in [(3000, 7190), (7100, 7200), (7100, 7210), (3000, 20_000)] {
        let mut day = Day::begin();
        day.calendar.quiet_hours = Some((time(7, 0, 0, 0), time(9, 0, 0, 0)));
        for rule in [Rule::BackupNotTaken, Rule::LogGrowing, Rule::DrillOld] {
            day.wrong(&format!("{}/a", rule.name()), rule);
        }
        day.wrong("over/a", Rule::BackupFailed);
        day.pass_long(Duration::from_secs(stops_s));
        day.now = START.plus(Duration::from_secs(starts_s));
        day.restart();
        day.wrong("log_growing/a", Rule::LogGrowing);
        day.fine("over/a");
        day.pass(30);
        let told = |day: &Day| {
            let faults = day.said.iter().flat_map(|(_, notice)| {
                let others = notice.others.iter().map(|other| other.key.clone());
                std::iter::once(notice.lead.key.clone()).chain(others)
            });
            faults.collect::<std::collections::BTreeSet<String>>()
        };
        let all = ["backup_not_taken/a", "drill_old/a", "log_growing/a"].map(str::to_owned);
        assert_eq!(told(&day), all.into(), "{stops_s} {starts_s}");
        assert!(
            day.said
                .iter()
                .any(|(_, notice)| notice.loud && !notice.kind.is_edit())
        );
        let past = day.store.past(UnixMillis(0)).unwrap();
        assert_eq!(
            (past.len(), past[0].held),
            (1, Some(Held::QuietHours)),
            "for the digest"
        );
    }
}

#[test]
fn what_was_told_and_gets_graver_in_silence_changes_its_message_and_rings_when_the_silence_ends() {
    for recovers in [true, false] {
        let mut day = Day::begin();
        for _ in 0..70 {
            day.wrong("bot/bot", Rule::BotUnhealthy);
            day.pass(1);
        }
        day.change(|book, _, now| {
            silence(book, MAINTENANCE, Duration::from_secs(1800), now);
            Vec::new()
        });
        assert_eq!(day.told(), ["first bot/bot"]);
        day.wrong("bot/bot", Rule::BotGone);
        let said = day.said[0].1.clone();
        assert_eq!((said.loud, said.lead.rule), (false, Rule::BotGone));
        assert_eq!(day.told(), ["update bot/bot"]);
        day.restart();
        day.pass(1700);
        if recovers {
            day.fine("bot/bot");
            day.pass(600);
            assert_eq!(day.told(), ["resolved bot/bot", "settled bot/bot"]);
            continue;
        }
        assert_eq!(day.told(), Vec::<String>::new());
        day.pass(100);
        assert!(day.said[0].1.loud);
        assert_eq!(day.told(), ["worse bot/bot"]);
        day.pass(300);
        assert_eq!(day.told(), ["reminder bot/bot"]);
    }
}

#[test]
fn a_silence_over_one_alert_keeps_no_other_one_of_its_message_quiet() {
    let mut day = Day::begin();
    day.wrong("disk//", Rule::DiskLow);
    for _ in 0..130 {
        day.wrong("disk//", Rule::DiskLow);
        day.pass(1);
    }
    day.change(|book, _, now| {
        silence(book, "disk//", Duration::from_secs(3600), now);
        Vec::new()
    });
    day.told();
    day.wrong("disk//", Rule::DiskFull);
    assert_eq!(day.told(), ["update disk//"]);
    day.wrong("memory/stalls", Rule::MemoryKill);
    let (_, said) = &day.said[0];
    assert!(said.loud && said.others[0].key == "memory/stalls", "{said:?}");
}

#[test]
fn at_night_what_gets_graver_and_is_not_critical_rings_in_the_morning() {
    let mut day = Day::begin();
    day.wrong("recipient/x", Rule::RecipientExpiring);
    day.told();
    day.calendar.quiet_hours = Some((time(7, 0, 0, 0), time(9, 0, 0, 0)));
    day.wrong("recipient/x", Rule::RecipientExpired);
    assert_eq!(day.told(), ["update recipient/x"]);
    day.pass_long(Duration::from_secs(7100));
    assert_eq!(day.told(), Vec::<String>::new());
    day.pass_long(Duration::from_secs(120));
    assert_eq!(day.told(), ["worse recipient/x"]);
}

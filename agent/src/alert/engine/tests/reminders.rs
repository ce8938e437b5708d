//! What nobody has taken on is told again, louder each time, also when it came back within the hour.

use super::*;

#[test]
fn what_nobody_takes_on_is_told_after_five_fifteen_and_forty_five_minutes_on_one_more_way_each_time() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    day.pass_long(Duration::from_secs(3600));
    let reminders: Vec<(u64, u32)> = day
        .said
        .iter()
        .filter(|(_, notice)| notice.kind == Kind::Reminder)
        .map(|(at, notice)| (at.since(START).as_secs() / 60, notice.rungs))
        .collect();
    assert_eq!(reminders, [(5, 2), (15, 3), (45, 4)]);
    let id = *day.store.book().unwrap().episodes.keys().next().unwrap();
    day.told();
    day.change(|book, calendar, now| acknowledge(book, calendar, id, None, now).unwrap());
    assert_eq!(day.told(), ["update bot/bot"]);
    day.pass_long(Duration::from_secs(86_400));
    assert_eq!(day.told(), Vec::<String>::new());
}

#[test]
fn what_is_taken_on_before_its_first_message_stays_so_with_it_unless_more_comes_meanwhile() {
    let who = || Some("Ana".to_owned());
    let first_after = |more: bool| {
        let mut day = Day::begin();
        for _ in 0..3 {
            day.wrong("domain/shop.example", Rule::DomainUnreachable);
            day.pass(1);
        }
        assert_eq!(day.told(), Vec::<String>::new(), "it waits for a cause");
        let id = *day.store.book().unwrap().episodes.keys().next().unwrap();
        day.change(|book, calendar, now| acknowledge(book, calendar, id, who(), now).unwrap());
        if more {
            for _ in 0..3 {
                day.wrong("domain/www.example", Rule::DomainUnreachable);
                day.pass(1);
            }
        }
        day.said.clear();
        day.pass(120);
        let (_, first) = day.said.first().cloned().unwrap();
        assert_eq!(first.kind, Kind::First);
        (first.acked.map(|acked| acked.by), first.loud)
    };
    assert_eq!(
        first_after(false),
        (Some(who()), false),
        "whoever knows is not called"
    );
    assert_eq!(first_after(true), (None, true));
}

#[test]
fn a_warning_is_not_told_again_but_one_that_gets_worse_is() {
    let mut day = Day::begin();
    for _ in 0..70 {
        day.wrong("bot/bot", Rule::BotUnhealthy);
        day.pass(1);
    }
    day.pass_long(Duration::from_secs(7200));
    assert_eq!(day.told(), ["first bot/bot"]);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["worse bot/bot"]);
}

#[test]
fn a_return_that_was_told_at_once_is_told_again_as_anything_else_until_somebody_takes_it_on() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    day.pass(5);
    day.fine("bot/bot");
    day.pass(600);
    day.told();
    day.wrong("bot/bot", Rule::BotGone);
    let returned_at = day.now;
    assert_eq!(day.told(), ["flapping bot/bot"]);
    day.restart();
    day.pass(20 * 60);
    let reminders: Vec<(u64, u32)> = day
        .said
        .iter()
        .map(|(at, notice)| (at.since(returned_at).as_secs() / 60, notice.rungs))
        .collect();
    assert_eq!(reminders, [(5, 2), (15, 3)]);
    assert_eq!(day.told(), ["reminder bot/bot", "reminder bot/bot"]);
    day.fine("bot/bot");
    assert_eq!(
        day.told(),
        ["resolved bot/bot", "settled bot/bot"],
        "who was called again hears the end"
    );
    day.pass(7200);
    assert_eq!(day.told(), Vec::<String>::new());
}

#[test]
fn a_return_can_be_taken_on_and_silenced() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    day.fine("bot/bot");
    day.pass(60);
    day.told();
    day.wrong("bot/bot", Rule::BotGone);
    let id = day.said[0].1.episode;
    assert_eq!(day.told(), ["flapping bot/bot"]);
    day.change(|book, calendar, now| acknowledge(book, calendar, id, None, now).unwrap());
    assert_eq!(day.told(), ["update bot/bot"]);
    let book = day.store.book().unwrap();
    assert_eq!(book.alerts["bot/bot"].episode, Some(id), "its buttons find it");
    day.pass(3000);
    assert_eq!(day.told(), Vec::<String>::new());
    day.fine("bot/bot");
    assert_eq!(
        day.told(),
        ["resolved bot/bot", "settled bot/bot"],
        "it was long: its end is a message"
    );
    day.pass(90);
    assert_eq!(day.told(), Vec::<String>::new());
}

#[test]
fn a_moment_is_told_once_ends_where_it_was_told_and_is_told_again_when_it_comes_again() {
    for pause in [0, 1800, 7200] {
        let mut day = Day::begin();
        day.wrong("memory_kills/host", Rule::MemoryKill);
        day.pass(599);
        assert_eq!(day.told(), ["first memory_kills/host"]);
        day.fine("memory_kills/host");
        let is_in_place = |notice: &Notice| matches!(notice.kind, Kind::Resolved { in_place: true, .. });
        assert!(is_in_place(&day.said[0].1), "{:?}", day.said);
        assert_eq!(day.told().len(), 1);
        day.pass_long(Duration::from_secs(pause));
        day.wrong("memory_kills/host", Rule::MemoryKill);
        let told = day.told();
        let is_told = told
            .iter()
            .any(|told| ["first memory_kills/host", "flapping memory_kills/host"].contains(&told.as_str()));
        assert!(is_told, "{pause}: {told:?}");
    }
}

#[test]
fn who_is_reminded_of_what_lasts_is_so_also_where_a_moment_was_told_with_it() {
    let mut day = Day::begin();
    day.wrong("memory_pressure/host", Rule::MemoryStalls);
    day.pass(60);
    day.wrong("memory_pressure/host", Rule::MemoryStalls);
    day.wrong("memory_kills/host", Rule::MemoryKill);
    day.pass(600);
    let told = day.told();
    assert!(told.iter().any(|told| told.starts_with("reminder")), "{told:?}");
}

#[test]
fn what_fails_after_its_topics_message_was_taken_on_rings_in_a_message_of_its_own() {
    for (before, key, rule, wait) in [
        (Rule::BackupFailed, "backup_remote/b", Rule::BackupFailed, 5),
        (Rule::RemoteDamaged, "remote/b", Rule::RemoteDamaged, 5),
        (Rule::RemoteDamaged, "remote/b", Rule::RemoteDamaged, 200),
        // Of what was told a moment ago it is the cause, or comes.
        (Rule::DatabaseRefuses, "disk_writes//", Rule::DiskReadOnly, 5),
        (Rule::DiskFull, "database/commits", Rule::DatabaseRefuses, 5),
    ] {
        let mut day = Day::begin();
        day.wrong("remote/a", before);
        day.pass(2);
        let id = day.said[0].1.episode;
        day.change(|book, calendar, now| acknowledge(book, calendar, id, None, now).unwrap());
        day.told();
        day.pass(wait);
        day.wrong(key, rule);
        day.pass(20);
        let (_, said) = &day.said[0];
        assert_eq!(
            (&said.kind, said.lead.key.as_str(), said.loud),
            (&Kind::First, key, true)
        );
        assert!(said.acked.is_none() && said.others.is_empty(), "{said:?}");
        day.fine("remote/a");
        day.fine(key);
        day.fine(key);
        day.fine("remote/a");
        day.pass(600);
        assert!(day.store.book().unwrap().episodes.is_empty(), "{:?}", day.said);
    }
}

#[test]
fn what_joined_a_message_and_is_in_no_word_of_it_is_told_by_itself_when_that_is_taken_on() {
    let mut day = Day::begin();
    day.wrong("backup_remote/a", Rule::BackupFailed);
    let id = day.said[0].1.episode;
    day.pass(4);
    day.wrong("backup_remote/b", Rule::BackupFailed);
    day.wrong("backup_remote/c", Rule::BackupFailed);
    assert_eq!(day.told(), ["first backup_remote/a"]);
    day.pass(2);
    day.change(|book, calendar, now| acknowledge(book, calendar, id, None, now).unwrap());
    let (update, first) = (&day.said[0].1, &day.said[1].1);
    assert!(
        update.acked.is_some() && update.others.is_empty() && update.faults == 1,
        "{update:?}"
    );
    assert!(first.loud && first.acked.is_none(), "{first:?}");
    assert_eq!(day.told(), ["update backup_remote/a", "first backup_remote/b"]);
    day.pass(60);
    let (_, both) = day.said.last().unwrap();
    assert_eq!(both.others.len(), 1, "{:?}", day.said);
    assert_eq!(day.told(), ["update backup_remote/b"]);
}

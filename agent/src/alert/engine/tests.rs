//! The engine with the clock set by hand and a real store beside it: what it remembers must survive every restart.

use jiff::{civil::time, tz::TimeZone};
use protocol::incident::Severity;

use super::*;
use crate::store::Store;

mod clocks;
mod disks;
mod flapping;
mod follow;
mod histories;
mod kin;
mod lying;
mod reminders;
mod reported;
mod returns;
mod silences;
mod storms;

const START: UnixMillis = UnixMillis(1_795_330_800_000);

/// A day at the agent: the book lives in a real database, and is read from it before every step.
struct Day {
    dir: tempfile::TempDir,
    store: Store,
    calendar: Calendar,
    now: UnixMillis,
    said: Vec<(UnixMillis, Notice)>,
}

impl Day {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(dir.path()).unwrap(),
            dir,
            calendar: Calendar {
                timezone: TimeZone::UTC,
                quiet_hours: None,
                digest_at: time(8, 0, 0, 0),
            },
            now: START,
            said: Vec::new(),
        }
    }

    fn change(&mut self, step: impl FnOnce(&mut Book, &Calendar, UnixMillis) -> Vec<Notice>) {
        let (now, calendar, said) = (self.now, &self.calendar, &mut self.said);
        let mut after = None;
        self.store
            .change_book(&[], now, |book| {
                said.extend(step(book, calendar, now).into_iter().map(|notice| (now, notice)));
                after = Some(book.clone());
                Vec::new()
            })
            .unwrap();
        let (stored, after) = (self.store.book().unwrap(), after.unwrap());
        assert_eq!(
            (stored.alerts, stored.episodes, stored.floors),
            (after.alerts, after.episodes, after.floors),
            "what is stored is what was decided"
        );
    }

    fn see(&mut self, key: &str, seen: Observation) {
        let (kind, object) = key.split_once('/').unwrap();
        let key = AlertKey::new(kind, object);
        self.change(|book, calendar, now| observe(book, calendar, &key, seen, now));
    }

    fn wrong(&mut self, key: &str, rule: Rule) {
        self.see(key, Observation::wrong(rule));
    }

    fn fine(&mut self, key: &str) {
        self.see(key, Observation::Fine);
    }

    /// Lets seconds pass, each with its tick.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            self.change(tick);
        }
    }

    /// Lets time pass in steps of half a minute, for long waits.
    fn pass_long(&mut self, lasts: Duration) {
        let end = self.now.plus(lasts);
        while self.now < end {
            self.now = self.now.plus(Duration::from_secs(30));
            self.change(tick);
        }
    }

    fn restart(&mut self) {
        self.store = Store::open(self.dir.path()).unwrap();
    }

    /// Kind and key of what was said since the last call; numbers are left out.
    fn told(&mut self) -> Vec<String> {
        let name = |kind: &Kind| {
            format!("{kind:?}")
                .split([' ', '{'])
                .next()
                .unwrap()
                .to_lowercase()
        };
        self.said
            .drain(..)
            .map(|(_, notice)| format!("{} {}", name(&notice.kind), notice.lead.key))
            .collect()
    }

    /// Messages of their own among what was said; edits are none.
    fn messages(&self) -> usize {
        self.said
            .iter()
            .filter(|(_, notice)| !notice.kind.is_edit())
            .count()
    }

    fn edits(&self) -> usize {
        self.said.len() - self.messages()
    }
}

#[test]
fn a_trouble_is_told_once_and_its_end_once_also_across_restarts() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first bot/bot"]);
    for _ in 0..20 {
        day.restart();
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(10);
    }
    day.fine("bot/bot");
    day.restart();
    day.fine("bot/bot");
    day.pass(120);
    assert_eq!(day.told(), ["resolved bot/bot"]);
    assert!(day.store.book().unwrap().episodes.is_empty());
}

#[test]
fn thirty_faults_with_one_root_are_one_message_edited_at_most_three_times() {
    for root_first in [true, false] {
        let mut day = Day::begin();
        let faults: Vec<String> = (0..30).map(|number| format!("loop/{number}")).collect();
        if root_first {
            day.wrong("bot/bot", Rule::BotGone);
        }
        for _ in 0..20 {
            for fault in &faults {
                day.wrong(fault, Rule::BotUnhealthy);
            }
            day.pass(1);
        }
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(240);
        day.fine("bot/bot");
        for fault in &faults {
            day.fine(fault);
        }
        day.pass(600);
        let is_of_root = |(_, notice): &(UnixMillis, Notice)| notice.lead.key == "bot/bot";
        assert!(day.said.iter().all(is_of_root), "{:?}", day.told());
        assert!(day.edits() <= 3);
        assert_eq!(day.messages(), 1, "the end is its last edit");
    }
}

#[test]
fn thirty_faults_of_one_topic_without_a_root_share_a_message_too() {
    let mut day = Day::begin();
    for number in 0..30 {
        day.wrong(&format!("backup_remote/{number}"), Rule::BackupFailed);
        day.pass(2);
    }
    day.pass(200);
    assert_eq!((day.messages(), day.edits()), (1, 2));
    assert_eq!(day.said.last().unwrap().1.others.len(), 29);
    for number in 0..30 {
        day.fine(&format!("backup_remote/{number}"));
    }
    day.pass(400);
    assert_eq!((day.messages(), day.edits()), (1, 3));
    assert_eq!(day.said[3].1.faults, 30);
}

#[test]
fn something_critical_that_joins_a_message_rings_unless_that_one_rang_a_moment_ago() {
    for (seconds, loud) in [(59, false), (60, true), (299, true)] {
        let mut day = Day::begin();
        day.wrong("gateway/a", Rule::PaymentsFailing);
        day.pass(seconds);
        day.told();
        day.wrong("gateway/b", Rule::PaymentsFailing);
        day.pass(10);
        let said = day.said[0].1.clone();
        assert_eq!((day.messages() == 1, said.others.len()), (loud, 1), "{said:?}");
        if loud {
            assert_eq!((said.lead.key.as_str(), said.loud), ("gateway/b", true));
        }
        day.fine("gateway/a");
        day.fine("gateway/b");
        assert!(day.store.book().unwrap().episodes.is_empty());
    }
}

#[test]
fn thirty_critical_faults_that_come_within_a_minute_ring_once() {
    let mut day = Day::begin();
    for number in 0..30 {
        day.wrong(&format!("remote/{number}"), Rule::RemoteDamaged);
        day.pass(2);
    }
    day.pass(200);
    assert_eq!((day.messages(), day.edits()), (1, 2));
    for number in 0..30 {
        day.fine(&format!("remote/{number}"));
    }
    assert!(day.edits() <= 3);
}

#[test]
fn what_follows_from_a_root_is_told_when_it_outlives_it() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    for _ in 0..10 {
        day.wrong("loop/1", Rule::BotUnhealthy);
        day.pass(1);
    }
    day.fine("bot/bot");
    day.told();
    for _ in 0..70 {
        day.wrong("loop/1", Rule::BotUnhealthy);
        day.pass(1);
    }
    assert_eq!(day.told(), ["first loop/1"]);
}

#[test]
fn a_root_that_comes_later_does_not_keep_an_end_from_being_told() {
    let mut day = Day::begin();
    for _ in 0..70 {
        day.wrong("loop/1", Rule::BotUnhealthy);
        day.pass(1);
    }
    assert_eq!(day.told(), ["first loop/1"]);
    day.wrong("bot/bot", Rule::BotGone);
    day.fine("loop/1");
    day.pass(20);
    assert!(day.said.iter().any(|(_, notice)| notice.lead.key == "bot/bot"));
    day.fine("bot/bot");
    day.pass(20);
    assert!(matches!(
        day.said.last().unwrap().1.kind,
        Kind::Resolved { in_place: true, .. }
    ));
    assert!(day.store.book().unwrap().episodes.is_empty());
}

#[test]
fn what_is_not_watched_any_more_ends() {
    let mut day = Day::begin();
    day.wrong("backup_remote/a", Rule::BackupFailed);
    day.told();
    day.change(|book, _, now| withdraw(book, "backup_remote/a", now));
    assert_eq!(day.told(), ["withdrawn backup_remote/a"]);
    day.change(|book, _, now| withdraw(book, "backup_remote/a", now));
    assert_eq!(day.told(), Vec::<String>::new());
}

#[test]
fn a_short_end_changes_its_message_and_a_long_one_is_a_message_too() {
    for (seconds, told) in [
        (299, &["resolved bot/bot"][..]),
        (300, &["resolved bot/bot", "settled bot/bot"]),
    ] {
        let mut day = Day::begin();
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(seconds);
        day.told();
        day.wrong("bot/bot", Rule::BotUnhealthy);
        day.fine("bot/bot");
        let end = day.said[0].1.clone();
        assert_eq!(end.kind.is_edit(), told.len() == 1);
        assert_eq!(end.lead.rule, Rule::BotGone, "named by the gravest that it was");
        assert_eq!(day.told(), told);
    }
}

#[test]
fn what_was_done_changes_the_message_and_what_only_the_owner_can_do_is_one_of_its_own() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotHung);
    day.now = day.now.plus(Duration::from_secs(20));
    day.wrong("bot/bot", Rule::BotHung);
    assert_eq!(day.told(), ["first bot/bot"]);
    day.change(|book, _, _| {
        tell_done(book, "bot/bot", "restarted", Done::Ended)
            .into_iter()
            .collect()
    });
    assert_eq!(day.said.last().unwrap().1.lead.detail, "restarted");
    assert_eq!(day.told(), ["update bot/bot"]);
    // A promise that is out is kept, however often its message was changed.
    for (how_far, told) in [
        (Done::Begun, 1),
        (Done::Begun, 0),
        (Done::Ended, 1),
        (Done::Ended, 1),
    ] {
        day.change(|book, _, _| tell_done(book, "bot/bot", "again", how_far).into_iter().collect());
        assert_eq!(day.told().len(), told, "{how_far:?}");
    }
    for _ in 0..4 {
        day.wrong("bot/bot", Rule::BotRestartsSpent);
        day.pass(5);
    }
    assert!(day.said.last().unwrap().1.loud);
    assert_eq!(
        day.told(),
        ["worse bot/bot"],
        "the same trouble, and it rings once more"
    );
    // Of what is not told yet nothing is changed, and of what nobody knows neither.
    day.change(|book, _, _| {
        tell_done(book, "bot/other", "restarted", Done::Ended)
            .into_iter()
            .collect()
    });
    assert_eq!(day.told(), Vec::<String>::new());
}

//! One root rings once: what is critical is told at once, and a cause that is seen later heads that message.

use super::*;

impl Day {
    /// What the newest thing said is headed by, and how much is told with it.
    fn newest(&self) -> (&str, usize) {
        let (_, notice) = self.said.last().unwrap();
        (&notice.lead.key, notice.others.len())
    }
}

#[test]
fn a_database_without_writes_is_told_at_once_and_its_disk_that_is_seen_later_heads_that_message() {
    let mut day = Day::begin();
    day.wrong("database/commits", Rule::DatabaseRefuses);
    assert_eq!(day.messages(), 1, "at once");
    day.pass(5);
    day.restart();
    day.wrong("disk_writes//", Rule::DiskReadOnly);
    assert_eq!((day.messages(), day.edits()), (1, 1), "{:?}", day.said);
    assert_eq!(day.newest(), ("disk_writes//", 1));
    day.pass(200);
    for key in ["disk_writes//", "database/commits", "database/commits"] {
        day.fine(key);
    }
    assert_eq!((day.messages(), day.edits()), (1, 2));
    assert_eq!(day.told().pop().unwrap(), "resolved disk_writes//");
    day.pass(600);
    assert_eq!(day.told(), Vec::<String>::new());
}

/// A database that takes no writes and what that comes of, seen within seconds in this order: one message for both.
fn refused_with(source: (&str, Rule), order: [usize; 2]) -> Day {
    let faults = [("database/commits", Rule::DatabaseRefuses), source];
    let mut day = Day::begin();
    for at in order {
        day.wrong(faults[at].0, faults[at].1);
        day.pass(5);
    }
    assert_eq!((day.messages(), day.edits()), (1, 1), "{:?}", day.said);
    assert_eq!(day.newest(), ("database/commits", 1), "what stops the shop leads");
    day
}

#[test]
fn a_disk_that_fills_up_within_seconds_rings_once_in_whichever_order_it_is_seen() {
    for order in [[0, 1], [1, 0]] {
        let mut day = refused_with(("disk//", Rule::DiskFull), order);
        assert!(
            day.said
                .iter()
                .all(|(_, notice)| notice.severity == Severity::Critical)
        );
        day.pass(300);
        let reminder = &day.said.last().unwrap().1;
        assert_eq!((&reminder.kind, reminder.others.len()), (&Kind::Reminder, 1));
    }
}

#[test]
fn a_file_that_is_replaced_under_the_bot_rings_once_in_whichever_order_it_is_seen() {
    for order in [[0, 1], [1, 0]] {
        refused_with(("capture_event/replaced", Rule::DatabaseReplaced), order);
    }
}

#[test]
fn a_disk_that_was_full_for_long_and_another_disk_are_no_kin() {
    let mut day = Day::begin();
    day.wrong("disk//", Rule::DiskFull);
    day.pass(120);
    day.told();
    day.wrong("database/commits", Rule::DatabaseRefuses);
    assert_eq!(day.told(), ["first database/commits"]);
    for disk in ["disk_of_remote//mnt", "disk_of_named//mnt"] {
        let mut day = Day::begin();
        day.wrong("database/commits", Rule::DatabaseRefuses);
        day.wrong(disk, Rule::DiskFull);
        let other = format!("first {disk}");
        assert_eq!(day.told(), ["first database/commits", other.as_str()]);
    }
}

#[test]
fn a_line_that_is_found_dead_later_heads_what_it_broke_and_a_bot_that_dies_then_is_heard() {
    let mut day = Day::begin();
    day.wrong("gateway/pakasir", Rule::PaymentsFailing);
    assert_eq!(day.told(), ["first gateway/pakasir"]);
    day.pass(30);
    for _ in 0..4 {
        day.wrong("agent/egress", Rule::AgentBlind);
        day.pass(20);
    }
    assert_eq!((day.messages(), day.edits()), (0, 1), "{:?}", day.said);
    assert_eq!(day.newest(), ("agent/egress", 1));
    assert!(
        day.said[0].1.severity == Severity::Critical,
        "it is as grave as before"
    );
    day.told();
    let mut day = Day::begin();
    day.wrong("gateway/pakasir", Rule::PaymentsFailing);
    day.pass(5);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first gateway/pakasir", "first bot/bot"]);
}

#[test]
fn a_cause_that_began_much_later_is_news_of_its_own() {
    let mut day = Day::begin();
    day.wrong("database/commits", Rule::DatabaseRefuses);
    day.pass(60);
    day.wrong("disk_writes//", Rule::DiskReadOnly);
    assert_eq!(day.told(), ["first database/commits", "first disk_writes//"]);
}

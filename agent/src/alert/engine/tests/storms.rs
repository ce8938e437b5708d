//! What comes of one thing is one message, which is changed once more when no more comes; what comes of another rings.

use super::*;

const FAILED: Rule = Rule::BackupFailed;

impl Day {
    /// So many of one kind, one after the other.
    fn storm(&mut self, count: u64, seconds_between: u64) {
        for number in 0..count {
            self.wrong(&format!("backup_remote/{number}"), FAILED);
            self.pass(seconds_between);
        }
    }

    fn last_said(&self) -> (u64, &Notice) {
        let (at, notice) = self.said.last().unwrap();
        (at.since(START).as_secs(), notice)
    }
}

#[test]
fn a_storm_of_minutes_is_one_message_whose_last_change_names_all_of_it_once_it_is_calm() {
    for (count, seconds_between) in [(30, 1), (30, 5), (30, 8), (12, 20)] {
        let mut day = Day::begin();
        day.storm(count, seconds_between);
        day.restart();
        let calm_at = (count - 1) * seconds_between + 30;
        day.pass(30);
        assert_eq!((day.messages(), day.edits()), (1, 2), "{:?}", day.said);
        let (at, last) = day.last_said();
        assert_eq!((at, last.others.len() as u64), (calm_at.max(60), count - 1));
        for number in 0..count {
            day.pass(1);
            day.fine(&format!("backup_remote/{number}"));
        }
        day.pass(400);
        assert!(day.edits() <= 3, "{:?}", day.said);
        assert!(day.store.book().unwrap().episodes.is_empty());
    }
}

#[test]
fn a_storm_that_comes_back_within_the_hour_is_one_message_again() {
    for seconds_between in [0, 1, 5] {
        let mut day = Day::begin();
        for storm in 0..3 {
            day.told();
            day.storm(30, seconds_between);
            day.pass(90);
            assert_eq!(day.messages(), 1, "{storm}: {:?}", day.said);
            let named = |number: &u64| {
                let key = format!("backup_remote/{number}");
                let names = |notice: &Notice| {
                    notice.lead.key == key || notice.others.iter().any(|other| other.key == key)
                };
                day.said.iter().any(|(_, notice)| names(notice))
            };
            assert!((0..30).all(|number| named(&number)), "{storm}: {:?}", day.said);
            for number in 0..30 {
                day.fine(&format!("backup_remote/{number}"));
            }
            day.pass(120);
        }
    }
}

#[test]
fn a_storm_that_comes_back_within_the_hour_says_that_it_is_back() {
    let mut day = Day::begin();
    for count in 1..=3 {
        day.told();
        day.storm(14, 1);
        day.pass(90);
        for (_, said) in day.said.iter().filter(|(_, said)| said.kind.is_open()) {
            let times = said.times.as_ref().map_or(1, |times| times.count);
            assert_eq!(times, count, "{said:?}");
        }
        for number in 0..14 {
            day.fine(&format!("backup_remote/{number}"));
        }
        day.pass(120);
    }
    day.pass_long(FLAP_WINDOW);
    day.told();
    day.storm(14, 1);
    assert_eq!(day.said[0].1.times, None, "an hour later it is new");
}

/// Some of one kind that come and go together, as with a line, are told no more often than one alone.
#[test]
fn an_hour_in_which_many_come_and_go_together_is_three_messages_and_what_lasts_then_is_heard() {
    for (key, rule, lasts) in [
        ("backup_remote", FAILED, FLAP_STANDS),
        ("gateway", Rule::GatewayRefuses, Duration::from_secs(300)),
    ] {
        for (count, bad, good) in [(2, 30, 60), (3, 200, 100), (14, 5, 120)] {
            let mut day = Day::begin();
            let keys: Vec<String> = (0..count).map(|number| format!("{key}/{number}")).collect();
            while day.now.since(START) < Duration::from_secs(2400) {
                for key in &keys {
                    day.wrong(key, rule);
                }
                day.pass(bad);
                for key in &keys {
                    day.fine(key);
                    day.fine(key);
                }
                day.pass(good);
            }
            assert_eq!(day.messages(), 3, "{key} {count} {bad} {good}: {:?}", day.said);
            for key in &keys {
                day.wrong(key, rule);
            }
            day.pass(lasts.as_secs() + 1);
            assert_eq!(day.messages(), 4, "{key} {count} {bad} {good}: {:?}", day.said);
            let mut messages = day.said.iter().rev();
            let named = messages.find(|(_, notice)| !notice.kind.is_edit()).unwrap();
            assert_eq!(named.1.others.len() + 1, keys.len(), "{:?}", named.1);
        }
    }
}

#[test]
fn a_storm_that_does_not_end_is_named_after_five_minutes_and_goes_on_in_another_message() {
    let mut day = Day::begin();
    day.storm(100, 5);
    let first = day.said[0].1.episode;
    let mut of_first = day.said.iter().filter(|(_, notice)| notice.episode == first);
    let (at, named) = of_first.next_back().unwrap();
    assert_eq!((at.since(START).as_secs(), named.others.len()), (300, 59));
    assert_eq!(day.messages(), 2, "{:?}", day.said);
}

#[test]
fn a_warning_that_comes_later_than_a_moment_after_its_topics_message_rings() {
    for (before, key, rule) in [
        (FAILED, "backup_remote/b", FAILED),
        (FAILED, "drills/b", Rule::DrillOld),
        (Rule::RemoteDamaged, "backup_remote/b", FAILED),
    ] {
        for (seconds, rings) in [(20, false), (59, false), (60, true), (200, true), (299, true)] {
            let mut day = Day::begin();
            day.wrong("remote/a", before);
            day.pass(seconds);
            day.told();
            day.wrong(key, rule);
            day.pass(10);
            let (_, said) = &day.said[0];
            assert_eq!(!said.kind.is_edit(), rings, "{seconds}: {said:?}");
            assert!(!rings || (said.loud && said.lead.key == key), "{said:?}");
        }
    }
}

#[test]
fn something_else_that_comes_while_a_storm_goes_on_is_told_at_once() {
    let mut day = Day::begin();
    day.storm(20, 5);
    day.told();
    day.wrong("drills/b", Rule::DrillOld);
    assert_eq!(day.told(), ["first drills/b"]);
    day.pass(60);
    assert_eq!(day.told(), ["update backup_remote/0"]);
}

#[test]
fn what_is_critical_is_not_kept_back_by_a_storm() {
    let mut day = Day::begin();
    for number in 0..60 {
        day.wrong(&format!("remote/{number}"), Rule::RemoteDamaged);
        day.pass(5);
    }
    let mut rang_at = day
        .said
        .iter()
        .filter(|(_, notice)| notice.loud && !notice.kind.is_edit());
    let (first, second) = (rang_at.next().unwrap().0, rang_at.next().unwrap().0);
    assert_eq!(second.since(first), Duration::from_secs(60));
    for (at, notice) in &day.said {
        let oldest_unnamed = at.since(START).as_secs().saturating_sub(60);
        assert!(
            notice.others.len() as u64 >= oldest_unnamed / 5,
            "{at:?} {notice:?}"
        );
    }
}

#[test]
fn what_is_not_named_yet_is_named_by_the_time_that_is_said() {
    let mut day = Day::begin();
    let mut said_by = Vec::new();
    for number in 0..70 {
        let key = format!("backup_remote/{number}");
        day.wrong(&key, FAILED);
        let book = day.store.book().unwrap();
        let row = &book.alerts[&key];
        if row.told.is_none() {
            let episode = &book.episodes[&row.episode.unwrap()];
            said_by.push((key, told_by(episode).unwrap()));
        }
        day.pass(1 + number % 9);
    }
    day.pass(300);
    for (key, by) in said_by {
        let names =
            |notice: &Notice| notice.lead.key == key || notice.others.iter().any(|other| other.key == key);
        let (named_at, _) = day.said.iter().find(|(_, notice)| names(notice)).unwrap();
        assert!(*named_at <= by, "{key}: {named_at:?} {by:?}");
    }
}

#[test]
fn what_is_over_of_a_message_that_has_had_its_changes_is_put_right_after_a_while() {
    let mut day = Day::begin();
    day.storm(20, 5);
    day.pass(60);
    day.told();
    day.fine("backup_remote/1");
    day.pass(100);
    day.fine("backup_remote/2");
    day.pass(199);
    assert_eq!(day.edits(), 0);
    day.pass(1);
    assert_eq!(day.last_said().1.others.len(), 17);
    assert_eq!(day.told(), ["update backup_remote/0"]);
    day.pass(3600);
    assert_eq!(day.told(), Vec::<String>::new());
}

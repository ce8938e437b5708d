//! What comes and goes by every rhythm, and dies in the end: few messages, no death unheard, no message left red.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::alert::engine::floor::{CRITICAL_STANDS, FLAP_OVER};

impl Day {
    /// Dead and well in turns until so much time has passed.
    fn flaps(&mut self, bad: u64, good: u64, lasts: u64) {
        let end = self.now.plus(Duration::from_secs(lasts));
        while self.now < end {
            self.wrong("bot/bot", Rule::BotGone);
            self.pass(bad);
            self.fine("bot/bot");
            self.pass(good);
        }
    }

    /// The most messages of their own within one of the hours since the first.
    fn most_in_an_hour(&self) -> usize {
        let mut hours = [0; 8];
        for (at, notice) in &self.said {
            if !notice.kind.is_edit() {
                hours[usize::try_from(at.since(START).as_secs() / FLAP_WINDOW.as_secs()).unwrap()] += 1;
            }
        }
        hours.into_iter().max().unwrap()
    }

    /// No message still says that something is wrong.
    fn left_nothing_red(&self) {
        for (_, notice) in &self.said {
            let of_it: Vec<&Notice> = self
                .said
                .iter()
                .map(|(_, other)| other)
                .filter(|other| other.episode == notice.episode)
                .collect();
            assert!(!of_it.last().unwrap().kind.is_open(), "{of_it:?}");
        }
    }

    /// It dies now, and is told of within a minute.
    fn dies_and_is_heard(&mut self) {
        let before = self.messages();
        self.wrong("bot/bot", Rule::BotGone);
        self.pass(CRITICAL_STANDS.as_secs());
        assert_eq!(self.messages(), before + 1, "{:?}", self.said);
        let mut messages = self
            .said
            .iter()
            .rev()
            .filter(|(_, notice)| !notice.kind.is_edit());
        assert!(messages.next().unwrap().1.loud);
    }
}

#[test]
fn a_crash_then_a_hang_then_a_death_within_the_hour_are_all_heard() {
    let mut day = Day::begin();
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first bot/bot"]);
    day.pass(4);
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot"]);
    day.pass(300);
    for _ in 0..40 {
        day.wrong("bot/bot", Rule::BotHung);
        day.pass(1);
    }
    assert_eq!(day.told(), ["first bot/bot"], "a hang is another trouble");
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot"]);
    day.pass(120);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["flapping bot/bot"], "at once");
    day.restart();
    day.pass(300);
    assert_eq!(day.told(), ["reminder bot/bot"], "and again when it stays");
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot", "settled bot/bot"]);
    day.pass(FLAP_OVER.as_secs());
    assert_eq!(day.told(), Vec::<String>::new(), "its message says so already");
}

#[test]
fn a_second_crash_within_the_hour_is_heard_at_once_and_so_is_a_later_one_that_lasts() {
    let mut day = Day::begin();
    day.flaps(5, 600, 1);
    day.told();
    day.wrong("bot/bot", Rule::BotGone);
    assert!(day.said.last().unwrap().1.loud);
    assert_eq!(day.told(), ["flapping bot/bot"]);
    day.pass(5);
    day.fine("bot/bot");
    day.flaps(5, 120, 500);
    assert!(day.messages() == 0, "{:?}", day.told());
    day.told();
    day.dies_and_is_heard();
}

#[test]
fn hours_of_flapping_are_three_messages_an_hour_and_the_death_in_the_end_is_heard() {
    for (bad, good) in [(5, 5), (30, 30), (30, 200), (90, 90), (90, 20)] {
        let mut day = Day::begin();
        day.flaps(bad, good, 3600);
        assert!(day.messages() <= 3, "{bad} {good}: {:?}", day.told());
        day.dies_and_is_heard();
        day.fine("bot/bot");
        day.flaps(bad, good, 3600);
        assert!(day.most_in_an_hour() <= 3, "{bad} {good}: {:?}", day.said);
        day.fine("bot/bot");
        day.pass(FLAP_OVER.as_secs());
        day.left_nothing_red();
    }
}

#[test]
fn a_death_after_short_outages_is_heard_at_any_time_of_the_hour_and_is_the_third_message() {
    for (bad, good, lasts) in [(5, 5, 30), (5, 60, 900), (30, 30, 1800), (30, 90, 3000)] {
        let mut day = Day::begin();
        day.flaps(bad, good, lasts);
        day.dies_and_is_heard();
        assert_eq!(day.messages(), 3);
        day.fine("bot/bot");
        day.pass(FLAP_OVER.as_secs());
        day.left_nothing_red();
    }
}

#[test]
fn a_fourth_lasting_death_within_the_hour_is_said_at_once_in_place_and_rings_when_nobody_takes_it_on() {
    let mut day = Day::begin();
    day.flaps(70, 100, 1);
    day.dies_and_is_heard();
    day.fine("bot/bot");
    day.pass(90);
    day.dies_and_is_heard();
    day.fine("bot/bot");
    day.pass(90);
    assert_eq!(day.told().pop().unwrap(), "paused bot/bot");
    day.wrong("bot/bot", Rule::BotGone);
    assert!(!day.said[0].1.loud);
    assert_eq!(day.told(), ["returned bot/bot"], "at once, without a sound");
    day.restart();
    day.pass(299);
    assert_eq!(day.told(), Vec::<String>::new());
    day.pass(1);
    assert!(day.said[0].1.loud && day.said[0].1.times.as_ref().unwrap().count == 4);
    assert_eq!(day.told(), ["reminder bot/bot"]);
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot", "settled bot/bot"]);
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["returned bot/bot"], "the end is no last word");
}

#[test]
fn each_of_fifty_crashes_and_each_return_is_said_at_the_moment_in_three_messages_at_most() {
    let mut random = StdRng::seed_from_u64(9);
    let mut day = Day::begin();
    for crash in 1..=50 {
        day.wrong("bot/bot", Rule::BotGone);
        let said = &day.said.last().unwrap().1;
        assert!(said.kind.is_open(), "{said:?}");
        assert!(
            crash == 1 || said.times.as_ref().unwrap().count == crash,
            "{said:?}"
        );
        assert_eq!(said.loud, crash <= 2);
        day.pass(random.random_range(1..30));
        day.restart();
        day.fine("bot/bot");
        let said = &day.said.last().unwrap().1;
        assert!(!said.kind.is_open(), "{said:?}");
        day.pass(random.random_range(1..30));
    }
    assert_eq!((day.messages(), day.edits()), (2, 98));
    day.pass(FLAP_OVER.as_secs());
    let (_, end) = day.said.last().unwrap().clone();
    assert_eq!((end.kind, end.times.unwrap().count), (Kind::Calm, 50));
    day.said.clear();
    day.pass_long(FLAP_WINDOW);
    assert_eq!(day.told(), Vec::<String>::new(), "the end is told once");
}

#[test]
fn what_comes_and_goes_every_second_changes_its_message_at_a_pace_and_the_last_word_is_true() {
    let mut day = Day::begin();
    day.flaps(1, 1, 600);
    assert!((200..=301).contains(&day.edits()), "{}", day.edits());
    day.wrong("bot/bot", Rule::BotGone);
    day.pass(3);
    assert!(day.said.last().unwrap().1.kind.is_open());
    let count = day.said.last().unwrap().1.times.as_ref().unwrap().count;
    assert_eq!(count, 301);
    day.fine("bot/bot");
    day.pass(3);
    assert!(!day.said.last().unwrap().1.kind.is_open());
    day.pass(FLAP_OVER.as_secs());
    day.left_nothing_red();
    assert_eq!(day.messages(), 2);
}

#[test]
fn a_warning_that_comes_and_goes_is_said_in_place_and_in_a_message_when_it_stays() {
    let mut day = Day::begin();
    let bad = |day: &mut Day| day.wrong("backup/any", Rule::BackupNotTaken);
    for _ in 0..3 {
        bad(&mut day);
        day.pass(10);
        day.fine("backup/any");
        day.pass(10);
    }
    assert_eq!((day.messages(), day.edits()), (2, 4));
    day.told();
    // At night a change disturbs nobody; what would ring waits.
    day.calendar.quiet_hours = Some((time(7, 0, 0, 0), time(9, 0, 0, 0)));
    bad(&mut day);
    assert_eq!(day.told(), ["returned backup/any"]);
    day.pass(FLAP_STANDS.as_secs() + 10);
    assert_eq!(day.told(), Vec::<String>::new());
    day.calendar.quiet_hours = None;
    day.pass(1);
    assert_eq!(day.told(), ["flapping backup/any", "replaced backup/any"]);
}

#[test]
fn who_takes_a_return_on_is_not_called_for_it_again_but_is_for_the_next_one() {
    let mut day = Day::begin();
    day.flaps(5, 60, 130);
    day.wrong("bot/bot", Rule::BotGone);
    let id = day.said.last().unwrap().1.episode;
    day.told();
    day.change(|book, calendar, now| acknowledge(book, calendar, id, None, now).unwrap());
    day.pass(240);
    assert_eq!(day.told(), ["update bot/bot"]);
    day.fine("bot/bot");
    assert_eq!(day.told(), ["paused bot/bot"]);
    day.pass(30);
    day.dies_and_is_heard();
}

#[test]
fn two_troubles_in_turns_are_known_to_come_and_go_from_the_third_on() {
    let mut day = Day::begin();
    for _ in 0..20 {
        day.flaps(5, 60, 1);
        for _ in 0..20 {
            day.wrong("bot/bot", Rule::BotHung);
            day.pass(1);
        }
        day.fine("bot/bot");
        day.pass(60);
    }
    assert_eq!(
        day.messages(),
        3,
        "each was told once, and that they come and go: {:?}",
        day.told()
    );
    day.pass(FLAP_OVER.as_secs());
    day.left_nothing_red();
}

#[test]
fn one_hour_of_flapping_is_at_most_three_messages_whatever_its_rhythm() {
    let mut random = StdRng::seed_from_u64(5);
    for _ in 0..30 {
        let mut day = Day::begin();
        let hour = day.now.plus(Duration::from_secs(3600));
        while day.now < hour {
            let (bad, good) = (random.random_range(1..800), random.random_range(1..800));
            day.wrong("bot/bot", Rule::BotGone);
            for _ in 0..bad {
                day.pass(1);
                // An owner who is on it needs no reminder; those are counted elsewhere.
                let ids: Vec<EpisodeId> = day.store.book().unwrap().episodes.keys().copied().collect();
                for id in ids {
                    day.change(|book, calendar, now| {
                        acknowledge(book, calendar, id, None, now).unwrap_or_default()
                    });
                }
            }
            day.fine("bot/bot");
            day.pass(good);
        }
        day.pass_long(Duration::from_secs(7200));
        assert!(day.messages() <= 3, "{:?}", day.told());
        assert!(
            day.store.book().unwrap().floors.is_empty(),
            "and then it is forgotten"
        );
    }
}

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

    /// No message still says that something is wrong, and none was changed more than three times.
    fn left_nothing_red(&self) {
        for (_, notice) in &self.said {
            let of_it: Vec<&Notice> = self
                .said
                .iter()
                .map(|(_, other)| other)
                .filter(|other| other.episode == notice.episode)
                .collect();
            assert!(!of_it.last().unwrap().kind.is_open(), "{of_it:?}");
            assert!(of_it.iter().filter(|other| other.kind.is_edit()).count() <= 3);
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
fn a_fourth_lasting_death_within_the_hour_turns_the_message_red_again_at_once_and_adds_none() {
    let mut day = Day::begin();
    day.flaps(70, 100, 1);
    day.dies_and_is_heard();
    day.fine("bot/bot");
    day.pass(FLAP_OVER.as_secs());
    day.dies_and_is_heard();
    day.fine("bot/bot");
    day.pass(FLAP_OVER.as_secs());
    assert_eq!(day.told().pop().unwrap(), "calm bot/bot");
    for _ in 0..2 {
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(CRITICAL_STANDS.as_secs() - 1);
        assert_eq!(day.messages(), 0);
        day.restart();
        day.pass(1);
        assert!(day.said.iter().all(|(_, notice)| !notice.loud), "{:?}", day.said);
        let told = day.told();
        // The fourth finds the message changed three times: that is what one may be.
        if !told.is_empty() {
            assert_eq!(told, ["returned bot/bot"]);
            day.pass(60);
            assert_eq!(day.told(), Vec::<String>::new(), "once for each return");
        }
        day.fine("bot/bot");
        day.pass(FLAP_OVER.as_secs());
        assert!(day.told().iter().all(|told| told == "calm bot/bot"));
    }
    day.wrong("bot/bot", Rule::BotGone);
    day.pass(FLAP_STANDS.as_secs());
    assert_eq!(day.told(), ["first bot/bot"]);
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
                    day.change(|book, _, now| acknowledge(book, id, now).unwrap_or_default());
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

#[test]
fn what_flapped_and_then_stays_is_told_again() {
    let mut day = Day::begin();
    for _ in 0..3 {
        day.wrong("bot/bot", Rule::BotGone);
        day.pass(60);
        day.fine("bot/bot");
        day.pass(60);
    }
    assert_eq!(
        day.told(),
        [
            "first bot/bot",
            "resolved bot/bot",
            "flapping bot/bot",
            "flapping bot/bot",
            "replaced bot/bot"
        ]
    );
    day.wrong("bot/bot", Rule::BotGone);
    day.pass(FLAP_STANDS.as_secs() - 1);
    assert_eq!(day.told(), ["returned bot/bot"], "in place, without a sound");
    day.pass(1);
    assert_eq!(day.told(), ["first bot/bot"]);
    day.fine("bot/bot");
    assert_eq!(day.told(), ["resolved bot/bot", "settled bot/bot"]);
    day.pass_long(Duration::from_secs(3700));
    assert_eq!(day.told(), ["replaced bot/bot"]);
}

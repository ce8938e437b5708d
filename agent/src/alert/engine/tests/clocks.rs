//! A clock that is set makes nothing last longer or shorter: neither a trouble, nor a silence, nor the memory of what came
//! and went.

use super::*;

const HOUR_MS: i64 = 3_600_000;

impl Day {
    /// While the agent runs, which sees it.
    fn sets_the_clock(&mut self, step_ms: i64) {
        self.now = UnixMillis(self.now.0 + step_ms);
        self.change(|book, _, _| {
            stepped(book, step_ms);
            Vec::new()
        });
    }

    /// While no agent runs.
    fn starts_with_the_clock_set(&mut self, step_ms: i64) {
        self.now = UnixMillis(self.now.0 + step_ms);
        self.restart();
        self.change(|book, _, now| {
            after_start(book, now);
            Vec::new()
        });
    }

    fn is_silent(&self) -> bool {
        !self.store.book().unwrap().silences.is_empty()
    }
}

#[test]
fn a_clock_that_is_set_makes_nothing_last_longer_or_shorter() {
    for step_ms in [3_600_000, -3_600_000] {
        let mut day = Day::begin();
        day.wrong("disk//", Rule::DiskFull);
        day.wrong("cpu_load/host", Rule::CpuOverloaded);
        day.told();
        day.pass(20);
        let began_at = day.now;
        day.sets_the_clock(step_ms);
        for _ in 0..55 {
            day.wrong("cpu_load/host", Rule::CpuOverloaded);
            day.pass(5);
        }
        assert_eq!(day.told(), Vec::<String>::new());
        day.pass(10);
        assert_eq!(day.told(), ["reminder disk//"], "five minutes after it was told");
        for _ in 0..121 {
            day.wrong("cpu_load/host", Rule::CpuOverloaded);
            day.pass(5);
        }
        let told = day
            .said
            .iter()
            .find(|(_, notice)| notice.lead.key == "cpu_load/host");
        let (told_at, _) = told.expect("it has lasted for a quarter of an hour");
        let lasted = UnixMillis(told_at.0 - step_ms).since(UnixMillis(began_at.0 - 20_000));
        assert_eq!(lasted, Rule::CpuOverloaded.spec().lasts);
    }
}

#[test]
fn a_silence_lasts_as_long_as_the_owner_said() {
    for step_ms in [HOUR_MS, -HOUR_MS] {
        let mut day = Day::begin();
        day.change(|book, _, now| {
            silence(book, "backup/any", Duration::from_secs(600), now);
            Vec::new()
        });
        day.wrong("backup/any", Rule::BackupNotTaken);
        day.pass(60);
        day.sets_the_clock(step_ms);
        day.restart();
        day.pass(539);
        assert!(day.is_silent() && day.told().is_empty(), "{step_ms}");
        day.pass(1);
        assert!(!day.is_silent(), "{step_ms}");
        assert_eq!(day.told(), ["first backup/any"]);
    }
}

#[test]
fn what_came_and_went_is_remembered_for_an_hour_whatever_the_clock_says() {
    for step_ms in [HOUR_MS, -HOUR_MS] {
        for (seconds, told) in [(3590, "flapping bot/bot"), (3610, "first bot/bot")] {
            let mut day = Day::begin();
            day.wrong("bot/bot", Rule::BotGone);
            day.pass(5);
            day.fine("bot/bot");
            day.told();
            day.sets_the_clock(step_ms);
            day.pass(seconds);
            day.wrong("bot/bot", Rule::BotGone);
            assert_eq!(day.told(), [told], "{step_ms} {seconds}");
        }
    }
}

#[test]
fn what_a_clock_that_ran_ahead_left_behind_is_counted_from_the_start_on() {
    let year_ms = 365 * 24 * HOUR_MS;
    let mut day = Day::begin();
    day.change(|book, _, now| {
        silence(book, "backup/any", Duration::from_secs(600), now);
        Vec::new()
    });
    day.wrong("backup/any", Rule::BackupNotTaken);
    day.wrong("bot/bot", Rule::BotGone);
    day.wrong("database/shop", Rule::DatabaseDamaged);
    day.pass(5);
    day.fine("bot/bot");
    day.wrong("queue/jobs", Rule::QueueLagging);
    day.told();
    day.starts_with_the_clock_set(-year_ms);
    day.pass(60);
    assert_eq!(day.told(), ["first queue/jobs"], "it waited for its cause");
    day.pass(540);
    let told = day.told();
    assert!(told.contains(&"first backup/any".to_owned()), "{told:?}");
    assert!(told.contains(&"reminder database/shop".to_owned()), "{told:?}");
    day.fine("database/shop");
    day.pass_long(FLAP_WINDOW);
    day.told();
    day.wrong("bot/bot", Rule::BotGone);
    assert_eq!(day.told(), ["first bot/bot"], "an hour later it is new");
    // A start with a clock that is right moves nothing.
    let before = day.store.book().unwrap();
    day.starts_with_the_clock_set(0);
    assert_eq!(day.store.book().unwrap(), before);
}

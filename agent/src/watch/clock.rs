//! Is the clock right, and did it jump? Schedules, expiry and what the owner reads depend on it.
//! It sets no clock.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use protocol::time::UnixMillis;

use super::{
    command::{ask, property},
    probe::{At, Probe, Seen},
};
use crate::alert::{
    Alerts,
    rule::{AlertKey, Rule},
};

const EVERY: Duration = Duration::from_secs(5);
/// Asking whether it is kept right starts a program.
const ASK_EVERY: Duration = Duration::from_secs(600);
const ASK_LIMIT: Duration = Duration::from_secs(3);
/// What keeping it right may move it by at once.
pub const STEP_LEAST: Duration = Duration::from_secs(5);
/// A jump is a moment; its alert stands for so long.
const JUMP_STANDS: Duration = Duration::from_secs(600);
/// systemd-timesyncd touches it whenever it has compared the clock.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";

/// The watch over the clock.
#[derive(Default)]
pub struct Clock {
    before: Option<At>,
    /// When it was seen, and how far it went.
    jump: Option<(Instant, String)>,
    asked: Option<(Instant, Result<bool, String>)>,
}

/// The key of a jump.
const STEPS: (&str, &str) = ("clock", "steps");

impl Clock {
    /// A watch after a start. Of a jump that stands in the alerts nobody knows any more how long ago it was on the clock
    /// that does not jump: its ten minutes are counted from now on.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn after_start(alerts: &Alerts, now: Instant) -> anyhow::Result<Self> {
        let book = alerts.book()?;
        let open = book.alerts.get(AlertKey::new(STEPS.0, STEPS.1).as_str());
        let open = open.filter(|row| row.loudest.is_some());
        Ok(Self {
            jump: open.map(|row| (now, row.detail.clone())),
            ..Self::default()
        })
    }
}

impl Probe for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        self.judge_jump(&mut seen, at);
        let due = |(asked, _): &(Instant, _)| at.tick.saturating_duration_since(*asked) >= ASK_EVERY;
        if self.asked.as_ref().is_none_or(due) {
            self.asked = Some((at.tick, is_kept_right()));
        }
        let key = AlertKey::new("clock", "synchronised");
        match &self.asked {
            Some((_, Ok(right))) => {
                seen.judge(key, (!right).then(|| (Rule::ClockUnsynchronised, String::new())));
            }
            Some((_, Err(why))) => seen.unknown(key, why.as_str()),
            None => {}
        }
        seen
    }
}

impl Clock {
    fn judge_jump(&mut self, seen: &mut Seen, at: At) {
        if let Some(before) = self.before.replace(at) {
            let step_ms = step_ms(before, at);
            if Duration::from_millis(step_ms.unsigned_abs()) >= STEP_LEAST {
                // Whole seconds: nobody reads more of it.
                self.jump = Some((at.tick, format!("{:+} s", step_ms / 1000)));
            }
        }
        let stands = self
            .jump
            .as_ref()
            .filter(|(jumped, _)| at.tick.saturating_duration_since(*jumped) < JUMP_STANDS);
        let wrong = stands.map(|(_, step)| (Rule::ClockJumped, step.clone()));
        seen.judge(AlertKey::new(STEPS.0, STEPS.1), wrong);
    }
}

/// How far the wall clock went beyond the time that passed, in milliseconds. A machine that slept has not jumped in
/// this sense on Linux unless its clock was set: both clocks of a virtual machine stand still while it is paused.
#[must_use]
pub fn step_ms(before: At, after: At) -> i64 {
    let passed = after.tick.saturating_duration_since(before.tick);
    let expected: UnixMillis = before.now.plus(passed);
    after.now.0.saturating_sub(expected.0)
}

fn is_kept_right() -> Result<bool, String> {
    let answer = ask("timedatectl", &["show", "--property=NTPSynchronized"], ASK_LIMIT);
    match answer.as_deref().map(|text| property(text, "NTPSynchronized")) {
        Ok(Some("yes")) => Ok(true),
        Ok(Some("no")) => Ok(false),
        // Without a message bus the mark of timesyncd is the only sign, and its absence says nothing.
        _ if Path::new(TIMESYNC_MARK).exists() => Ok(true),
        _ => Err("nobody here tells whether the clock is kept right".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_what_the_wall_clock_moved_beyond_the_time_that_passed() {
        let tick = Instant::now();
        let at = |ms, after_s| At {
            now: UnixMillis(ms),
            tick: tick + Duration::from_secs(after_s),
        };
        assert_eq!(step_ms(at(0, 0), at(5_000, 5)), 0);
        assert_eq!(step_ms(at(0, 0), at(65_000, 5)), 60_000);
        assert_eq!(step_ms(at(100_000, 0), at(45_000, 5)), -60_000);
    }

    #[test]
    fn a_jump_stands_for_ten_minutes() {
        let tick = Instant::now();
        let mut clock = Clock::default();
        let mut jumped = |ms, after_s| {
            let mut seen = Seen::default();
            let at = At {
                now: UnixMillis(ms),
                tick: tick + Duration::from_secs(after_s),
            };
            clock.judge_jump(&mut seen, at);
            seen.findings[0].verdict
                != super::super::probe::Verdict::Known(crate::alert::rule::Observation::Fine)
        };
        assert!(!jumped(0, 0) && !jumped(5_000, 5));
        assert!(jumped(130_000, 10) && jumped(130_000 + 500_000, 510));
        assert!(!jumped(130_000 + 601_000, 611));
    }
}

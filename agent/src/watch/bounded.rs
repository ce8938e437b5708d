//! An age that the bot reads off the wall's clock, held against a clock that nobody sets: a clock that is put forward
//! makes nothing wait longer.
//! An age that was seen before the step is believed, and so is every one that is not older than that allows.

use std::time::{Duration, Instant};

use super::{
    clock::{STEP_LEAST, step_ms},
    probe::At,
};

/// What was said a moment before the step may be read after it.
const STANDS: Duration = Duration::from_secs(60);

/// One age, from look to look.
#[derive(Default)]
pub struct Bounded {
    before: Option<At>,
    /// What it was at most before the clock was put forward, and when.
    known: Option<(Instant, f64)>,
    last_s: f64,
}

impl Bounded {
    /// The age in seconds as far as it can be true.
    pub fn bound(&mut self, at: At, said_s: f64) -> f64 {
        if let Some(before) = self.before.replace(at)
            && u128::try_from(step_ms(before, at)).is_ok_and(|step_ms| step_ms >= STEP_LEAST.as_millis())
        {
            self.known = Some((before.tick, self.last_s));
        }
        let since = |tick: Instant| at.tick.saturating_duration_since(tick);
        let most_s = self.known.map(|(tick, age_s)| age_s + since(tick).as_secs_f64());
        let is_past = self.known.is_none_or(|(tick, _)| since(tick) >= STANDS);
        self.last_s = most_s.map_or(said_s, |most_s| said_s.min(most_s));
        if is_past && self.last_s >= said_s {
            self.known = None;
        }
        self.last_s
    }
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;

    use super::*;

    #[test]
    fn a_clock_that_is_put_forward_ages_nothing_and_what_waits_for_longer_is_seen() {
        let (tick, mut age) = (Instant::now(), Bounded::default());
        let mut at = |after_s: u64, ahead_s: i64, said_s: f64| {
            let now = UnixMillis((i64::try_from(after_s).unwrap() + ahead_s) * 1_000);
            let tick = tick + Duration::from_secs(after_s);
            age.bound(At { now, tick }, said_s)
        };
        let said = [
            at(0, 0, 900.0),
            at(5, 0, 10.0),
            at(10, 3600, 15.0),
            at(15, 3600, 3620.0),
        ];
        assert_eq!(said, [900.0, 10.0, 15.0, 20.0].map(f64::from));
        assert!((at(300, 3600, 3905.0) - 305.0).abs() < 0.001, "it really waits");
        assert!((at(305, 3600, 2.0) - 2.0).abs() < 0.001);
        assert!(
            (at(310, 3600, 700.0) - 700.0).abs() < 0.001,
            "the step is long past"
        );
    }
}

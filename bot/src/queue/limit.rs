//! How many jobs of a queue may start now. Pure; the row behind it is the store's.
//! A rate is a bucket: so many starts at once, refilled evenly, remembered as the moment until which it is used up.

use std::time::Duration;

use protocol::time::UnixMillis;

/// A bucket of starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Starts that a full bucket holds; above zero.
    pub starts_max: u32,
    /// In this long an empty one is full again; at least a millisecond.
    pub per: Duration,
}

/// What binds one queue, or all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// Nothing starts.
    pub paused: bool,
    /// Jobs that run at the same time.
    pub running_max: Option<u32>,
    /// Starts over time.
    pub rate: Option<Rate>,
    /// When the starts so far, evenly spread, will have been used up (UTC microseconds).
    pub used_until_us: i64,
}

impl Limit {
    /// How many may start now, at most `wanted`, when `running` run already.
    #[must_use]
    pub fn room(&self, wanted: usize, running: usize, now: UnixMillis) -> usize {
        if self.paused {
            return 0;
        }
        let hands = self
            .running_max
            .map_or(wanted, |max| (max as usize).saturating_sub(running));
        wanted
            .min(hands)
            .min(self.rate.map_or(wanted, |rate| self.bucket(rate, now)))
    }

    /// The same queue after `started` more starts.
    #[must_use]
    pub fn after(&self, started: usize, now: UnixMillis) -> Self {
        let Some(rate) = self.rate else {
            return self.clone();
        };
        let used = rate
            .step_us()
            .saturating_mul(i64::try_from(started).unwrap_or(i64::MAX));
        Self {
            used_until_us: self.used_until_us.max(micros(now)).saturating_add(used),
            ..self.clone()
        }
    }

    /// When the bucket holds a start again; `None` when it does now, or when there is no rate.
    #[must_use]
    pub fn again_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let rate = self
            .rate
            .filter(|rate| !self.paused && self.bucket(*rate, now) == 0)?;
        let refilled_us = self
            .used_until_us
            .saturating_add(rate.step_us())
            .saturating_sub(rate.per_us());
        // Rounded up: a look that comes too early finds nothing.
        Some(UnixMillis(refilled_us.saturating_add(999) / 1_000))
    }

    fn bucket(&self, rate: Rate, now: UnixMillis) -> usize {
        let now_us = micros(now);
        let left_us = now_us
            .saturating_add(rate.per_us())
            .saturating_sub(self.used_until_us.max(now_us));
        let starts = (left_us / rate.step_us()).clamp(0, i64::from(rate.starts_max));
        usize::try_from(starts).unwrap_or(0)
    }
}

impl Rate {
    fn per_us(self) -> i64 {
        i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX)
    }

    fn step_us(self) -> i64 {
        (self.per_us() / i64::from(self.starts_max.max(1))).max(1)
    }
}

fn micros(at: UnixMillis) -> i64 {
    at.0.saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn rated(starts_max: u32, per: Duration) -> Limit {
        Limit {
            rate: Some(Rate { starts_max, per }),
            ..Limit::default()
        }
    }

    #[test]
    fn a_queue_without_limits_gives_what_is_wanted() {
        assert_eq!(Limit::default().room(16, 1_000, NOW), 16);
    }

    #[test]
    fn a_paused_queue_starts_nothing_and_promises_nothing() {
        let paused = Limit {
            paused: true,
            ..rated(1, Duration::from_secs(1))
        };
        assert_eq!(paused.room(16, 0, NOW), 0);
        assert_eq!(paused.again_at(NOW), None);
    }

    #[test]
    fn those_that_run_take_the_room() {
        let limit = Limit {
            running_max: Some(4),
            ..Limit::default()
        };
        assert_eq!(
            [0, 3, 4, 9].map(|running| limit.room(16, running, NOW)),
            [4, 1, 0, 0]
        );
    }

    #[test]
    fn a_bucket_empties_at_once_and_refills_evenly() {
        let full = rated(10, Duration::from_secs(1));
        assert_eq!(full.room(16, 0, NOW), 10);
        let empty = full.after(10, NOW);
        assert_eq!(empty.room(16, 0, NOW), 0);
        let again = empty.again_at(NOW).unwrap();
        assert_eq!(again, UnixMillis(NOW.0 + 100));
        assert_eq!(empty.room(16, 0, again), 1);
        assert_eq!(empty.room(16, 0, UnixMillis(NOW.0 + 500)), 5);
        assert_eq!(empty.room(16, 0, UnixMillis(NOW.0 + 60_000)), 10);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_open_the_bucket() {
        let empty = rated(1, Duration::from_secs(1)).after(1, NOW);
        assert_eq!(empty.room(1, 0, UnixMillis(NOW.0 - 5_000)), 0);
    }
}

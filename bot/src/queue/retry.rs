//! How long a failed job waits: doubling, with jitter, bounded. Pure.

use std::time::Duration;

/// Tries before a job is given up: with the usual pauses about three hours.
pub const ATTEMPTS_MAX: u32 = 45;

/// The pauses of one kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause, before jitter.
    pub longest: Duration,
}

impl Backoff {
    /// Quick at first, and never more than five minutes.
    pub const USUAL: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(300),
    };

    /// The pause after the `attempt`-th try (from 1). `chance` is from 0 to 1 and spreads out, by a quarter in both
    /// directions, those that failed together.
    #[must_use]
    pub fn pause(self, attempt: u32, chance: f64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled
            .min(self.longest)
            .mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

/// The usual pause after the `attempt`-th try; see [`Backoff::pause`].
#[must_use]
pub fn pause(attempt: u32, chance: f64) -> Duration {
    Backoff::USUAL.pause(attempt, chance)
}

/// A chance from 0 to 1 that belongs to a number: neighbours are far apart, and the same number gets the same again, so
/// that a run can be replayed.
#[must_use]
pub fn spread(number: i64) -> f64 {
    // The golden ratio's fraction fills the span evenly, however many numbers follow each other.
    const GOLDEN: f64 = 0.618_033_988_749_895;
    (number as f64 * GOLDEN).fract().abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_bounded() {
        let longest = Backoff::USUAL.longest;
        assert_eq!(pause(1, 0.5), Duration::from_secs(1));
        assert_eq!(pause(4, 0.5), Duration::from_secs(8));
        assert_eq!(pause(u32::MAX, 0.5), longest);
        assert!(pause(40, 1.0) <= longest.mul_f64(1.25));
    }

    #[test]
    fn neighbours_are_spread_over_the_whole_span() {
        let mut chances: Vec<f64> = (1_000..1_016).map(spread).collect();
        chances.sort_by(f64::total_cmp);
        let widest = chances
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .fold(0.0, f64::max);
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)) && widest < 0.15);
    }

    #[test]
    fn a_kind_may_be_more_patient() {
        let patient = Backoff {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(3_600),
        };
        assert_eq!(patient.pause(3, 0.5), Duration::from_secs(240));
        assert_eq!(patient.pause(20, 0.5), Duration::from_secs(3_600));
    }
}

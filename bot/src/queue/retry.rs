//! How long a failed job waits: doubling, with jitter, bounded. Pure.

use std::time::Duration;

/// The first pause.
const BASE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Tries before a job is given up: with the pauses above about three hours.
pub const ATTEMPTS_MAX: u32 = 45;

/// The pause after the `attempt`-th try (from 1). `chance` is from 0 to 1 and spreads out those that failed together.
#[must_use]
pub fn pause(attempt: u32, chance: f64) -> Duration {
    let doubled = BASE.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled
        .min(PAUSE_MAX)
        .mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_bounded() {
        assert_eq!(pause(1, 0.5), Duration::from_secs(1));
        assert_eq!(pause(4, 0.5), Duration::from_secs(8));
        assert_eq!(pause(u32::MAX, 0.5), PAUSE_MAX);
        assert!(pause(40, 1.0) <= PAUSE_MAX.mul_f64(1.25));
    }
}

//! How fast messages follow each other, and how long a sender waits after what came of one.
//! Pure.

use std::time::{Duration, Instant};

use crate::alert::{
    ladder::Patience,
    message::{LASTS, STAYS_AWAY, STAYS_AWAY_MOST},
};

/// How fast messages follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two messages to one chat in the long run: Telegram allows about one a second, and bears a few at once.
    pub gap: Duration,
    /// After the first failure; doubles with each further one.
    pub retry_first: Duration,
    /// The longest wait after failures that may pass by themselves.
    pub retry_most: Duration,
    /// After a failure that only the owner can end.
    pub refused: Duration,
    /// After a request whose answer was lost on a way that answers otherwise.
    pub doubt_first: Duration,
    /// After the second such request; doubles with each further one.
    pub doubt_next: Duration,
    /// The longest such wait.
    pub doubt_most: Duration,
    /// How long what comes and goes is well before that is a message of its own, where no message can be changed.
    pub stays_away: Duration,
    /// The same once the hour has had its messages: by then the end itself comes first.
    pub stays_away_most: Duration,
    /// How long what is back by a change of its message lasts before that is a message, where no message can be changed: one
    /// that lasts rings by then.
    pub lasts: Duration,
    /// Before the next way is tried as well.
    pub patience: Patience,
}

impl Pace {
    /// What Telegram and its owner can bear.
    pub const USUAL: Self = Self {
        gap: Duration::from_secs(1),
        retry_first: Duration::from_secs(1),
        // After an outage of hours the owner is to know at once; three requests a minute burden nobody.
        retry_most: Duration::from_secs(20),
        // Somebody who unblocks the bot, or mends a secret, is to be told soon; a request a minute burdens nobody.
        refused: Duration::from_secs(60),
        // One connection that broke must not cost minutes: it is repeated once at once.
        doubt_first: Duration::from_secs(3),
        // From then on each may be one more copy of what the owner has read already.
        doubt_next: Duration::from_secs(120),
        doubt_most: Duration::from_secs(1800),
        stays_away: STAYS_AWAY,
        stays_away_most: STAYS_AWAY_MOST,
        lasts: LASTS,
        patience: Patience::USUAL,
    };

    /// A wait that ends early when the owner is heard in the chat.
    pub(super) fn unless_heard(self, most: Duration) -> Wait {
        Wait {
            least: self.gap.min(most),
            most,
        }
    }
}

/// How long a sender waits before it tries again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// However much the owner says.
    pub(super) least: Duration,
    /// When nothing is heard.
    pub(super) most: Duration,
}

impl Wait {
    /// One that nothing ends early.
    pub(super) fn full(wait: Duration) -> Self {
        Self {
            least: wait,
            most: wait,
        }
    }
}

/// What was sent of late, so that a change right after a message need not wait.
pub(super) struct Flow {
    /// When the chat bears [`Flow::AT_ONCE`] again.
    rested_at: Instant,
}

impl Flow {
    /// Fewer than the three that Telegram bears: the console writes there too.
    const AT_ONCE: u32 = 2;

    pub(super) fn new(now: Instant) -> Self {
        Self { rested_at: now }
    }

    /// How long until it bears as many at once again.
    pub(super) fn until_rested(&self, now: Instant) -> Duration {
        self.rested_at.saturating_duration_since(now)
    }

    /// How long the next one waits after one that was sent now.
    pub(super) fn after_one(&mut self, gap: Duration, now: Instant) -> Duration {
        self.rested_at = self.rested_at.max(now) + gap;
        let ahead = self.rested_at.duration_since(now);
        ahead.saturating_sub(gap * (Self::AT_ONCE - 1))
    }
}

/// Half of it certain and half by chance, so that many agents do not come back in step. `chance` is from 0 to 1.
pub(super) fn backoff(pace: Pace, failures: u32, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let most = pace
        .retry_first
        .saturating_mul(1 << doublings)
        .min(pace.retry_most);
    most.div_f64(2.0).mul_f64(1.0 + chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_go_out_at_once_and_then_one_a_gap() {
        let (start, gap) = (Instant::now(), Duration::from_secs(1));
        let mut flow = Flow::new(start);
        let mut at = |ms| flow.after_one(gap, start + Duration::from_millis(ms)).as_millis();
        assert_eq!([at(0), at(0), at(1000), at(2500)], [0, 1000, 1000, 500]);
        assert_eq!([at(9000), at(9000)], [0, 1000]);
        let rested = |ms| flow.until_rested(start + Duration::from_millis(ms)).as_millis();
        assert_eq!([rested(9000), rested(10_500), rested(12_000)], [2000, 500, 0]);
    }

    #[test]
    fn waits_double_up_to_the_limit_and_never_exceed_it() {
        let waits: Vec<u128> = [1, 2, 3, 6, 7, 50, u32::MAX]
            .map(|n| backoff(Pace::USUAL, n, 1.0).as_millis())
            .to_vec();
        assert_eq!(waits, [1_000, 2_000, 4_000, 20_000, 20_000, 20_000, 20_000]);
        assert_eq!(backoff(Pace::USUAL, 1, 0.0), Duration::from_millis(500));
    }
}

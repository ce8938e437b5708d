//! How the calls to somebody outside went: how many failed in a row, and when one last succeeded.
//! It keeps no text of theirs: an answer may hold anything.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use protocol::time::UnixMillis;

/// The calls to one party since the start. `F` is what a failure is told by.
#[derive(Debug)]
pub struct Calls<F>(Mutex<Standing<F>>);

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<F> {
    /// Failures since the last success.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<UnixMillis>,
    /// When a call last succeeded.
    pub last_success: Option<UnixMillis>,
    /// What the last failure was, however long ago.
    pub last_fault: Option<F>,
}

impl<F> Default for Calls<F> {
    fn default() -> Self {
        Self(Mutex::new(Standing {
            failures: 0,
            failing_since: None,
            last_success: None,
            last_fault: None,
        }))
    }
}

impl<F: Copy> Calls<F> {
    /// A call was answered as it should.
    pub fn succeeded(&self, now: UnixMillis) {
        self.change(|standing| {
            standing.failures = 0;
            standing.failing_since = None;
            standing.last_success = Some(now);
        });
    }

    /// A call was not.
    pub fn failed(&self, fault: F, now: UnixMillis) {
        self.change(|standing| {
            standing.failures = standing.failures.saturating_add(1);
            standing.failing_since.get_or_insert(now);
            standing.last_fault = Some(fault);
        });
    }

    /// How it stands now.
    #[must_use]
    pub fn standing(&self) -> Standing<F> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Standing<F>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The age of a moment in milliseconds.
#[must_use]
pub fn age_ms(since: Option<UnixMillis>, now: UnixMillis) -> Option<u64> {
    since.map(|since| super::millis(now.since(since)))
}

/// What is left of the time until a moment, in milliseconds; `None` when it is over.
#[must_use]
pub fn left_ms(until: Option<UnixMillis>, now: UnixMillis) -> Option<u64> {
    let left = until?.since(now);
    (left > Duration::ZERO).then(|| super::millis(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_in_a_row_and_the_last_one_is_remembered() {
        let calls = Calls::default();
        calls.failed("refused", UnixMillis(10));
        calls.failed("unreachable", UnixMillis(20));
        let standing = calls.standing();
        assert_eq!(
            (standing.failures, standing.failing_since),
            (2, Some(UnixMillis(10)))
        );
        calls.succeeded(UnixMillis(30));
        let standing = calls.standing();
        assert_eq!((standing.failures, standing.failing_since), (0, None));
        assert_eq!(
            (standing.last_success, standing.last_fault),
            (Some(UnixMillis(30)), Some("unreachable"))
        );
    }

    #[test]
    fn what_is_over_has_nothing_left() {
        assert_eq!(left_ms(Some(UnixMillis(30)), UnixMillis(10)), Some(20));
        assert_eq!(left_ms(Some(UnixMillis(30)), UnixMillis(30)), None);
        assert_eq!(age_ms(Some(UnixMillis(10)), UnixMillis(30)), Some(20));
    }
}

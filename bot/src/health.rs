//! Signs of life of the vital loops. A loop beats when it has made progress, not when time has passed.

pub mod calls;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use protocol::{health::LoopBeat, time::UnixMillis};

use crate::clock::now;

/// One loop's last progress.
#[derive(Clone, Debug)]
pub struct Beat {
    name: &'static str,
    limit: Duration,
    last: Arc<AtomicI64>,
}

impl Beat {
    /// A loop that counts as hung when it has made no progress for `limit`.
    #[must_use]
    pub fn new(name: &'static str, limit: Duration) -> Self {
        Self {
            name,
            limit,
            last: Arc::new(AtomicI64::new(now().0)),
        }
    }

    /// Progress was made now.
    pub fn beat(&self) {
        self.last.store(now().0, Ordering::Relaxed);
    }

    /// How long ago the loop made progress.
    #[must_use]
    pub fn report(&self, now: UnixMillis) -> LoopBeat {
        let age = now.since(UnixMillis(self.last.load(Ordering::Relaxed)));
        LoopBeat {
            name: self.name.to_owned(),
            age_ms: millis(age),
            limit_ms: millis(self.limit),
        }
    }

    /// Whether the loop has made progress within its limit.
    #[must_use]
    pub fn alive(&self, now: UnixMillis) -> bool {
        now.since(UnixMillis(self.last.load(Ordering::Relaxed))) <= self.limit
    }
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

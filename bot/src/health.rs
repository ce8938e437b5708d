//! Signs of life of the vital loops. A loop beats when it has made progress, not when time has passed.

pub mod calls;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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

/// Work that is being done, each with the moment of its last sign of life: what takes too long is told by name.
#[derive(Clone, Debug, Default)]
pub struct Hands(Arc<Mutex<HashMap<i64, Hand>>>);

#[derive(Clone, Debug)]
struct Hand {
    name: String,
    since: UnixMillis,
    limit: Duration,
}

impl Hands {
    /// Work begins, or gives a sign of life; after `limit` without one it counts as stuck.
    pub fn busy(&self, number: i64, name: &str, limit: Duration) {
        let hand = Hand {
            name: name.to_owned(),
            since: now(),
            limit,
        };
        self.lock().insert(number, hand);
    }

    /// It ended.
    pub fn free(&self, number: i64) {
        self.lock().remove(&number);
    }

    /// What is stuck: its name, and for how long it has said nothing.
    #[must_use]
    pub fn stuck(&self, now: UnixMillis) -> Vec<LoopBeat> {
        let mut stuck: Vec<LoopBeat> = self
            .lock()
            .values()
            .filter(|hand| now.since(hand.since) > hand.limit)
            .map(|hand| LoopBeat {
                name: hand.name.clone(),
                age_ms: millis(now.since(hand.since)),
                limit_ms: millis(hand.limit),
            })
            .collect();
        stuck.sort_by(|a, b| (&a.name, a.age_ms).cmp(&(&b.name, b.age_ms)));
        stuck
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Hand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

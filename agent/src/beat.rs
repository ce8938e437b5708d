//! Signs of progress of the vital loops: what the systemd watchdog and `/health` read.
//! A beat is given by the loop that did something, never by a timer beside it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::health::LoopBeat;

/// Every vital loop of this process.
pub struct Beats {
    start: Instant,
    loops: Vec<Beat>,
}

/// The sign of one loop. Cheap to clone.
#[derive(Clone)]
pub struct Beat {
    name: &'static str,
    limit: Duration,
    start: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Beats {
    /// No loops yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            start: now,
            loops: Vec::new(),
        }
    }

    /// A loop that must make progress within `limit`; it counts as having done so now.
    pub fn add(&mut self, name: &'static str, limit: Duration, now: Instant) -> Beat {
        let beat = Beat {
            name,
            limit,
            start: self.start,
            last_ms: Arc::default(),
        };
        beat.progress(now);
        self.loops.push(beat.clone());
        beat
    }

    /// Each loop with the age of its last progress.
    #[must_use]
    pub fn report(&self, now: Instant) -> Vec<LoopBeat> {
        let age = |beat: &Beat| since(self.start, now).saturating_sub(beat.last_ms.load(Ordering::Relaxed));
        self.loops
            .iter()
            .map(|beat| LoopBeat {
                name: beat.name.to_owned(),
                age_ms: age(beat),
                limit_ms: whole_ms(beat.limit),
            })
            .collect()
    }
}

impl Beat {
    /// The loop has done something.
    pub fn progress(&self, now: Instant) {
        self.last_ms.store(since(self.start, now), Ordering::Relaxed);
    }
}

/// Whether a loop has gone without progress for longer than it may.
#[must_use]
pub fn is_late(beat: &LoopBeat) -> bool {
    beat.age_ms > beat.limit_ms
}

fn since(start: Instant, now: Instant) -> u64 {
    whole_ms(now.saturating_duration_since(start))
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_late_only_after_its_limit_without_progress() {
        let start = Instant::now();
        let mut beats = Beats::new(start);
        let beat = beats.add("outbox", Duration::from_secs(10), start);
        assert!(!is_late(&beats.report(start + Duration::from_secs(10))[0]));
        assert!(is_late(&beats.report(start + Duration::from_secs(11))[0]));
        beat.progress(start + Duration::from_secs(11));
        assert!(!is_late(&beats.report(start + Duration::from_secs(12))[0]));
    }
}

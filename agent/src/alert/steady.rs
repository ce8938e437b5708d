//! By how much the clock on the wall was set while this agent ran, told by a clock that nobody sets. Moments that are
//! waited from go along with it: twenty seconds are no hour because somebody put the clock forward.
//! What was set while no agent ran is not known: nothing that has been is to come, and that is all.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{
    Alerts,
    engine::{self, Kind, Notice},
    logged, message,
};
use crate::store::book::Book;

/// What keeping a clock right may move it by at once.
const STEP_LEAST: Duration = Duration::from_secs(5);

/// Cheap to clone; the default sees no clock, for those who say themselves what time it is.
#[derive(Clone, Default)]
pub(super) struct Steady(Option<Arc<Mutex<Reading>>>);

#[derive(Clone, Copy)]
struct Reading {
    tick: Instant,
    now_ms: i64,
    /// What was seen and is not made good for yet.
    owed_ms: i64,
}

impl Alerts {
    /// The same by the clocks of this machine: when the one on the wall is set, nothing lasts longer for that. What waits
    /// is taken up as it would be by the clock at this start: whatever that was before, nothing of it is to come.
    #[must_use]
    pub fn steadied(self, started_at: UnixMillis) -> Self {
        let steady = Steady::watching();
        let alerts = Self { steady, ..self };
        if let Err(error) = alerts.bring_back(started_at) {
            tracing::error!(
                error = format!("{error:#}"),
                "what came up while the clock ran ahead waits until it has caught up"
            );
        }
        alerts
    }

    fn bring_back(&self, now: UnixMillis) -> anyhow::Result<()> {
        self.change(now, |book| {
            engine::after_start(book, now);
            Vec::new()
        })?;
        Ok(self.store.bring_outbox_back(now)?)
    }

    /// Whether this would leave the engine's memory as it is, and tell nothing: most do, and need no transaction.
    pub(super) fn is_idle(&self, book: &Book, step: impl FnOnce(&mut Book) -> Vec<Notice>) -> bool {
        let mut after = book.clone();
        step(&mut after).is_empty() && after == *book && !self.steady.is_owed()
    }

    /// Moves the engine's memory and queues what follows from it, both or neither.
    pub(super) fn change(
        &self,
        now: UnixMillis,
        step: impl FnOnce(&mut Book) -> Vec<Notice>,
    ) -> anyhow::Result<()> {
        let (mut stepped_ms, mut notices) = (0, Vec::new());
        let changed = self.store.change_book(&self.ladder, now, |book| {
            // Within the transaction: of two changes only one may make good for it.
            stepped_ms = self.steady.stepped_ms();
            engine::stepped(book, stepped_ms);
            notices = step(book);
            let may_repeat = self.store.may_have_been_told();
            let told = |notice: &Notice| {
                let said = message::of_notice(&self.voice, notice, now);
                match may_repeat && notice.kind == Kind::First {
                    true => message::marked(&self.voice, said),
                    false => said,
                }
            };
            notices.iter().map(told).collect()
        });
        let queued = changed.inspect_err(|_| self.steady.owe(stepped_ms))?;
        if queued > 0 {
            self.bell.queued();
        }
        logged::log(&notices);
        Ok(())
    }
}

impl Steady {
    /// One that looks at the clocks of this machine.
    pub(super) fn watching() -> Self {
        Self(Some(Arc::new(Mutex::new(Reading::taken(0)))))
    }

    /// How far the clock was set since the last call, in milliseconds; forward is more than zero.
    pub(super) fn stepped_ms(&self) -> i64 {
        let Some(reading) = &self.0 else { return 0 };
        let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *reading, Reading::taken(0));
        before.owed_ms + before.step_ms(*reading)
    }

    /// Whether the next call of [`Steady::stepped_ms`] gives something.
    fn is_owed(&self) -> bool {
        self.0.as_ref().is_some_and(|reading| {
            let reading = *reading.lock().unwrap_or_else(PoisonError::into_inner);
            reading.owed_ms + reading.step_ms(Reading::taken(0)) != 0
        })
    }

    /// It was seen, and nothing could be done about it.
    pub(super) fn owe(&self, step_ms: i64) {
        if let Some(reading) = &self.0 {
            // Each change is one assignment.
            reading.lock().unwrap_or_else(PoisonError::into_inner).owed_ms += step_ms;
        }
    }
}

impl Reading {
    fn taken(owed_ms: i64) -> Self {
        Self {
            tick: Instant::now(),
            now_ms: Timestamp::now().as_millisecond(),
            owed_ms,
        }
    }

    fn step_ms(self, later: Self) -> i64 {
        let passed = later.tick.saturating_duration_since(self.tick).as_millis();
        let passed_ms = i64::try_from(passed).unwrap_or(i64::MAX);
        let step_ms = (later.now_ms - self.now_ms).saturating_sub(passed_ms);
        match Duration::from_millis(step_ms.unsigned_abs()) < STEP_LEAST {
            true => 0,
            false => step_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_wall_clock_moved_beyond_the_time_that_passed_is_a_step() {
        let start = Reading::taken(0);
        let later = |passed_s: u64, wall_ms: i64| Reading {
            tick: start.tick + Duration::from_secs(passed_s),
            now_ms: start.now_ms + wall_ms,
            owed_ms: 0,
        };
        assert_eq!(start.step_ms(later(600, 601_000)), 0);
        assert_eq!(start.step_ms(later(20, 3_620_000)), 3_600_000);
        assert_eq!(start.step_ms(later(20, -3_580_000)), -3_600_000);
        let steady = Steady::watching();
        assert!(!steady.is_owed());
        steady.owe(7_000);
        assert!(steady.is_owed());
        assert_eq!((steady.stepped_ms(), steady.stepped_ms()), (7_000, 0));
        assert_eq!(Steady::default().stepped_ms(), 0);
    }
}

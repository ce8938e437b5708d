//! How long the thread that records sleeps, and whether it was woken when it should have been.
//! It reads no commit.

use std::time::{Duration, Instant};

use super::{Mark, worker::Worker};

/// The log is looked at this often although nothing was heard of it: for what is done to the files past SQLite, and to
/// find out that the kernel keeps silent.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same where the kernel tells nothing.
const LOOK_DEAF: Duration = Duration::from_millis(250);

impl Worker {
    /// Whether commits were read beyond this one, in its chain.
    pub(super) fn has_come_on(&self, before: Option<Mark>) -> bool {
        let now = self.shared.captured.borrow();
        before.is_some_and(|before| {
            let now = now.as_ref();
            now.is_some_and(|now| now.chain == before.chain && now.commit > before.commit)
        })
    }

    /// Whether what was told of is still to come.
    pub(super) fn glance(&mut self, is_told: bool) {
        if is_told {
            self.glances.heard();
        }
        if is_told || self.glances.pause().is_some() {
            let recorder = self.recorder.as_mut();
            // What is wrong with the log is for the next turn to say.
            let awaits = recorder.is_some_and(|it| it.follower.is_being_written().unwrap_or(false));
            self.glances.seen(awaits);
        }
    }

    /// Until when nothing needs to be done.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        if self.is_behind || !self.resting.is_empty() {
            return Duration::ZERO;
        }
        let look = match self.log.hears() {
            true if self.recorder.is_some() => LOOK_EVERY,
            // Nobody holds the log either.
            true | false => LOOK_DEAF,
        };
        let draft = self
            .recorder
            .as_ref()
            .filter(|recorder| !recorder.draft.is_empty());
        let due = match (draft, self.ended_at) {
            (Some(_), Some(ended_at)) => (ended_at + self.sync).saturating_duration_since(now),
            _ => look,
        };
        let touch = self.recorder.as_ref().map(|_| self.followed.due(now));
        let soon = [touch, self.glances.pause()].into_iter().flatten();
        soon.fold(due.min(look), Duration::min)
    }
}

//! Until when the shop was followed, as the moment of an empty file: what an agent that is killed leaves of its last sign.
//! It is as exact as the file is touched often, and says nothing of what was committed since.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use protocol::time::UnixMillis;

use super::desk::Desk;
use crate::store::owner::own_like;

/// An idle agent writes nothing else: often enough to say when it died, and seldom enough to wear out no card.
const EVERY: Duration = Duration::from_secs(10);
/// A restart is no absence.
pub(super) const ABSENT_MIN: Duration = Duration::from_secs(20);

/// The file, and when it was touched last.
pub(super) struct Followed {
    path: PathBuf,
    touched_at: Option<Instant>,
}

impl Followed {
    pub(super) fn at(path: PathBuf) -> Self {
        Self {
            path,
            touched_at: None,
        }
    }

    /// How long until that must be said again.
    pub(super) fn due(&self, now: Instant) -> Duration {
        let touched = self.touched_at.map(|at| now.saturating_duration_since(at));
        touched.map_or(EVERY, |age| EVERY.saturating_sub(age))
    }

    /// Followed until now. A file that cannot be touched costs the knowledge of an absence, and nothing else.
    pub(super) fn touch(&mut self, now: Instant) {
        let is_due = |at: Instant| now.saturating_duration_since(at) >= EVERY;
        if !self.touched_at.is_none_or(is_due) {
            return;
        }
        self.touched_at = Some(now);
        self.touch_at_once();
    }

    /// The same at the end, when no later touch says it.
    pub(super) fn touch_at_once(&self) {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
        if let Some(folder) = self.path.parent() {
            own_like(&self.path, folder);
        }
        if let Err(error) = touched {
            tracing::debug!(%error, "it is not written down until when the shop was followed");
        }
    }

    /// Writes down that nobody followed from the last sign until now, where that is longer than a restart.
    pub(super) fn note_absence(&self, desk: &Desk, last: Option<UnixMillis>, now: UnixMillis) {
        // Before the first touch it is not known whether nobody followed, or nobody committed.
        let Some(from) = self.until() else { return };
        let from = last.map_or(from, |last| from.max(last));
        if now.since(from) < ABSENT_MIN {
            return;
        }
        if let Err(error) = desk.store.put_absence(from, now) {
            tracing::warn!(%error, "it is not written down that nobody followed the shop for a while");
        }
    }

    /// `None` where it was never touched.
    pub(super) fn until(&self) -> Option<UnixMillis> {
        let modified = File::open(&self.path).and_then(|file| file.metadata()?.modified());
        let since = modified.ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(UnixMillis(i64::try_from(since.as_millis()).ok()?))
    }
}

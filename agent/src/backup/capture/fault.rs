//! What a recording that cannot go on says, and when it is tried again.
//! It mends nothing, and waits for nobody.

use std::time::{Duration, Instant};

use super::worker::{Worker, now};
use crate::{
    backup::wal::follow::{Lost, is_damage},
    store::interruptions::CaptureFault,
};

/// Pauses after a failure: what is committed meanwhile is on this disk alone.
const RETRY: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
];

impl Worker {
    pub(super) fn failed(&mut self, error: &anyhow::Error) {
        let detail = self.told(error);
        // Whatever is spooled says that the log leads on: that it was emptied is written down after it.
        if matches!(error.downcast_ref(), Some(Lost::Missing(_) | Lost::LogEmptied)) {
            self.spool_the_rest();
        }
        if matches!(error.downcast_ref(), Some(Lost::LogEmptied))
            && let Err(error) = self.desk.store.set_log_emptied(true)
        {
            tracing::error!(%error, "that the log was emptied could not be written down");
        }
        if self.failures == 0 {
            tracing::error!(error = detail, "the capture stands still and is tried again");
        }
        // What is half done is found again by what was written down.
        self.let_go();
        self.retry_at = Instant::now() + RETRY[self.failures.min(RETRY.len() - 1)];
        self.failures += 1;
        let stays = self.stays(error);
        self.note_fault(Some(&CaptureFault {
            since: now(),
            detail,
            stays,
        }));
    }

    /// Where the files are not those any more that were read: what was read of them is whole, for they are looked at before
    /// the next commit is begun, and may lie nowhere else by now.
    pub(super) fn spool_the_rest(&mut self) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let spooled = recorder.end_commits(&self.desk).and_then(|_| self.tell_spooled());
        if let Err(error) = spooled {
            tracing::warn!(%error, "the last commits before it were not spooled");
        }
    }

    /// A shop that was never followed may be one that is just being made, and a file that is being exchanged is gone or half
    /// written for a moment.
    fn stays(&self, error: &anyhow::Error) -> bool {
        let again = self.failures > 1;
        let stays = match (error.downcast_ref(), error.downcast_ref()) {
            (Some(lost @ (Lost::Untold | Lost::LogEmptied)), _) => lost.stays(),
            (Some(lost), _) => lost.stays() && again,
            (None, Some(refused)) => is_damage(refused) && again,
            (None, None) => false,
        };
        stays && self.desk.is_followed(|_| true)
    }

    /// What is left without its log may be no database at all: the log's end comes first.
    fn told(&self, error: &anyhow::Error) -> String {
        let detail = format!("{error:#}");
        let is_known = matches!(error.downcast_ref(), Some(Lost::LogEmptied));
        match !is_known && self.desk.is_followed(|state| state.log_emptied) {
            true => format!("{}; {detail}", Lost::LogEmptied),
            false => detail,
        }
    }

    pub(super) fn note_fault(&self, fault: Option<&CaptureFault>) {
        if let Err(error) = self.desk.store.set_capture_fault(fault) {
            tracing::error!(%error, "how the capture is doing could not be written down");
        }
    }
}

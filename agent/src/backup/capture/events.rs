//! Hears of writes to the log from the kernel.
//! It promises nothing: a file that cannot be watched is looked at by the clock alone.

use std::{
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::SyncSender,
    },
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::worker::Wake;

/// The watch over one file, as long as it is that file.
pub(super) struct LogWatch {
    wake: SyncSender<Wake>,
    /// It was said that there is something to read, and nobody has begun to read since: a bot that leaves no pause must
    /// not fill the inbox, in which others have wishes.
    is_told: Arc<AtomicBool>,
    watching: Option<(u64, RecommendedWatcher)>,
    /// The last commit was found by the clock: some file systems let everything be watched, and tell of nothing.
    was_silent: bool,
}

impl LogWatch {
    pub(super) fn new(wake: SyncSender<Wake>) -> Self {
        Self {
            wake,
            is_told: Arc::default(),
            watching: None,
            was_silent: false,
        }
    }

    /// Whatever is written from now on is news again. Said before the log is read.
    pub(super) fn heard(&mut self) {
        self.was_silent = false;
        self.is_told.store(false, Ordering::Release);
    }

    /// There was something to read that nobody told of.
    pub(super) fn was_silent(&mut self) {
        if !std::mem::replace(&mut self.was_silent, true) {
            tracing::debug!("nothing tells of writes to the log; it is looked at four times a second");
        }
    }

    /// Whether the kernel tells of writes.
    pub(super) fn hears(&self) -> bool {
        self.watching.is_some() && !self.was_silent
    }

    /// Sees to it that the file under this path is the one that is watched.
    pub(super) fn watch(&mut self, log: &Path) {
        let inode = std::fs::metadata(log).ok().map(|found| found.ino());
        if self.watching.as_ref().map(|(watched, _)| *watched) == inode {
            return;
        }
        self.watching = inode.and_then(|inode| match self.begin(log) {
            Ok(watcher) => Some((inode, watcher)),
            Err(error) => {
                tracing::debug!(%error, "the log cannot be watched; it is looked at four times a second");
                None
            }
        });
    }

    fn begin(&self, log: &Path) -> notify::Result<RecommendedWatcher> {
        let (wake, is_told) = (self.wake.clone(), Arc::clone(&self.is_told));
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // What was too much for the kernel's queue is known by nothing but that.
            let is_news =
                event.is_ok_and(|event| matches!(event.kind, EventKind::Modify(_)) || event.need_rescan());
            // A full inbox means that it is awake.
            if is_news && !is_told.swap(true, Ordering::AcqRel) && wake.try_send(Wake::Log).is_err() {
                is_told.store(false, Ordering::Release);
            }
        })?;
        watcher.watch(log, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::sync_channel, time::Duration};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_log_of_which_nobody_tells_is_one_that_is_not_heard_until_somebody_does() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("shop.db-wal");
        std::fs::write(&log, b"one").unwrap();
        let (wake, woken) = sync_channel(1);
        let mut watch = LogWatch::new(wake);
        assert!(!watch.hears(), "nothing is watched yet");
        watch.watch(&log);
        assert!(watch.hears());
        watch.was_silent();
        assert!(!watch.hears(), "what was written came unheard");
        std::fs::write(&log, b"two").unwrap();
        assert!(matches!(woken.recv_timeout(LIMIT), Ok(Wake::Log)));
        watch.heard();
        assert!(watch.hears());
    }
}

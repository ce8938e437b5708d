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
}

impl LogWatch {
    pub(super) fn new(wake: SyncSender<Wake>) -> Self {
        Self {
            wake,
            is_told: Arc::default(),
            watching: None,
        }
    }

    /// Whatever is written from now on is news again. Said before the log is read.
    pub(super) fn heard(&self) {
        self.is_told.store(false, Ordering::Release);
    }

    /// Whether the kernel tells of writes.
    pub(super) fn hears(&self) -> bool {
        self.watching.is_some()
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

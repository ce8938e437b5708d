//! Whether the database takes writes at the moment, and why not: known to everybody who has the writer.
//! It decides nothing about the work itself: what a piece of work refuses by itself is no refusal of the database.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use protocol::health::CommitFault;
use rusqlite::ErrorCode;
use tokio::sync::{Notify, futures::Notified};

/// The kernel's number for an input/output error, which has no name of its own in Rust.
const EIO: i32 = 5;

/// Why the database took nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of trouble.
    pub fault: CommitFault,
    /// The same in plain words, with SQLite's own.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.reason)
    }
}

/// The writer's last word about the database. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    last: Arc<Mutex<Last>>,
    changed: Arc<Notify>,
}

/// What the last commit said.
#[derive(Debug, Default)]
struct Last {
    refusal: Option<Refusal>,
    /// Failures since the last commit that succeeded.
    failed: u32,
    /// When a commit last succeeded.
    good_at: Option<Instant>,
}

impl Standing {
    /// Why the database takes no writes, in plain words; `None` while it does.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.last().refusal.as_ref().map(Refusal::to_string)
    }

    /// How many commits failed since the last one that did not, and why the last of them did.
    #[must_use]
    pub fn failed_commits(&self) -> (u32, Option<CommitFault>) {
        let last = self.last();
        (last.failed, last.refusal.as_ref().map(|refusal| refusal.fault))
    }

    /// Whether a commit has succeeded within that time, and none failed since.
    #[must_use]
    pub fn proven_within(&self, time: Duration) -> bool {
        let last = self.last();
        last.refusal.is_none() && last.good_at.is_some_and(|at| at.elapsed() <= time)
    }

    /// Resolves when that changes. Take it before looking, or a change in between is missed.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Told by the writer after a commit that failed, or that changed something. Logged here, once for each change:
    /// on a full disk nobody wants the same line from every loop.
    pub(super) fn set(&self, refusal: Option<&Refusal>) {
        let mut last = self.last();
        match (last.refusal.is_some(), refusal) {
            (false, Some(refusal)) => tracing::error!(
                reason = refusal.reason,
                "the database takes no writes: nothing is confirmed until it does"
            ),
            (true, None) => tracing::info!("the database takes writes again"),
            _ => {}
        }
        let is_news = last.refusal.is_some() != refusal.is_some();
        last.failed = refusal.map_or(0, |_| last.failed.saturating_add(1));
        last.refusal = refusal.cloned();
        if refusal.is_none() {
            last.good_at = Some(Instant::now());
        }
        drop(last);
        if is_news {
            self.changed.notify_waiters();
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the database refused, when it was the database that did: a full disk, a read-only file, a disk that fails.
/// `None` for everything that concerns the piece of work alone.
#[must_use]
pub(super) fn refusal_of(error: &anyhow::Error) -> Option<Refusal> {
    let sqlite = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<rusqlite::Error>())?;
    refuses(sqlite).then(|| told(sqlite))
}

/// Whether this is the database's or the disk's own trouble.
fn refuses(error: &rusqlite::Error) -> bool {
    use ErrorCode as E;
    matches!(
        error.sqlite_error_code(),
        Some(
            E::DiskFull
                | E::ReadOnly
                | E::SystemIoFailure
                | E::CannotOpen
                | E::PermissionDenied
                | E::DatabaseBusy
                | E::FileLockingProtocolFailed
        )
    )
}

/// Whether the file system has trouble that passes without anybody changing a setting: it is full, read-only or
/// failing.
#[must_use]
pub fn is_of_disk(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::StorageFull | K::ReadOnlyFilesystem | K::QuotaExceeded
    ) || error.raw_os_error() == Some(EIO)
}

/// What kept a database from being opened: SQLite's word, or the file system's.
#[must_use]
pub fn fault_of(error: &anyhow::Error) -> CommitFault {
    let mut causes = error.chain();
    let fault = causes.find_map(|cause| match cause.downcast_ref::<rusqlite::Error>() {
        Some(sqlite) => Some(told(sqlite).fault),
        None => match cause.downcast_ref::<io::Error>()?.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(CommitFault::Full),
            io::ErrorKind::ReadOnlyFilesystem => Some(CommitFault::ReadOnly),
            _ => Some(CommitFault::Damaged),
        },
    });
    fault.unwrap_or(CommitFault::Other)
}

/// SQLite's word about the database or the disk, for people and for the health report.
#[must_use]
pub(super) fn told(error: &rusqlite::Error) -> Refusal {
    use {CommitFault as F, ErrorCode as E};
    let (fault, plain) = match error.sqlite_error_code() {
        Some(E::DiskFull) => (F::Full, "the disk is full"),
        Some(E::ReadOnly) => (F::ReadOnly, "its file is read-only"),
        Some(E::SystemIoFailure) => (F::Damaged, "the disk refuses to write or read"),
        Some(E::DatabaseCorrupt | E::NotADatabase) => (F::Damaged, "its file is damaged"),
        Some(E::CannotOpen | E::PermissionDenied) => (F::ReadOnly, "its file cannot be opened"),
        Some(E::DatabaseBusy) => (F::Busy, "another program holds it"),
        _ => {
            return Refusal {
                fault: F::Other,
                reason: error.to_string(),
            };
        }
    };
    Refusal {
        fault,
        reason: format!("{plain} ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use rusqlite::ffi;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn failure(code: i32) -> anyhow::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn the_disks_trouble_is_told_from_the_works_own() {
        let full: anyhow::Result<()> = Err(failure(ffi::SQLITE_FULL)).context("storing an update");
        assert!(
            refusal_of(&full.unwrap_err())
                .unwrap()
                .reason
                .starts_with("the disk is full")
        );
        assert_eq!(
            refusal_of(&failure(ffi::SQLITE_READONLY)).unwrap().fault,
            CommitFault::ReadOnly
        );
        assert_eq!(refusal_of(&failure(ffi::SQLITE_CONSTRAINT)), None);
        assert_eq!(refusal_of(&anyhow::anyhow!("two is refused")), None);
    }

    #[tokio::test]
    async fn a_change_is_heard_and_a_repetition_is_not() {
        let standing = Standing::default();
        let mut changed = std::pin::pin!(standing.changed());
        changed.as_mut().enable();
        assert!(!standing.proven_within(HOUR));
        standing.set(None);
        assert!(standing.proven_within(HOUR));
        assert!(!changed.as_mut().enable());
        let full = Refusal {
            fault: CommitFault::Full,
            reason: "the disk is full".to_owned(),
        };
        standing.set(Some(&full));
        assert!(changed.as_mut().enable());
        assert_eq!(standing.refusal().as_deref(), Some("the disk is full"));
        standing.set(Some(&full));
        assert!(!standing.proven_within(HOUR), "what came last counts");
        assert_eq!(standing.failed_commits(), (2, Some(CommitFault::Full)));
        standing.set(None);
        assert_eq!(standing.failed_commits(), (0, None));
    }
}

//! Whether the database takes writes at the moment, and why not: known to everybody who has the writer.
//! It decides nothing about the work itself: what a piece of work refuses by itself is no refusal of the database.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::ErrorCode;
use tokio::sync::{Notify, futures::Notified};

/// The kernel's number for an input/output error, which has no name of its own in Rust.
const EIO: i32 = 5;

/// The writer's last word about the database. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    refusal: Arc<Mutex<Option<String>>>,
    changed: Arc<Notify>,
}

impl Standing {
    /// Why the database takes no writes, in plain words; `None` while it does.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Resolves when that changes. Take it before looking, or a change in between is missed.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Told by the writer after a commit that failed, or that changed something. Logged here, once for each change:
    /// on a full disk nobody wants the same line from every loop.
    pub(super) fn set(&self, refusal: Option<&str>) {
        let mut known = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match (known.is_some(), refusal) {
            (false, Some(reason)) => tracing::error!(
                reason,
                "the database takes no writes: nothing is confirmed until it does"
            ),
            (true, None) => tracing::info!("the database takes writes again"),
            _ => {}
        }
        let is_news = known.is_some() != refusal.is_some();
        *known = refusal.map(str::to_owned);
        drop(known);
        if is_news {
            self.changed.notify_waiters();
        }
    }
}

/// Why the database refused, when it was the database that did: a full disk, a read-only file, a disk that fails.
/// `None` for everything that concerns the piece of work alone.
#[must_use]
pub(super) fn refusal_of(error: &anyhow::Error) -> Option<String> {
    let sqlite = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<rusqlite::Error>())?;
    refuses(sqlite).then(|| in_words(sqlite))
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

pub(super) fn in_words(error: &rusqlite::Error) -> String {
    let plain = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "its file is read-only",
        Some(ErrorCode::SystemIoFailure) => "the disk refuses to write or read",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => "its file cannot be opened",
        Some(ErrorCode::DatabaseBusy) => "another program holds it",
        _ => return error.to_string(),
    };
    format!("{plain} ({error})")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use rusqlite::ffi;

    use super::*;

    fn failure(code: i32) -> anyhow::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn the_disks_trouble_is_told_from_the_works_own() {
        let full: anyhow::Result<()> = Err(failure(ffi::SQLITE_FULL)).context("storing an update");
        assert!(
            refusal_of(&full.unwrap_err())
                .unwrap()
                .starts_with("the disk is full")
        );
        assert!(
            refusal_of(&failure(ffi::SQLITE_READONLY))
                .unwrap()
                .contains("read-only")
        );
        assert_eq!(refusal_of(&failure(ffi::SQLITE_CONSTRAINT)), None);
        assert_eq!(refusal_of(&anyhow::anyhow!("two is refused")), None);
    }

    #[tokio::test]
    async fn a_change_is_heard_and_a_repetition_is_not() {
        let standing = Standing::default();
        let mut changed = std::pin::pin!(standing.changed());
        changed.as_mut().enable();
        standing.set(None);
        assert!(!changed.as_mut().enable());
        standing.set(Some("the disk is full"));
        assert!(changed.as_mut().enable());
        assert_eq!(standing.refusal().as_deref(), Some("the disk is full"));
    }
}

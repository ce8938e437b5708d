//! A disk that takes nothing more in the middle of a restore, and places that take nothing at all: what is told of them.
//! It frees nothing.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure};
use rustix::fs::Access;
use thiserror::Error;

use super::leftovers;
use crate::backup::{no_disk, room};

/// The disk has no room for what comes back, in a sentence.
#[derive(Debug, Error)]
#[error("{0}")]
struct NoRoom(String);

/// Whether this machine's disk is what a restore failed for.
#[must_use]
pub fn lacks_room(error: &anyhow::Error) -> bool {
    is_cause(error) || error.downcast_ref::<NoRoom>().is_some()
}

/// The same before it begins.
///
/// # Errors
/// As [`room::require_once`].
pub(super) fn require(folder: &Path, needed_bytes: u64, purpose: &str, advice: &str) -> anyhow::Result<()> {
    let room = room::require_once(folder, needed_bytes, purpose, advice);
    room.map_err(|error| NoRoom(error.to_string()).into())
}

/// Whether a disk refused because it, or what this user may take of it, is used up.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// The same of an error with its causes.
pub(super) fn is_cause(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(is_full)
}

/// An error; when a full disk is its cause, with what that means: `left` is what was fetched until then and stays for the
/// next try.
pub(super) fn explained(
    error: anyhow::Error,
    folder: &Path,
    needed_bytes: u64,
    left: Option<&PathBuf>,
) -> anyhow::Error {
    if !is_cause(&error) {
        return error;
    }
    let mebibytes = |bytes: u64| bytes.div_ceil(1024 * 1024);
    let free = room::free_bytes(folder).map_or_else(String::new, |free| {
        format!(", and {} MiB are free", free / (1024 * 1024))
    });
    let (there, next) = match left {
        Some(path) => (
            format!(
                ", {} MiB of which are there already",
                mebibytes(leftovers::size_on_disk(path))
            ),
            format!(
                "give the same command again: it goes on with what was fetched, which stays in {} in plain text; delete that \
                 if you will not",
                path.display()
            ),
        ),
        None => (String::new(), "give the same command again".to_owned()),
    };
    let told = format!(
        "the disk of {} got full in the middle of the restore ({error:#}). The restore takes up to {} MiB there{there}{free}. \
         No live file was changed.\nMake room there and {next}. Or restore onto another disk with --to DIR",
        folder.display(),
        mebibytes(needed_bytes),
    );
    NoRoom(told).into()
}

/// Refuses a place in which nothing can be made.
///
/// # Errors
/// A sentence that says why.
pub(super) fn require_writable(folder: &Path) -> anyhow::Result<()> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    let refused = |why: String| {
        anyhow::anyhow!(
            "nothing can be written to {}: {why}. Nothing was changed. Name another folder with --to DIR",
            folder.display()
        )
    };
    let shown = existing.display();
    ensure!(existing.is_dir(), refused(format!("{shown} is no folder")));
    ensure!(
        !no_disk::holds(existing),
        refused(format!("{shown} {}", no_disk::TOLD))
    );
    match rustix::fs::access(existing, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::ROFS) => bail!(refused(format!("the disk of {shown} takes no writes"))),
        Err(error) => bail!(refused(format!("{shown}: {}", io::Error::from(error)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_below_what_was_being_done() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(is_cause(&anyhow::Error::from(full).context("writing a part")));
        let other = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(!is_cause(&anyhow::Error::from(other).context("writing a part")));
    }

    #[test]
    fn what_is_no_disk_or_no_folder_is_not_called_full() {
        let said = require_writable(Path::new("/proc/x/y")).unwrap_err().to_string();
        assert!(said.contains("/proc is no disk"), "{said}");
        let dir = tempfile::tempdir().unwrap();
        require_writable(&dir.path().join("new/er")).unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let said = require_writable(&dir.path().join("file/in"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("is no folder"), "{said}");
    }
}

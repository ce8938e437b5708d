//! Whether a restore runs on this machine: nothing that it may need is deleted under it.
//! Of restores on other machines nobody knows: those have the day between an object's mark and its end.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::store::owner::own_like;

/// Until it is dropped, nothing is deleted from here. Any number of restores may run.
pub struct Restoring(#[expect(dead_code, reason = "closing it is what lets go")] File);

impl Restoring {
    /// Says that a restore begins; `None` on a machine that has no agent's state, or where the disk refuses: deleting has
    /// its other bounds.
    #[must_use]
    pub fn begin(state_dir: &Path) -> Option<Self> {
        if !state_dir.is_dir() {
            return None;
        }
        let path = path(state_dir);
        let mut options = OpenOptions::new();
        let made = options.write(true).create(true).truncate(false).mode(0o600);
        let file = made.open(&path).ok()?;
        own_like(&path, state_dir);
        // Whoever looks holds it for no time.
        file.lock_shared().ok()?;
        Some(Self(file))
    }

    /// Whether some restore runs.
    #[must_use]
    pub fn is_on(state_dir: &Path) -> bool {
        let file = File::open(path(state_dir));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("restoring.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_on_until_the_last_of_them_ends() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Restoring::begin(&dir.path().join("none")).is_none());
        assert!(!Restoring::is_on(dir.path()));
        let restores = [Restoring::begin(dir.path()), Restoring::begin(dir.path())];
        for restore in restores {
            assert!(Restoring::is_on(dir.path()));
            drop(restore.unwrap());
        }
        assert!(!Restoring::is_on(dir.path()));
    }
}

//! The folder in the state directory where a restore point is made, and the lock that makes it one process's own.
//! It knows no database and no key. What a crash left behind is deleted at the next start, and all of it at the end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::manifest::Object;

use super::{TakeError, seal::Sealed};
use crate::store::owner::own_like;

const LOCK: &str = "backup.lock";
const FOLDER: &str = "staging";
/// The folder, and the lock that makes it this process's own.
pub(super) struct StagingDir {
    pub(super) path: PathBuf,
    _lock: File,
}

impl StagingDir {
    pub(super) fn make(state_dir: &Path) -> Result<Self, TakeError> {
        make_private(state_dir)?;
        let lock = open_lock(state_dir)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => TakeError::AlreadyRunning,
            TryLockError::Error(error) => TakeError::Failed(
                anyhow::Error::from(error).context("locking the state directory for a backup"),
            ),
        })?;
        let path = state_dir.join(FOLDER);
        if path.exists() {
            fs::remove_dir_all(&path).context("deleting what an interrupted backup left behind")?;
        }
        make_private(&path)?;
        own_like(&path, state_dir);
        Ok(Self { path, _lock: lock })
    }

    /// Names on a remote have folders, names here have none.
    pub(super) fn file_of(&self, key: &str) -> PathBuf {
        self.path.join(key.replace('/', "_"))
    }

    pub(super) fn keep(&self, key: &str, sealed: &Sealed) -> anyhow::Result<Object> {
        private_file(&self.file_of(key))?
            .write_all(&sealed.bytes)
            .with_context(|| format!("staging {key}"))?;
        Ok(Object {
            key: key.to_owned(),
            size_bytes: sealed.bytes.len() as u64,
            sha256: sealed.sha256.clone(),
            plain_size_bytes: sealed.plain_size_bytes,
            plain_sha256: sealed.plain_sha256.clone(),
        })
    }
}

impl Drop for StagingDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the staging folder of a backup could not be deleted");
        }
    }
}

/// Deletes what a backup that was killed left in the state directory: it holds the shop in plain text. While a
/// backup runs, nothing is done.
///
/// # Errors
/// When the disk refuses.
pub(super) fn remove_leftovers(state_dir: &Path) -> anyhow::Result<()> {
    if !state_dir.join(FOLDER).exists() {
        return Ok(());
    }
    match open_lock(state_dir)?.try_lock() {
        Ok(()) => fs::remove_dir_all(state_dir.join(FOLDER))
            .context("deleting what an interrupted backup left behind"),
        Err(_) => Ok(()),
    }
}

/// The agent's own user must be able to open it after root has made it.
fn open_lock(state_dir: &Path) -> anyhow::Result<File> {
    let path = state_dir.join(LOCK);
    let lock = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    own_like(&path, state_dir);
    Ok(lock)
}

fn make_private(dir: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(dir)
        .with_context(|| format!("making {}", dir.display()))
}

pub(super) fn private_file(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .with_context(|| format!("making {}", path.display()))
}

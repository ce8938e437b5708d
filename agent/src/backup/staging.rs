//! The folder in the state directory where a restore point is made, and the lock that makes it one process's own.
//! It knows no database and no key. What a crash left behind is deleted at the next start, and all of it at the end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::manifest::Object;
use sha2::{Digest, Sha256};

use super::{
    TakeError,
    proof::{self, Witness},
    recipients::Recipients,
    remembered::Remembered,
    seal::{hex, seal_into},
    signer::SigningKey,
};
use crate::store::owner::own_like;

const LOCK: &str = "backup.lock";
const FOLDER: &str = "staging";
const WRITE_BYTES: usize = 256 * 1024;

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

    /// Seals what the reader gives, straight into the object's file.
    pub(super) fn seal(&self, key: &str, plain: impl Read, with: &Sealer) -> anyhow::Result<Object> {
        let file = private_file(&self.file_of(key))?;
        let mut writer = Digested {
            file: BufWriter::with_capacity(WRITE_BYTES, file),
            digest: Sha256::new(),
            size_bytes: 0,
        };
        let pour = |plain: &mut dyn Read, writer: &mut Digested| {
            seal_into(plain, writer, &with.recipients, &with.signer, with.level)
                .with_context(|| format!("sealing {key}"))
        };
        let (poured, seen) = match proof::is_chosen(key) {
            true => {
                let mut plain = Witness::new(plain);
                (pour(&mut plain, &mut writer)?, Some(plain.seen()))
            }
            false => {
                let mut plain = plain;
                (pour(&mut plain, &mut writer)?, None)
            }
        };
        writer.file.flush().with_context(|| format!("staging {key}"))?;
        let sha256 = hex(&writer.digest.finalize());
        if let Some(seen) = seen {
            let sealed = fs::read(self.file_of(key)).with_context(|| format!("reading the staged {key}"))?;
            seen.require_in(&sealed, &sha256, &poured.session_key, &with.signer.as_signers())
                .with_context(|| format!("checking {key}"))?;
        }
        with.remembered
            .add(&sha256, &poured.session_key, super::now())
            .with_context(|| format!("remembering what opens {key}"))?;
        Ok(Object {
            key: key.to_owned(),
            size_bytes: writer.size_bytes,
            sha256,
            plain_size_bytes: poured.plain_size_bytes,
        })
    }

    /// Gives an object the name that is only known now.
    pub(super) fn rename(&self, from: &str, to: &str) -> anyhow::Result<()> {
        fs::rename(self.file_of(from), self.file_of(to)).with_context(|| format!("staging {to}"))
    }
}

/// With what objects are sealed.
pub(super) struct Sealer {
    pub recipients: Recipients,
    pub signer: SigningKey,
    /// zstd's level.
    pub level: i32,
    /// Where session keys wait for a rehearsal.
    pub remembered: Remembered,
}

/// A file that knows the digest of what was written.
struct Digested {
    file: BufWriter<File>,
    digest: Sha256,
    size_bytes: u64,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digest.update(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for StagingDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the staging folder of a backup could not be deleted");
        }
    }
}

/// Deletes what a backup that was killed left in the state directory. While a backup runs, nothing is done.
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

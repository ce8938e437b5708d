//! The folder in the state directory where a restore point is made, and the lock that makes it one process's own.
//! It knows no database and no key. What a crash left behind is deleted at the next start, and all of it at the end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use bytes::Bytes;
use protocol::manifest::Object;
use sha2::{Digest, Sha256};

use super::{
    TakeError,
    proof::{self, Seen, Witness},
    recipients::Recipients,
    remembered::Remembered,
    seal::{FASTEST_LEVEL, SessionKey, hex, seal_into},
    signer::SigningKey,
    spare::Spare,
};
use crate::store::{lock, owner::own_like};

const LOCK: &str = "backup.lock";
const FOLDER: &str = "staging";
const WRITE_BYTES: usize = 256 * 1024;

/// The folder, and the lock that makes it this process's own.
pub(super) struct StagingDir {
    pub(super) path: PathBuf,
    _lock: File,
}

/// Whether some process takes a backup at this moment, as far as can be seen.
#[must_use]
pub fn is_one_taken(state_dir: &Path) -> bool {
    lock::is_held(&state_dir.join(LOCK)).unwrap_or(false)
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

    /// Seals what the reader gives, straight into the object's file: for what may be larger than a part.
    pub(super) fn seal(&self, key: &str, plain: impl BufRead, with: &Sealer) -> anyhow::Result<Object> {
        let path = self.file_of(key);
        let mut file = BufWriter::with_capacity(WRITE_BYTES, private_file(&path)?);
        let sealed = with.pour(key, plain, &mut file, FASTEST_LEVEL)?;
        file.flush().with_context(|| format!("staging {key}"))?;
        with.settle(sealed, || {
            fs::read(&path).with_context(|| format!("reading the staged {key}"))
        })
    }

    /// Puts a sealed object into its file.
    pub(super) fn keep(&self, key: &str, sealed: &[u8]) -> anyhow::Result<()> {
        let mut file = private_file(&self.file_of(key))?;
        file.write_all(sealed).with_context(|| format!("staging {key}"))
    }
}

/// With what objects are sealed.
pub(super) struct Sealer {
    pub recipients: Arc<Recipients>,
    pub signer: SigningKey,
    /// Where session keys wait for a rehearsal.
    pub remembered: Remembered,
    spare: Spare,
    /// Held while an object is opened again, which takes as much memory as the object: one at a time.
    opening: Mutex<()>,
}

/// An object that was poured, before anybody has looked at it.
struct Poured {
    object: Object,
    session_key: SessionKey,
    /// What went in, when it is opened again to be compared.
    seen: Option<Seen>,
}

impl Sealer {
    pub(super) fn new(recipients: Arc<Recipients>, signer: SigningKey, remembered: Remembered) -> Self {
        Self {
            recipients,
            signer,
            remembered,
            spare: Spare::default(),
            opening: Mutex::default(),
        }
    }

    /// Seals into memory, at one of zstd's levels: for what is a part or smaller.
    pub(super) fn seal(&self, key: &str, plain: impl BufRead, level: i32) -> anyhow::Result<(Object, Bytes)> {
        let mut piece = self.spare.take();
        let sealed = self.pour(key, plain, &mut piece, level)?;
        let object = self.settle(sealed, || Ok(&piece))?;
        Ok((object, self.spare.lend(piece)))
    }

    fn pour(
        &self,
        key: &str,
        plain: impl BufRead,
        into: impl Write + Send + Sync,
        level: i32,
    ) -> anyhow::Result<Poured> {
        let mut writer = Digested {
            into,
            digest: Sha256::new(),
            size_bytes: 0,
        };
        let pour = |plain: &mut dyn BufRead, writer: &mut Digested<_>| {
            seal_into(plain, writer, &self.recipients, &self.signer, level)
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
        Ok(Poured {
            object: Object {
                key: key.to_owned(),
                size_bytes: writer.size_bytes,
                sha256: hex(&writer.digest.finalize()),
                plain_size_bytes: poured.plain_size_bytes,
            },
            session_key: poured.session_key,
            seen,
        })
    }

    /// Opens the object again when it was chosen for that, and remembers what opens it.
    fn settle<B: AsRef<[u8]>>(
        &self,
        Poured {
            object,
            session_key,
            seen,
        }: Poured,
        sealed: impl FnOnce() -> anyhow::Result<B>,
    ) -> anyhow::Result<Object> {
        let key = &object.key;
        if let Some(seen) = seen {
            let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            let sealed = sealed()?;
            seen.require_in(
                sealed.as_ref(),
                &object.sha256,
                &session_key,
                &self.signer.as_signers(),
            )
            .with_context(|| format!("checking {key}"))?;
        }
        self.remembered
            .add(&object.sha256, &session_key, super::now())
            .with_context(|| format!("remembering what opens {key}"))?;
        Ok(object)
    }
}

/// A writer that knows the digest of what was written.
struct Digested<W> {
    into: W,
    digest: Sha256,
    size_bytes: u64,
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.into.write(bytes)?;
        self.digest.update(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
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

/// Whether a process takes a backup at this moment. When that cannot be told, taking one tells it.
pub(super) fn is_in_use(state_dir: &Path) -> bool {
    lock::is_held(&state_dir.join(LOCK)).unwrap_or(false)
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

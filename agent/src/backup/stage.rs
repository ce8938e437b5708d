//! Everything of a restore point, sealed, in the state directory: first the plain copy of the database, then its
//! parts, the files and the manifest as objects that may leave the machine.
//! Nothing leaves here. What a crash left behind is deleted at the next start, and all of it at the end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use protocol::{
    manifest::{Manifest, Object, PART_BYTES, PARTS_MAX, VERSION},
    object_key::{self, PointId},
    time::UnixMillis,
};
use sha2::{Digest, Sha256};

use super::{
    Progress, files,
    recipients::Recipients,
    seal::{Sealed, hex, seal},
    snapshot,
};
use crate::config::{Config, RemoteKind};

/// Threads that compress and encrypt: one core must stay free for the bot and for alerts on small servers.
const SEALING_THREADS: usize = 2;

const LOCK: &str = "backup.lock";
const FOLDER: &str = "staging";

/// What is to be staged, without a borrow, so that another thread can do it.
pub(super) struct Order {
    database: PathBuf,
    files: Vec<PathBuf>,
    never: Vec<PathBuf>,
    recipients: Recipients,
    dir: StagingDir,
}

/// A restore point on this machine, ready to be uploaded. Dropping it deletes it.
pub(super) struct Staged {
    pub manifest: Manifest,
    pub manifest_size_bytes: u64,
    pub manifest_sha256: String,
    pub left_out: Vec<String>,
    pub damage: Option<String>,
    dir: StagingDir,
}

/// The folder, and the lock that makes it this process's own.
struct StagingDir {
    path: PathBuf,
    _lock: File,
}

impl Order {
    /// Reads the recipients and makes the folder.
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let recipients = Recipients::load(&config.backup.recipients)
            .map_err(|faults| anyhow::anyhow!(faults.join("; ")))?;
        let database = config.backup.database.clone();
        let beside = |suffix: &str| {
            let mut name = database.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let mut never = vec![
            database.clone(),
            beside("-wal"),
            beside("-shm"),
            beside(".lock"),
            config.state_dir.clone(),
        ];
        let folders = config
            .remotes
            .iter()
            .filter(|remote| remote.kind == RemoteKind::Fs);
        never.extend(folders.filter_map(|remote| remote.options.get("root").map(PathBuf::from)));
        let dir = StagingDir::make(&config.state_dir)?;
        Ok(Self {
            files: config.backup.files.clone(),
            never,
            recipients,
            dir,
            database,
        })
    }

    /// Copies, seals and describes. Blocks for as long as the database is large.
    pub(super) fn carry_out(
        self,
        now: &dyn Fn() -> UnixMillis,
        progress: &dyn Progress,
    ) -> anyhow::Result<Staged> {
        let copy = self.dir.path.join("shop.db");
        let size_bytes = fs::metadata(&self.database).map_or(0, |metadata| metadata.len());
        progress.begin("copying the database", size_bytes);
        let snapshot = snapshot::take(&self.database, &copy, now, progress)?;
        let point = point_id(snapshot.taken_at)?;
        let database_bytes = fs::metadata(&copy).context("measuring the copy")?.len();
        progress.begin("encrypting", database_bytes);
        let (database, database_sha256) = self.seal_database(&point, &copy, database_bytes, progress)?;
        fs::remove_file(&copy).context("deleting the staged copy")?;
        let mut collected = files::collect(&self.files, &self.never);
        let files = self.seal_files(&point, &mut collected)?;
        let manifest = Manifest {
            version: VERSION,
            point,
            taken_at: snapshot.taken_at,
            database,
            database_bytes,
            database_sha256,
            files,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            sqlite_version: rusqlite::version().to_owned(),
        };
        manifest
            .validate()
            .map_err(anyhow::Error::msg)
            .context("describing the restore point")?;
        let json = serde_json::to_vec(&manifest).context("writing the manifest")?;
        let sealed = seal(json.as_slice(), &self.recipients).context("sealing the manifest")?;
        self.dir.keep(&object_key::manifest(&manifest.point), &sealed)?;
        Ok(Staged {
            manifest_size_bytes: sealed.bytes.len() as u64,
            manifest_sha256: sealed.sha256,
            left_out: collected.left_out,
            damage: snapshot.damage,
            dir: self.dir,
            manifest,
        })
    }

    fn seal_database(
        &self,
        point: &PointId,
        copy: &Path,
        database_bytes: u64,
        progress: &dyn Progress,
    ) -> anyhow::Result<(Vec<Object>, String)> {
        let count = usize::try_from(database_bytes.div_ceil(PART_BYTES)).unwrap_or(usize::MAX);
        if count == 0 || count > PARTS_MAX {
            bail!(
                "the database has {database_bytes} bytes: more than one restore point can hold, or nothing"
            );
        }
        let next = AtomicU32::new(0);
        let parts = Mutex::new(vec![None; count]);
        let work = || -> anyhow::Result<()> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index as usize >= count {
                    return Ok(());
                }
                let object = self.seal_part(point, copy, index)?;
                progress.advance(object.plain_size_bytes);
                parts.lock().unwrap_or_else(PoisonError::into_inner)[index as usize] = Some(object);
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SEALING_THREADS.min(count))
                .map(|_| scope.spawn(work))
                .collect();
            let ended = threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?);
            ended.collect::<anyhow::Result<()>>()
        })?;
        let parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let parts = parts
            .into_iter()
            .collect::<Option<Vec<Object>>>()
            .context("a part is missing")?;
        Ok((parts, digest_of_file(copy)?))
    }

    fn seal_part(&self, point: &PointId, copy: &Path, index: u32) -> anyhow::Result<Object> {
        let mut file = File::open(copy).context("opening the staged copy")?;
        file.seek(SeekFrom::Start(u64::from(index) * PART_BYTES))
            .context("reading the staged copy")?;
        let sealed = seal(file.take(PART_BYTES), &self.recipients)?;
        self.dir.keep(&object_key::base(point, index), &sealed)
    }

    fn seal_files(
        &self,
        point: &PointId,
        collected: &mut files::Collected,
    ) -> anyhow::Result<Option<Object>> {
        if collected.is_empty() {
            return Ok(None);
        }
        let path = self.dir.path.join("files.tar");
        let mut tar = private_file(&path)?;
        collected.write_tar(std::io::BufWriter::new(&mut tar))?;
        tar.rewind().context("reading the archive")?;
        let sealed = seal(&tar, &self.recipients).context("sealing the files")?;
        fs::remove_file(&path).context("deleting the staged archive")?;
        self.dir.keep(&object_key::files(point), &sealed).map(Some)
    }
}

impl Staged {
    /// The bytes of an object.
    pub(super) fn read(&self, key: &str) -> anyhow::Result<Vec<u8>> {
        fs::read(self.dir.file_of(key)).with_context(|| format!("reading the staged {key}"))
    }

    /// Everything that goes to a remote, the manifest last: name, size, digest.
    pub(super) fn uploads(&self) -> Vec<(String, u64, String)> {
        let objects = self
            .manifest
            .objects()
            .map(|it| (it.key.clone(), it.size_bytes, it.sha256.clone()));
        let manifest = object_key::manifest(&self.manifest.point);
        objects
            .chain([(manifest, self.manifest_size_bytes, self.manifest_sha256.clone())])
            .collect()
    }

    /// Bytes on each remote.
    pub(super) fn size_bytes(&self) -> u64 {
        self.uploads().iter().map(|(_, size, _)| size).sum()
    }
}

impl StagingDir {
    fn make(state_dir: &Path) -> anyhow::Result<Self> {
        let make = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        make(state_dir).with_context(|| format!("making {}", state_dir.display()))?;
        let lock =
            File::create(state_dir.join(LOCK)).context("opening backup.lock in the state directory")?;
        lock.try_lock().map_err(|_| {
            anyhow::anyhow!("another backup is running at the moment; this one was not begun")
        })?;
        let path = state_dir.join(FOLDER);
        if path.exists() {
            fs::remove_dir_all(&path).context("deleting what an interrupted backup left behind")?;
        }
        make(&path).context("making the staging folder")?;
        Ok(Self { path, _lock: lock })
    }

    /// Names on a remote have folders, names here have none.
    fn file_of(&self, key: &str) -> PathBuf {
        self.path.join(key.replace('/', "_"))
    }

    fn keep(&self, key: &str, sealed: &Sealed) -> anyhow::Result<Object> {
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
    let lock = File::create(state_dir.join(LOCK)).context("opening the lock of the backups")?;
    match lock.try_lock() {
        Ok(()) => fs::remove_dir_all(state_dir.join(FOLDER))
            .context("deleting what an interrupted backup left behind"),
        Err(_) => Ok(()),
    }
}

fn private_file(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .with_context(|| format!("making {}", path.display()))
}

fn digest_of_file(path: &Path) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    std::io::copy(
        &mut File::open(path).context("opening the staged copy")?,
        &mut digest,
    )
    .context("reading the staged copy")?;
    Ok(hex(&digest.finalize()))
}

fn point_id(taken_at: UnixMillis) -> anyhow::Result<PointId> {
    let moment = Timestamp::from_millisecond(taken_at.0).context("the clock is out of range")?;
    let text = format!(
        "{}-{:08x}",
        moment.strftime("%Y%m%dT%H%M%SZ"),
        rand::random::<u32>()
    );
    PointId::parse(&text).context("naming the restore point")
}

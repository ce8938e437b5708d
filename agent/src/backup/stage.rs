//! Everything of a restore point, sealed, in the state directory: first the plain copy of the database, then its
//! parts, the files and the manifest as objects that may leave the machine.
//! Nothing leaves here: that is the upload's.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
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
    Progress, TakeError,
    cancel::Cancelled,
    files,
    recipients::Recipients,
    room,
    seal::{hex, seal},
    snapshot,
    staging::{StagingDir, private_file},
};
use crate::config::{Config, RemoteKind};

/// Threads that compress and encrypt: one core must stay free for the bot and for alerts on small servers.
const SEALING_THREADS: usize = 2;

const MAKE_ROOM: &str =
    "No backup was begun, and the shop goes on. Make room, or give [state] dir a larger disk";

/// What is to be staged, without a borrow, so that another thread can do it.
pub(super) struct Order {
    database: PathBuf,
    files: Vec<PathBuf>,
    never: Vec<PathBuf>,
    recipients: Recipients,
    cancelled: Cancelled,
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

impl Order {
    /// Reads the recipients and makes the folder.
    pub(super) fn new(config: &Config, cancelled: Cancelled) -> Result<Self, TakeError> {
        let recipients = Recipients::load(&config.backup.recipients)
            .map_err(|faults| anyhow::anyhow!(faults.join("; ")))?;
        let database = config.backup.database.clone();
        let mut never = vec![
            database.clone(),
            beside(&database, "-wal"),
            beside(&database, "-shm"),
            beside(&database, ".lock"),
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
            cancelled,
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
        let size_bytes = self.require_room()?;
        progress.begin("copying the database", size_bytes);
        let snapshot = snapshot::take(&self.database, &copy, now, progress, &self.cancelled)?;
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
        let key = object_key::manifest(&manifest.point, &sealed.sha256);
        self.dir.keep(&key, &sealed)?;
        Ok(Staged {
            manifest_size_bytes: sealed.bytes.len() as u64,
            manifest_sha256: sealed.sha256,
            left_out: collected.left_out,
            damage: snapshot.damage,
            dir: self.dir,
            manifest,
        })
    }

    /// Room for the copy, and for what it becomes when nothing of it can be compressed. Gives the database's size.
    fn require_room(&self) -> anyhow::Result<u64> {
        let size_of = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        let size_bytes = size_of(&self.database);
        // Pages in the log may be new ones.
        let copy_bytes = size_bytes.saturating_add(size_of(&beside(&self.database, "-wal")));
        room::require(
            &self.dir.path,
            copy_bytes.saturating_mul(2),
            "staging a backup",
            MAKE_ROOM,
        )?;
        Ok(size_bytes)
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
                self.cancelled.check()?;
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
        Ok((parts, self.digest_of(copy)?))
    }

    fn seal_part(&self, point: &PointId, copy: &Path, index: u32) -> anyhow::Result<Object> {
        let mut file = File::open(copy).context("opening the staged copy")?;
        file.seek(SeekFrom::Start(u64::from(index) * PART_BYTES))
            .context("reading the staged copy")?;
        let sealed = seal(self.cancelled.watch(file.take(PART_BYTES)), &self.recipients)?;
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
        let most_bytes = collected.size_bytes().saturating_mul(2);
        room::require(
            &self.dir.path,
            most_bytes,
            "staging the files of a backup",
            MAKE_ROOM,
        )?;
        let path = self.dir.path.join("files.tar");
        let mut tar = private_file(&path)?;
        collected.write_tar(std::io::BufWriter::new(&mut tar))?;
        tar.rewind().context("reading the archive")?;
        let sealed = seal(self.cancelled.watch(&tar), &self.recipients).context("sealing the files")?;
        fs::remove_file(&path).context("deleting the staged archive")?;
        self.dir.keep(&object_key::files(point), &sealed).map(Some)
    }

    fn digest_of(&self, copy: &Path) -> anyhow::Result<String> {
        let mut digest = Sha256::new();
        let file = File::open(copy).context("opening the staged copy")?;
        std::io::copy(&mut self.cancelled.watch(file), &mut digest).context("reading the staged copy")?;
        Ok(hex(&digest.finalize()))
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
        let manifest = object_key::manifest(&self.manifest.point, &self.manifest_sha256);
        objects
            .chain([(manifest, self.manifest_size_bytes, self.manifest_sha256.clone())])
            .collect()
    }

    /// Bytes on each remote.
    pub(super) fn size_bytes(&self) -> u64 {
        self.uploads().iter().map(|(_, size, _)| size).sum()
    }
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The digits begin with the milliseconds, so that two points of one second still sort by time.
fn point_id(taken_at: UnixMillis) -> anyhow::Result<PointId> {
    let moment = Timestamp::from_millisecond(taken_at.0).context("the clock is out of range")?;
    let millis = taken_at.0.rem_euclid(1_000);
    let second = moment.strftime("%Y%m%dT%H%M%SZ");
    let text = format!("{second}-{millis:03x}{:05x}", rand::random::<u32>() >> 12);
    PointId::parse(&text).context("naming the restore point")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_one_second_sort_by_time() {
        let names: Vec<PointId> = [1_795_338_000_000, 1_795_338_000_255, 1_795_338_000_999]
            .map(|at| point_id(UnixMillis(at)).unwrap())
            .to_vec();
        assert!(names.is_sorted(), "{names:?}");
        assert!(
            names[2].as_str().starts_with("20261122T090000Z-3e7"),
            "{}",
            names[2]
        );
    }
}

//! Makes a restore point: reads the database inside one read transaction, seals its parts and the files as objects, and
//! describes them in the manifest, which comes last.
//! Nothing plain is written to the disk, and nothing leaves the machine here: that is the upload's.

use std::{
    collections::BTreeMap,
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::{BaseRef, CLOCK_STEPS_MAX, ClockStep, Manifest, Object, VERSION},
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{
    Progress, Want,
    cancel::Cancelled,
    commits::{Commits, Opened},
    database::bytes_of,
    earlier::Before,
    files,
    lineage::Identity,
    outgoing::Outgoing,
    restores,
    room::{self, RESERVE_BYTES},
    seal::{FRAME_BYTES, LEVEL},
    segment::change_counter,
    staging::Sealer,
    standing::Found,
    table::{TableHead, TableWriter},
};
use crate::{
    config::{Config, RemoteKind},
    store::{growth::Growth, pages::PinnedPages, points::KnownPoint, source::SourceError},
};

/// Databases up to this are checked by SQLite in the transaction that they are read in: it takes less than a second.
/// Larger ones are looked at afterwards, and wherever they are restored: nothing must lengthen the read transaction.
pub(super) const CHECK_BYTES_MAX: u64 = 256 * 1024 * 1024;
const MAKE_ROOM: &str =
    "No backup was begun, and the shop goes on. Make room, or give [state] dir a larger disk";

/// What is to be staged, without a borrow, so that another thread can do it.
pub(super) struct Order {
    pub want: Want,
    pub commits: Commits,
    pub database: PathBuf,
    pub files: Vec<PathBuf>,
    pub never: Vec<PathBuf>,
    pub state_dir: PathBuf,
    pub sealer: Sealer,
    pub cancelled: Cancelled,
    pub outgoing: Arc<Outgoing>,
    /// The point before this one.
    pub last: Option<KnownPoint>,
    /// What the points of its chain tell.
    pub before: Before,
    /// Whether at least one remote holds the base of the table.
    pub base_is_held: bool,
    /// How often the clock was set, of each chain.
    pub clock_steps: BTreeMap<ChainId, Vec<ClockStep>>,
}

/// A restore point whose objects are all on their way.
pub(super) struct Staged {
    pub manifest: Manifest,
    pub manifest_size_bytes: u64,
    pub manifest_sha256: String,
    pub left_out: Vec<String>,
    pub damage: Option<String>,
    /// Whether SQLite was asked for it.
    pub is_checked: bool,
    /// Whether a capture is there that could not say after which commit it stands.
    pub is_alone: bool,
    /// SQLite's file change counter.
    pub change_counter: Option<u32>,
    /// What its tables had come to, where that could be read.
    pub growth: Option<Growth>,
    /// What shows that an older state of the database, or another one, was put in its place.
    pub older: Option<String>,
    /// A full point's table of pages, to be published once a remote holds the point.
    pub table: Option<(TableWriter, TableHead)>,
}

/// What is read of the database before it is sealed.
struct Look {
    change_counter: Option<u32>,
    growth: Option<Growth>,
    /// What shows that it came before what was backed up, or is another one, if it lies in the same file.
    older: Option<String>,
}

/// Paths that never ride along, whatever is configured: the database and the agent's own.
pub(super) fn never(config: &Config) -> Vec<PathBuf> {
    let database = &config.backup.database;
    let mut never = vec![
        database.clone(),
        beside(database, "-wal"),
        beside(database, "-shm"),
        beside(database, ".lock"),
        config.state_dir.clone(),
    ];
    let folders = config
        .remotes
        .iter()
        .filter(|remote| remote.kind == RemoteKind::Fs);
    never.extend(folders.filter_map(|remote| remote.options.get("root").map(PathBuf::from)));
    never
}

impl Order {
    /// Seals and describes; the queue ends with this, however it goes. Blocks for as long as the database is large.
    pub(super) fn carry_out(
        self,
        now: &dyn Fn() -> UnixMillis,
        progress: &dyn Progress,
    ) -> anyhow::Result<Staged> {
        let staged = self.stage(now, progress);
        progress.begin("uploading", self.outgoing.left_bytes());
        self.outgoing.end();
        staged
    }

    fn stage(&self, now: &dyn Fn() -> UnixMillis, progress: &dyn Progress) -> anyhow::Result<Staged> {
        self.require_room()?;
        let identity = Identity::of(&self.database)?;
        self.require_own_log(&identity)?;
        // SQLite takes a log beside an empty database for a leftover, and deletes it.
        self.require_pages(self.database.metadata().is_ok_and(|found| found.len() > 0))?;
        let Opened { pages, place } = self.commits.open(&self.database, progress)?;
        self.require_pages(pages.pages() > 0)?;
        let taken_at = now();
        let point = point_id(taken_at)?;
        let look = self.look(&pages)?;
        let table = self.table((&identity, &pages), place.as_ref());
        // Of another database the counter tells nothing.
        let is_same_file = self.goes_on_from(table.as_ref());
        let older = look.older.filter(|_| is_same_file);
        let table = table.filter(|_| older.is_none());
        let sealed = self.seal_database(&point, &pages, table.as_ref(), progress)?;
        let older = older.or_else(|| self.is_older(&sealed.root).filter(|_| is_same_file));
        let (is_checked, damage) = damage_of(&pages)?;
        let (page_size, count) = (pages.page_size(), pages.pages());
        // From here on the bot's log may be reset again.
        drop(pages);
        let (files, left_out) = self.seal_files(&point)?;
        let found = Found {
            identity: &identity,
            root: &sealed.root,
            is_same_file,
            older: older.as_deref(),
        };
        let (position, replaced) = self.standing(place.as_ref(), &found)?;
        let manifest = Manifest {
            version: VERSION,
            replaced,
            clock_steps: self.clock_steps(&position.chain, position.commit),
            point,
            taken_at,
            chain: position.chain,
            commit: position.commit,
            base: sealed.base,
            previous: self.last.as_ref().map(|last| last.manifest_sha256.clone()),
            database: sealed.objects,
            database_bytes: u64::from(page_size) * u64::from(count),
            page_size,
            page_root: sealed.root,
            files,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            sqlite_version: rusqlite::version().to_owned(),
            signer: self.sealer.signer.fingerprint().clone(),
        };
        let object = self.seal_manifest(&manifest)?;
        Ok(Staged {
            manifest_size_bytes: object.size_bytes,
            table: sealed
                .table
                .map(|table| (table, head_of(&manifest, &object, identity, count))),
            manifest_sha256: object.sha256,
            left_out,
            damage,
            change_counter: look.change_counter,
            growth: look.growth,
            older,
            is_checked,
            is_alone: place.is_none() && !matches!(self.commits, Commits::Unknown),
            manifest,
        })
    }

    /// The newest until this commit.
    fn clock_steps(&self, chain: &ChainId, commit: CommitNumber) -> Vec<ClockStep> {
        let all = self.clock_steps.get(chain).into_iter().flatten();
        let mut before: Vec<ClockStep> = all.filter(|step| step.after <= commit).copied().collect();
        before.drain(..before.len().saturating_sub(CLOCK_STEPS_MAX));
        before
    }

    fn look(&self, pages: &PinnedPages) -> anyhow::Result<Look> {
        let change_counter = counter_of(pages)?;
        let older = self.alone(|before| {
            let grown = before.by_growth(pages);
            grown.or_else(|| before.by_counter(change_counter))
        });
        let growth = pages.growth();
        let growth =
            growth.inspect_err(|error| tracing::debug!(%error, "the tables' numbers could not be read"));
        Ok(Look {
            change_counter,
            growth: growth.ok(),
            older,
        })
    }

    /// An empty file is no shop, and its backup would be one of nothing.
    fn require_pages(&self, has_pages: bool) -> anyhow::Result<()> {
        ensure!(
            has_pages,
            "nothing was backed up of {}: {}",
            self.database.display(),
            SourceError::Empty
        );
        Ok(())
    }

    /// Room for what waits for slow remotes.
    fn require_room(&self) -> anyhow::Result<()> {
        room::require_for_backup(&self.outgoing.dir.path, &self.database, MAKE_ROOM)
    }

    /// The archive of the files, where there are any, and which were left out.
    fn seal_files(&self, point: &PointId) -> anyhow::Result<(Option<Object>, Vec<String>)> {
        let mut collected = files::collect(&self.files, &self.never);
        collected.add(restores::path(&self.state_dir));
        if collected.is_empty() {
            return Ok((None, collected.left_out));
        }
        let most_bytes = collected.size_bytes();
        room::require(
            &self.outgoing.dir.path,
            (most_bytes, RESERVE_BYTES),
            "staging the files of a backup",
            MAKE_ROOM,
        )?;
        let (reader, writer) = std::io::pipe().context("making a pipe for the archive of files")?;
        let object = std::thread::scope(|scope| {
            let archiving = scope.spawn(|| collected.write_tar(BufWriter::new(writer)));
            let plain = BufReader::with_capacity(FRAME_BYTES, self.cancelled.watch(reader));
            let object = self
                .outgoing
                .dir
                .seal(&object_key::files(point), plain, &self.sealer);
            archiving
                .join()
                .map_err(|_| anyhow::anyhow!("the thread that archives panicked"))??;
            object
        })?;
        self.outgoing.add_staged(&object, &self.cancelled)?;
        Ok((Some(object), collected.left_out))
    }

    fn seal_manifest(&self, manifest: &Manifest) -> anyhow::Result<Object> {
        manifest
            .validate()
            .map_err(anyhow::Error::msg)
            .context("describing the restore point")?;
        let json = serde_json::to_vec(manifest).context("writing the manifest")?;
        let (mut object, sealed) = self.sealer.seal("manifest", json.as_slice(), LEVEL)?;
        object.key = object_key::manifest(&manifest.point, &object.sha256);
        self.outgoing.add_manifest(&object, sealed);
        Ok(object)
    }
}

/// What the table of this point's pages describes.
fn head_of(manifest: &Manifest, object: &Object, identity: Identity, pages: u32) -> TableHead {
    TableHead {
        base: BaseRef {
            point: manifest.point.clone(),
            manifest_sha256: object.sha256.clone(),
        },
        chain: manifest.chain.clone(),
        identity,
        page_size: manifest.page_size,
        pages,
    }
}

/// Whether SQLite was asked what is wrong with a database of this size, and what it found.
fn damage_of(pages: &PinnedPages) -> anyhow::Result<(bool, Option<String>)> {
    if bytes_of(pages) > CHECK_BYTES_MAX {
        return Ok((false, None));
    }
    Ok((true, pages.damage().context("checking the database")?))
}

fn counter_of(pages: &PinnedPages) -> anyhow::Result<Option<u32>> {
    let mut first = Vec::new();
    pages.read(1, 1, &mut first).context("reading the first page")?;
    Ok(change_counter(&first))
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

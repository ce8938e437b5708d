//! Takes a restore point: the shop's database as it stands at one moment, or what has changed since a full point, and
//! the configured files; sealed on this machine, on every remote, read back there, with the manifest last.
//! It never writes into the shop's database, never holds a secret key, and deletes nothing on a remote.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Context;
use jiff::Timestamp;
use protocol::{chain::ChainId, object_key::PointId, time::UnixMillis};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::mpsc;

use cancel::{CancelOnDrop, Cancelled};
use certificate::Certificate;
pub use commits::Commits;
use earlier::Before;
use instead::Base;
use outgoing::Outgoing;
use places::{is_meant_for, require_a_place, require_held};
use recipients::Recipients;
use record::Record;
use remembered::Remembered;
use signer::SigningKey;
pub use staging::is_one_taken;
use staging::{Sealer, StagingDir};
use upload::Upload;
pub use want::{Want, What};

use crate::{config::Config, store::Store};

pub mod anchor;
mod believed;
mod bound;
mod cancel;
pub mod capture;
pub mod certificate;
mod changes;
mod commits;
mod container;
pub mod coverage;
mod database;
pub mod delta;
mod earlier;
pub mod earlier_server;
mod files;
mod frames;
mod framing;
pub mod hole;
pub mod holes;
mod instead;
mod key_ring;
mod lineage;
mod log_holder;
pub(crate) mod no_disk;
mod opening;
mod outgoing;
pub mod own;
mod parts;
mod places;
pub mod preflight;
mod proof;
pub mod prune;
pub mod ranges;
pub mod recipients;
mod record;
pub mod remembered;
pub mod remote;
pub mod restores;
pub mod restoring;
pub mod retention;
pub mod room;
pub mod same_place;
pub mod schedule;
pub mod seal;
pub mod secret_key;
pub mod segment;
pub mod signer;
mod spare;
mod stage;
mod staging;
mod standing;
pub mod survey;
mod table;
pub mod torn;
pub mod twin;
pub mod unfilled;
mod upload;
pub(crate) mod wal;
mod want;

pub use bound::Met;
pub use files::{ARCHIVE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX, Riding, riding_along};

/// Somebody who watches how far something is: a bar on a terminal, or nobody.
pub trait Progress: Send + Sync {
    /// A new stretch of work begins, of so many bytes.
    fn begin(&self, what: &str, total_bytes: u64);
    /// So many bytes more are done, or objects after [`Progress::count`].
    fn advance(&self, bytes: u64);
    /// So many bytes of the stretch were done before it began, which says nothing of its speed.
    fn had(&self, bytes: u64) {
        self.advance(bytes);
    }
    /// A new stretch of work begins, of so many objects, each of which takes as long as any other.
    fn count(&self, what: &str, objects: u64) {
        self.begin(what, objects);
    }
}

/// Nobody watches.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total_bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
}

/// Why there is no new restore point.
#[derive(Debug, Error)]
pub enum TakeError {
    /// Another process takes one at this moment: nothing is wrong, and this one was not begun.
    #[error(
        "another backup is being taken at this moment, by the agent's schedule or by another command; this one was not \
         begun. `agent list` shows the other one when it is done"
    )]
    AlreadyRunning,
    /// No copy could be taken, or no remote holds it whole.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl TakeError {
    /// Whether the database holds something else than the capture followed: it has to compare every page.
    #[must_use]
    pub fn contradicts_capture(&self) -> bool {
        // A backup of another process has only said so.
        matches!(self, Self::Failed(error) if format!("{error:#}").contains(commits::NOT_FOLLOWED))
    }
}

/// A restore point that at least one remote holds whole.
#[derive(Serialize, Deserialize)]
pub struct Taken {
    /// Its name.
    pub point: PointId,
    /// The moment that the database stands at.
    pub taken_at: UnixMillis,
    /// The full point that it stands on, when it is a delta.
    pub base: Option<PointId>,
    /// Why it is a full one although a delta was wanted, as the end of a sentence.
    #[serde(default)]
    pub full_because: Option<String>,
    /// The chain of the point before, when this one begins a chain: nothing proves that it is the same database.
    pub left_chain: Option<ChainId>,
    /// What shows that an older state of the database, or another one, was put in its place: why it begins a chain.
    #[serde(default)]
    pub older_state: Option<String>,
    /// The database's size.
    pub database_bytes: u64,
    /// Bytes on each remote.
    pub size_bytes: u64,
    /// How each remote fared that it was meant for, in the configuration's order.
    pub remotes: Vec<Outcome>,
    /// Files that are not in it, and why.
    pub left_out: Vec<String>,
    /// What SQLite finds wrong with the live database.
    pub damage: Option<String>,
    /// Whether it was asked for that.
    pub is_checked: bool,
    /// Whether it begins a chain of its own because the capture gave no moment in which nobody committed.
    #[serde(default)]
    pub is_alone: bool,
}

/// How one remote fared.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    /// The remote's name.
    pub remote: String,
    /// Why it does not hold the point; `None` when it holds it whole and read back.
    pub error: Option<String>,
}

impl Taken {
    /// What the owner must hear although the point exists, in one sentence; `None` when all is well.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let failed = self.remotes.iter().filter_map(|outcome| {
            let error = outcome.error.as_ref()?;
            Some(format!(
                "the remote {} does not hold {}: {error}",
                outcome.remote, self.point
            ))
        });
        let damage = self.damage.iter().map(|damage| {
            format!(
                "SQLite finds the live database damaged ({damage}): stop the bot and restore the newest state from before it"
            )
        });
        let all: Vec<String> = failed.chain(damage).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Takes one restore point and puts it on every remote, or on those of `only` when it names any. Disk and processor work runs on blocking threads; several
/// minutes for a large database or a slow line. One backup at a time: a second one is refused. Dropping the future
/// stops it and removes what was staged.
///
/// # Errors
/// [`TakeError`]. One remote that fails while another holds the point is no error here but in [`Taken::complaint`].
pub async fn take(
    config: &Config,
    store: &Store,
    what: What<'_>,
    commits: Commits,
    progress: Arc<dyn Progress>,
) -> Result<Taken, TakeError> {
    let (want, only) = (what.want, what.only);
    require_a_place(config, only)?;
    let cancelled = Cancelled::default();
    // Whoever stops waiting for this future ends the thread as well.
    let _guard = CancelOnDrop(cancelled.clone());
    let (order, upload, base) = prepare(config, store, what, commits, cancelled)?;
    let before = order.last.as_ref().map(|last| last.manifest.chain.clone());
    let points = store.points().context("asking for the points before")?;
    let continued: BTreeSet<ChainId> = points.into_values().map(|known| known.manifest.chain).collect();
    let outgoing = Arc::clone(&order.outgoing);
    let sealed_to = order.sealer.recipients.sealed_to();
    let watched = Arc::clone(&progress);
    let staging = tokio::task::spawn_blocking(move || order.carry_out(&now, &*watched));
    let staging = async {
        staging
            .await
            .context("the thread that reads the database ended")?
    };
    let record = Record {
        config,
        store,
        base: &base,
        sealed_to: &sealed_to,
        only,
    };
    let (has_it, held) = mpsc::unbounded_channel();
    let (staged, remotes) = tokio::join!(
        record.follow(staging, held),
        Arc::new(upload).to_every_remote(config, &progress, has_it)
    );
    let staged = staged?;
    let taken = Taken {
        point: staged.manifest.point.clone(),
        taken_at: staged.manifest.taken_at,
        base: staged.manifest.base.as_ref().map(|base| base.point.clone()),
        full_because: base.why_full(want, &staged.manifest),
        // One that an older point is of goes on; the point before it stood beside.
        left_chain: before.filter(|_| !continued.contains(&staged.manifest.chain)),
        database_bytes: staged.manifest.database_bytes,
        older_state: staged.older.clone(),
        size_bytes: outgoing.size_bytes(),
        left_out: staged.left_out.clone(),
        damage: staged.damage.clone(),
        is_checked: staged.is_checked,
        is_alone: staged.is_alone,
        remotes,
    };
    if let Some(why) = &taken.full_because {
        tracing::info!(why, "a full backup was taken instead of a delta");
    }
    require_held(config, &taken)?;
    Ok(taken)
}

/// Everything that can be refused before the database is touched.
fn prepare(
    config: &Config,
    store: &Store,
    What { want, only, keys }: What<'_>,
    commits: Commits,
    cancelled: Cancelled,
) -> Result<(stage::Order, Upload, Base), TakeError> {
    let configured = || {
        Recipients::configured(config)
            .map(Arc::new)
            .map_err(|faults| anyhow::anyhow!(faults.join("; ")))
    };
    let recipients = keys.map_or_else(configured, Ok)?;
    commits.require_whole(store)?;
    let dir = StagingDir::make(&config.state_dir)?;
    let signer = SigningKey::load_or_make(&config.state_dir)?;
    let last = store.last_point().context("looking for the point before")?;
    let before = Before::of(store, last.as_ref())?;
    let certificate = Certificate::of(&signer)?;
    let base = Base::find(
        (&config.state_dir, &config.backup.database),
        store,
        only,
        &recipients.sealed_to(),
        now(),
    )?;
    let outgoing = Arc::new(Outgoing::new(dir, config.remotes.len()));
    let order = stage::Order {
        want,
        commits,
        database: config.backup.database.clone(),
        files: config.backup.files.clone(),
        never: stage::never(config),
        state_dir: config.state_dir.clone(),
        sealer: Sealer::new(recipients, signer, Remembered::at(&config.state_dir)),
        cancelled,
        outgoing: Arc::clone(&outgoing),
        last,
        before,
        base_is_held: !base.holders.is_empty(),
        clock_steps: store
            .clock_steps()
            .context("asking how often the clock was set")?,
    };
    let upload = Upload {
        outgoing,
        base_holders: base.holders.clone(),
        ahead: base.ahead.clone(),
        only: only.to_vec(),
        certificate,
        next_due: schedule::next_of(config, now()),
    };
    Ok((order, upload, base))
}

/// Whether a process takes a backup at this moment, with this state directory.
#[must_use]
pub fn is_being_taken(config: &Config) -> bool {
    staging::is_in_use(&config.state_dir)
}

/// Deletes what a backup that was killed left behind; for the agent's start.
pub fn remove_leftovers(config: &Config) {
    if let Err(error) = staging::remove_leftovers(&config.state_dir) {
        tracing::warn!(
            error = format!("{error:#}"),
            "what an interrupted backup left could not be deleted"
        );
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

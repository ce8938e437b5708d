//! Takes a restore point: a consistent copy of the shop's database and the configured files, encrypted on this
//! machine, on every remote, read back there, with the manifest last.
//! It never writes into the shop's database, never holds a secret key, and deletes nothing on a remote.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use jiff::Timestamp;
use protocol::{object_key::PointId, time::UnixMillis};
use thiserror::Error;

use cancel::{CancelOnDrop, Cancelled};

use crate::{
    config::Config,
    store::{Store, points::KnownPoint},
};

mod cancel;
pub mod coverage;
mod files;
pub mod preflight;
pub mod recipients;
pub mod remote;
pub mod room;
pub mod schedule;
pub mod seal;
mod snapshot;
mod stage;
mod staging;
pub mod survey;
mod upload;

pub use files::{ARCHIVE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX};

/// Somebody who watches how far something is: a bar on a terminal, or nobody.
pub trait Progress: Send + Sync {
    /// A new stretch of work begins, of so many bytes.
    fn begin(&self, what: &str, total_bytes: u64);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
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

/// A restore point that at least one remote holds whole.
pub struct Taken {
    /// Its name.
    pub point: PointId,
    /// The moment that the database stands at.
    pub taken_at: UnixMillis,
    /// The database's size.
    pub database_bytes: u64,
    /// Bytes on each remote.
    pub size_bytes: u64,
    /// How each remote fared, in the configuration's order.
    pub remotes: Vec<Outcome>,
    /// Files that are not in it, and why.
    pub left_out: Vec<String>,
    /// What SQLite finds wrong with the live database.
    pub damage: Option<String>,
}

/// How one remote fared.
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
                "SQLite finds the live database damaged ({damage}): stop the bot and restore an older point"
            )
        });
        let all: Vec<String> = failed.chain(damage).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Takes one restore point and puts it on every remote. Disk and processor work runs on blocking threads; several
/// minutes for a large database or a slow line. One backup at a time: a second one is refused. Dropping the future
/// stops it and removes what was staged.
///
/// # Errors
/// [`TakeError`]. One remote that fails while another holds the point is no error here but in [`Taken::complaint`].
pub async fn take(config: &Config, store: &Store, progress: Arc<dyn Progress>) -> Result<Taken, TakeError> {
    let cancelled = Cancelled::default();
    // Whoever stops waiting for this future ends the thread as well.
    let _guard = CancelOnDrop(cancelled.clone());
    let order = stage::Order::new(config, cancelled)?;
    let watched = Arc::clone(&progress);
    let staged = tokio::task::spawn_blocking(move || order.carry_out(&now, &*watched))
        .await
        .context("the thread that copies the database ended")??;
    let staged = Arc::new(staged);
    let remotes = upload::to_every_remote(config, &staged, &progress).await;
    let taken = Taken {
        point: staged.manifest.point.clone(),
        taken_at: staged.manifest.taken_at,
        database_bytes: staged.manifest.database_bytes,
        size_bytes: staged.size_bytes(),
        left_out: staged.left_out.clone(),
        damage: staged.damage.clone(),
        remotes,
    };
    let verified: BTreeMap<String, UnixMillis> = taken
        .remotes
        .iter()
        .filter(|outcome| outcome.error.is_none())
        .map(|outcome| (outcome.remote.clone(), now()))
        .collect();
    if verified.is_empty() {
        return Err(TakeError::Failed(anyhow::anyhow!(
            "no backup exists of this moment: {}. The shop goes on; its orders since the last backup are on this \
             server only. `agent check` shows how each remote answers",
            taken.complaint().unwrap_or_default()
        )));
    }
    let known = KnownPoint {
        manifest: staged.manifest.clone(),
        manifest_size_bytes: staged.manifest_size_bytes,
        manifest_sha256: staged.manifest_sha256.clone(),
        verified,
    };
    store
        .add_point(&known)
        .context("writing the restore point down")?;
    Ok(taken)
}

/// Deletes the plain copy that a backup which was killed left behind; for the agent's start.
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

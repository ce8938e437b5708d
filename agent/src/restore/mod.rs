//! Brings the shop back from a restore point: choose, show the plan, fetch, check everything, and only then swap.
//! Until the last step nothing that exists is touched, and even then the old database is moved aside, never deleted.

use std::{collections::BTreeMap, path::PathBuf};

use protocol::{
    chain::CommitNumber,
    manifest::Manifest,
    object_key::{PointId, SegmentName},
};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::backup::{
    remote::Remote,
    seal::Keys,
    signer::Signers,
    survey::{self, Survey},
};

mod apply;
mod assemble;
pub mod choose;
mod fetch;
pub mod hold;
mod leftovers;
mod pages;
mod place;
pub mod replay;
mod search;
mod swap;
pub mod trust;
mod unpack;

pub use apply::{Done, carry_out, require_room};
pub use assemble::Reached;
pub use choose::Selection;
pub use leftovers::remove as remove_leftovers;
pub use replay::Stop;

/// What is wanted back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// The database alone.
    Database,
    /// Configuration, `.env` and logs alone.
    Config,
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The database's own path; the rest into a new folder beside it.
    Live(PathBuf),
    /// A folder that is empty or does not exist.
    Folder(PathBuf),
}

/// What will be done. Data: nothing has happened yet.
#[derive(Debug)]
pub struct Plan {
    /// The restore point, checked against itself.
    pub manifest: Manifest,
    /// The full point that it stands on, when it is a delta.
    pub base: Option<Manifest>,
    /// The segments that are followed from there.
    pub segments: Vec<SegmentName>,
    /// Where following them ends.
    pub stop: Stop,
    /// Remotes that hold it, in the order in which they are asked.
    pub remotes: Vec<String>,
    /// What is wanted back.
    pub only: Option<Only>,
    /// Where it goes.
    pub target: Target,
    /// Whether every page and index is checked, and not only the structure.
    pub full_check: bool,
    /// What went wrong on the way and did not matter in the end.
    pub notes: Vec<String>,
}

/// Databases up to this are always checked in full: it takes seconds.
const FULL_CHECK_BYTES: u64 = 256 * 1024 * 1024;
/// Manifests that are opened in search of another restore point.
const ALTERNATIVES_MAX: usize = 50;

/// Why nothing was restored. Nothing was changed in any case.
#[derive(Debug, Error)]
#[error("{reason}. Nothing was changed")]
pub struct Refused {
    /// What is wrong, with the object's name.
    pub reason: String,
    /// What to do instead.
    pub next: Next,
}

/// What there is instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This restore point is whole, as far as its manifest and the remotes' listings tell.
    Point(PointId),
    /// Everything until this commit is whole.
    Commit(CommitNumber),
    /// No other one on these remotes can be restored with this key.
    Nothing,
    /// Something else, in a sentence.
    Advice(String),
}

/// Whoever restores: the remotes in the order in which they are asked, and the key that opens.
pub struct Sources<'a> {
    /// Those to fetch from.
    pub remotes: &'a [Remote],
    /// What they said that they hold.
    pub survey: &'a Survey,
    /// The owner's key.
    pub keys: &'a Keys,
    /// The agents whose signatures are believed.
    pub signers: &'a Signers,
    /// How many objects may be opened at once: one for each core.
    pub cores: &'a Semaphore,
}

/// What was asked for on the command line.
pub struct Request {
    /// Which moment.
    pub selection: Selection,
    /// What is wanted back.
    pub only: Option<Only>,
    /// Where it goes.
    pub target: Target,
    /// Check every page and index even of a large database.
    pub full_check: bool,
    /// Points that this server's catalogue knows as complete, with the names of their manifests: one that vanished
    /// from every remote is told.
    pub known: BTreeMap<PointId, String>,
}

/// Chooses the point, opens its manifest, finds the way from there, and sees by the listings whether all of it is there.
///
/// # Errors
/// [`Refused`], with the next best restore point when there is one.
pub async fn plan(request: Request, sources: &Sources<'_>) -> Result<Plan, Refused> {
    let points = sources.survey.points();
    let mut notes: Vec<String> = sources.silent_remotes().into_iter().collect();
    let chosen = match request.selection.commit() {
        Some(commit) => search::holder_of(sources, &points, commit).await,
        None => choose::choose(&points, &request.selection),
    };
    let point = chosen.map_err(|reason| Refused {
        reason,
        next: Next::Advice(
            sources
                .silent_remotes()
                .unwrap_or_else(|| "`agent list` shows what there is".to_owned()),
        ),
    })?;
    if let Some(reason) = choose::newer_without_manifest(sources.survey, &request, &point) {
        return Err(sources.refuse_with(reason, &point).await);
    }
    let manifest = match fetch::manifest(sources, &point, &mut notes).await {
        Ok(manifest) => manifest,
        Err(reason) => return Err(sources.refuse(reason, &point).await),
    };
    let wants_database = request.only != Some(Only::Config);
    let base = match &manifest.base {
        Some(base) if wants_database => match fetch::manifest_of(sources, base, &mut notes).await {
            Ok(base) => Some(base),
            Err(reason) => return Err(sources.refuse(reason, &point).await),
        },
        _ => None,
    };
    let lacking = sources.what_is_lacking(&manifest, base.as_ref());
    if let Some(reason) = lacking {
        return Err(sources.refuse(reason, &point).await);
    }
    let stop = if wants_database {
        request.selection.stop()
    } else {
        Stop::AtPoint
    };
    let segments = search::way(sources.survey, &manifest, stop)?;
    Ok(Plan {
        remotes: sources
            .survey
            .holders(&point)
            .map(|(remote, _)| remote.to_owned())
            .collect(),
        full_check: request.full_check || manifest.database_bytes <= FULL_CHECK_BYTES,
        only: request.only,
        target: request.target,
        manifest,
        base,
        segments,
        stop,
        notes,
    })
}

impl Sources<'_> {
    /// The refusal of a point that is not whole, with the next best one.
    pub(crate) async fn refuse(&self, reason: String, point: &PointId) -> Refused {
        Refused {
            reason: format!("the restore point {point} cannot be restored: {reason}"),
            next: self.next_best(point).await.map_or(Next::Nothing, Next::Point),
        }
    }

    /// The refusal of an incomplete newer point, when `point` is the best that is whole.
    async fn refuse_with(&self, reason: String, point: &PointId) -> Refused {
        let best = match self.restorable(point).await {
            true => Some(point.clone()),
            false => self.next_best(point).await,
        };
        Refused {
            reason,
            next: best.map_or(Next::Nothing, Next::Point),
        }
    }

    /// The newest older point that is whole, else the oldest newer one.
    async fn next_best(&self, point: &PointId) -> Option<PointId> {
        let points = self.survey.points();
        let older = points.iter().rev().filter(|other| *other < point);
        let newer = points.iter().filter(|other| *other > point);
        for other in older.chain(newer).take(ALTERNATIVES_MAX) {
            if self.restorable(other).await {
                return Some(other.clone());
            }
        }
        None
    }

    async fn restorable(&self, point: &PointId) -> bool {
        let Ok(manifest) = fetch::manifest(self, point, &mut Vec::new()).await else {
            return false;
        };
        let base = match &manifest.base {
            None => None,
            Some(base) => match fetch::manifest_of(self, base, &mut Vec::new()).await {
                Ok(base) => Some(base),
                Err(_) => return false,
            },
        };
        self.what_is_lacking(&manifest, base.as_ref()).is_none()
    }

    /// What no remote holds of a point and of its base, by the listings; `None` when all of it is somewhere.
    fn what_is_lacking(&self, manifest: &Manifest, base: Option<&Manifest>) -> Option<String> {
        let all: Vec<&Manifest> = [Some(manifest), base].into_iter().flatten().collect();
        if all.iter().all(|manifest| self.survey.is_restorable(manifest)) {
            return None;
        }
        let told: Vec<String> = all
            .iter()
            .flat_map(|manifest| self.survey.holders(&manifest.point).map(move |it| (manifest, it)))
            .flat_map(|(manifest, (remote, names))| {
                survey::lacking(names, manifest)
                    .into_iter()
                    .map(move |what| format!("{what} on {remote}"))
            })
            .take(10)
            .collect();
        Some(told.join("; "))
    }

    fn silent_remotes(&self) -> Option<String> {
        let all: Vec<String> = self
            .survey
            .silent
            .iter()
            .map(|(remote, why)| format!("the remote {remote} does not answer ({why})"))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// A point's manifest, for whoever only wants to look, and what was wrong with copies that were not taken.
///
/// # Errors
/// A sentence that names the object and what is wrong with it on each remote.
pub async fn open_manifest(
    sources: &Sources<'_>,
    point: &PointId,
) -> Result<(Manifest, Vec<String>), String> {
    let mut notes = Vec::new();
    let manifest = fetch::manifest(sources, point, &mut notes).await?;
    Ok((manifest, notes))
}

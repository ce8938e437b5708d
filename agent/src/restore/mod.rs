//! Brings the shop back from a restore point: choose, show the plan, fetch, check everything, and only then swap.
//! Until the last step nothing that exists is touched, and even then the old database is moved aside, never deleted.

use std::{collections::BTreeMap, path::PathBuf};

use protocol::{manifest::Manifest, object_key::PointId};
use thiserror::Error;

use crate::backup::{
    remote::Remote,
    seal::Keys,
    survey::{self, Survey},
};

mod apply;
mod assemble;
pub mod choose;
mod fetch;
pub mod hold;
mod leftovers;
mod place;
mod swap;
mod unpack;

pub use apply::{Done, carry_out, require_room};
pub use choose::Selection;
pub use leftovers::remove as remove_leftovers;

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

/// Chooses the point, opens its manifest and sees by the listings whether all of it is there.
///
/// # Errors
/// [`Refused`], with the next best restore point when there is one.
pub async fn plan(request: Request, sources: &Sources<'_>) -> Result<Plan, Refused> {
    let points = sources.survey.points();
    let point = choose::choose(&points, &request.selection).map_err(|reason| Refused {
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
    let mut notes = sources.silent_remotes().into_iter().collect();
    let manifest = match fetch::manifest(sources, &point, &mut notes).await {
        Ok(manifest) => manifest,
        Err(reason) => return Err(sources.refuse(reason, &point).await),
    };
    if !sources.survey.is_restorable(&manifest) {
        let reason = sources.what_is_lacking(&manifest);
        return Err(sources.refuse(reason, &point).await);
    }
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
        let manifest = fetch::manifest(self, point, &mut Vec::new()).await;
        manifest.is_ok_and(|manifest| self.survey.is_restorable(&manifest))
    }

    fn what_is_lacking(&self, manifest: &Manifest) -> String {
        let holders = self.survey.holders(&manifest.point);
        let all: Vec<String> = holders
            .flat_map(|(remote, names)| {
                survey::lacking(names, manifest)
                    .into_iter()
                    .map(move |what| format!("{what} on {remote}"))
            })
            .take(10)
            .collect();
        all.join("; ")
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

//! Brings the shop back from a restore point: choose, show the plan, fetch, check everything, and only then swap.
//! Until the last step nothing that exists is touched, and even then the old database is moved aside, never deleted.

use protocol::{
    chain::{CommitNumber, PageRoot},
    manifest::{Manifest, Object},
    object_key::{PointId, SegmentName},
};
use tokio::sync::Semaphore;

use crate::backup::{remote::Remote, seal::Keys, signer::Signers, survey::Survey};

mod acknowledged;
mod apply;
mod archived;
mod around;
mod assemble;
mod avoid;
mod bare;
mod beside;
pub mod choose;
mod coming;
mod contested;
mod dates;
mod fetch;
mod files;
mod foreign;
mod full;
mod goal;
mod gone;
pub mod hold;
mod index;
mod journal;
mod lacking;
mod later;
mod left_out;
mod leftovers;
mod line;
mod locked;
mod manifests;
mod named_chain;
mod nearest;
mod newest;
mod numbers;
mod offered;
mod origin;
mod pages;
mod path;
mod place;
mod proven;
mod refused;
pub mod replay;
mod request;
mod rivals;
mod search;
mod segments;
mod settle;
mod strangers;
mod succession;
mod summary;
mod swap;
pub mod trust;
mod undone;
mod unfilled;
mod unfinished;
mod unheard;
mod unled;
mod unopened;
mod unpack;
mod unread;
mod wanted;
mod went_down;
mod workplace;
mod wrong;
mod wrong_clock;

use avoid::{Avoid, Culprit};
use index::Index;

pub use acknowledged::{Acknowledged, acknowledged};
pub use apply::{Done, bytes_of, carry_out, require_room};
pub use around::{Gap, kinds_of};
pub use assemble::Reached;
pub use beside::{Beside, Side};
pub use choose::Selection;
pub use full::lacks_room;
pub use goal::ahead_of;
pub use index::{Unopened, open_manifest};
pub use left_out::LeftOut;
pub use leftovers::{left_by_us, remove as remove_leftovers, require_empty};
pub use line::line;
pub use offered::unfit;
pub use proven::{Tail, behind_the_last};
pub use refused::{Next, Refused};
pub use replay::Stop;
pub use request::{Only, Request, Target};
pub use rivals::{Rival, rivals};
pub use segments::open_segment;
pub use succession::Succession;
pub use unfinished::Left;
pub use wrong_clock::by_the_last as by_the_last_clock;

/// What will be done. Data: nothing has happened yet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The restore point that it begins at, checked against itself.
    pub manifest: Manifest,
    /// The full point that it stands on, when it is a delta.
    pub base: Option<Manifest>,
    /// The segments that are followed from there.
    pub segments: Vec<SegmentName>,
    /// Where following them ends.
    pub stop: Stop,
    /// The last commit on the way, by the names of the segments; the moment may end it before.
    pub end: CommitNumber,
    /// What the database must hold in the end, when that is known beforehand.
    pub root: Option<PageRoot>,
    /// The archive of files, and the point that it is of: usually the same.
    pub files: Option<(PointId, Object)>,
    /// What lies around the moment that was asked for, when nobody followed the shop then.
    pub gap: Option<Gap>,
    /// Remotes that hold it, in the order in which they are asked.
    pub remotes: Vec<String>,
    /// What is wanted back.
    pub only: Option<Only>,
    /// Where it goes.
    pub target: Target,
    /// Whether every page and index is checked, and not only the structure.
    pub full_check: bool,
    /// Where the restored chain follows another one, when the end of what there is was asked for.
    pub succession: Option<Succession>,
    /// What is there behind a hole at the end of a chain, and is not restored.
    pub left_out: Option<LeftOut>,
    /// Whether something that does not open may be newer; the notes name it.
    pub may_be_newer: bool,
    /// What went wrong on the way and did not matter in the end.
    pub notes: Vec<String>,
    request: Request,
    avoid: Avoid,
}

/// Databases up to this are always checked in full: it takes seconds.
const FULL_CHECK_BYTES: u64 = 256 * 1024 * 1024;

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

/// Chooses where to end and the point to begin at, finds the way from there, and sees by the listings whether all of it
/// is there.
///
/// # Errors
/// [`Refused`], with what comes nearest when there is anything.
pub async fn plan(request: Request, sources: &Sources<'_>) -> Result<Plan, Refused> {
    match plan_around(request.clone(), Avoid::default(), sources).await {
        Ok(plan) => Ok(plan),
        Err(refused) => Err(refusal(&request, sources, Avoid::default(), refused).await),
    }
}

/// The refusal with what can really be had instead, as far as those that answered have shown.
async fn refusal(request: &Request, sources: &Sources<'_>, avoid: Avoid, refused: Refused) -> Refused {
    unheard::weigh(offered::settle(request, sources, avoid, refused).await, sources)
}

async fn plan_around(request: Request, mut avoid: Avoid, sources: &Sources<'_>) -> Result<Plan, Refused> {
    if sources.survey.holdings.is_empty() {
        return Err(unheard::nobody(sources));
    }
    let mut index = Index::new(sources, &request, request.selection.moment());
    let mut goal = goal::find(&request, sources, &mut index, &avoid).await?;
    if let (Some(begin), Stop::AtEnd | Stop::By { .. }) = (goal.begin, goal.stop)
        && proven::take_out(&request, sources, (&goal.chain, begin), &mut avoid).await
    {
        goal = goal::find(&request, sources, &mut index, &avoid).await?;
    }
    if contested::settle(&mut index, sources, &goal, &mut avoid).await {
        goal = goal::find(&request, sources, &mut index, &avoid).await?;
    }
    // Each time there are fewer names.
    while left_out::take_out(&request, sources, &goal, &mut avoid) {
        goal = goal::find(&request, sources, &mut index, &avoid).await?;
    }
    let route = search::choose(&request, sources, &mut index, &goal, &avoid).await?;
    locked::require_opened(&request, sources, &route).await?;
    let files = files::find(&request, sources, &mut index, (&goal, &route), &avoid).await?;
    let gap = match (goal.stop, request.only) {
        (Stop::By { moment, .. }, None | Some(Only::Database)) => around::gap(sources, &route, moment).await,
        _ => None,
    };
    let succession = succession::find((&request, sources), &mut index, &route, goal.stop).await;
    let mut notes: Vec<String> = sources.silent_remotes().into_iter().collect();
    let is_end_meant = matches!(goal.stop, Stop::AtEnd | Stop::By { .. });
    let unasked = unheard::not_asked(&request, sources).filter(|_| is_end_meant);
    let is_unasked = unasked.is_some();
    notes.extend(unasked);
    notes.extend(request.damage_of(&route.manifest));
    notes.extend(goal.notes);
    let end = match goal.stop {
        // The last segment may reach beyond it.
        Stop::AfterCommit(commit) => commit.min(route.end),
        Stop::By { .. } | Stop::AtPoint | Stop::AtEnd => route.end,
    };
    notes.extend(undone::told(&request, &route.manifest.chain, end));
    notes.extend(contested::told(&avoid, &route.segments));
    notes.extend(avoid.told());
    notes.extend(wrong_clock::told(&request, sources, &route, goal.stop).await);
    notes.extend(route.notes);
    notes.extend(files.notes);
    notes.dedup();
    let holders = sources.survey.holders(&route.manifest.point);
    Ok(Plan {
        remotes: holders.map(|(remote, _)| remote.to_owned()).collect(),
        full_check: request.full_check || route.manifest.database_bytes <= FULL_CHECK_BYTES,
        only: request.only,
        target: request.target.clone(),
        manifest: route.manifest,
        base: route.base,
        segments: route.segments,
        end: route.end,
        stop: goal.stop,
        root: goal.root,
        files: files.found,
        gap,
        succession,
        left_out: avoid.left_out.clone(),
        may_be_newer: avoid.may_be_newer || goal.may_be_newer || is_unasked,
        notes,
        request,
        avoid,
    })
}

impl Plan {
    /// Another way to the same end, once something on this one turned out to be of no use.
    ///
    /// # Errors
    /// [`Refused`] when there is none.
    async fn around(&self, culprit: Culprit, why: String, sources: &Sources<'_>) -> Result<Self, Refused> {
        let mut avoid = self.avoid.clone();
        // Then it is not what came after it that did the damage.
        let is_of_point = matches!(culprit, Culprit::Point(_));
        let culprit = match culprit {
            // Nobody made it yet: what cannot be read of it was never there.
            Culprit::Segment(name) if name.last_at > ahead_of(self.request.now) => {
                Culprit::Misnamed(name, None)
            }
            other => other,
        };
        if avoid.add(culprit, why.clone()) && !self.request.newest_only {
            return match plan_around(self.request.clone(), avoid.clone(), sources).await {
                Ok(plan) => Ok(plan),
                Err(refused) => Err(refusal(&self.request, sources, avoid, refused).await),
            };
        }
        let alone = (!is_of_point).then(|| self.without_its_commits(&why)).flatten();
        let refused = match alone {
            Some(refused) => refused,
            None => {
                let failed = (&self.manifest.point, self.stop);
                nearest::refuse_point(&self.request, sources, why, failed).await
            }
        };
        Err(refusal(&self.request, sources, avoid, refused).await)
    }
}

//! Where a restore is to end: which chain, where on it, and how far it is known to reach. What is known and cannot be
//! read counts too: an older state is never handed out in silence.
//! It finds no way there.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    manifest::Manifest,
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    Next, Refused, Request, Selection, Sources, Stop, acknowledged,
    avoid::Avoid,
    bare, gone,
    index::{Index, Unread},
    later, nearest, numbers, replay, strangers, summary, unfilled, unled, unopened, unread,
};
use crate::backup::survey::moment_of;

/// What is dated later than this from now on was dated by a clock that was wrong, or by nobody.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// The end of a restore.
#[derive(Debug)]
pub(super) struct Goal {
    pub chain: ChainId,
    pub stop: Stop,
    /// Where the newest point that opens stands, when the end of the chain is wanted.
    pub begin: Option<CommitNumber>,
    /// The restore may begin at points that were taken by then.
    pub begins_by: Option<UnixMillis>,
    /// Everything until this commit is known to have been there.
    pub floor: CommitNumber,
    /// Something later is known that no way leads to: what it is.
    pub lost: Vec<String>,
    /// When the newest of that was taken, where it is a restore point.
    pub lost_at: Option<UnixMillis>,
    /// What the database must hold at the floor, when that is known.
    pub root: Option<PageRoot>,
    /// What was wrong and does not matter.
    pub notes: Vec<String>,
    /// Whether something that does not open, and that nothing speaks for, may be newer.
    pub may_be_newer: bool,
}

/// The goal of a request.
///
/// # Errors
/// [`Refused`] when nothing there can be meant, or more than one thing.
pub(super) async fn find(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    avoid: &Avoid,
) -> Result<Goal, Refused> {
    if index.points().is_empty() && sources.survey.points().is_empty() {
        return Err(nothing(sources, unfilled::no_point(sources)));
    }
    match &request.selection {
        Selection::Latest => newest(request, sources, index, avoid, None).await,
        Selection::At(moment) => newest(request, sources, index, avoid, Some(*moment)).await,
        Selection::Point(point) => named(request, sources, index, point).await,
        Selection::Commit(commit) => {
            let meant = numbers::chain_of(request, sources, index, *commit).await?;
            let mut goal = Goal::at(meant.chain, *commit);
            (goal.notes, goal.may_be_newer) = (meant.notes, meant.may_be_newer);
            unfilled::weigh((request, sources), avoid, &mut goal, *commit);
            Ok(goal)
        }
    }
}

impl Goal {
    fn at(chain: ChainId, commit: CommitNumber) -> Self {
        Self {
            chain,
            stop: Stop::AfterCommit(commit),
            begin: None,
            begins_by: None,
            floor: commit,
            lost: Vec::new(),
            lost_at: None,
            root: None,
            notes: Vec::new(),
            may_be_newer: false,
        }
    }

    /// Whether a restore that ends there may begin at this point.
    pub(super) fn may_begin(&self, manifest: &Manifest) -> bool {
        let is_before_stop = match self.stop {
            Stop::AfterCommit(commit) => manifest.commit <= commit,
            Stop::AtPoint => manifest.commit == self.floor,
            Stop::By { .. } | Stop::AtEnd => true,
        };
        let is_before_moment = self.begins_by.is_none_or(|by| manifest.taken_at <= by);
        manifest.chain == self.chain && is_before_stop && is_before_moment
    }

    /// Of a point at which no restore to it was tried: whether it comes too late. Within the second of a moment a later one may
    /// begin as well, and was not looked at.
    pub(super) fn is_late(&self, manifest: &Manifest) -> Option<bool> {
        match self.is_before(manifest) {
            true => Some(true),
            false => (!self.may_begin(manifest)).then_some(false),
        }
    }

    /// Whether a point shows the shop as it was later on.
    pub(super) fn is_before(&self, manifest: &Manifest) -> bool {
        let is_after_moment = matches!(self.stop, Stop::By { moment, .. } if manifest.taken_at > moment);
        is_after_moment || (manifest.chain == self.chain && manifest.commit > self.floor)
    }
}

/// From when on something is dated in the future, and passed over.
#[must_use]
pub fn ahead_of(now: UnixMillis) -> UnixMillis {
    now.plus(AHEAD_MAX)
}

pub(super) fn nothing(sources: &Sources<'_>, reason: String) -> Refused {
    let silent = sources.silent_remotes();
    Refused {
        reason,
        next: Next::Advice(silent.unwrap_or_else(|| "`agent list` shows what there is".to_owned())),
    }
}

/// Exactly this point; also when its own objects are gone, as long as its place in the chain is known.
async fn named(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    point: &PointId,
) -> Result<Goal, Refused> {
    let Some(at) = index.points().iter().position(|other| other == point) else {
        let reason = format!(
            "there is no restore point {point}: its manifest, {}*.json.pgp, is missing on {}",
            object_key::manifest_prefix(point),
            sources.all_asked()
        );
        return Err(nothing(sources, reason));
    };
    let found = index.get(at).await.map(|reading| reading.found.clone());
    let known = request.known.get(point).map(|known| &known.manifest);
    let manifest = match (&found, known) {
        (Some(Ok(manifest)), _) => manifest,
        (_, Some(known)) => known,
        (Some(Err(unread)), None) => {
            return Err(nearest::refuse_point(
                request,
                sources,
                unread.told().to_owned(),
                (point, Stop::AtPoint),
            )
            .await);
        }
        (None, None) => return Err(nothing(sources, format!("there is no restore point {point}"))),
    };
    let mut goal = Goal::at(manifest.chain.clone(), manifest.commit);
    goal.root = Some(manifest.page_root.clone());
    // Another one of the same commit would serve a restore as well, and is not what is rehearsed.
    goal.begins_by = request.newest_only.then_some(manifest.taken_at);
    if let Some(Err(unread)) = found {
        goal.notes.push(unread.told().to_owned());
    }
    Ok(goal)
}

/// The end of what there is, or of what there was by a moment.
async fn newest(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    avoid: &Avoid,
    by: Option<UnixMillis>,
) -> Result<Goal, Refused> {
    let mut before = Before::default();
    let manifest = begin(request, (index, None), by, &mut before).await?;
    let Some(manifest) = manifest else {
        let mut refused = unopened::none_opens(request, sources, index, &before, by);
        if by.is_some() && refused.next == Next::Nothing {
            refused.next = later::than_everything(request, sources).await;
        }
        return Err(refused);
    };
    let mut lead = strangers::Lead::default();
    let lost = strangers::lead((request, by), sources, index, avoid, &manifest, &mut lead)
        .await
        .err();
    let (ended, foreign) = (lead.ended, lead.foreign);
    let (manifest, mut before) = lead.better.unwrap_or((manifest, before));
    let stop = by.map_or(Stop::AtEnd, |moment| Stop::By {
        moment,
        // A clock here that stands before what is restored knows of no future.
        ahead: match request.now < manifest.taken_at {
            true => UnixMillis(i64::MAX),
            false => moment.max(request.now),
        },
    });
    let promised = avoid.promised(sources.survey, &manifest.chain);
    let way = replay::way((&promised, avoid.links()), &manifest.chain, manifest.commit, stop);
    let last = way.segments.last();
    let end_at = last.map_or(manifest.taken_at, |last| last.last_at.max(manifest.taken_at));
    let end = last.map_or(manifest.commit, |last| {
        last_wanted(last, stop).max(manifest.commit)
    });
    let mut goal = Goal {
        stop,
        begin: Some(manifest.commit),
        // Nor at a point that was passed over because its clock ran ahead.
        begins_by: Some(by.unwrap_or(ahead_of(request.now))).filter(|by| manifest.taken_at <= *by),
        floor: end,
        lost: lost.into_iter().collect(),
        lost_at: None,
        root: None,
        may_be_newer: !ended.is_empty(),
        notes: before.notes.drain(..).chain(ended).collect(),
        chain: manifest.chain.clone(),
    };
    if let Some(anchor) = &request.anchor {
        summary::hold_to(anchor, sources, &mut goal, &manifest, by);
    }
    acknowledged::hold_to((request, sources), avoid, &mut goal, (manifest.commit, end_at));
    unfilled::weigh((request, sources), avoid, &mut goal, manifest.commit);
    gone::weigh(request, sources, &mut goal, &mut before, end_at);
    unread::pass_over(request, &mut goal, &mut before, end_at);
    unread::leave_behind(request, &mut goal, &mut before);
    let (left, unread) = bare::leftovers(request, sources, before.unread, end_at);
    goal.notes.extend(left);
    for (point, unread) in unread {
        unread::weigh(request, sources, &mut goal, (&point, unread), (&manifest, end_at)).await;
    }
    strangers::weigh(request, &mut goal, foreign, end_at);
    if by.is_none() {
        unled::weigh((request, sources), index, &mut goal, &manifest).await;
    }
    Ok(goal)
}

/// The last commit of the last segment on the way that must be there: of one commit alone that only reaches beyond the
/// moment, the one before it.
fn last_wanted(last: &SegmentName, stop: Stop) -> CommitNumber {
    let is_beyond =
        matches!(stop, Stop::By { moment, ahead } if last.last_at > moment && last.last_at <= ahead);
    let before = CommitNumber::new(last.first.get() - 1).ok();
    let before = before.filter(|_| is_beyond && last.first == last.last);
    before.unwrap_or(last.last)
}

/// What was met above the newest point that opens.
#[derive(Default)]
pub(super) struct Before {
    pub unread: Vec<(PointId, Unread)>,
    pub notes: Vec<String>,
    /// Points that open and are of another chain than was asked for.
    pub other_chains: usize,
}

impl Before {
    /// Of all that was read, where nothing opens.
    pub(super) fn of_all(index: &Index<'_>) -> Self {
        let unread = index.unread_points();
        Self {
            unread: unread
                .map(|(point, unread)| (point.clone(), unread.clone()))
                .collect(),
            ..Self::default()
        }
    }

    /// Whether an agent that is not known here has what may be meant.
    fn has_foreign(&self, request: &Request) -> bool {
        let mut foreign = self.unread.iter().filter_map(|(_, unread)| unread.foreign());
        foreign.any(|one| one.can_be_trusted && request.is_of_chain(&one.chain))
    }
}

/// The newest point that opens, and is not from the future; of one chain, when one is named.
pub(super) async fn begin(
    request: &Request,
    (index, chain): (&mut Index<'_>, Option<&ChainId>),
    by: Option<UnixMillis>,
    before: &mut Before,
) -> Result<Option<Manifest>, Refused> {
    let ahead = ahead_of(request.now);
    let is_ahead = |point: &PointId| moment_of(point).is_some_and(|taken| taken > ahead);
    // A clock that stands far back makes everything look like the future.
    let heeds_clock = !index.points().iter().all(is_ahead);
    let (mut within_second, mut passed_over) = (None, Vec::new());
    let mut at = 0;
    while let Some(reading) = index.get(at).await {
        at += 1;
        let is_ahead = heeds_clock && is_ahead(&reading.point);
        match &reading.found {
            Ok(manifest) if !request.is_of_chain(&manifest.chain) => before.other_chains += 1,
            Ok(manifest) if chain.is_some_and(|chain| manifest.chain != *chain) => before.other_chains += 1,
            _ if is_ahead => passed_over.push(reading.point.clone()),
            Ok(manifest) if by.is_some_and(|by| manifest.taken_at > by) => {
                within_second.get_or_insert_with(|| manifest.clone());
            }
            Ok(manifest) => {
                before.notes.extend(dated_ahead(&passed_over));
                before.notes.extend(reading.notes.iter().cloned());
                return Ok(Some(manifest.clone()));
            }
            Err(unread) => before.unread.push((reading.point.clone(), unread.clone())),
        }
    }
    before.notes.extend(dated_ahead(&passed_over));
    // Nothing from before the moment is not the same as nothing that is known to be the owner's.
    let is_others = !request.is_agent_named && before.has_foreign(request);
    Ok(within_second.filter(|_| !is_others))
}

/// The points that a clock shows in the future, newest first, in one sentence: where it is this machine's that is wrong,
/// there are many.
fn dated_ahead(points: &[PointId]) -> Option<String> {
    let newest = points.first()?;
    let what = match points.len() {
        1 => format!("{newest} is"),
        count => format!("{count} restore points, the newest {newest}, are"),
    };
    Some(format!(
        "{what} dated in the future, and passed over: --point {newest} takes it all the same; where this machine's clock \
         is wrong, set it"
    ))
}

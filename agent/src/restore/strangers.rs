//! Which chain has the newest commit. The newest point need not lie on it: a capture that was away goes on with its own
//! chain, behind a backup that was taken meanwhile and begins another one.
//! A name is only a promise, and anybody's: what claims a later moment is opened first, and its signature bounds the
//! moment that it may claim.

use std::collections::BTreeMap;

use protocol::{chain::ChainId, manifest::Manifest, object_key::SegmentName, time::UnixMillis};

use super::{
    Request, Sources, Stop,
    avoid::Avoid,
    goal::{Before, Goal, ahead_of, begin},
    index::Index,
    manifests, replay,
    segments::{self, Proof, Stranger},
};
use crate::backup::survey::moment_of;

/// Segments that are opened in search of real ones. Behind more of them than this nothing is decided.
const OPENED_MAX: usize = 200;
/// Points after a moment that are opened to see which chain begins there.
const LATER_OPENED: usize = 8;
/// A segment is signed when it ends, and a signature holds whole seconds.
const SIGNED_WITHIN_MS: i64 = 1_000;

/// A chain that goes on after the end of another one: its last commit that was opened, and when the agent saw that.
#[derive(Debug)]
struct Later {
    name: SegmentName,
    at: UnixMillis,
}

/// The chains with later commits.
#[derive(Default)]
struct LaterChains {
    /// Of agents that are believed, the latest one first.
    ours: Vec<Later>,
    /// Of others.
    foreign: Vec<Foreign>,
}

/// What the chains say that have later commits than the newest point's own.
#[derive(Default)]
pub(super) struct Lead {
    /// The newest point of the one with the newest commit, and what was met above it.
    pub better: Option<(Manifest, Before)>,
    /// Chains that ended before any point of theirs was whole, each in a sentence.
    pub ended: Vec<String>,
    /// Later commits of agents that are not believed, each chain once.
    pub foreign: Vec<Foreign>,
}

/// The last commits of a chain that an agent signed which is not believed.
pub(super) struct Foreign {
    pub name: SegmentName,
    pub stranger: Stranger,
}

impl Foreign {
    /// What is said of it.
    pub(super) fn told(&self) -> String {
        format!(
            "commits of another chain, {}, until commit {} of a later moment are there and not taken: {}",
            self.name.chain, self.name.last, self.stranger.why
        )
    }
}

/// The newest point of the chain with the newest commit, and what was met above it, where that is another chain than the
/// newest point's, into `lead`; with what others signed in any case.
///
/// # Errors
/// A sentence when there are later commits, and no point leads to them.
pub(super) async fn lead(
    (request, by): (&Request, Option<UnixMillis>),
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    avoid: &Avoid,
    newest: &Manifest,
    lead: &mut Lead,
) -> Result<(), String> {
    // Who names a chain or rehearses a point means that one.
    if request.chain.is_some() || request.newest_only {
        return Ok(());
    }
    let stop = by.map_or(Stop::AtEnd, |moment| Stop::By {
        moment,
        ahead: UnixMillis(i64::MAX),
    });
    let promised = avoid.promised(sources.survey, &newest.chain);
    let way = replay::way((&promised, avoid.links()), &newest.chain, newest.commit, stop);
    let mut found = LaterChains::default();
    let last = way.segments.last();
    let all = later_chains(request, sources, avoid, (newest, last), &mut found).await;
    lead.foreign = found.foreign;
    all?;
    for later in found.ours {
        let mut before = Before::default();
        let of_chain = (&mut *index, Some(&later.name.chain));
        let found = begin(request, of_chain, by, &mut before).await;
        match found.ok().flatten() {
            Some(manifest) => {
                before.notes.push(goes_on(newest, &later));
                lead.better = Some((manifest, before));
                return Ok(());
            }
            None if begins_later(request, sources, &later.name.chain).await => {}
            None if is_over(request, sources, &later).await => lead.ended.push(format!(
                "{}: it ended before a backup of it was whole, or that was deleted. They are not in what you get",
                without_point(&later)
            )),
            None => return Err(without_point(&later)),
        }
    }
    Ok(())
}

/// What later commits mean for it that an agent signed which is not believed: nobody else can say that they are not the
/// shop's, but for a server, which knows its own; what an earlier one signed since is another history for certain.
pub(super) fn weigh(request: &Request, goal: &mut Goal, foreign: Vec<Foreign>, end_at: UnixMillis) {
    for one in foreign.into_iter().filter(|one| one.name.last_at > end_at) {
        let stranger = &one.stranger;
        let is_meant = stranger.can_be_trusted && !stranger.is_earlier && !request.is_agent_named;
        if is_meant && request.known.is_empty() {
            goal.lost.push(one.told());
        } else {
            goal.may_be_newer |= request.known.is_empty();
            goal.notes.push(one.told());
        }
    }
}

/// Why the restore does not begin at the newest point.
fn goes_on(newest: &Manifest, later: &Later) -> String {
    format!(
        "the newest restore point, {}, is of another chain, {}: the commits of the chain {} go on after it, and they are \
         what is restored. --point {} gives the shop as it stood at that point",
        newest.point, newest.chain, later.name.chain, newest.point
    )
}

/// The chains with commits after the end of the newest point's own, the latest one first.
///
/// # Errors
/// A sentence when too much claims that and opens nowhere.
async fn later_chains(
    request: &Request,
    sources: &Sources<'_>,
    avoid: &Avoid,
    (begin, last): (&Manifest, Option<&SegmentName>),
    found: &mut LaterChains,
) -> Result<(), String> {
    let until = request
        .selection
        .moment()
        .unwrap_or_else(|| bound(request, begin));
    let mut claims = claims(sources, avoid, begin, until);
    if claims.is_empty() {
        return Ok(());
    }
    let end_at = match last {
        Some(last) => believed_end(sources, last).await.min(until).max(begin.taken_at),
        None => begin.taken_at,
    };
    let mut opened = 0;
    for names in claims.values_mut() {
        names.retain(|name| name.last_at > end_at);
        // The latest claim first: where that is true, the others do not matter.
        names.sort_by_key(|name| std::cmp::Reverse((name.last_at, name.last)));
        let (mut is_foreign, mut place) = (false, 0);
        while let Some(name) = names.get(place) {
            place += 1;
            opened += 1;
            // What that other one signed is told in any case.
            if opened > OPENED_MAX && is_foreign {
                break;
            }
            if opened > OPENED_MAX {
                return Err(format!(
                    "more than {OPENED_MAX} objects claim later commits of other chains, such as {name}, and do not open"
                ));
            }
            let proof = segments::proof(sources, name).await;
            let (at, name) = (end_by(&proof, name), name.clone());
            match proof {
                // What is the shop's own of the same chain may lie before it.
                Proof::Foreign(stranger) => {
                    if !is_foreign {
                        found.foreign.push(Foreign { name, stranger });
                    }
                    is_foreign = true;
                    place += segments::foreign_ones(sources, &names[place - 1..]).await - 1;
                }
                _ if at > end_at => {
                    found.ours.push(Later { name, at });
                    break;
                }
                _ => {}
            }
        }
    }
    found.ours.sort_by_key(|later| std::cmp::Reverse(later.at));
    Ok(())
}

/// After this nothing counts; a clock here that stands before what is restored knows of no future.
fn bound(request: &Request, begin: &Manifest) -> UnixMillis {
    match request.now < begin.taken_at {
        true => UnixMillis(i64::MAX),
        false => ahead_of(request.now),
    }
}

/// What other chains' segments claim to be later than the point, chain by chain.
fn claims(
    sources: &Sources<'_>,
    avoid: &Avoid,
    begin: &Manifest,
    until: UnixMillis,
) -> BTreeMap<ChainId, Vec<SegmentName>> {
    let mut claims: BTreeMap<ChainId, Vec<SegmentName>> = BTreeMap::new();
    let is_later = |name: &SegmentName| name.last_at > begin.taken_at && name.last_at <= until;
    for name in sources.survey.all_segments().into_keys() {
        if name.chain != begin.chain && is_later(&name) {
            claims.entry(name.chain.clone()).or_default().push(name);
        }
    }
    for (chain, names) in &mut claims {
        let promised = avoid.promised(sources.survey, chain);
        names.retain(|name| promised.contains(name));
    }
    claims
}

/// Until when a segment shows commits: not later than it was signed. 1970 when it is none.
pub(super) async fn believed_end(sources: &Sources<'_>, name: &SegmentName) -> UnixMillis {
    end_by(&segments::proof(sources, name).await, name)
}

fn end_by(proof: &Proof, name: &SegmentName) -> UnixMillis {
    match proof {
        Proof::Whole { signed_at, .. } => name.last_at.min(UnixMillis(signed_at.0 + SIGNED_WITHIN_MS)),
        Proof::Nothing(_) | Proof::Locked(_) | Proof::Foreign(_) | Proof::Unknown => UnixMillis(0),
    }
}

/// What is said of a chain that no readable point leads to.
fn without_point(later: &Later) -> String {
    format!(
        "commits of another chain, {}, until commit {} of a later moment are there, and no restore point that leads to them",
        later.name.chain, later.name.last
    )
}

/// Whether a chain's first point was only taken after the moment that is wanted: then nothing of it can be had for that
/// moment, and nothing is damaged.
async fn begins_later(request: &Request, sources: &Sources<'_>, chain: &ChainId) -> bool {
    is_later_point(request, sources, |point| point.chain == *chain).await
}

/// Whether another chain began in its place by a point that was taken after the moment that is wanted, and this server knows
/// of none of its own: then the moment lies between the two, and no older state is taken for the newest.
async fn is_over(request: &Request, sources: &Sources<'_>, later: &Later) -> bool {
    let chain = &later.name.chain;
    let mut known = request.known.values();
    if known.any(|known| known.manifest.chain == *chain) {
        return false;
    }
    let follows = |point: &Manifest| point.chain != *chain && point.taken_at >= later.at;
    is_later_point(request, sources, follows).await
}

/// Whether one of the first points after the moment that is wanted is of this kind.
async fn is_later_point(request: &Request, sources: &Sources<'_>, is: impl Fn(&Manifest) -> bool) -> bool {
    let Some(moment) = request.selection.moment() else {
        return false;
    };
    let points = sources.survey.points();
    let later = points
        .iter()
        .filter(|point| moment_of(point).is_some_and(|taken| taken.0 + 999 > moment.0));
    for point in later.take(LATER_OPENED) {
        let manifest = manifests::of_point(sources, point, &mut Vec::new()).await;
        if manifest.is_ok_and(|manifest| is(&manifest)) {
            return true;
        }
    }
    false
}

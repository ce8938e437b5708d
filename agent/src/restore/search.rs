//! From which point a goal is reached, and by which segments: the newest point first, then older ones and more commits.
//! It opens manifests and reads listings; every object is checked again by whoever follows the way.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    Next, Only, Refused, Request, Sources, Stop, avoid::Avoid, fetch, goal::Goal, index::Index, replay,
};

/// Points that are tried as the beginning of a way.
const BEGINNINGS_MAX: usize = 50;
/// Points that are looked at in search of something else to restore.
const LOOKED_AT_MAX: usize = 200;

/// A way to a state.
pub(super) struct Route {
    pub manifest: Manifest,
    pub base: Option<Manifest>,
    pub segments: Vec<SegmentName>,
    /// The last commit on it.
    pub end: CommitNumber,
    pub end_at: UnixMillis,
    /// Where it ends before its time, in a sentence.
    pub torn: Option<String>,
    pub notes: Vec<String>,
}

/// The way from one point.
///
/// # Errors
/// Why nothing can begin there.
async fn route(
    sources: &Sources<'_>,
    avoid: &Avoid,
    manifest: &Manifest,
    stop: Stop,
    only: Option<Only>,
) -> Result<Route, String> {
    let mut route = Route {
        manifest: manifest.clone(),
        base: None,
        segments: Vec::new(),
        end: manifest.commit,
        end_at: manifest.taken_at,
        torn: None,
        notes: Vec::new(),
    };
    if only == Some(Only::Config) {
        return Ok(route);
    }
    is_usable(sources, avoid, manifest)?;
    if let Some(base) = &manifest.base {
        let base = fetch::manifest_of(sources, base, &mut route.notes).await?;
        is_usable(sources, avoid, &base)?;
        route.base = Some(base);
    }
    let names = avoid.usable(sources.survey, &manifest.chain);
    let way = replay::way(&names, &manifest.chain, manifest.commit, stop);
    route.torn = way.gap.map(|(before, after)| {
        let why = match avoid.begins_at(&manifest.chain, before.next()) {
            true => "is altered or could not be read wherever it is",
            false => "is missing on every remote that answers",
        };
        format!(
            "the segment that begins with commit {} {why}, although later ones, from commit {after} on, are there",
            before.next()
        )
    });
    route.notes.extend(way.unsure.map(|(first, last)| {
        format!(
            "whether commits {first} to {last} were there by then nobody can say: a clock that was wrong has dated them. They \
             are not given; --chain {} --commit {last} gives them too",
            manifest.chain
        )
    }));
    route.notes.extend(way.set_back.map(|(first, by)| {
        format!(
            "commit {first} is dated {} before the one that it follows: the clock was wrong for a while then, and what is given \
             may hold commits that were not there by that moment, under dates that are wrong. --chain {} --commit {} gives \
             the state right before",
            told(by),
            manifest.chain,
            first.get() - 1
        )
    }));
    if let Some(last) = way.segments.last() {
        (route.end, route.end_at) = (last.last, last.last_at);
    }
    route.segments = way.segments;
    Ok(route)
}

/// How long that is, in the unit that says most.
fn told(by: Duration) -> String {
    match by.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn is_usable(sources: &Sources<'_>, avoid: &Avoid, manifest: &Manifest) -> Result<(), String> {
    if let Some(why) = avoid.points.get(&manifest.point) {
        return Err(why.clone());
    }
    match sources.lacking(&manifest.point, manifest.database.iter()) {
        None => Ok(()),
        Some(lacking) => Err(lacking),
    }
}

/// The best way to the goal.
///
/// # Errors
/// [`Refused`] when none leads there, with what comes nearest.
pub(super) async fn choose(
    request: &Request,
    sources: &Sources<'_>,
    index: &mut Index<'_>,
    goal: &Goal,
    avoid: &Avoid,
) -> Result<Route, Refused> {
    let mut faults: Vec<String> = Vec::new();
    let mut best: Option<Route> = None;
    let (mut at, mut tried) = (0, 0);
    while let Some(reading) = index.get(at).await {
        at += 1;
        let Ok(manifest) = &reading.found else { continue };
        if !goal.may_begin(manifest) {
            continue;
        }
        tried += 1;
        let notes = reading.notes.clone();
        match route(sources, avoid, manifest, goal.stop, request.only).await {
            Err(why) => faults.push(format!(
                "the restore point {} cannot be restored: {why}",
                manifest.point
            )),
            Ok(mut route) => {
                let is_whole = route.torn.is_none() && goal.lost.is_empty();
                if is_whole && (route.end >= goal.floor || request.only == Some(Only::Config)) {
                    route.notes.splice(0..0, notes);
                    route.notes.splice(0..0, instead(&faults, &route));
                    return Ok(route);
                }
                // Every older one follows the same commits, and ends there as well.
                best = Some(route);
                break;
            }
        }
        if request.newest_only || tried == BEGINNINGS_MAX || request.only == Some(Only::Config) {
            break;
        }
    }
    Err(refuse(request, sources, goal, avoid, faults, best).await)
}

/// What is done instead of beginning where one would.
fn instead(faults: &[String], route: &Route) -> Vec<String> {
    let mut notes = faults.to_vec();
    if !faults.is_empty() {
        notes.push(format!(
            "therefore the restore begins at the older point {}, and follows the commits from there: nothing is lost by it",
            route.manifest.point
        ));
    }
    notes
}

async fn refuse(
    request: &Request,
    sources: &Sources<'_>,
    goal: &Goal,
    avoid: &Avoid,
    faults: Vec<String>,
    best: Option<Route>,
) -> Refused {
    let mut reasons = faults;
    reasons.extend(goal.lost.iter().cloned());
    reasons.extend(avoid.told());
    if let Some(route) = &best {
        reasons.extend(route.torn.clone());
        if reasons.is_empty() {
            reasons.extend(goal.notes.iter().cloned());
            reasons.push(format!(
                "commit {} is on no remote that answers: the last one there is {}",
                goal.floor, route.end
            ));
        }
    }
    if reasons.is_empty() {
        reasons.extend(goal.notes.iter().cloned());
        reasons.push(format!("no restore point leads to commit {}", goal.floor));
    }
    reasons.dedup();
    let next = match best {
        Some(route) => nearest(route, goal.stop),
        None => {
            let is_late = |manifest: &Manifest| (!goal.may_begin(manifest)).then(|| goal.is_before(manifest));
            let (next, warning) = other(request, sources, (avoid, Some(&goal.chain)), is_late).await;
            reasons.extend(warning);
            next
        }
    };
    Refused {
        reason: reasons.join("; "),
        next,
    }
}

/// How the end of a way is asked for.
fn nearest(route: Route, stop: Stop) -> Next {
    let at = Some(route.end_at);
    match (route.segments.is_empty(), stop) {
        (true, _) => Next::Point(route.manifest.point),
        // The last segment may reach beyond the moment.
        (false, Stop::By { moment, .. }) if route.end_at > moment => Next::Chain(route.manifest.chain),
        (false, _) => Next::Commit {
            chain: route.manifest.chain,
            commit: route.end,
            at,
        },
    }
}

/// The refusal of a point, with the next best one.
pub(super) async fn refuse_point(
    request: &Request,
    sources: &Sources<'_>,
    why: String,
    point: &PointId,
) -> Refused {
    let avoid = Avoid::default();
    let known = request.known.get(point).map(|known| known.manifest.chain.clone());
    let chain = match known {
        Some(chain) => Some(chain),
        None => fetch::manifest(sources, point, &mut Vec::new())
            .await
            .ok()
            .map(|manifest| manifest.chain),
    };
    let is_late = |manifest: &Manifest| (manifest.point != *point).then_some(manifest.point > *point);
    let (next, warning) = other(request, sources, (&avoid, chain.as_ref()), is_late).await;
    let mut reason = format!("the restore point {point} cannot be restored: {why}");
    if let Some(warning) = warning {
        reason = format!("{reason}; {warning}");
    }
    Refused { reason, next }
}

/// The newest whole point among those that are meant, of this chain before any other; else the oldest of those that come
/// too late; `is_late` says which it is. With a warning where it is of another chain.
async fn other(
    request: &Request,
    sources: &Sources<'_>,
    (avoid, chain): (&Avoid, Option<&ChainId>),
    is_late: impl Fn(&Manifest) -> Option<bool>,
) -> (Next, Option<String>) {
    let mut index = Index::new(sources, request, None);
    let (mut at, mut late, mut of_other_chain) = (0, None, None);
    while let Some(reading) = index.get(at).await {
        at += 1;
        let Ok(manifest) = &reading.found else { continue };
        let Some(is_late) = is_late(manifest) else {
            continue;
        };
        if at > LOOKED_AT_MAX {
            break;
        }
        // No shop comes back from it either, and its parts being there does not show that.
        let known = request.known.get(&manifest.point);
        if known.is_some_and(|known| known.damage.is_some()) {
            continue;
        }
        if route(sources, avoid, manifest, Stop::AtPoint, None)
            .await
            .is_err()
        {
            continue;
        }
        let is_of_chain = chain.is_none_or(|chain| manifest.chain == *chain);
        match (is_late, is_of_chain) {
            (true, _) => late = Some(manifest.clone()),
            (false, true) => return (Next::Point(manifest.point.clone()), None),
            (false, false) => {
                of_other_chain.get_or_insert_with(|| manifest.clone());
            }
        }
    }
    let Some(found) = of_other_chain.or(late) else {
        return (Next::Nothing, None);
    };
    let is_of_chain = chain.is_none_or(|chain| found.chain == *chain);
    let warning = (!is_of_chain).then(|| {
        format!(
            "what there is instead, {}, is of another chain, {}: nothing proves that it is the same shop's database",
            found.point, found.chain
        )
    });
    (Next::Point(found.point), warning)
}

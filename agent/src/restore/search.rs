//! From which point a goal is reached, and by which segments: the newest point first, then older ones and more commits.
//! It opens manifests and reads listings; every object is checked again by whoever follows the way.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::{Manifest, Object},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    Only, Refused, Request, Sources, Stop, avoid::Avoid, goal::Goal, index::Index, manifests,
    nearest::refuse, replay,
};

/// Points that are tried as the beginning of a way.
const BEGINNINGS_MAX: usize = 50;

/// What of a point is named when it is not whole.
const FAULTS_TOLD: usize = 10;

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
pub(super) async fn route(
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
        let base = manifests::of_base(sources, base, &mut route.notes).await?;
        is_usable(sources, avoid, &base)?;
        route.base = Some(base);
    }
    let names = avoid.usable(sources.survey, &manifest.chain);
    let way = replay::way((&names, avoid.links()), &manifest.chain, manifest.commit, stop);
    route.torn = way.gap.map(|gap| torn((sources, avoid), &manifest.chain, gap));
    route.notes.extend(way.unsure.map(|(first, last)| {
        format!(
            "whether commits {first} to {last} were there by then nobody can say: a clock that was wrong has dated them. They \
             are not given; --chain {} --commit {last} gives them too",
            manifest.chain
        )
    }));
    if let Some(last) = way.segments.last() {
        (route.end, route.end_at) = (last.last, last.last_at);
    }
    route.segments = way.segments;
    Ok(route)
}

/// Why a way goes no further than the first of these commits, although the other one is there.
fn torn(
    (sources, avoid): (&Sources<'_>, &Avoid),
    chain: &ChainId,
    (before, after): (CommitNumber, CommitNumber),
) -> String {
    let first = before.next();
    if after == first {
        return format!("what begins with commit {first} does not follow what leads to commit {before}");
    }
    let why = match avoid.begins_at(chain, first) {
        true => "is altered or could not be read wherever it is".to_owned(),
        false => format!("is missing on {}", sources.all_asked()),
    };
    format!(
        "the segment that begins with commit {first} {why}, although later ones, from commit {after} on, are there"
    )
}

/// Where the newest point stands at which a restore to the goal may begin.
pub(super) async fn beginning(index: &mut Index<'_>, goal: &Goal) -> Option<CommitNumber> {
    let mut at = 0;
    while let Some(reading) = index.get(at).await {
        match &reading.found {
            Ok(manifest) if goal.may_begin(manifest) => return Some(manifest.commit),
            _ => at += 1,
        }
    }
    None
}

/// How long that is, in the unit that says most.
pub(super) fn told(by: Duration) -> String {
    match by.as_secs() {
        1 => "1 second".to_owned(),
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

impl Sources<'_> {
    /// Where was looked: one that was asked alone says nothing of the others.
    pub(super) fn all_asked(&self) -> String {
        match self.remotes {
            [only] => only.name().to_owned(),
            _ => "every remote that answers".to_owned(),
        }
    }

    /// What no remote holds of these objects of a point, by the listings; `None` when each is somewhere.
    pub(super) fn lacking<'o>(
        &self,
        point: &PointId,
        objects: impl Iterator<Item = &'o Object>,
    ) -> Option<String> {
        let lost = objects.filter(|object| !self.survey.is_held(object));
        let told: Vec<String> = lost
            .flat_map(|object| {
                self.survey
                    .holders(point)
                    .map(move |(remote, names)| match names.get(&object.key) {
                        None => format!("{} is missing on {remote}", object.key),
                        Some(size) => {
                            format!(
                                "{} has {size} of {} bytes on {remote}",
                                object.key, object.size_bytes
                            )
                        }
                    })
            })
            .take(FAULTS_TOLD)
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
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
            Err(why) => faults.push(cannot_be(&manifest.point, &why)),
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

/// Why no restore begins at a point.
pub(super) fn cannot_be(point: &PointId, why: &str) -> String {
    format!("the restore point {point} cannot be restored: {why}")
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

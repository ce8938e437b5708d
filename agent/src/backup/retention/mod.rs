//! What stays on one remote and what may go, with the reason for every object.
//! Pure: it deletes nothing. Only points of a sound database that were read back from this remote count; the newest of
//! them and everything that it needs always stays. One that is whole here needs no other remote, and one that is not is
//! let go only where another holds it whole or the rules would let go a whole one. Moments are the remote's own, as far as it tells them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    own::{Other, Own},
    remote::{
        Listed,
        folder::{MARK, PARTIAL_DIR},
    },
};
use crate::config::Retention;

mod calendar;
mod kept;

use kept::Kept;

/// What is no part of any point is left alone this long: a backup may just be writing it.
const ORPHAN_AGE: Duration = Duration::from_secs(86_400);
/// A name further ahead than this of the remote's newest object is a clock that was wrong.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// A restore point as far as retention is concerned.
#[derive(Clone, Debug)]
pub struct Point {
    /// Its name.
    pub id: PointId,
    /// The lineage that it belongs to.
    pub chain: ChainId,
    /// Where in it the database stands.
    pub commit: CommitNumber,
    /// The full point that it stands on; `None` when it is one.
    pub base: Option<PointId>,
    /// Its manifest's name.
    pub manifest: String,
    /// Its other objects.
    pub objects: BTreeSet<String>,
    /// Whether it was read back whole from this remote, and no comparison has found it damaged there since.
    pub is_verified: bool,
    /// Whether other remotes hold copies of it and none of those is whole: what is left of it here may be what they lack.
    pub is_split: bool,
    /// Whether SQLite found the database damaged that it was taken from: it keeps nothing and stands in for nothing.
    pub is_damaged: bool,
}

/// What is decided about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its name.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Whether it stays.
    pub keep: bool,
    /// Why, as the end of a sentence.
    pub reason: String,
}

/// Everything that the plan is made from.
pub struct Question<'a> {
    /// What the remote lists.
    pub listed: &'a BTreeMap<String, Listed>,
    /// The points that this agent knows.
    pub points: &'a [Point],
    /// What is this agent's own.
    pub own: &'a Own,
    /// The rules.
    pub retention: Retention,
    /// In whose days and weeks.
    pub timezone: &'a TimeZone,
    /// This machine's clock: believed only where the remote tells no moments, or has no other.
    pub now: UnixMillis,
    /// Whether the remote is a folder, of which this machine's clock dates the files.
    pub shares_clock: bool,
}

/// Decides about every object, in the order of their names.
#[must_use]
pub fn plan(question: &Question<'_>) -> Vec<Verdict> {
    let now = remote_now(question);
    let here: Vec<(&Point, UnixMillis)> = question
        .points
        .iter()
        .filter_map(|point| Some((point, point_at(question, point)?)))
        .collect();
    let mut kept = Kept::choose(question, &here, now);
    let verdicts = judge_all(question, &kept, &here, now);
    // A delta may stay although no rule keeps it, because it is young for example: then what it stands on stays as well.
    match kept.add_bases(question, &verdicts) {
        true => judge_all(question, &kept, &here, now),
        false => verdicts,
    }
}

fn judge_all(
    question: &Question<'_>,
    kept: &Kept,
    here: &[(&Point, UnixMillis)],
    now: UnixMillis,
) -> Vec<Verdict> {
    let verdicts = question.listed.iter().map(|(key, listed)| {
        let (keep, reason) = judge(question, kept, here, key, now);
        Verdict {
            key: key.clone(),
            size_bytes: listed.size_bytes,
            keep,
            reason,
        }
    });
    verdicts.collect()
}

/// The remote's clock stands at least where it wrote its newest object. A clock of ours that ran ahead then deletes
/// nothing too early. One that both share is now, and what is younger was written while it ran ahead.
fn remote_now(question: &Question<'_>) -> UnixMillis {
    match newest_written(question.listed) {
        Some(newest) if question.shares_clock => newest.min(question.now),
        Some(newest) => newest,
        None => question.now,
    }
}

/// When the remote wrote the newest object of a backup: what only passes, such as a restore's notice, must not have the
/// window of a shop that died go on.
#[must_use]
pub fn newest_written(listed: &BTreeMap<String, Listed>) -> Option<UnixMillis> {
    let of_backups = listed.iter().filter(|(key, _)| !is_left_over(key));
    of_backups.filter_map(|(_, listed)| listed.written_at).max()
}

/// When the remote wrote an object, else what its name says; `None` when it is not listed.
fn written_at(question: &Question<'_>, key: &str) -> Option<UnixMillis> {
    let listed = question.listed.get(key)?;
    listed.written_at.or_else(|| named_at(key))
}

/// When a point was written; also of one whose manifest alone is gone, when another remote may hold that.
fn point_at(question: &Question<'_>, point: &Point) -> Option<UnixMillis> {
    let named = || super::survey::moment_of(&point.id).filter(|_| point.is_split);
    written_at(question, &point.manifest).or_else(named)
}

/// The moment that an object's name holds.
#[must_use]
pub fn named_at(key: &str) -> Option<UnixMillis> {
    if let Some(segment) = SegmentName::parse(key) {
        return Some(segment.last_at);
    }
    point_of(key).and_then(|point| super::survey::moment_of(&point))
}

fn point_of(key: &str) -> Option<PointId> {
    object_key::point_of_manifest(key)
        .map(|(point, _)| point)
        .or_else(|| object_key::part(key).map(|(point, _)| point))
        .or_else(|| object_key::point_of_files(key))
}

fn is_future((point, at): (&Point, UnixMillis), now: UnixMillis) -> bool {
    let named_at = super::survey::moment_of(&point.id);
    named_at
        .into_iter()
        .chain([at])
        .any(|at| at.since(now) > AHEAD_MAX)
}

/// Whether the listing has all of it, and of what it stands on.
fn is_whole(question: &Question<'_>, here: &[(&Point, UnixMillis)], point: &Point) -> bool {
    let listed = |point: &Point| {
        let mut keys = point.objects.iter().chain([&point.manifest]);
        keys.all(|key| question.listed.contains_key(key))
    };
    let base = point
        .base
        .as_ref()
        .map(|base| here.iter().find(|(other, _)| other.id == *base));
    listed(point) && base.is_none_or(|base| base.is_some_and(|(base, _)| base.is_verified && listed(base)))
}

fn judge(
    question: &Question<'_>,
    kept: &Kept,
    here: &[(&Point, UnixMillis)],
    key: &str,
    now: UnixMillis,
) -> (bool, String) {
    let keep = |reason: &str| (true, reason.to_owned());
    if key.starts_with(object_key::CERTS) {
        let is_other = |other: &Other| object_key::cert(&other.key) == key;
        return match kept.others.iter().any(is_other) {
            true => keep("another agent's certificate"),
            false => keep("the agent's certificate"),
        };
    }
    if key == MARK {
        return keep("the mark by which the agent knows this folder");
    }
    let age = written_at(question, key).map_or(Duration::MAX, |at| now.since(at));
    let is_shared = !kept.others.is_empty() || question.own.is_copied;
    if let Some(segment) = SegmentName::parse(key) {
        if let Some(why) = left_alone(question, is_shared, &segment) {
            return keep(why);
        }
        return judge_segment(kept, here, &segment, age, now);
    }
    let Some(id) = point_of(key) else {
        return match is_left_over(key) {
            true => orphan(
                age,
                "a write that did not end, a probe, or the notice of a restore",
            ),
            false => keep("not this program's: it is left alone"),
        };
    };
    if let Some(reason) = kept.points.get(&id) {
        return keep(reason);
    }
    let Some((point, at)) = here.iter().find(|(point, _)| point.id == id) else {
        let has_manifest = question
            .listed
            .range(object_key::manifest_prefix(&id)..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(&object_key::manifest_prefix(&id)));
        return match has_manifest {
            true => keep("of a point that this agent does not know: it is left alone"),
            false if is_shared => {
                keep("of no point that this agent knows, and another agent writes here: it is left alone")
            }
            false => orphan(age, "of no restore point: its manifest is missing"),
        };
    };
    if is_future((point, *at), now) {
        return keep("dated in the future: it does not count and is left alone");
    }
    let is_newer = kept.newest.as_ref().is_none_or(|newest| *newest < point.id);
    if point.is_damaged && is_newer {
        return keep("of a damaged database, and newer than every point of a sound one");
    }
    if !point.is_verified && is_newer {
        return keep("newer than every point here that is known to be whole");
    }
    if now.since(*at) < ORPHAN_AGE {
        return keep("younger than a day");
    }
    (false, "no rule keeps its point".to_owned())
}

/// Why nobody asks whether these commits are needed: somebody else may have written them.
fn left_alone(question: &Question<'_>, is_shared: bool, segment: &SegmentName) -> Option<&'static str> {
    if question.own.is_copied {
        return Some("another server writes here as this one: no commit is let go while that lasts");
    }
    let is_unknown = !question.own.chains.contains(&segment.chain);
    (is_shared && is_unknown).then_some(
        "of a chain that this agent does not know, and another agent writes here: it is left alone",
    )
}

fn judge_segment(
    kept: &Kept,
    here: &[(&Point, UnixMillis)],
    segment: &SegmentName,
    age: Duration,
    now: UnixMillis,
) -> (bool, String) {
    let keep = |reason: &str| (true, reason.to_owned());
    let (inside, follows, old) = match kept.has_window {
        true => (
            "inside keep_within",
            "it follows the point that the start of keep_within is restored from",
            "older than keep_within",
        ),
        false => (
            "as young as the newest object there",
            "it follows the newest point",
            "nothing that is kept is restored with it: there is no keep_within",
        ),
    };
    let Some((chain, commit)) = &kept.anchor else {
        return keep("no point here is known to be whole");
    };
    if age <= now.since(kept.window_start) {
        return keep(inside);
    }
    if segment.chain == *chain && segment.last > *commit {
        return keep(follows);
    }
    // A chain without any point that counts may be the one that is alive: its first backup has failed so far.
    let known = here
        .iter()
        .any(|(point, _)| point.chain == segment.chain && point.is_verified);
    if !known && age < ORPHAN_AGE {
        return keep("of a chain without a point yet, younger than a day");
    }
    (false, old.to_owned())
}

fn is_left_over(key: &str) -> bool {
    let passing = [object_key::PROBES, object_key::RESTORES, PARTIAL_DIR];
    passing.iter().any(|folder| key.starts_with(folder)) || key.ends_with(".part")
}

fn orphan(age: Duration, what: &str) -> (bool, String) {
    match age > ORPHAN_AGE {
        true => (false, what.to_owned()),
        false => (true, format!("{what}; younger than a day")),
    }
}

#[cfg(test)]
mod tests;

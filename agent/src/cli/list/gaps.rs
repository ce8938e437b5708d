//! The times of which no single commit can be restored: a segment is missing, nobody followed the shop, or one chain ended
//! before the next could begin.
//! Pure. It knows only what it is given: names, and what a server or a key adds to them.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};
use serde::Serialize;

use super::{away, points::Listed, unfollowed::Unfollowed};
use crate::{
    backup::{capture::Unattended, hole::Hole, holes::End, ranges::Range},
    store::samples::SLOT,
};

/// A while, and why its single commits cannot be restored.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Gap {
    /// When it begins, in milliseconds since 1970.
    pub from: UnixMillis,
    /// When it ends.
    pub until: UnixMillis,
    /// The chain in which it lies; absent where only this server's memory says that the agent did not run.
    pub chain: Option<ChainId>,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What a gap is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum What {
    /// Their segments are on no remote that answers.
    Missing {
        /// The first commit that is missing.
        first: CommitNumber,
        /// The last one.
        last: CommitNumber,
    },
    /// Their segments are on no remote that answers yet, and later ones are: several are sent at the same time.
    Arriving {
        /// The first commit that is on its way.
        first: CommitNumber,
        /// The last one.
        last: CommitNumber,
        /// Whether this server sends them: of another one it is not known whether it still lives.
        sent_here: bool,
    },
    /// Nobody followed: all that happened is this commit.
    OneStep {
        /// Its number.
        commit: CommitNumber,
    },
    /// The chain before it ended, and its own first point was taken only in the end.
    NewChain,
    /// The agent did not run for some of it. What happened then was read later, and carries later moments.
    Away,
    /// Nobody followed, and no commit of that time was found afterwards.
    Absent,
    /// Nobody follows at this moment, where it ends.
    StillAway {
        /// Commits that the shop's log holds since; absent where it does not tell.
        commits: Option<u64>,
    },
}

/// What gaps are found in.
pub(super) struct Known<'a> {
    pub segments: &'a BTreeMap<SegmentName, u64>,
    /// The commits in them.
    pub ranges: &'a [Range],
    pub points: &'a [Listed],
    /// What is dated after this moment is dated in the future.
    pub ahead: UnixMillis,
    /// The chain that this server follows and sends.
    pub follows: Option<&'a ChainId>,
    /// From the capture's last sign to its return, by this server's own memory.
    pub absences: &'a [(UnixMillis, UnixMillis)],
    /// From its last sign until now, while it does not follow.
    pub unattended: Option<(Unattended, UnixMillis)>,
}

impl Known<'_> {
    fn sends(&self, chain: &ChainId) -> bool {
        self.follows == Some(chain)
    }
}

/// Every gap, oldest first; `arrives` says whether what ends there, right before that range, may still be on its way.
pub(super) fn of(
    known: &Known<'_>,
    unfollowed: &Unfollowed,
    slots: &[UnixMillis],
    arrives: &dyn Fn(&Range, &End) -> bool,
) -> Vec<Gap> {
    let mut gaps = missing(known, arrives);
    gaps.extend(arriving_first(known, arrives));
    gaps.extend(one_steps(known.segments, &unfollowed.steps));
    gaps.extend(new_chains(known));
    let caught_up = caught_up(known.segments, &unfollowed.caught_up);
    let is_told = |gap: &Gap| {
        let mut told = caught_up.iter();
        told.any(|caught| caught.from <= gap.from && gap.until <= caught.until.plus(SLOT))
    };
    // Nobody was away at a moment that is yet to come: a clock was wrong that showed it.
    let has_come = |at: &UnixMillis| *at <= known.ahead;
    let slots: Vec<UnixMillis> = slots.iter().copied().filter(has_come).collect();
    // Nor while commits were captured: a clock showed moments of theirs before or after their time.
    let is_followed = |(from, until): &(UnixMillis, UnixMillis)| {
        let is_ours = |name: &&SegmentName| known.follows.is_none_or(|chain| *chain == name.chain);
        let ours = known.segments.keys().filter(is_ours);
        let mut dates = ours.map(|name| name.last_at);
        dates.any(|at| *from < at && at < *until)
    };
    let absences = known.absences.iter();
    let absences = absences.filter(|absence| has_come(&absence.1) && !is_followed(absence));
    gaps.extend(away::between(&slots).into_iter().filter(|gap| !is_told(gap)));
    gaps.extend(caught_up);
    away::add(&mut gaps, absences);
    gaps.extend(known.unattended.map(away::lasting));
    // Dated by a clock that was set back, it ends before it begins.
    gaps.iter_mut().for_each(|gap| gap.from = gap.from.min(gap.until));
    gaps.sort_by_key(|gap| (gap.from.0, gap.until.0));
    gaps
}

/// Adds what is missing before a chain's first segment or after its last one: right after a point, or right before one.
pub(super) fn add_ends(gaps: &mut Vec<Gap>, holes: &[Hole], known: &Known<'_>) {
    let (ranges, points) = (known.ranges, known.points);
    for hole in holes {
        // What a point gives back can be restored.
        let Some((lost, through)) = hole.lost() else {
            continue;
        };
        let is_told = |gap: &Gap| {
            let within =
                matches!(gap.what, What::Missing { first, last } if first <= lost && through <= last);
            within && gap.chain.as_ref() == Some(&hole.chain)
        };
        if gaps.iter().any(is_told) {
            continue;
        }
        let moment = |id: &Option<PointId>| {
            points
                .iter()
                .find(|point| Some(&point.id) == id.as_ref())?
                .moment()
        };
        let of_chain = || ranges.iter().filter(|range| range.chain == hole.chain);
        let before = of_chain()
            .filter(|range| range.last < lost)
            .map(|range| range.last_at)
            .max();
        let after = of_chain()
            .filter(|range| range.first > through)
            .map(|range| range.first_at)
            .min();
        let from = moment(&hole.follows).or(before).unwrap_or(UnixMillis(0));
        gaps.push(Gap {
            from,
            until: moment(&hole.next).into_iter().chain(after).min().unwrap_or(from),
            chain: Some(hole.chain.clone()),
            what: What::Missing {
                first: lost,
                last: through,
            },
        });
    }
    gaps.sort_by_key(|gap| (gap.from.0, gap.until.0));
}

/// Between two ranges of one chain, unless a point in between is where the second one begins.
fn missing(known: &Known<'_>, arrives: &dyn Fn(&Range, &End) -> bool) -> Vec<Gap> {
    let points = known.points;
    let pairs = known
        .ranges
        .windows(2)
        .filter(|pair| pair[0].chain == pair[1].chain);
    let told = pairs.filter_map(|pair| {
        let (before, after) = (&pair[0], &pair[1]);
        let first = before.last.next();
        let last = CommitNumber::new(after.first.get() - 1).ok()?;
        let is_at_point =
            |point: &Listed| point.chain.as_ref() == Some(&after.chain) && point.commit == Some(last);
        let is_arriving = arrives(after, &(after.chain.clone(), last));
        // A point at its end: the state is there, the steps to it are not.
        let point = points.iter().find(|point| is_at_point(point));
        let until = point.and_then(Listed::moment).unwrap_or(after.first_at);
        let last = match is_arriving {
            true => last,
            false => last_missing((first, last), point.is_some())?,
        };
        Some(Gap {
            from: before.last_at,
            until,
            chain: Some(after.chain.clone()),
            what: match is_arriving {
                true => What::Arriving {
                    first,
                    last,
                    sent_here: known.sends(&after.chain),
                },
                false => What::Missing { first, last },
            },
        })
    });
    told.collect()
}

/// A point at the end gives the last one back; `None` where that is all of it.
fn last_missing((first, last): (CommitNumber, CommitNumber), has_point: bool) -> Option<CommitNumber> {
    match has_point {
        true => CommitNumber::new(last.get() - 1)
            .ok()
            .filter(|last| first <= *last),
        false => Some(last),
    }
}

/// Between a point and the chain's first segment that is there; what is missing for good [`add_ends`] tells.
fn arriving_first(known: &Known<'_>, arrives: &dyn Fn(&Range, &End) -> bool) -> Vec<Gap> {
    let is_first = |at: usize, range: &Range| at == 0 || known.ranges[at - 1].chain != range.chain;
    let firsts = known
        .ranges
        .iter()
        .enumerate()
        .filter(|(at, range)| is_first(*at, range));
    let told = firsts.filter_map(|(_, range)| {
        let last = CommitNumber::new(range.first.get() - 1).ok()?;
        let places = known
            .points
            .iter()
            .filter_map(|point| Some((point.place()?, point.moment()?)));
        let before = places.filter(|((chain, commit), _)| **chain == range.chain && *commit < last);
        let ((_, commit), at) = before.max_by_key(|((_, commit), _)| *commit)?;
        let is_open = range.restorable_from.is_none() && arrives(range, &(range.chain.clone(), last));
        is_open.then(|| Gap {
            from: at,
            until: range.first_at,
            chain: Some(range.chain.clone()),
            what: What::Arriving {
                first: commit.next(),
                last,
                sent_here: known.sends(&range.chain),
            },
        })
    });
    told.collect()
}

fn one_steps(segments: &BTreeMap<SegmentName, u64>, steps: &BTreeSet<(ChainId, UnixMillis)>) -> Vec<Gap> {
    let names: Vec<&SegmentName> = segments.keys().collect();
    let pairs = names.windows(2).filter(|pair| pair[0].chain == pair[1].chain);
    let stepped = pairs.filter(|pair| {
        pair[1].first == pair[1].last && steps.contains(&(pair[1].chain.clone(), pair[1].last_at))
    });
    stepped
        .map(|pair| Gap {
            from: pair[0].last_at,
            until: pair[1].last_at,
            chain: Some(pair[1].chain.clone()),
            what: What::OneStep {
                commit: pair[1].first,
            },
        })
        .collect()
}

/// From the last commit that was followed to the agent's return; what it read then may be several segments.
fn caught_up(segments: &BTreeMap<SegmentName, u64>, caught_up: &BTreeSet<(ChainId, UnixMillis)>) -> Vec<Gap> {
    let names: Vec<&SegmentName> = segments.keys().collect();
    let is_caught_up = |name: &SegmentName| caught_up.contains(&(name.chain.clone(), name.last_at));
    let mut gaps: Vec<Gap> = Vec::new();
    for pair in names.windows(2).filter(|pair| pair[0].chain == pair[1].chain) {
        let (before, name) = (pair[0], pair[1]);
        match gaps.last_mut() {
            _ if !is_caught_up(name) => {}
            Some(gap) if is_caught_up(before) && gap.chain.as_ref() == Some(&name.chain) => {
                gap.until = name.last_at;
            }
            _ => gaps.push(Gap {
                from: before.last_at,
                until: name.last_at,
                chain: Some(name.chain.clone()),
                what: What::Away,
            }),
        }
    }
    gaps
}

/// From the end of one chain to the first point of the next, by the points whose chain is known.
fn new_chains(known: &Known<'_>) -> Vec<Gap> {
    let (ranges, ahead) = (known.ranges, known.ahead);
    let mut known: Vec<(UnixMillis, &ChainId)> = known
        .points
        .iter()
        .filter_map(|point| Some((point.moment()?, point.chain.as_ref()?)))
        .filter(|(at, _)| *at <= ahead)
        .collect();
    known.sort_by_key(|(at, _)| at.0);
    // One that was there before goes on beside another, and does not begin.
    let is_new = |at: usize| known[..at].iter().all(|(_, chain)| *chain != known[at].1);
    let changes = (1..known.len()).filter(|at| is_new(*at));
    changes
        .map(|at| {
            let pair = &known[at - 1..=at];
            let ((taken, before), (begins, chain)) = (pair[0], pair[1]);
            let ends = ranges.iter().filter(|range| range.chain == *before);
            let ends = ends
                .map(|range| range.last_at)
                .max()
                .map_or(taken, |last| last.max(taken));
            Gap {
                from: ends.min(begins),
                until: begins,
                chain: Some(chain.clone()),
                what: What::NewChain,
            }
        })
        // Nor did the one before end, where commits of it are later.
        .filter(|gap| gap.from < gap.until)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{ranges, segment::Kind};

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn segments(all: &[(u64, u64, i64)]) -> BTreeMap<SegmentName, u64> {
        let name = |(first, last, at): &(u64, u64, i64)| {
            let chain = ChainId::from_bits(1);
            let name = SegmentName::new(
                &chain,
                commit(*first),
                commit(*last),
                UnixMillis(*at),
                &"0".repeat(64),
            );
            (name, 10)
        };
        all.iter().map(name).collect()
    }

    fn known<'a>(
        segments: &'a BTreeMap<SegmentName, u64>,
        ranges: &'a [Range],
        absences: &'a [(UnixMillis, UnixMillis)],
    ) -> Known<'a> {
        Known {
            segments,
            ranges,
            points: &[],
            ahead: UnixMillis(4_000_000),
            follows: None,
            absences,
            unattended: None,
        }
    }

    #[test]
    fn what_a_point_at_the_end_gives_back_is_not_missing() {
        let told = |first, last, has_point| last_missing((commit(first), commit(last)), has_point);
        assert_eq!(told(5, 8, false), Some(commit(8)));
        assert_eq!(told(5, 8, true), Some(commit(7)));
        assert_eq!(told(8, 8, true), None);
        assert_eq!(told(1, 1, true), None);
    }

    #[test]
    fn a_missing_segment_a_single_step_and_an_absence_are_gaps() {
        let segments = segments(&[(2, 4, 1_000), (5, 5, 900_000), (8, 9, 950_000)]);
        let mut unfollowed = Unfollowed::default();
        let step = segments.keys().find(|name| name.first == commit(5)).unwrap();
        unfollowed.add(step.clone(), Kind::Resync);
        let slots = [0, 300_000, 600_000, 3_600_000].map(UnixMillis);
        let ranges = ranges::of(&segments);
        let known = known(&segments, &ranges, &[]);
        let settled = |_: &Range, _: &End| false;
        let found = of(&known, &unfollowed, &slots, &settled);
        let told: Vec<(i64, i64, &What)> = found
            .iter()
            .map(|gap| (gap.from.0, gap.until.0, &gap.what))
            .collect();
        let missing = What::Missing {
            first: commit(6),
            last: commit(7),
        };
        assert_eq!(
            told,
            [
                (1_000, 900_000, &What::OneStep { commit: commit(5) }),
                (900_000, 950_000, &missing),
                (900_000, 3_600_000, &What::Away),
            ]
        );
        let arriving = of(&known, &Unfollowed::default(), &[], &|after, (_, last)| {
            (after.first, *last) == (commit(8), commit(7))
        });
        let what = What::Arriving {
            first: commit(6),
            last: commit(7),
            sent_here: false,
        };
        assert_eq!(arriving[0].what, what);
    }

    #[test]
    fn an_absence_without_a_commit_is_told_once_and_exactly() {
        let segments = segments(&[(2, 4, 1_000), (5, 5, 100_000)]);
        let mut unfollowed = Unfollowed::default();
        let step = segments.keys().last().unwrap();
        unfollowed.add(step.clone(), Kind::Resync);
        let absences = [(2_000, 99_000), (400_000, 3_500_000)]
            .map(|(from, until)| (UnixMillis(from), UnixMillis(until)));
        let ranges = ranges::of(&segments);
        let known = known(&segments, &ranges, &absences);
        let slots = [300_000, 3_600_000].map(UnixMillis);
        let found = of(&known, &unfollowed, &slots, &|_, _| false);
        let told: Vec<_> = found
            .iter()
            .map(|gap| (gap.from.0, gap.until.0, &gap.what))
            .collect();
        let step = What::OneStep { commit: commit(5) };
        assert_eq!(
            told,
            [(1_000, 100_000, &step), (400_000, 3_500_000, &What::Absent)]
        );
    }

    #[test]
    fn nobody_was_away_while_commits_were_captured() {
        let segments = segments(&[(2, 4, 1_000), (5, 5, 500_000)]);
        let absences = [(UnixMillis(400_000), UnixMillis(3_500_000))];
        let ranges = ranges::of(&segments);
        let known = known(&segments, &ranges, &absences);
        assert_eq!(of(&known, &Unfollowed::default(), &[], &|_, _| false), []);
    }

    #[test]
    fn nobody_was_away_until_a_moment_that_is_yet_to_come() {
        let absences = [(2_000, 90_000_000), (80_000_000, 90_000_000)]
            .map(|(from, until)| (UnixMillis(from), UnixMillis(until)));
        let segments = segments(&[]);
        let known = known(&segments, &[], &absences);
        let slots = [0, 300_000, 600_000, 90_000_000].map(UnixMillis);
        assert_eq!(of(&known, &Unfollowed::default(), &slots, &|_, _| false), []);
    }

    #[test]
    fn what_was_read_on_a_return_is_one_absence_and_is_told_once() {
        let segments = segments(&[
            (2, 4, 1_000),
            (5, 9, 3_600_000),
            (10, 12, 3_600_050),
            (13, 13, 3_601_000),
        ]);
        let mut unfollowed = Unfollowed::default();
        for name in segments
            .keys()
            .filter(|name| (5..=10).contains(&name.first.get()))
        {
            unfollowed.add(name.clone(), Kind::CaughtUp);
        }
        let ranges = ranges::of(&segments);
        let known = known(&segments, &ranges, &[]);
        let slots = [0, 300_000, 3_900_000].map(UnixMillis);
        let found = of(&known, &unfollowed, &slots, &|_, _| false);
        let told: Vec<_> = found
            .iter()
            .map(|gap| (gap.from.0, gap.until.0, &gap.what))
            .collect();
        assert_eq!(told, [(1_000, 3_600_050, &What::Away)]);
    }
}

//! How far each remote's commits can be followed: by the names of its segments from its whole points on, and not beyond
//! what a comparison found missing or altered there.
//! It opens the last segments where the owner's key is given, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{doubts::Doubt, holding::Seen, points::Listed};
use crate::{
    backup::{
        ranges::{self, Range},
        survey::{Names, Survey},
    },
    restore::{Sources, behind_the_last},
    store::torn::Torn,
};

/// Takes those segments out that are altered on every remote that lists them.
pub(super) fn take_out(
    segments: &mut BTreeMap<SegmentName, u64>,
    survey: &Survey,
    torn: &BTreeMap<String, Vec<Torn>>,
) -> Vec<Doubt> {
    let is_torn = |remote: &String, name: &SegmentName| {
        let torn = torn.get(remote);
        torn.is_some_and(|torn| torn.iter().any(|torn| torn.is_in(name)))
    };
    let is_useless = |name: &SegmentName| {
        let key = name.to_string();
        let mut holders = survey
            .holdings
            .iter()
            .filter(|(_, names)| names.contains_key(&key));
        holders.all(|(remote, _)| is_torn(remote, name))
    };
    let useless: Vec<SegmentName> = match torn.values().all(Vec::is_empty) {
        true => Vec::new(),
        false => segments.keys().filter(|name| is_useless(name)).cloned().collect(),
    };
    let taken_out = useless.into_iter().map(|name| {
        segments.remove(&name);
        Doubt {
            segment: name.to_string(),
            why: "`agent verify` found it altered wherever it is".to_owned(),
        }
    });
    taken_out.collect()
}

/// Takes those segments out that claim commits after the last one that opens: with the key at hand that can be told.
pub(super) async fn take_out_unproven(
    segments: &mut BTreeMap<SegmentName, u64>,
    sources: &Sources<'_>,
    points: &[Listed],
) -> Vec<Doubt> {
    let chains: BTreeSet<ChainId> = segments.keys().map(|name| name.chain.clone()).collect();
    let mut found = Vec::new();
    for chain in chains {
        let places = points.iter().filter_map(Listed::place);
        let known = places.filter(|(of, _)| **of == chain).map(|(_, commit)| commit);
        let known = known.max().unwrap_or(CommitNumber::FIRST);
        let names = segments.keys().filter(|name| name.chain == chain).cloned();
        let tail = behind_the_last(sources, names.collect(), known).await;
        let Some(tail) = tail else { continue };
        for name in &tail.earlier {
            segments.remove(name);
            found.push(Doubt {
                segment: name.to_string(),
                why: tail.of_earlier().unwrap_or_default().to_owned(),
            });
        }
        for name in tail.names {
            segments.remove(&name);
            let why = match tail.locked.contains(&name) {
                true => {
                    "this key does not open it, and nothing that it opens follows: it is sealed to another key"
                }
                false => "it does not open as what its name says, and nothing that opens follows it",
            };
            found.push(Doubt {
                segment: name.to_string(),
                why: why.to_owned(),
            });
        }
    }
    found
}

/// The points that come back from some remote, with what they stand on from any: a restore asks all of them.
pub(super) fn whole(points: &[Listed]) -> Vec<(&ChainId, CommitNumber)> {
    let is_whole = |id: &PointId| points.iter().any(|point| point.id == *id && point.is_whole());
    let whole = points
        .iter()
        .filter(|point| point.is_whole() && point.base.as_ref().is_none_or(is_whole));
    whole.filter_map(Listed::place).collect()
}

/// What one remote holds.
pub(super) struct OfRemote<'a> {
    pub remote: &'a str,
    pub names: &'a Names,
    /// What a comparison found torn there.
    pub torn: &'a [Torn],
}

/// The last commit that can be had from it.
#[derive(Default)]
pub(super) struct Last {
    pub chain: Option<ChainId>,
    pub commit: Option<CommitNumber>,
    /// When the agent saw it, where it is in a segment.
    pub until: Option<UnixMillis>,
}

impl OfRemote<'_> {
    /// By the points whose chain is known; where none is, by the segments alone.
    pub(super) fn last(&self, seen: &Seen<'_>) -> Last {
        let whole = self.names.keys().filter_map(|key| SegmentName::parse(key));
        let whole = whole.filter(|name| !self.torn.iter().any(|torn| torn.is_in(name)));
        let whole = whole.filter_map(|name| Some((name.clone(), *seen.believed.get(&name)?)));
        let mut ranges = ranges::of(&whole.collect());
        let points: Vec<_> = self.points(seen).collect();
        let places: Vec<_> = points.iter().filter_map(|point| point.place()).collect();
        ranges::lead_from(&mut ranges, &places);
        let knows_all = seen
            .points
            .iter()
            .all(|point| point.chain.is_some() || point.doubtful);
        let is_reached = |range: &&Range| range.restorable_from.is_some() || !knows_all;
        let reached = || ranges.iter().filter(is_reached);
        let until = reached().map(|range| range.last_at).max();
        let Some((chain, commit)) = self.newest(&points) else {
            return Last {
                until,
                ..Last::default()
            };
        };
        // A capture that was away goes on with its own chain, behind a backup that began another one meanwhile.
        let newest_at = points.iter().filter_map(|point| point.moment()).max();
        let later = reached().filter(|range| range.chain != *chain && range.restorable_from.is_some());
        let later = later.filter(|range| Some(range.last_at) > newest_at);
        if let Some(range) = later.max_by_key(|range| range.last_at)
            && Some(range.last_at) == until
        {
            return Last {
                commit: Some(range.last),
                chain: Some(range.chain.clone()),
                until,
            };
        }
        let ends = reached().filter(|range| range.chain == *chain && range.last >= commit);
        let end = ends.max_by_key(|range| range.last);
        Last {
            commit: Some(end.map_or(commit, |range| range.last)),
            chain: Some(chain.clone()),
            // No moment of another chain, nor of a commit before: that of the point stands beside it.
            until: end.map(|range| range.last_at),
        }
    }

    /// Whether it holds points, and none of them comes back from it alone.
    pub(super) fn is_useless(&self, seen: &Seen<'_>) -> bool {
        let mut here = seen.points.iter().filter(|point| {
            let is_listed = point.remotes.iter().any(|remote| remote == self.remote);
            is_listed && point.chain.is_some()
        });
        here.next().is_some() && self.points(seen).next().is_none()
    }

    /// Whether nothing is restored from it beyond what was torn before this anyway.
    pub(super) fn is_behind_another(&self, torn: &Torn, seen: &Seen<'_>) -> bool {
        let mut before = self
            .torn
            .iter()
            .filter(|other| other.chain == torn.chain && other.first < torn.first);
        before.any(|other| self.point_after(other, seen) == self.point_after(torn, seen))
    }

    /// The newest whole point, which the newest chain is that of.
    fn newest<'p>(&self, points: &[&'p Listed]) -> Option<(&'p ChainId, CommitNumber)> {
        // Of one that nobody here knows it is not known what it leads to.
        let known = points.iter().filter(|point| !point.doubtful);
        let newest = known.max_by_key(|point| (point.moment(), &point.id))?;
        newest.place()
    }

    /// The whole points that it lists, and that are not dated in the future.
    fn points<'p>(&self, seen: &Seen<'p>) -> impl Iterator<Item = &'p Listed> {
        let ahead = seen.ahead_of;
        let (remote, points) = (self.remote.to_owned(), seen.points);
        let is_whole = move |point: &PointId| {
            let mut found = points.iter().filter(|other| other.id == *point);
            found.any(|point| point.is_whole_on(&remote))
        };
        points.iter().filter(move |point| {
            let stands = point.base.as_ref().is_none_or(&is_whole);
            stands && is_whole(&point.id) && point.moment().is_none_or(|at| at <= ahead)
        })
    }

    /// The first whole point after what is torn, from which it goes on.
    pub(super) fn point_after(&self, torn: &Torn, seen: &Seen<'_>) -> Option<PointId> {
        let after = self.points(seen).filter_map(|point| {
            let (chain, commit) = point.place()?;
            (*chain == torn.chain && commit >= torn.first).then_some((commit, &point.id))
        });
        after.min().map(|(_, point)| point.clone())
    }
}

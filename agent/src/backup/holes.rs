//! Commits whose segments one remote lacks although it holds later ones of the same chain: nothing after them can be
//! reached there before the next point.
//! Pure. What may still be on its way is no hole, nor what retention lets go.

use std::{collections::BTreeSet, time::Duration};

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    ranges::{self, Range},
    survey::Names,
};

/// Segments travel a few at a time: of what another machine sends, a younger hole may close by itself.
const SETTLED: Duration = Duration::from_secs(600);

/// Commits in a row that are on the remote neither as segments nor as points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Their chain.
    pub chain: ChainId,
    /// The first one.
    pub first: CommitNumber,
    /// The last one.
    pub last: CommitNumber,
    /// The next point of the chain there, from which it goes on; `None` when there is none.
    pub next: Option<PointId>,
}

/// The last commit of a hole, which names it.
pub type End = (ChainId, CommitNumber);

/// A point that is there, as far as commits are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its name.
    pub point: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The commit that it stands after.
    pub commit: CommitNumber,
    /// When it was taken.
    pub taken_at: UnixMillis,
}

impl From<&Manifest> for Stand {
    fn from(manifest: &Manifest) -> Self {
        Self {
            point: manifest.point.clone(),
            chain: manifest.chain.clone(),
            commit: manifest.commit,
            taken_at: manifest.taken_at,
        }
    }
}

/// What the holes are found from.
pub struct Question<'a> {
    /// What the remote lists.
    pub names: &'a Names,
    /// The points that were read back from it.
    pub points: &'a [Stand],
    /// How far this server sent segments there: what follows may be on its way.
    pub sent: Option<End>,
    /// The ends of what the spool had to drop before the remote took it.
    pub never_sent: BTreeSet<End>,
    /// The start of `keep_within`: what lies before it and before a point of that time may have been let go.
    pub kept_from: Option<UnixMillis>,
    /// This machine's clock.
    pub now: UnixMillis,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was there once, or should have been.
    pub holes: Vec<Hole>,
    /// The holes that are there because the spool was full, by their ends.
    pub never_sent: BTreeSet<End>,
}

/// Every hole in the chains of the points that are there.
#[must_use]
pub fn of(question: &Question<'_>) -> Found {
    let chains: BTreeSet<&ChainId> = question.points.iter().map(|point| &point.chain).collect();
    let mut found = Found::default();
    for chain in chains {
        let ranges = on(question.names, chain);
        for pair in ranges.windows(2) {
            let (mut first, Some(last)) = (pair[0].last.next(), before(pair[1].first)) else {
                continue;
            };
            let end = (chain.clone(), last);
            // The spool drops from its beginning: nothing of the hole before such an end was sent.
            let within = question.never_sent.range((chain.clone(), first)..=end.clone());
            if let Some(dropped) = within.last() {
                found.never_sent.insert(dropped.clone());
                first = dropped.1.next();
            }
            if first <= last && question.is_settled(&pair[1], &end) && !question.is_let_go(&pair[1], &end) {
                found.holes.extend(question.between_points(chain, first, last));
            }
        }
    }
    found
}

/// What a listing holds of a chain, without a gap in any of the ranges.
#[must_use]
pub fn on(names: &Names, chain: &ChainId) -> Vec<Range> {
    let folder = object_key::segments_of(chain);
    let of_chain = names.range(folder.clone()..);
    let of_chain = of_chain.take_while(|(name, _)| name.starts_with(&folder));
    let segments = of_chain.filter_map(|(name, size)| Some((SegmentName::parse(name)?, *size)));
    ranges::of(&segments.collect())
}

fn before(commit: CommitNumber) -> Option<CommitNumber> {
    CommitNumber::new(commit.get() - 1).ok()
}

impl Question<'_> {
    /// Whether nothing of it can still be on its way.
    fn is_settled(&self, after: &Range, (chain, last): &End) -> bool {
        match &self.sent {
            Some((sent, through)) if sent == chain => last <= through,
            _ => self.now.since(after.first_at) >= SETTLED,
        }
    }

    /// Whether retention may delete such segments: the start of what it keeps is restored from a later point.
    fn is_let_go(&self, after: &Range, (chain, last): &End) -> bool {
        let Some(kept_from) = self.kept_from else {
            return false;
        };
        let is_passed = self
            .points
            .iter()
            .any(|point| point.chain == *chain && point.commit >= *last && point.taken_at <= kept_from);
        after.first_at < kept_from && is_passed
    }

    /// A point within is there by itself, and ends what could not be reached.
    fn between_points(&self, chain: &ChainId, first: CommitNumber, last: CommitNumber) -> Vec<Hole> {
        let mut points: Vec<(CommitNumber, &PointId)> = self
            .points
            .iter()
            .filter(|point| point.chain == *chain && point.commit >= first)
            .map(|point| (point.commit, &point.point))
            .collect();
        points.sort_unstable();
        let (mut holes, mut from) = (Vec::new(), first);
        let mut add = |first: CommitNumber, last: Option<CommitNumber>, next: Option<&PointId>| {
            if let Some(last) = last.filter(|last| first <= *last) {
                holes.push(Hole {
                    chain: chain.clone(),
                    first,
                    last,
                    next: next.cloned(),
                });
            }
        };
        for (commit, point) in points.iter().filter(|(commit, _)| *commit <= last) {
            add(from, before(*commit), Some(point));
            from = commit.next();
        }
        let next = points.iter().find(|(commit, _)| *commit > last);
        add(from, Some(last), next.map(|(_, point)| *point));
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLD: [(u64, u64); 4] = [(2, 4), (5, 5), (9, 12), (15, 20)];

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn end(last: u64) -> End {
        (ChainId::from_bits(1), commit(last))
    }

    /// Each segment at the moment that its last commit numbers.
    fn names() -> Names {
        let name = |(first, last): (u64, u64)| {
            let at = UnixMillis(i64::try_from(last).unwrap());
            let chain = ChainId::from_bits(1);
            SegmentName::new(&chain, commit(first), commit(last), at, &"0".repeat(64))
        };
        SOLD.map(|range| (name(range).to_string(), 10)).into()
    }

    fn point(number: u64) -> Stand {
        Stand {
            point: PointId::parse(&format!("20261122T0914{number:02}Z-00000000")).unwrap(),
            chain: ChainId::from_bits(1),
            commit: commit(number),
            taken_at: UnixMillis(i64::try_from(number).unwrap()),
        }
    }

    /// First and last commit of each hole, and the commit of the next point.
    fn found(points: &[u64], change: impl FnOnce(&mut Question<'_>)) -> Vec<(u64, u64, Option<u64>)> {
        let (names, points) = (names(), points.iter().copied().map(point).collect::<Vec<_>>());
        let mut question = Question {
            names: &names,
            points: &points,
            sent: Some(end(20)),
            never_sent: BTreeSet::new(),
            kept_from: None,
            now: UnixMillis(30),
        };
        change(&mut question);
        let next = |hole: &Hole| {
            let of = points
                .iter()
                .find(|point| Some(&point.point) == hole.next.as_ref());
            of.map(|point| point.commit.get())
        };
        let found = of(&question).holes;
        found
            .iter()
            .map(|hole| (hole.first.get(), hole.last.get(), next(hole)))
            .collect()
    }

    #[test]
    fn commits_between_two_segments_are_a_hole_until_the_next_point() {
        assert_eq!(found(&[1, 14], |_| {}), [(6, 8, Some(14)), (13, 13, Some(14))]);
        assert_eq!(found(&[1], |_| {}), [(6, 8, None), (13, 14, None)]);
        assert_eq!(
            found(&[1, 7, 13, 14], |_| {}),
            [(6, 6, Some(7)), (8, 8, Some(13))],
            "what is there as a point is not missing"
        );
        assert_eq!(found(&[], |_| {}), [], "a chain that nobody here knows");
    }

    #[test]
    fn what_is_on_its_way_was_never_sent_or_is_let_go_is_no_hole() {
        assert_eq!(
            found(&[1], |question| question.sent = Some(end(10))),
            [(6, 8, None)]
        );
        assert_eq!(found(&[1], |question| question.sent = None), []);
        let settled = |question: &mut Question<'_>| {
            question.sent = None;
            question.now = UnixMillis(20).plus(SETTLED);
        };
        assert_eq!(found(&[1], settled), [(6, 8, None), (13, 14, None)]);
        let drop = |question: &mut Question<'_>| question.never_sent = [end(8), end(13)].into();
        assert_eq!(found(&[1], drop), [(14, 14, None)], "what follows is one");
        assert_eq!(
            found(&[1, 10], |question| question.kept_from = Some(UnixMillis(14))),
            [(13, 14, None)]
        );
        assert_eq!(
            found(&[1], |question| question.kept_from = Some(UnixMillis(14))),
            [(6, 8, None), (13, 14, None)],
            "the start of what is kept needs them"
        );
    }
}

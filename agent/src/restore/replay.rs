//! Which segments lead from a point to what is wanted, by their names alone. Pure.
//! A name is only a promise: whoever follows checks every header, signature and page root.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};

/// Where the replay stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At the point itself.
    AtPoint,
    /// After the last commit that there is.
    AtEnd,
    /// Right after this commit.
    AfterCommit(CommitNumber),
    /// After the last commit that the agent saw by this moment.
    By(UnixMillis),
}

/// The segments to follow, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Each begins right after the one before it.
    pub segments: Vec<SegmentName>,
    /// Where a segment is missing although later ones are there, and still wanted: the commit before the gap, and the
    /// first one after it.
    pub gap: Option<(CommitNumber, CommitNumber)>,
}

/// The way from right after `from` to the stop.
#[must_use]
pub fn way(names: &BTreeSet<SegmentName>, chain: &ChainId, from: CommitNumber, stop: Stop) -> Way {
    let mut by_first: BTreeMap<CommitNumber, Vec<&SegmentName>> = BTreeMap::new();
    for name in names.iter().filter(|name| name.chain == *chain) {
        by_first.entry(name.first).or_default().push(name);
    }
    let mut way = Way::default();
    let mut at = from;
    while is_wanted(at, &way, stop) {
        // Of two that begin alike the longer one leads further; both hold the same commits.
        let longest = by_first
            .get(&at.next())
            .and_then(|all| all.iter().max_by_key(|name| name.last));
        let Some(next) = longest else {
            let later = by_first.range(at.next()..).next();
            way.gap = later
                .filter(|(first, all)| is_before_stop(**first, all, stop))
                .map(|(first, _)| (at, *first));
            break;
        };
        at = next.last;
        way.segments.push((*next).clone());
    }
    way
}

/// Whether there may be more to follow after commit `at`.
fn is_wanted(at: CommitNumber, way: &Way, stop: Stop) -> bool {
    match stop {
        Stop::AtPoint => false,
        Stop::AtEnd => true,
        Stop::AfterCommit(commit) => at < commit,
        // The clock may have been put back: only a segment that ends after the moment is certainly the last.
        Stop::By(moment) => way.segments.last().is_none_or(|last| last.last_at <= moment),
    }
}

/// Whether what lies behind a gap was wanted as well.
fn is_before_stop(first: CommitNumber, all: &[&SegmentName], stop: Stop) -> bool {
    match stop {
        Stop::AtPoint => false,
        Stop::AtEnd => true,
        Stop::AfterCommit(commit) => first <= commit,
        Stop::By(moment) => all.iter().any(|name| name.last_at <= moment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn chain() -> ChainId {
        ChainId::from_bits(1)
    }

    fn names(ranges: &[(u64, u64)]) -> BTreeSet<SegmentName> {
        let name = |(first, last): &(u64, u64)| {
            let at = UnixMillis(i64::try_from(*last).unwrap() * 1_000);
            SegmentName::new(&chain(), commit(*first), commit(*last), at, &"0".repeat(64))
        };
        ranges.iter().map(name).collect()
    }

    fn lasts(ranges: &[(u64, u64)], from: u64, stop: Stop) -> (Vec<u64>, Option<(u64, u64)>) {
        let way = way(&names(ranges), &chain(), commit(from), stop);
        let gap = way.gap.map(|(before, after)| (before.get(), after.get()));
        (
            way.segments.iter().map(|segment| segment.last.get()).collect(),
            gap,
        )
    }

    #[test]
    fn segments_are_followed_from_the_point_to_the_end() {
        let all = [(2, 4), (5, 5), (6, 9)];
        assert_eq!(lasts(&all, 1, Stop::AtEnd), (vec![4, 5, 9], None));
        assert_eq!(lasts(&all, 5, Stop::AtEnd), (vec![9], None));
        assert_eq!(lasts(&all, 9, Stop::AtEnd), (vec![], None));
        assert_eq!(lasts(&all, 1, Stop::AtPoint), (vec![], None));
    }

    #[test]
    fn the_last_segment_is_the_one_that_holds_the_commit_or_the_moment() {
        let all = [(2, 4), (5, 5), (6, 9)];
        assert_eq!(lasts(&all, 1, Stop::AfterCommit(commit(4))), (vec![4], None));
        assert_eq!(
            lasts(&all, 1, Stop::AfterCommit(commit(7))),
            (vec![4, 5, 9], None)
        );
        assert_eq!(lasts(&all, 4, Stop::AfterCommit(commit(4))), (vec![], None));
        assert_eq!(lasts(&all, 1, Stop::By(UnixMillis(4_500))), (vec![4, 5], None));
        assert_eq!(lasts(&all, 1, Stop::By(UnixMillis(9_000))), (vec![4, 5, 9], None));
    }

    #[test]
    fn a_missing_segment_is_a_gap_only_when_what_follows_was_wanted() {
        let torn = [(2, 4), (6, 9)];
        assert_eq!(lasts(&torn, 1, Stop::AtEnd), (vec![4], Some((4, 6))));
        assert_eq!(
            lasts(&torn, 1, Stop::AfterCommit(commit(8))),
            (vec![4], Some((4, 6)))
        );
        assert_eq!(lasts(&torn, 1, Stop::AfterCommit(commit(4))), (vec![4], None));
        assert_eq!(lasts(&torn, 1, Stop::By(UnixMillis(5_000))), (vec![4], None));
        assert_eq!(
            lasts(&torn, 1, Stop::By(UnixMillis(9_000))),
            (vec![4], Some((4, 6)))
        );
    }

    #[test]
    fn of_two_that_begin_alike_the_longer_is_followed_and_another_chain_is_not() {
        let mut all = names(&[(2, 3), (2, 5), (4, 5)]);
        let other = SegmentName {
            chain: ChainId::from_bits(2),
            ..names(&[(6, 7)]).pop_first().unwrap()
        };
        all.insert(other);
        let found = way(&all, &chain(), commit(1), Stop::AtEnd);
        assert_eq!(found.segments.len(), 1);
        assert_eq!(found.segments[0].last, commit(5));
        assert_eq!(found.gap, None);
    }
}

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
    By {
        /// That moment.
        moment: UnixMillis,
        /// What is dated after this was dated by a clock that ran ahead: its date says nothing.
        ahead: UnixMillis,
    },
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

/// The names of a chain's segments by their first commits.
type ByFirst<'a> = BTreeMap<CommitNumber, Vec<&'a SegmentName>>;

/// The way from right after `from` to the stop.
#[must_use]
pub fn way(names: &BTreeSet<SegmentName>, chain: &ChainId, from: CommitNumber, stop: Stop) -> Way {
    let mut by_first = ByFirst::new();
    for name in names.iter().filter(|name| name.chain == *chain) {
        by_first.entry(name.first).or_default().push(name);
    }
    let mut way = Way::default();
    let mut at = from;
    while is_wanted(at, &way, &by_first, stop) {
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
fn is_wanted(at: CommitNumber, way: &Way, by_first: &ByFirst<'_>, stop: Stop) -> bool {
    // What follows a stretch that a wrong clock dated was there by the moment, and so was the stretch.
    let goes_on_by = |moment, ahead| {
        let mut later = by_first.range(at.next()..).flat_map(|(_, names)| names);
        let next = later.find(|name| name.last_at <= ahead);
        next.is_some_and(|next| next.last_at <= moment)
    };
    match stop {
        Stop::AtPoint => false,
        Stop::AtEnd => true,
        Stop::AfterCommit(commit) => at < commit,
        // The clock may have been put back: only a segment that ends after the moment is certainly the last.
        Stop::By { moment, ahead } => way
            .segments
            .last()
            .is_none_or(|last| last.last_at <= moment || (last.last_at > ahead && goes_on_by(moment, ahead))),
    }
}

/// Whether what lies behind a gap was wanted as well.
fn is_before_stop(first: CommitNumber, all: &[&SegmentName], stop: Stop) -> bool {
    match stop {
        Stop::AtPoint => false,
        Stop::AtEnd => true,
        Stop::AfterCommit(commit) => first <= commit,
        Stop::By { moment, .. } => all.iter().any(|name| name.last_at <= moment),
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
        assert_eq!(lasts(&all, 1, by(4_500)), (vec![4, 5], None));
        assert_eq!(lasts(&all, 1, by(9_000)), (vec![4, 5, 9], None));
    }

    fn by(moment: i64) -> Stop {
        Stop::By {
            moment: UnixMillis(moment),
            ahead: UnixMillis(100_000),
        }
    }

    #[test]
    fn a_stretch_that_a_wrong_clock_dated_is_followed_to_what_was_there_by_the_moment() {
        let dated = |range: (u64, u64), at| SegmentName {
            last_at: UnixMillis(at),
            ..names(&[range]).pop_first().unwrap()
        };
        let all: BTreeSet<SegmentName> = [
            dated((2, 3), 1_000),
            dated((4, 5), 500_000),
            dated((6, 7), 501_000),
            dated((8, 9), 10_000),
            dated((10, 11), 11_000),
        ]
        .into();
        let through = |moment| {
            let way = way(&all, &chain(), commit(1), by(moment));
            way.segments.last().unwrap().last.get()
        };
        assert_eq!(through(10_500), 11, "the last one is opened to see how far");
        assert_eq!(through(10_000), 11);
        assert_eq!(through(5_000), 5, "nothing says that it was there by then");
        assert_eq!(through(500), 3);
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
        assert_eq!(lasts(&torn, 1, by(5_000)), (vec![4], None));
        assert_eq!(lasts(&torn, 1, by(9_000)), (vec![4], Some((4, 6))));
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

//! Which segments lead from a point to what is wanted, by their names alone. Pure.
//! A name is only a promise: whoever follows checks every header, signature and page root.

use std::collections::BTreeSet;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};

use super::{
    dates,
    path::{self, Links},
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
        /// What is dated after this is dated in the future: its date says nothing.
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
    /// The first and the last commit right behind its end of which nobody can say whether they were there by the moment:
    /// a clock that was wrong has dated them.
    pub unsure: Option<(CommitNumber, CommitNumber)>,
}

/// The way from right after `from` to the stop: the one that leads farthest, and what is there behind a gap in it.
#[must_use]
pub(super) fn way(
    (names, links): (&BTreeSet<SegmentName>, &Links),
    chain: &ChainId,
    from: CommitNumber,
    stop: Stop,
) -> Way {
    let enough = match stop {
        Stop::AfterCommit(commit) => Some(commit),
        Stop::AtPoint | Stop::AtEnd | Stop::By { .. } => None,
    };
    let (all, torn) = in_order((names, links), chain, from, enough);
    let mut way = Way::default();
    let wanted = match stop {
        Stop::AtPoint => 0,
        Stop::AtEnd | Stop::AfterCommit(_) => all.len(),
        Stop::By { moment, ahead } => {
            let dates: Vec<UnixMillis> = all.iter().map(|name| name.last_at).collect();
            let wanted = dates::wanted(&dates, moment, ahead);
            let unsure = &all[wanted.unsure];
            way.unsure = unsure
                .first()
                .zip(unsure.last())
                .map(|(first, last)| (first.first, last.last));
            wanted.count
        }
    };
    let whole = torn.map_or(wanted, |place| place.min(wanted));
    way.segments = all[..whole].iter().map(|name| (*name).clone()).collect();
    if let Some(behind) = all[whole..wanted].first() {
        let before = way.segments.last().map_or(from, |last| last.last);
        // What only reaches beyond the moment is not missed.
        let is_beyond = matches!(stop, Stop::By { moment, .. } if behind.last_at > moment);
        way.gap = Some((before, behind.first)).filter(|_| !is_beyond || whole + 1 < wanted);
    }
    way
}

/// The segments of the chain after a commit that lead farthest, then those behind a gap, and so on; and the place of the
/// first gap.
fn in_order<'a>(
    (names, links): (&'a BTreeSet<SegmentName>, &Links),
    chain: &ChainId,
    from: CommitNumber,
    enough: Option<CommitNumber>,
) -> (Vec<&'a SegmentName>, Option<usize>) {
    let is_wanted = |name: &&SegmentName| {
        name.chain == *chain && name.first > from && enough.is_none_or(|enough| name.first <= enough)
    };
    let mut left: Vec<&SegmentName> = names.iter().filter(is_wanted).collect();
    let (mut all, mut torn, mut at) = (Vec::new(), None, Some(from));
    while let Some(from) = at {
        let stretch = path::farthest(&left, links, from, enough);
        let end = stretch.last().map_or(from, |last| last.last);
        all.extend(stretch);
        left.drain(..left.partition_point(|name| name.first <= end));
        at = left
            .first()
            .and_then(|name| CommitNumber::new(name.first.get() - 1).ok());
        if at.is_some() {
            torn.get_or_insert(all.len());
        }
    }
    (all, torn)
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
        let way = way((&names(ranges), &Links::new()), &chain(), commit(from), stop);
        assert_eq!(way.unsure, None);
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
            let way = way((&all, &Links::new()), &chain(), commit(1), by(moment));
            let unsure = way.unsure.map(|(first, last)| (first.get(), last.get()));
            (way.segments.last().unwrap().last.get(), unsure)
        };
        let opened = "the last one is opened to see how far";
        assert_eq!(through(10_500), (11, None), "{opened}");
        assert_eq!(through(10_000), (11, None));
        let unknown = "nothing says that they were there by then";
        assert_eq!(through(5_000), (5, Some((4, 7))), "{unknown}");
        assert_eq!(through(500), (3, None));
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
        let found = way((&all, &Links::new()), &chain(), commit(1), Stop::AtEnd);
        assert_eq!(found.segments.len(), 1);
        assert_eq!(found.segments[0].last, commit(5));
        assert_eq!(found.gap, None);
    }

    #[test]
    fn what_overlaps_leads_to_nothing_that_the_farthest_way_does_not_reach() {
        let real = [(2, 4), (5, 5), (6, 9), (10, 12)];
        for stray in [
            (5, 7),
            (5, 8),
            (4, 9),
            (2, 3),
            (3, 3),
            (6, 11),
            (7, 30),
            (6, 6),
            (13, 13),
        ] {
            let all = [&real[..], &[stray]].concat();
            let (found, gap) = lasts(&all, 1, Stop::AtEnd);
            let end = if stray == (13, 13) { 13 } else { 12 };
            assert_eq!((found.last(), gap), (Some(&end), None), "{stray:?}");
            let (found, gap) = lasts(&all, 1, Stop::AfterCommit(commit(8)));
            assert!(found.last() >= Some(&8) && gap.is_none(), "{stray:?}: {found:?}");
        }
        // The fewest are taken where several lead there, and what is longer than all of them is a claim as well.
        assert_eq!(
            lasts(&[&real[..], &[(5, 9)]].concat(), 1, Stop::AtEnd).0,
            [4, 9, 12]
        );
        assert_eq!(
            lasts(&[&real[..], &[(5, 30)]].concat(), 1, Stop::AtEnd).0,
            [4, 30]
        );
        // A stray over a hole closes none.
        let torn = [(2, 4), (4, 5), (6, 9)];
        assert_eq!(lasts(&torn, 1, Stop::AtEnd), (vec![4], Some((4, 6))));
    }

    #[test]
    fn a_segment_follows_the_one_that_it_names_where_that_is_known() {
        let mut all = names(&[(2, 3), (4, 6)]);
        let of = |range, digest: &str| SegmentName {
            digest: digest.to_owned(),
            ..names(&[range]).pop_first().unwrap()
        };
        let (fork, wanted) = (of((2, 3), "f"), of((4, 6), &"0".repeat(32)));
        all.insert(fork.clone());
        let links = Links::from([(wanted.clone(), "f".to_owned())]);
        let found = way((&all, &links), &chain(), commit(1), Stop::AtEnd);
        assert_eq!(found.segments, [fork.clone(), wanted.clone()]);
        all.remove(&fork);
        let found = way((&all, &links), &chain(), commit(1), Stop::AtEnd);
        assert_eq!(
            found.gap.map(|(before, behind)| (before.get(), behind.get())),
            Some((3, 4))
        );
    }
}

//! Which segments lead from a point to what is wanted, by their names alone. Pure.
//! A name is only a promise: whoever follows checks every header, signature and page root.

use std::{collections::BTreeSet, time::Duration};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};

use super::dates;

/// A clock that is kept right by small steps may go back by less than this.
const SLEWED_MAX: Duration = Duration::from_secs(2);

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
    /// For a moment: the first commit on the way whose date is before that of the commit it follows, and by how much. The
    /// clock was wrong on one side of it.
    pub set_back: Option<(CommitNumber, Duration)>,
}

/// The way from right after `from` to the stop.
#[must_use]
pub fn way(names: &BTreeSet<SegmentName>, chain: &ChainId, from: CommitNumber, stop: Stop) -> Way {
    let all = in_order(names, chain, from);
    let mut way = Way::default();
    let wanted = match stop {
        Stop::AtPoint => 0,
        Stop::AtEnd => all.len(),
        Stop::AfterCommit(commit) => all.partition_point(|name| name.first <= commit),
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
    let mut at = from;
    for (place, name) in all[..wanted].iter().enumerate() {
        if name.first != at.next() {
            // What only reaches beyond the moment is not missed.
            let is_beyond = matches!(stop, Stop::By { moment, .. } if name.last_at > moment);
            way.gap = Some((at, name.first)).filter(|_| !is_beyond || place + 1 < wanted);
            break;
        }
        at = name.last;
        way.segments.push((*name).clone());
    }
    if matches!(stop, Stop::By { .. }) {
        way.set_back = set_back(&way.segments);
    }
    way
}

fn set_back(segments: &[SegmentName]) -> Option<(CommitNumber, Duration)> {
    segments.windows(2).find_map(|pair| {
        let by = pair[0].last_at.since(pair[1].last_at);
        (by >= SLEWED_MAX).then_some((pair[1].first, by))
    })
}

/// The segments of the chain after a commit, each beginning behind the one before it.
fn in_order<'a>(
    names: &'a BTreeSet<SegmentName>,
    chain: &ChainId,
    from: CommitNumber,
) -> Vec<&'a SegmentName> {
    let of_chain = names
        .iter()
        .filter(|name| name.chain == *chain && name.first > from);
    let mut all: Vec<&SegmentName> = Vec::new();
    // Of two that begin alike the longer one leads further; both hold the same commits.
    for name in of_chain {
        match all.last_mut() {
            Some(last) if last.first == name.first => *last = name,
            Some(last) if name.first <= last.last => {}
            _ => all.push(name),
        }
    }
    all
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
            let way = way(&all, &chain(), commit(1), by(moment));
            let unsure = way.unsure.map(|(first, last)| (first.get(), last.get()));
            (way.segments.last().unwrap().last.get(), unsure)
        };
        let opened = "the last one is opened to see how far";
        assert_eq!(through(10_500), (11, None), "{opened}");
        assert_eq!(through(10_000), (11, None));
        let back = way(&all, &chain(), commit(1), by(10_500)).set_back.unwrap();
        assert_eq!((back.0.get(), back.1.as_secs()), (8, 491));
        assert_eq!(way(&all, &chain(), commit(1), by(500)).set_back, None);
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
        let found = way(&all, &chain(), commit(1), Stop::AtEnd);
        assert_eq!(found.segments.len(), 1);
        assert_eq!(found.segments[0].last, commit(5));
        assert_eq!(found.gap, None);
    }
}

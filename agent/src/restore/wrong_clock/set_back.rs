//! Whether a commit on the way to a moment is dated before what it follows: the clock was wrong on one side of it.
//! Pure. A clock that was set while nobody committed shows in no date.

use std::time::Duration;

use protocol::{chain::CommitNumber, object_key::SegmentName, time::UnixMillis};

use super::SLEWED_MAX;
use crate::restore::search::{self, Route};

/// What the owner is told of the first such commit.
pub(super) fn told(route: &Route, moment: UnixMillis) -> Option<String> {
    let (first, by) = first(route.manifest.taken_at, &route.segments, moment)?;
    Some(format!(
        "commit {first} is dated {} before what it follows: the clock was wrong for a while then, and what is given may hold \
         commits that were not there by that moment, under dates that are wrong. --chain {} --commit {} gives the state \
         right before",
        search::told(by),
        route.manifest.chain,
        first.get() - 1
    ))
}

/// The commit, and by how much. The point from which the way leads is of `begin_at`. What was dated so late again by that moment
/// was there, and so was all before it.
fn first(
    begin_at: UnixMillis,
    segments: &[SegmentName],
    moment: UnixMillis,
) -> Option<(CommitNumber, Duration)> {
    let mut latest = begin_at;
    for (at, segment) in segments.iter().enumerate() {
        let by = latest.since(segment.last_at);
        let is_over = || {
            segments[at..]
                .iter()
                .any(|it| latest <= it.last_at && it.last_at <= moment)
        };
        if by >= SLEWED_MAX && !is_over() {
            return Some((segment.first, by));
        }
        latest = latest.max(segment.last_at);
    }
    None
}

#[cfg(test)]
mod tests {
    use protocol::chain::ChainId;

    use super::*;

    #[test]
    fn what_is_dated_before_what_it_follows_is_told_until_the_clock_was_right_again_by_the_moment() {
        let commit = |number| CommitNumber::new(number).unwrap();
        let dated = |(first, last), at| {
            let digest = "0".repeat(64);
            SegmentName::new(
                &ChainId::from_bits(1),
                commit(first),
                commit(last),
                UnixMillis(at),
                &digest,
            )
        };
        let all = [
            dated((2, 3), 1_000),
            dated((4, 5), 500_000),
            dated((6, 7), 501_000),
            dated((8, 9), 10_000),
            dated((10, 11), 11_000),
        ];
        let back = |begin_at, until, moment| {
            let first = first(UnixMillis(begin_at), &all[..until], UnixMillis(moment));
            first.map(|(first, by)| (first.get(), by.as_secs()))
        };
        assert_eq!(back(100, 5, 10_500), Some((8, 491)));
        assert_eq!(back(100, 1, 500), None);
        assert_eq!(back(5_000, 2, 5_000), Some((2, 4)), "the point was taken before");
        assert_eq!(
            back(5_000, 5, 700_000),
            Some((8, 491)),
            "it was that late again by then"
        );
    }
}

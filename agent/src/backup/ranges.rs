//! The commits that follow the restore points, chain by chain, by the segments' names: what can be restored to the
//! commit, and where a segment is missing.
//! Pure; a name is only a promise, which a restore checks.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};
use serde::Serialize;

/// Commits without a gap among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Their chain.
    pub chain: ChainId,
    /// The first one.
    pub first: CommitNumber,
    /// The last one.
    pub last: CommitNumber,
    /// The oldest point that they can be followed from; what of them lies before it cannot be restored. Absent when none
    /// is known.
    pub restorable_from: Option<CommitNumber>,
    /// When the agent saw the first ones, in milliseconds since 1970: the end of the first segment.
    pub first_at: UnixMillis,
    /// When the agent saw the last one, in milliseconds since 1970.
    pub last_at: UnixMillis,
    /// Bytes of the segments on one remote.
    pub size_bytes: u64,
}

/// The ranges of every chain, in the order of their commits; between two of one chain a segment is missing.
#[must_use]
pub fn of(segments: &BTreeMap<SegmentName, u64>) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for (segment, size_bytes) in segments {
        match ranges.last_mut() {
            // Two that begin alike hold the same commits.
            Some(range) if range.chain == segment.chain && segment.first <= range.last.next() => {
                // A clock that was set back dates later ones earlier.
                if segment.last >= range.last {
                    (range.last, range.last_at) = (segment.last, segment.last_at);
                }
                range.size_bytes += size_bytes;
            }
            _ => ranges.push(Range {
                chain: segment.chain.clone(),
                first: segment.first,
                last: segment.last,
                restorable_from: None,
                first_at: segment.last_at,
                last_at: segment.last_at,
                size_bytes: *size_bytes,
            }),
        }
    }
    ranges
}

/// Says of each range from which point on it can be restored; `points` are whole ones, with their chains.
pub fn lead_from(ranges: &mut [Range], points: &[(&ChainId, CommitNumber)]) {
    for range in ranges {
        let leads = |(chain, commit): &&(&ChainId, CommitNumber)| {
            **chain == range.chain && commit.next() >= range.first && *commit <= range.last
        };
        range.restorable_from = points.iter().filter(leads).map(|(_, commit)| *commit).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_segment_ends_a_range_and_so_does_another_chain() {
        let name = |chain: u128, first: u64, last: u64| {
            let commit = |number| CommitNumber::new(number).unwrap();
            let at = UnixMillis(i64::try_from(last).unwrap());
            SegmentName::new(
                &ChainId::from_bits(chain),
                commit(first),
                commit(last),
                at,
                &"0".repeat(64),
            )
        };
        let segments = [
            name(1, 2, 4),
            name(1, 5, 5),
            name(1, 7, 9),
            name(2, 10, 11),
            name(2, 10, 12),
        ];
        let mut ranges = of(&segments.into_iter().map(|name| (name, 10)).collect());
        let commit = |number| CommitNumber::new(number).unwrap();
        let (one, two) = (ChainId::from_bits(1), ChainId::from_bits(2));
        lead_from(
            &mut ranges,
            &[(&one, commit(4)), (&one, commit(3)), (&two, commit(9))],
        );
        let from: Vec<Option<CommitNumber>> = ranges.iter().map(|range| range.restorable_from).collect();
        assert_eq!(from, [Some(commit(3)), None, Some(commit(9))]);
        let found: Vec<(u64, u64, u64)> = ranges
            .iter()
            .map(|range| (range.first.get(), range.last.get(), range.size_bytes))
            .collect();
        assert_eq!(found, [(2, 5, 20), (7, 9, 10), (10, 12, 20)]);
    }
}

//! Which segments hold what nobody followed as it happened, and which of those that are not known are worth opening.
//! It opens none.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{chain::ChainId, object_key::SegmentName, time::UnixMillis};

use crate::backup::segment::Kind;

/// Segments after which nothing came for this long may be followed by what nobody followed as it happened.
const QUIET_MS: i64 = 1_000;
/// Segments that are opened to see whether they do.
const SUSPECTS_MAX: usize = 400;

/// Segments of what nobody followed as it happened, each by its chain and its last moment.
#[derive(Clone, Default)]
pub(super) struct Unfollowed {
    /// One commit, which stands for all that happened.
    pub steps: BTreeSet<(ChainId, UnixMillis)>,
    /// Every commit, read when the agent was back.
    pub caught_up: BTreeSet<(ChainId, UnixMillis)>,
}

impl Unfollowed {
    fn contains(&self, name: &SegmentName) -> bool {
        let place = (name.chain.clone(), name.last_at);
        self.steps.contains(&place) || self.caught_up.contains(&place)
    }

    /// Learns what a segment is.
    pub(super) fn add(&mut self, name: SegmentName, kind: Kind) {
        match kind {
            Kind::Commits => false,
            Kind::CaughtUp => self.caught_up.insert((name.chain, name.last_at)),
            Kind::Resync => self.steps.insert((name.chain, name.last_at)),
        };
    }
}

/// Segments after a quiet while, in which nobody may have followed; the newest first.
pub(super) fn suspects(segments: &BTreeMap<SegmentName, u64>, known: &Unfollowed) -> Vec<SegmentName> {
    let names: Vec<&SegmentName> = segments.keys().collect();
    let mut found: Vec<&SegmentName> = names
        .windows(2)
        .filter(|pair| {
            let (before, name) = (pair[0], pair[1]);
            let is_after_quiet = before.chain != name.chain || name.last_at.0 - before.last_at.0 > QUIET_MS;
            is_after_quiet && !known.contains(name)
        })
        .map(|pair| pair[1])
        .collect();
    found.sort_by_key(|name| std::cmp::Reverse(name.last_at.0));
    found.into_iter().take(SUSPECTS_MAX).cloned().collect()
}

#[cfg(test)]
mod tests {
    use protocol::chain::CommitNumber;

    use super::*;

    #[test]
    fn what_comes_after_a_quiet_while_is_looked_at_and_a_busy_one_is_not() {
        let all = [(2, 2, 1_000), (3, 3, 2_000), (4, 4, 3_500), (5, 6, 90_000)];
        let commit = |number| CommitNumber::new(number).unwrap();
        let name = |(first, last, at)| {
            let chain = ChainId::from_bits(1);
            SegmentName::new(
                &chain,
                commit(first),
                commit(last),
                UnixMillis(at),
                &"0".repeat(64),
            )
        };
        let segments = all.map(|one| (name(one), 10)).into_iter().collect();
        let found: Vec<u64> = suspects(&segments, &Unfollowed::default())
            .iter()
            .map(|name| name.first.get())
            .collect();
        assert_eq!(found, [5, 4]);
    }
}

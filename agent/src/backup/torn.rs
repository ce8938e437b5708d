//! Commits that one remote cannot give back although it should: no whole segment there holds them. Nothing after them can
//! be reached from it before its next point.
//! Pure. It judges nobody: why they are not there, and whether that is wrong, `holes` tells.

use std::collections::BTreeSet;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};

use super::{
    hole::Stretch,
    holes::{self, End},
    ranges::Range,
    survey::Names,
};
use crate::store::{drops::Dropped, torn::Torn};

/// What they are found from.
pub struct Question<'a> {
    /// What the remote lists.
    pub names: &'a Names,
    /// Objects of it that are not as they were written.
    pub lost: &'a BTreeSet<String>,
    /// The whole points there.
    pub points: &'a [(&'a ChainId, CommitNumber)],
    /// How far this server sent segments there.
    pub sent: Option<&'a End>,
    /// This machine's clock.
    pub now: UnixMillis,
}

/// What is altered, and of the chain that is sent there what is missing after its newest point.
#[must_use]
pub fn of(question: &Question<'_>) -> Vec<Torn> {
    let lost = question
        .names
        .keys()
        .filter(|key| question.lost.contains(*key))
        .filter_map(|key| SegmentName::parse(key));
    let lost: Vec<SegmentName> = lost.collect();
    let chains: BTreeSet<&ChainId> = lost
        .iter()
        .map(|name| &name.chain)
        .chain(question.sent.map(|(chain, _)| chain))
        .collect();
    chains
        .into_iter()
        .flat_map(|chain| question.of_chain(chain, &lost))
        .collect()
}

/// What is torn now with what was before, where not all of that was looked at again. What overlaps is one.
#[must_use]
pub fn with(now: Vec<Torn>, before: Vec<Torn>) -> Vec<Torn> {
    let mut all = [now, before].concat();
    all.sort_by(|a, b| (&a.chain, a.first).cmp(&(&b.chain, b.first)));
    let mut torn: Vec<Torn> = Vec::new();
    for one in all {
        match torn.last_mut() {
            Some(last) if last.chain == one.chain && one.first <= last.last => {
                last.last = last.last.max(one.last);
                last.at = last.at.min(one.at);
            }
            _ => torn.push(one),
        }
    }
    torn
}

/// Without what was never sent there: that is no fault of the remote's, and is told as what it is.
#[must_use]
pub fn without(torn: Vec<Torn>, never_sent: &[Dropped]) -> Vec<Torn> {
    never_sent.iter().fold(torn, |torn, dropped| {
        torn.into_iter().flat_map(|one| beside(one, dropped)).collect()
    })
}

/// What of it lies before and behind what was never sent.
fn beside(one: Torn, dropped: &Dropped) -> Vec<Torn> {
    if one.chain != dropped.chain || one.last < dropped.first || dropped.last < one.first {
        return vec![one];
    }
    let before = CommitNumber::new(dropped.first.get() - 1).ok();
    let before = before
        .filter(|last| one.first <= *last)
        .map(|last| Torn { last, ..one.clone() });
    let behind = dropped.last.next();
    let behind = (behind <= one.last).then_some(Torn { first: behind, ..one });
    before.into_iter().chain(behind).collect()
}

impl Question<'_> {
    fn of_chain(&self, chain: &ChainId, lost: &[SegmentName]) -> Vec<Torn> {
        let lost = || lost.iter().filter(|name| name.chain == *chain);
        let sent = self.sent.filter(|(sent, _)| sent == chain).map(|(_, at)| *at);
        let newest = self.points.iter().filter(|(of, _)| *of == chain);
        let follows = newest.map(|(_, commit)| *commit).max().map(CommitNumber::next);
        let from = lost()
            .map(|name| name.first)
            .chain(follows.filter(|_| sent.is_some()))
            .min();
        // What is beyond may be on its way, and a name that claims more than anything whole there says nothing.
        let whole = self.whole(chain);
        let claimed = lost().map(|name| name.last).max();
        let claimed = match sent {
            Some(_) => claimed.min(whole.iter().map(|range| range.last).max()),
            None => claimed,
        };
        let through = claimed.max(sent);
        match (from, through) {
            (Some(from), Some(through)) => self.uncovered(chain, &whole, (from, through)),
            _ => Vec::new(),
        }
    }

    /// The commits of the chain that whole segments hold.
    fn whole(&self, chain: &ChainId) -> Vec<Range> {
        let whole = self.names.iter().filter(|(key, _)| !self.lost.contains(*key));
        let whole: Names = whole.map(|(key, size)| (key.clone(), *size)).collect();
        holes::on(&whole, chain)
    }

    /// What no whole segment holds of a stretch.
    fn uncovered(&self, chain: &ChainId, whole: &[Range], (from, through): Stretch) -> Vec<Torn> {
        let (mut torn, mut at) = (Vec::new(), from);
        let mut add = |first: CommitNumber, end: u64| {
            if let Some(last) = CommitNumber::new(end).ok().filter(|last| first <= *last) {
                torn.push(Torn {
                    chain: chain.clone(),
                    first,
                    last,
                    at: self.now,
                });
            }
        };
        for range in whole {
            add(at, (range.first.get() - 1).min(through.get()));
            at = at.max(range.last.next());
        }
        add(at, through.get());
        torn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn key((first, last): (u64, u64)) -> String {
        let at = UnixMillis(i64::try_from(last).unwrap());
        let digest = "0".repeat(64);
        SegmentName::new(&ChainId::from_bits(1), commit(first), commit(last), at, &digest).to_string()
    }

    fn torn(there: &[(u64, u64)], lost: &[(u64, u64)], points: &[u64], sent: Option<u64>) -> Vec<(u64, u64)> {
        let chain = ChainId::from_bits(1);
        let names: Names = there.iter().map(|range| (key(*range), 10)).collect();
        let points: Vec<_> = points.iter().map(|at| (&chain, commit(*at))).collect();
        let sent = sent.map(|at| (chain.clone(), commit(at)));
        let found = of(&Question {
            names: &names,
            lost: &lost.iter().copied().map(key).collect(),
            points: &points,
            sent: sent.as_ref(),
            now: UnixMillis(0),
        });
        found.iter().map(|it| (it.first.get(), it.last.get())).collect()
    }

    #[test]
    fn what_is_whole_through_what_was_sent_is_not_torn() {
        let sold = [(2, 4), (5, 5), (6, 9)];
        assert_eq!(torn(&sold, &[], &[1], Some(9)), []);
        assert_eq!(torn(&sold, &[], &[1], Some(5)), [], "the rest is on its way");
        assert_eq!(torn(&sold, &[], &[1], None), []);
        assert_eq!(torn(&[], &[], &[], Some(9)), [], "no point leads to them anyway");
    }

    #[test]
    fn what_is_missing_after_the_newest_point_is_torn_at_its_beginning_middle_and_end() {
        assert_eq!(torn(&[(5, 5), (6, 9)], &[], &[1], Some(9)), [(2, 4)]);
        assert_eq!(torn(&[(2, 4), (6, 9)], &[], &[1], Some(9)), [(5, 5)]);
        assert_eq!(torn(&[(2, 4), (5, 5)], &[], &[1], Some(9)), [(6, 9)]);
        assert_eq!(torn(&[], &[], &[1], Some(9)), [(2, 9)]);
        assert_eq!(torn(&[(2, 4), (6, 9)], &[], &[1, 5], Some(9)), []);
        assert_eq!(torn(&[(2, 4), (8, 9)], &[], &[1], Some(6)), [(5, 6)]);
        assert_eq!(
            torn(&[(2, 4), (8, 9)], &[], &[1], None),
            [],
            "another server's chain"
        );
    }

    #[test]
    fn what_was_never_sent_is_not_torn_and_what_lies_beside_it_is() {
        let of = |first, last| Torn {
            chain: ChainId::from_bits(1),
            first: commit(first),
            last: commit(last),
            at: UnixMillis(0),
        };
        let never = |first, last| Dropped {
            chain: ChainId::from_bits(1),
            first: commit(first),
            last: commit(last),
        };
        assert_eq!(without(vec![of(5, 9)], &[never(5, 9)]), []);
        assert_eq!(without(vec![of(5, 9)], &[never(1, 20)]), []);
        assert_eq!(without(vec![of(5, 9)], &[never(7, 7)]), [of(5, 6), of(8, 9)]);
        assert_eq!(without(vec![of(5, 9)], &[never(9, 12), never(1, 5)]), [of(6, 8)]);
        assert_eq!(without(vec![of(5, 9)], &[never(10, 12)]), [of(5, 9)]);
        let of_other = Dropped {
            chain: ChainId::from_bits(2),
            ..never(5, 9)
        };
        assert_eq!(without(vec![of(5, 9)], &[of_other]), [of(5, 9)]);
    }

    #[test]
    fn what_was_not_looked_at_again_stays_torn() {
        let torn = |first, last, at| Torn {
            chain: ChainId::from_bits(1),
            first: commit(first),
            last: commit(last),
            at: UnixMillis(at),
        };
        let all = with(
            vec![torn(5, 7, 9), torn(20, 20, 9)],
            vec![torn(2, 2, 1), torn(6, 8, 1)],
        );
        assert_eq!(all, [torn(2, 2, 1), torn(5, 8, 1), torn(20, 20, 9)]);
    }

    #[test]
    fn what_is_altered_is_torn_unless_another_segment_holds_it_too() {
        let sold = [(2, 4), (5, 5), (5, 6), (7, 9)];
        assert_eq!(torn(&sold, &[(2, 4)], &[1], Some(9)), [(2, 4)]);
        assert_eq!(torn(&sold, &[(5, 5)], &[1], Some(9)), []);
        assert_eq!(torn(&sold, &[(5, 6)], &[1], Some(9)), [(6, 6)]);
        assert_eq!(torn(&sold, &[(2, 4), (7, 9)], &[9], None), [(2, 4), (7, 9)]);
        assert_eq!(
            torn(&sold, &[(7, 9)], &[7], Some(9)),
            [(7, 9)],
            "it cannot be opened at all"
        );
    }
}

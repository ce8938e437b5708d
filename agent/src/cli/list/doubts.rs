//! Segments whose names promise commits that cannot be there: a name is anybody's to write, and what it claims is believed
//! only as far as nothing that is known at no cost contradicts it.
//! Pure. It opens nothing; what it cannot contradict is still a promise, which a restore checks.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};
use serde::Serialize;

use crate::cli::words;

/// A segment that is left out of what can be restored, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Doubt {
    /// Its name.
    pub segment: String,
    /// Why, as the end of a sentence.
    pub why: String,
}

/// What is known beside the names.
pub(super) struct Known<'a> {
    /// The points that are there, with their chains.
    pub points: &'a [(&'a ChainId, CommitNumber)],
    /// The chain that this server follows, and the newest commit that it has seen.
    pub seen: Option<&'a (ChainId, CommitNumber)>,
    /// From when on something is dated in the future; `None` where the last ones are opened, as a restore does.
    pub ahead: Option<UnixMillis>,
}

/// Takes those segments out that promise what cannot be.
pub(super) fn take_out(segments: &mut BTreeMap<SegmentName, u64>, known: &Known<'_>) -> Vec<Doubt> {
    let found: Vec<(SegmentName, String)> = segments
        .keys()
        .filter_map(|name| Some((name.clone(), doubt(name, segments, known)?)))
        .collect();
    let taken_out = found.into_iter().map(|(name, why)| {
        segments.remove(&name);
        Doubt {
            segment: name.to_string(),
            why,
        }
    });
    taken_out.collect()
}

/// A line for each of those that follow each other for one reason, and for each other one.
pub(super) fn told(doubts: &[Doubt]) -> Vec<String> {
    let mut named: Vec<(SegmentName, &Doubt)> = doubts
        .iter()
        .filter_map(|doubt| Some((SegmentName::parse(&doubt.segment)?, doubt)))
        .collect();
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    let follows = |(one, why): &(SegmentName, &Doubt), (next, next_why): &(SegmentName, &Doubt)| {
        one.chain == next.chain && next.first <= one.last.next() && why.why == next_why.why
    };
    let lines = named.chunk_by(follows).map(|all| {
        let ((first, doubt), last) = (&all[0], all.iter().map(|(name, _)| name.last).max());
        match (all.len(), last) {
            (1, _) | (_, None) => format!("{}: {}", doubt.segment, doubt.why),
            (count, Some(last)) => format!(
                "commits {} to {last} of chain {}, in {count} objects, of each of which: {}",
                first.first,
                words::chain(&first.chain),
                doubt.why
            ),
        }
    });
    lines.collect()
}

fn doubt(name: &SegmentName, all: &BTreeMap<SegmentName, u64>, known: &Known<'_>) -> Option<String> {
    if let Some(ahead) = known.ahead
        && name.last_at > ahead
        && !goes_on(name, all, known, ahead)
    {
        return Some(
            "it is dated in the future, and nothing that is known follows it: a restore opens it and sees, as this list does \
             with --key"
                .to_owned(),
        );
    }
    if let Some((chain, newest)) = known.seen
        && *chain == name.chain
        && name.last > *newest
    {
        return Some(format!(
            "this server follows that chain and has seen no commit after {newest}"
        ));
    }
    // Of a chain that was cut anew some segments begin alike; none that is true begins within another one.
    let of_chain = || all.keys().filter(|other| other.chain == name.chain);
    let within = of_chain().find(|other| name.first < other.first && other.first <= name.last)?;
    let is_followed = of_chain().any(|other| other.first == name.last.next());
    let ends_at_point = known
        .points
        .iter()
        .any(|(chain, commit)| **chain == name.chain && *commit == name.last);
    (!is_followed && !ends_at_point).then(|| {
        format!(
            "another segment begins within it, at commit {}, and nothing follows its own end",
            within.first
        )
    })
}

/// Whether the chain is known to have gone on after it: then a clock that ran ahead has dated it, and nobody invented it.
fn goes_on(
    name: &SegmentName,
    all: &BTreeMap<SegmentName, u64>,
    known: &Known<'_>,
    ahead: UnixMillis,
) -> bool {
    let points = known.points.iter().map(|(chain, commit)| (*chain, *commit));
    let seen = known.seen.map(|(chain, commit)| (chain, *commit));
    let mut known = points.chain(seen);
    let mut later = all
        .keys()
        .filter(|later| later.chain == name.chain && later.first > name.last);
    known.any(|(chain, commit)| *chain == name.chain && commit >= name.last)
        || later.any(|later| later.last_at <= ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn doubts(all: &[(u64, u64)], points: &[u64], seen: Option<u64>) -> Vec<(u64, u64)> {
        let dated: Vec<_> = all.iter().map(|it| (it.0, it.1, it.1)).collect();
        doubts_dated(&dated, points, seen)
    }

    fn doubts_dated(all: &[(u64, u64, u64)], points: &[u64], seen: Option<u64>) -> Vec<(u64, u64)> {
        let chain = ChainId::from_bits(1);
        let name = |(first, last, at): &(u64, u64, u64)| {
            let at = UnixMillis(i64::try_from(*at).unwrap());
            SegmentName::new(&chain, commit(*first), commit(*last), at, &"0".repeat(64))
        };
        let mut segments: BTreeMap<SegmentName, u64> = all.iter().map(|it| (name(it), 10)).collect();
        let points: Vec<_> = points.iter().map(|at| (&chain, commit(*at))).collect();
        let seen = seen.map(|at| (chain.clone(), commit(at)));
        let known = Known {
            points: &points,
            seen: seen.as_ref(),
            ahead: Some(UnixMillis(5_000)),
        };
        let found = take_out(&mut segments, &known);
        let names = found.iter().map(|it| SegmentName::parse(&it.segment).unwrap());
        names.map(|it| (it.first.get(), it.last.get())).collect()
    }

    #[test]
    fn what_follows_each_other_for_one_reason_is_one_line() {
        let doubt = |(first, last): (u64, u64), why: &str| {
            let at = UnixMillis(i64::try_from(last).unwrap());
            let digest = "0".repeat(64);
            let name = SegmentName::new(&ChainId::from_bits(1), commit(first), commit(last), at, &digest);
            Doubt {
                segment: name.to_string(),
                why: why.to_owned(),
            }
        };
        let all = [
            doubt((8, 9), "sealed"),
            doubt((4, 7), "sealed"),
            doubt((10, 10), "late"),
            doubt((12, 12), "sealed"),
        ];
        let told = told(&all);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("commits 4 to 9 of chain"), "{told:?}");
        assert!(
            told[0].ends_with("in 2 objects, of each of which: sealed"),
            "{told:?}"
        );
        assert_eq!(told[1], format!("{}: late", all[2].segment));
    }

    #[test]
    fn what_neighbours_the_clock_or_the_capture_contradict_is_doubted_and_nothing_else() {
        let sold = [(2, 4), (5, 5), (6, 9)];
        assert_eq!(doubts(&sold, &[1, 5], Some(9)), []);
        let with = |more: (u64, u64)| [&sold[..], &[more]].concat();
        assert_eq!(doubts(&with((5, 900)), &[1], None), [(5, 900)]);
        assert_eq!(doubts(&with((10, 900)), &[1], Some(12)), [(10, 900)]);
        assert_eq!(doubts(&with((10, 6_000)), &[1], None), [(10, 6_000)]);
        // Cut anew after a crash: it begins as the other one did, and what was cut then follows it.
        assert_eq!(doubts(&[(2, 4), (5, 5), (5, 6), (7, 9)], &[1], None), []);
        // The end of a chain that nobody here follows may be true.
        assert_eq!(doubts(&with((10, 900)), &[1], None), []);
    }

    #[test]
    fn what_a_clock_that_ran_ahead_dated_is_believed_where_the_chain_is_known_to_go_on() {
        let ahead = [(2, 4, 10), (5, 5, 9_000), (6, 9, 9_100)];
        assert_eq!(doubts_dated(&ahead, &[1], None), [(5, 5), (6, 9)]);
        assert_eq!(doubts_dated(&ahead, &[1], Some(9)), []);
        assert_eq!(doubts_dated(&ahead, &[1, 5], None), [(6, 9)]);
        let set_right = [&ahead[..], &[(10, 10, 20)]].concat();
        assert_eq!(doubts_dated(&set_right, &[1], None), []);
    }
}

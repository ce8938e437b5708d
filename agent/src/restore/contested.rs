//! Where more than one segment begins at the same commit, anybody may have put one of them there: those on the way are
//! opened before it is gone, and what is none is passed by.
//! It opens nothing where the way is the only one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use protocol::{
    chain::{CommitNumber, PageRoot},
    object_key::SegmentName,
};

use super::{
    Sources,
    avoid::{Avoid, Culprit},
    goal::Goal,
    index::Index,
    replay, search,
    segments::{self, Proof},
};

/// Segments that are opened at the same time.
const AT_ONCE: usize = 16;
/// Of those that lie there twice so many are named.
const TOLD_MAX: usize = 3;

/// Opens what is contested on the way to the goal, from the newest point that it may begin at, until nothing on it is;
/// whether that changes what is promised. Each segment is opened once, so that it is never more than the chain has.
pub(super) async fn settle(
    index: &mut Index<'_>,
    sources: &Sources<'_>,
    goal: &Goal,
    avoid: &mut Avoid,
) -> bool {
    let Some(from) = search::beginning(index, goal).await else {
        return false;
    };
    let mut looked_at: BTreeSet<SegmentName> = BTreeSet::new();
    let mut has_learned = false;
    let reached = loop {
        let names = avoid.usable(sources.survey, &goal.chain);
        let way = replay::way((&names, avoid.links()), &goal.chain, from, goal.stop);
        let mut contested = contested(&names, &way.segments);
        contested.retain(|name| looked_at.insert(name.clone()));
        if contested.is_empty() {
            break way.segments.last().map_or(from, |last| last.last);
        }
        let opened = contested.into_iter().map(|name| async move {
            let proof = segments::proof(sources, &name).await;
            (name, proof)
        });
        let proofs: Vec<(SegmentName, Proof)> = stream::iter(opened).buffered(AT_ONCE).collect().await;
        for (name, proof) in proofs {
            has_learned |= match proof {
                Proof::Nothing(why) | Proof::Locked(why) => avoid.add(Culprit::Segment(name), why),
                Proof::Whole { previous, root, .. } => avoid.whole(name, previous, root),
                Proof::Foreign(_) | Proof::Unknown => false,
            };
        }
    };
    avoid.pass_by(&goal.chain, from, reached) || has_learned
}

/// What is to be said where both of two that begin alike are whole, and signed by whom is trusted: of two servers, since none
/// gives a number twice, or of the same commits under another name, by which nothing is lost. It goes by what was opened,
/// and the way is the one that leads farthest.
pub(super) fn told(avoid: &Avoid, way: &[SegmentName]) -> Vec<String> {
    let whole = avoid.roots();
    let (mut forked_at, mut copies) = (None, Vec::new());
    for taken in way.iter().filter(|taken| whole.contains_key(*taken)) {
        let begin_alike = whole
            .keys()
            .filter(|other| other.chain == taken.chain && other.first == taken.first && *other != taken);
        for other in begin_alike {
            match is_same(whole, taken, other) {
                true => copies.push((taken, other)),
                false => forked_at = forked_at.or(Some(taken.first)),
            }
        }
    }
    let forked = forked_at.map(|at| {
        format!(
            "TWO SERVERS WROTE THE COMMITS FROM {at} ON, each its own, under the same numbers: one is a copy of the other, made \
             with its keys. What leads farthest is restored; what was sold on the other one is not in it. Let one of them run only"
        )
    });
    forked.into_iter().chain(told_of_copies(&copies)).collect()
}

/// Whether two that are whole hold the same commits: one object under two names, or one state after the same commit, which
/// was sealed twice.
fn is_same(whole: &BTreeMap<SegmentName, PageRoot>, one: &SegmentName, other: &SegmentName) -> bool {
    let is_one_state = one.last == other.last && whole.get(one) == whole.get(other);
    one.digest == other.digest || is_one_state
}

fn told_of_copies(copies: &[(&SegmentName, &SegmentName)]) -> Option<String> {
    let first: Vec<String> = copies
        .iter()
        .take(TOLD_MAX)
        .map(|(taken, other)| format!("{taken} and {other}"))
        .collect();
    let more = match copies.len() {
        count if count > TOLD_MAX => format!("; and {} more", count - TOLD_MAX),
        _ => String::new(),
    };
    (!first.is_empty()).then(|| {
        format!(
            "there twice, under two names: {}{more}. Each of the two holds the same commits, and nothing is lost by it: one \
             of them only takes room",
            first.join("; ")
        )
    })
}

/// All segments that begin where one on the way does, where those are several.
fn contested(names: &BTreeSet<SegmentName>, way: &[SegmentName]) -> Vec<SegmentName> {
    let mut at: BTreeMap<CommitNumber, usize> = way.iter().map(|name| (name.first, 0)).collect();
    let of_chain = |name: &&SegmentName| way.first().is_some_and(|first| first.chain == name.chain);
    for name in names.iter().filter(of_chain) {
        if let Some(count) = at.get_mut(&name.first) {
            *count += 1;
        }
    }
    let is_contested = |name: &&SegmentName| at.get(&name.first).is_some_and(|count| *count > 1);
    names
        .iter()
        .filter(of_chain)
        .filter(is_contested)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use protocol::{chain::ChainId, time::UnixMillis};

    use super::*;

    fn name((first, last): (u64, u64), at: i64, digit: &str) -> SegmentName {
        let commit = |number| CommitNumber::new(number).unwrap();
        let chain = ChainId::from_bits(1);
        SegmentName::new(
            &chain,
            commit(first),
            commit(last),
            UnixMillis(at),
            &digit.repeat(64),
        )
    }

    fn said(opened: &[(&SegmentName, u128)], way: &[SegmentName]) -> (bool, bool) {
        let mut avoid = Avoid::default();
        for (name, root) in opened {
            avoid.whole(
                (*name).clone(),
                None,
                PageRoot::parse(&format!("{root:032x}")).unwrap(),
            );
        }
        let told = told(&avoid, way).join("\n");
        (
            told.contains("TWO SERVERS WROTE"),
            told.contains("under two names"),
        )
    }

    #[test]
    fn the_same_commits_under_another_name_are_a_copy_and_others_are_of_another_server() {
        let taken = name((22, 28), 1_000, "a");
        let way = [taken.clone()];
        let of = |other: &SegmentName, root: u128| said(&[(&taken, 1), (other, root)], &way);
        let (neither, copy, two_servers) = ((false, false), (false, true), (true, false));
        assert_eq!(said(&[(&taken, 1)], &way), neither);
        assert_eq!(of(&name((22, 28), 6_000, "a"), 1), copy);
        assert_eq!(of(&name((22, 28), 6_000, "b"), 1), copy, "sealed twice");
        assert_eq!(of(&name((22, 28), 6_000, "b"), 2), two_servers);
        assert_eq!(of(&name((22, 25), 6_000, "b"), 1), two_servers);
        assert_eq!(of(&name((29, 30), 6_000, "b"), 2), neither, "it follows");
        let both = [
            (&taken, 1),
            (&name((22, 28), 6_000, "a"), 1),
            (&name((22, 23), 1, "c"), 2),
        ];
        assert_eq!(said(&both, &way), (true, true));
    }
}

//! Where more than one segment begins at the same commit, anybody may have put one of them there: those on the way are
//! opened before it is gone, and what is none is passed by.
//! It opens nothing where the way is the only one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use protocol::{chain::CommitNumber, object_key::SegmentName};

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
                Proof::Whole { previous, .. } => avoid.link(name, previous),
                Proof::Foreign(_) | Proof::Unknown => false,
            };
        }
    };
    avoid.pass_by(&goal.chain, from, reached) || has_learned
}

/// What is to be said where both of two that begin alike are whole, and signed by whom is trusted: no server gives a number
/// twice. It goes by what was opened, and the way is the one that leads farthest.
pub(super) fn forked(avoid: &Avoid, way: &[SegmentName]) -> Option<String> {
    let opened = |name: &SegmentName| avoid.links().contains_key(name);
    let forks = |taken: &SegmentName| {
        let mut others = avoid.links().keys();
        opened(taken)
            && others.any(|other| other.chain == taken.chain && other.first == taken.first && other != taken)
    };
    let at = way.iter().find(|name| forks(name))?.first;
    Some(format!(
        "TWO SERVERS WROTE THE COMMITS FROM {at} ON, each its own, under the same numbers: one is a copy of the other, made with \
         its keys. What leads farthest is restored; what was sold on the other one is not in it. Let one of them run only"
    ))
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

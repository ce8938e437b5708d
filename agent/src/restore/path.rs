//! The farthest way over a chain's segments: each is an edge from the commit before its first to its last, and anybody may
//! have put more of them there than the agent wrote. Pure.
//! It takes a name for a promise, and a pair of segments that is known not to follow each other for none.

use std::collections::BTreeMap;

use protocol::{chain::CommitNumber, object_key::SegmentName};

/// What the segments that were opened say of the object before them: the beginning of its digest, as names hold it.
pub(super) type Links = BTreeMap<SegmentName, String>;

/// One segment on a way.
struct Step<'a> {
    name: &'a SegmentName,
    /// So many lead here.
    length: usize,
    /// The one before it; `None` at the beginning.
    before: Option<usize>,
}

/// The segments that lead farthest from right after `from`, and the fewest of them; `names` are of one chain, in the order
/// of their first commits. What reaches beyond `enough` leads no farther than what reaches that.
pub(super) fn farthest<'a>(
    names: &[&'a SegmentName],
    links: &Links,
    from: CommitNumber,
    enough: Option<CommitNumber>,
) -> Vec<&'a SegmentName> {
    let mut steps: Vec<Step<'a>> = Vec::new();
    let mut ends: BTreeMap<CommitNumber, Vec<usize>> = BTreeMap::new();
    let (mut best, mut reached) = (None::<usize>, from);
    let value = |name: &SegmentName| enough.map_or(name.last, |enough| enough.min(name.last));
    for name in names.iter().filter(|name| name.first > from) {
        if name.first > reached.next() {
            break;
        }
        let Some(before) = before(name, links, from, (&steps, &ends)) else {
            continue;
        };
        let length = before.map_or(1, |at| steps[at].length + 1);
        let is_better = best.is_none_or(|at| {
            let (end, best_end) = (value(name), value(steps[at].name));
            end > best_end || (end == best_end && length < steps[at].length)
        });
        if is_better {
            best = Some(steps.len());
        }
        reached = reached.max(name.last);
        ends.entry(name.last).or_default().push(steps.len());
        steps.push(Step { name, length, before });
    }
    let mut way: Vec<&SegmentName> = std::iter::successors(best, |at| steps[*at].before)
        .map(|at| steps[at].name)
        .collect();
    way.reverse();
    way
}

/// The step that a segment follows with the fewest before it, `Some(None)` for none at the beginning; `None` when nothing
/// leads to it.
fn before(
    name: &SegmentName,
    links: &Links,
    from: CommitNumber,
    (steps, ends): (&[Step<'_>], &BTreeMap<CommitNumber, Vec<usize>>),
) -> Option<Option<usize>> {
    if name.first == from.next() {
        return Some(None);
    }
    let ending = ends.range(..name.first).next_back();
    let (_, ending) = ending.filter(|(last, _)| last.next() == name.first)?;
    let link = links.get(name);
    let fitting = ending
        .iter()
        .filter(|at| link.is_none_or(|digest| *digest == steps[**at].name.digest));
    fitting.min_by_key(|at| steps[**at].length).map(|at| Some(*at))
}

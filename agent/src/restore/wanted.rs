//! What was asked for, as far as it can be compared with what there is instead.
//! It asks nobody: names, and what this server remembers, are enough.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::{Request, Selection, Sources, avoid::Avoid, beside::State};
use crate::backup::survey::moment_of;

/// What was asked for, as far as it can be compared with what there is instead.
pub(super) fn asked(
    request: &Request,
    (sources, avoid): (&Sources<'_>, &Avoid),
    place: Option<(&ChainId, CommitNumber)>,
) -> State {
    let at = match &request.selection {
        // A moment is no place on a chain.
        Selection::At(moment) => {
            return State {
                place: None,
                at: Some(*moment),
            };
        }
        Selection::Point(point) => moment_of(point),
        Selection::Commit(commit) => place.and_then(|(chain, _)| seen_at(sources, chain, *commit)),
        Selection::Latest => None,
    };
    match place {
        // Everything is as much as anybody knows of.
        Some((chain, commit)) if request.selection == Selection::Latest => {
            let own = (commit, seen_at(sources, chain, commit));
            let ends = known_end(request, chain).into_iter();
            let ends = ends.chain(listed_end((sources, avoid), chain));
            let (commit, at) = ends.fold(own, |most, end| match key(&end) > key(&most) {
                true => end,
                false => most,
            });
            State::new(chain, commit, at)
        }
        Some((chain, commit)) => State::new(chain, commit, at),
        None => State { place: None, at },
    }
}

/// A commit, and when it was seen where that is known too.
type End = (CommitNumber, Option<UnixMillis>);

/// The later one; of the same commit, with its moment.
fn key(end: &End) -> (CommitNumber, bool) {
    (end.0, end.1.is_some())
}

/// The last commit of the chain that names promise, also behind a hole: nobody on a new machine knows of more.
fn listed_end((sources, avoid): (&Sources<'_>, &Avoid), chain: &ChainId) -> Option<End> {
    let promised = avoid.promised(sources.survey, chain);
    let last = promised.into_iter().max_by_key(|name| name.last)?;
    Some((last.last, Some(last.last_at)))
}

/// The last commit of the chain of which this server knows.
fn known_end(request: &Request, chain: &ChainId) -> Option<End> {
    let sent = request.arrived.iter().chain(&request.elsewhere);
    let sent = sent
        .filter(|one| one.chain == *chain)
        .map(|one| (one.commit, Some(one.at)));
    let seen = request
        .seen
        .iter()
        .filter(|(of, _)| of == chain)
        .map(|(_, commit)| (*commit, None));
    sent.chain(seen).max_by_key(key)
}

/// About when the agent saw a commit, by the name of the segment that holds it.
pub(super) fn seen_at(sources: &Sources<'_>, chain: &ChainId, commit: CommitNumber) -> Option<UnixMillis> {
    let segments = sources.survey.segments(chain);
    let mut holding = segments
        .iter()
        .filter(|name| (name.first..=name.last).contains(&commit));
    holding.next().map(|name| name.last_at)
}

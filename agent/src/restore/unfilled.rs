//! What a restore on a new machine says of a remote that shows nothing: one on which nothing lies may be a disk that is not
//! mounted, and of one that does not answer nobody here remembers what it took. Both may be newer than what the others hold.
//! It asks nobody, and holds no restore back.

use protocol::chain::CommitNumber;

use super::{Request, Sources, Stop, avoid::Avoid, goal::Goal, replay};
use crate::backup::unfilled::Unfilled;

/// Names each of them where the end of what there is, or a moment that is not before it, is wanted.
pub(super) fn weigh(
    (request, sources): (&Request, &Sources<'_>),
    avoid: &Avoid,
    goal: &mut Goal,
    begin: CommitNumber,
) {
    let mut doubts = unfilled(sources);
    doubts.extend(unheard_of(request, sources));
    if doubts.is_empty() {
        return;
    }
    let promised = avoid.promised(sources.survey, &goal.chain);
    let way = replay::way((&promised, avoid.links()), &goal.chain, begin, Stop::AtEnd);
    let end = way.segments.last().map_or(begin, |last| last.last);
    // Whoever wants a moment before the end misses nothing.
    if goal.floor < end {
        return;
    }
    goal.may_be_newer = true;
    let told = doubts
        .into_iter()
        .map(|what| format!("IT MAY BE NEWER than what you get: {what}"));
    goal.notes.extend(told);
}

fn unfilled(sources: &Sources<'_>) -> Vec<String> {
    let told = sources.survey.in_doubt().iter().map(|unfilled| {
        format!(
            "{}. Mount the disk or correct the path, and try again; where it is new and nothing was ever written there, \
             nothing is missing",
            unfilled.told
        )
    });
    told.collect()
}

/// Those that do not answer, on a machine that remembers no backup: a server knows what each of its remotes took.
fn unheard_of(request: &Request, sources: &Sources<'_>) -> Vec<String> {
    let remembers = !(request.known.is_empty() && request.arrived.is_empty() && request.elsewhere.is_empty());
    if remembers {
        return Vec::new();
    }
    let told = sources.survey.silent.iter().map(|(remote, _)| {
        format!(
            "nothing on this machine tells what {remote} holds, and it does not answer. Try again once it does; --remote NAME \
             asks the others alone"
        )
    });
    told.collect()
}

/// Why nothing can be restored from remotes of which none holds a restore point.
pub(super) fn no_point(sources: &Sources<'_>) -> String {
    let told = sources
        .survey
        .unfilled
        .iter()
        .map(|Unfilled { told, .. }| format!("; {told}"));
    format!(
        "the remotes that answer hold no restore point{}",
        told.collect::<String>()
    )
}

//! What a restore says of a remote on which nothing lies: on a new machine that may be a disk which is not mounted, and
//! what is on it may be newer than what the others hold.
//! It asks nobody, and holds no restore back.

use protocol::chain::CommitNumber;

use super::{Sources, Stop, avoid::Avoid, goal::Goal, replay};
use crate::backup::unfilled::Unfilled;

/// Names each of them where the end of what there is, or a moment that is not before it, is wanted.
pub(super) fn weigh(sources: &Sources<'_>, avoid: &Avoid, goal: &mut Goal, begin: CommitNumber) {
    let in_doubt = sources.survey.in_doubt();
    if in_doubt.is_empty() {
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
    goal.notes.extend(in_doubt.iter().map(|unfilled| {
        format!(
            "IT MAY BE NEWER than what you get: {}. Mount the disk or correct the path, and try again; where it is new and \
             nothing was ever written there, nothing is missing",
            unfilled.told
        )
    }));
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

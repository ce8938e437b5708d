//! Points that this server took and no remote that answers lists: on whichever of those this server has seen them, they are
//! gone, and several are a remote that was put back to an older state; what never was there lies where nobody could look,
//! and is nobody's loss.
//! It asks nobody.

use std::collections::BTreeSet;

use protocol::{object_key::PointId, time::UnixMillis};

use super::{
    Request, Sources,
    goal::{Before, Goal},
    unheard,
};
use crate::store::points::KnownPoint;

/// Fewer than this are told one by one, each with its manifest's name.
const TOGETHER_MIN: usize = 2;

/// Takes the points that no remote lists out of what was met, and holds the goal to what those held that are gone;
/// `end_at` is about when it ends.
pub(super) fn weigh(
    request: &Request,
    sources: &Sources<'_>,
    goal: &mut Goal,
    before: &mut Before,
    end_at: UnixMillis,
) {
    let is_unlisted = |point: &PointId| sources.survey.manifests_of(point).is_empty();
    let unlisted = before.unread.iter().filter(|(point, _)| is_unlisted(point));
    let unlisted = unlisted.filter_map(|(point, _)| request.known.get(point));
    let (gone, away): (Vec<&KnownPoint>, Vec<&KnownPoint>) =
        unlisted.partition(|known| was_on(sources, known).next().is_some());
    let is_told_alone = gone.len() < TOGETHER_MIN;
    let taken: BTreeSet<&PointId> = away
        .iter()
        .chain(gone.iter().filter(|_| !is_told_alone))
        .map(|known| &known.manifest.point)
        .collect();
    before.unread.retain(|(point, _)| !taken.contains(point));
    weigh_away((request, sources), goal, &away, end_at);
    if is_told_alone {
        return;
    }
    let mut is_lost = false;
    for known in &gone {
        match known.manifest.chain == goal.chain {
            true => goal.floor = goal.floor.max(known.manifest.commit),
            false => is_lost |= request.chain.is_none() && known.manifest.taken_at >= end_at,
        }
    }
    let told = gone_from(sources, &gone);
    match is_lost {
        true => goal.lost.push(told),
        false => goal.notes.push(told),
    }
}

/// The remotes that answer and on which this server has seen the point.
fn was_on<'k>(sources: &Sources<'_>, known: &'k KnownPoint) -> impl Iterator<Item = &'k str> {
    let remotes = known.verified.keys().map(String::as_str);
    remotes.filter(|remote| sources.answers(remote))
}

/// Points that are where nobody could look. Of the goal's own chain they lead nowhere that its commits do not; where a
/// later chain begins with them, what is there is another history.
fn weigh_away(
    (request, sources): (&Request, &Sources<'_>),
    goal: &mut Goal,
    away: &[&KnownPoint],
    end_at: UnixMillis,
) {
    let is_own = |known: &&KnownPoint| known.manifest.chain == goal.chain;
    let (own, others): (Vec<&KnownPoint>, Vec<&KnownPoint>) = away.iter().copied().partition(is_own);
    if let Some(told) = lying_at((request, sources), &own) {
        let newest = own.iter().map(|known| known.manifest.commit).max();
        let is_beyond = newest.is_some_and(|newest| newest > goal.floor);
        goal.may_be_newer |= is_beyond;
        goal.notes.push(match is_beyond {
            true => format!("{told}: IT MAY BE NEWER than what you get"),
            false => format!("{told}: nothing is lost by it, since the commits lead past it"),
        });
    }
    let later = |known: &&KnownPoint| known.manifest.taken_at >= end_at;
    let (later, older): (Vec<&KnownPoint>, Vec<&KnownPoint>) = others.into_iter().partition(later);
    goal.notes.extend(lying_at((request, sources), &older));
    let Some(told) = lying_at((request, sources), &later) else {
        return;
    };
    let chains: BTreeSet<&str> = later.iter().map(|known| known.manifest.chain.as_str()).collect();
    let chains = chains.into_iter().collect::<Vec<_>>().join(" and ");
    let told = format!("{told}. It is of the later chain {chains}, to which nothing leads that is here");
    match request.chain {
        None => goal.lost.push(told),
        Some(_) => goal.notes.push(told),
    }
}

/// How many, and which: `3 newer restore points, from A to B`.
fn counted(points: &[&KnownPoint]) -> String {
    let names = || points.iter().map(|known| &known.manifest.point);
    match (points.len(), names().min(), names().max()) {
        (1, Some(only), _) => format!("the restore point {only}"),
        (count, Some(oldest), Some(newest)) => {
            format!("{count} newer restore points, from {oldest} to {newest},")
        }
        _ => String::new(),
    }
}

fn lying_at((request, sources): (&Request, &Sources<'_>), points: &[&KnownPoint]) -> Option<String> {
    let remotes: BTreeSet<&str> = points
        .iter()
        .flat_map(|known| known.verified.keys().map(String::as_str))
        .collect();
    let is = if points.len() == 1 { "is" } else { "are" };
    (!points.is_empty()).then(|| {
        format!(
            "{} {is} on {}",
            counted(points),
            unheard::whereabouts(request, sources, &remotes)
        )
    })
}

fn gone_from(sources: &Sources<'_>, gone: &[&KnownPoint]) -> String {
    let remotes: BTreeSet<&str> = gone.iter().flat_map(|known| was_on(sources, known)).collect();
    let was = if remotes.len() == 1 { "was" } else { "were" };
    let remotes = remotes.into_iter().collect::<Vec<_>>().join(" and ");
    format!(
        "{} were on {remotes} and are gone: it looks as if {remotes} {was} put back to an older state, or somebody deleted there",
        counted(gone)
    )
}

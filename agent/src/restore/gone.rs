//! Points that this server took and no remote that answers lists any more: one is a backup that is not whole, several are a
//! remote that was put back to an older state, and are told once.
//! It asks nobody.

use protocol::{object_key::PointId, time::UnixMillis};

use super::{
    Request, Sources,
    goal::{Before, Goal},
};

/// Fewer than this are told one by one, each with its manifest's name.
const TOGETHER_MIN: usize = 2;

/// Takes the points that are gone out of what was met, and holds the goal to what they held.
pub(super) fn weigh(
    request: &Request,
    sources: &Sources<'_>,
    goal: &mut Goal,
    before: &mut Before,
    end_at: UnixMillis,
) {
    let is_gone =
        |point: &PointId| request.known.contains_key(point) && sources.survey.manifests_of(point).is_empty();
    let gone: Vec<PointId> = before
        .unread
        .iter()
        .map(|(point, _)| point.clone())
        .filter(is_gone)
        .collect();
    if gone.len() < TOGETHER_MIN {
        return;
    }
    before.unread.retain(|(point, _)| !is_gone(point));
    let mut is_lost = false;
    for known in gone.iter().filter_map(|point| request.known.get(point)) {
        match known.manifest.chain == goal.chain {
            true => goal.floor = goal.floor.max(known.manifest.commit),
            false => is_lost |= request.chain.is_none() && known.manifest.taken_at >= end_at,
        }
    }
    let told = sentence(sources, &gone);
    match is_lost {
        true => goal.lost.push(told),
        false => goal.notes.push(told),
    }
}

fn sentence(sources: &Sources<'_>, gone: &[PointId]) -> String {
    let (oldest, newest) = (gone.iter().min(), gone.iter().max());
    let span = oldest
        .zip(newest)
        .map(|(oldest, newest)| format!(", from {oldest} to {newest},"));
    let remotes: Vec<&str> = sources
        .survey
        .holdings
        .iter()
        .map(|(remote, _)| remote.as_str())
        .collect();
    let (remotes, were) = match remotes.as_slice() {
        [one] => ((*one).to_owned(), "was"),
        several => (several.join(" and "), "were"),
    };
    format!(
        "{} newer restore points{} were on {remotes} and are gone: it looks as if {remotes} {were} put back to an older \
         state, or somebody deleted there",
        gone.len(),
        span.unwrap_or_default()
    )
}

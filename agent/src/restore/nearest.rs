//! What comes nearest when nothing leads to a goal: the last commit before what is torn, the newest state of another chain
//! when that is later, or another point; and the refusal that names it.
//! It promises no more than manifests and listings tell.

use std::collections::BTreeSet;

use protocol::{chain::ChainId, manifest::Manifest, object_key::PointId, time::UnixMillis};

use super::{
    Next, Plan, Refused, Request, Selection, Sources, Stop, acknowledged,
    avoid::Avoid,
    beside::{Beside, State},
    goal::{Goal, ahead_of},
    index::Index,
    lacking, later, manifests,
    search::{Route, cannot_be, route},
    strangers::believed_end,
    undone,
    wanted::asked,
};

/// Points that are looked at in search of something else to restore.
const LOOKED_AT_MAX: usize = 200;

/// The refusal of a goal that no way leads to; `best` is the way that comes nearest.
pub(super) async fn refuse(
    request: &Request,
    sources: &Sources<'_>,
    goal: &Goal,
    avoid: &Avoid,
    faults: Vec<String>,
    best: Option<Route>,
) -> Refused {
    let mut reasons = faults;
    reasons.extend(goal.lost.iter().cloned());
    reasons.extend(avoid.told());
    if let Some(route) = &best {
        reasons.extend(route.torn.clone());
        if reasons.is_empty() {
            reasons.extend(goal.notes.iter().cloned());
            reasons.push(lacking::told(request, sources, (&goal.chain, goal.floor), route.end).await);
        }
    }
    if reasons.is_empty() {
        reasons.extend(goal.notes.iter().cloned());
        reasons.push(format!("no restore point leads to commit {}", goal.floor));
    }
    if let (Stop::AfterCommit(commit), false) = (
        goal.stop,
        reasons.iter().any(|told| told.contains("acknowledged")),
    ) {
        let having = acknowledged::unheard_with(request, sources, |chain| *chain == goal.chain, commit);
        reasons.extend(having);
    }
    reasons.dedup();
    let mut asked = asked(request, (sources, avoid), Some((&goal.chain, goal.floor)));
    if request.selection == Selection::Latest {
        asked.at = asked.at.max(goal.lost_at);
    }
    let newer = elsewhere(request, sources, avoid, (goal, best.as_ref())).await;
    let exact = match goal.lost.is_empty() && newer.is_none() {
        true => later::at_the_floor(request, sources, (goal, avoid)).await,
        // There is something later that was meant.
        false => None,
    };
    let next = match (exact, newer, best) {
        (Some(exact), ..) => exact,
        (None, Some(newer), best) => {
            reasons.push(of_another_chain(&newer, best.as_ref()));
            nearest(newer, goal.stop, &asked)
        }
        (None, None, Some(route)) => nearest(route, goal.stop, &asked),
        (None, None, None) => {
            let is_late = |manifest: &Manifest| goal.is_late(manifest);
            let (next, warning) = other(
                request,
                sources,
                (avoid, Some(&goal.chain)),
                (Stop::AtPoint, &asked),
                is_late,
            )
            .await;
            reasons.extend(warning);
            next
        }
    };
    reasons.extend(undone::by_next(request, &next));
    Refused {
        reason: reasons.join("; "),
        next,
    }
}

/// The latest state of any other chain, where the newest that there is was asked for and it is later than what comes
/// nearest on the goal's own.
async fn elsewhere(
    request: &Request,
    sources: &Sources<'_>,
    avoid: &Avoid,
    (goal, best): (&Goal, Option<&Route>),
) -> Option<Route> {
    let is_newest = matches!(goal.stop, Stop::AtEnd | Stop::By { .. });
    if !is_newest || request.chain.is_some() || request.newest_only {
        return None;
    }
    let until = request.selection.moment().unwrap_or(ahead_of(request.now));
    let mut index = Index::new(sources, request, Some(until));
    let (mut at, mut seen, mut newest) = (0, BTreeSet::from([goal.chain.clone()]), None::<Route>);
    while let Some(reading) = index.get(at).await {
        at += 1;
        if at > LOOKED_AT_MAX {
            break;
        }
        let Ok(manifest) = &reading.found else { continue };
        let known = request.known.get(&manifest.point);
        let is_damaged = known.is_some_and(|known| known.damage.is_some());
        if is_damaged || manifest.taken_at > until || seen.contains(&manifest.chain) {
            continue;
        }
        let Ok(mut route) = route(sources, avoid, manifest, goal.stop, request.only).await else {
            continue;
        };
        seen.insert(manifest.chain.clone());
        // A name is anybody's: what does not open promises nothing.
        if let Some(last) = route.segments.last() {
            let believed = believed_end(sources, last).await;
            match believed < manifest.taken_at {
                true => {
                    route.segments.clear();
                    (route.end, route.end_at) = (manifest.commit, manifest.taken_at);
                }
                false => route.end_at = route.end_at.min(believed),
            }
        }
        let later_than = newest.as_ref().or(best).map(|route| route.end_at);
        if later_than.is_none_or(|at| route.end_at > at) {
            newest = Some(route);
        }
    }
    newest
}

/// What is said of it.
fn of_another_chain(newer: &Route, best: Option<&Route>) -> String {
    let own = best.map(|route| {
        format!(
            "of the chain {} everything until commit {} is there, which is older: --chain {} --commit {}; ",
            route.manifest.chain, route.end, route.manifest.chain, route.end
        )
    });
    format!(
        "{}the newest state that can be restored is of another chain, {}: nothing proves that it is the same shop's database",
        own.unwrap_or_default(),
        newer.manifest.chain
    )
}

/// How the end of a way is asked for.
pub(super) fn nearest(route: Route, stop: Stop, asked: &State) -> Next {
    let at = Some(route.end_at);
    let beside = Beside::of(asked, &State::new(&route.manifest.chain, route.end, at));
    match (route.segments.is_empty(), stop) {
        (true, _) => Next::Point {
            point: route.manifest.point,
            beside,
        },
        // The last segment may reach beyond the moment.
        (false, Stop::By { moment, .. }) if route.end_at > moment => Next::Chain(route.manifest.chain),
        (false, _) => Next::Commit {
            chain: route.manifest.chain,
            commit: route.end,
            at,
            beside,
        },
    }
}

/// The refusal of a point, with the next best one.
pub(super) async fn refuse_point(
    request: &Request,
    sources: &Sources<'_>,
    why: String,
    (point, stop): (&PointId, Stop),
) -> Refused {
    let avoid = Avoid::default();
    let known = request.known.get(point).map(|known| known.manifest.clone());
    let manifest = match known {
        Some(manifest) => Some(manifest),
        None => manifests::of_point(sources, point, &mut Vec::new()).await.ok(),
    };
    let chain = manifest.as_ref().map(|manifest| &manifest.chain);
    let asked = match &request.selection {
        // The end of everything may lie behind this point.
        Selection::Latest => State::default(),
        Selection::Commit(commit) => asked(request, (sources, &avoid), chain.map(|chain| (chain, *commit))),
        Selection::At(_) | Selection::Point(_) => {
            let place = manifest.as_ref().map(|it| (&it.chain, it.commit));
            asked(request, (sources, &avoid), place)
        }
    };
    let is_late = |manifest: &Manifest| (manifest.point != *point).then_some(manifest.point > *point);
    let (next, warning) = other(request, sources, (&avoid, chain), (stop, &asked), is_late).await;
    let mut reason = cannot_be(point, &why);
    if let Some(warning) = warning {
        reason = format!("{reason}; {warning}");
    }
    Refused { reason, next }
}

impl Plan {
    /// What was rebuilt is of no use, and the point alone may be: what came after it may have done the damage.
    pub(super) fn without_its_commits(&self, why: &str) -> Option<Refused> {
        let known = self.request.known.get(&self.manifest.point);
        let is_damaged = known.is_some_and(|known| known.damage.is_some());
        let (last, before) = self.segments.split_last()?;
        let point = &self.manifest.point;
        let reason = format!(
            "the state after commit {} cannot be restored: {why}; the restore point below it, {point}, may be sound",
            self.end
        );
        let end = State::new(&last.chain, self.end, Some(last.last_at));
        let beside = |commit, at: UnixMillis| Beside::of(&end, &State::new(&last.chain, commit, Some(at)));
        // One step back at a time: what did the damage is most likely the last that came.
        let next = match before.last() {
            None => Next::Point {
                point: point.clone(),
                beside: beside(self.manifest.commit, self.manifest.taken_at),
            },
            Some(before) => Next::Commit {
                chain: last.chain.clone(),
                commit: before.last,
                at: Some(before.last_at),
                beside: beside(before.last, before.last_at),
            },
        };
        (!is_damaged).then_some(Refused { reason, next })
    }
}

/// The newest whole point among those that are meant, of this chain before any other; else the oldest of those that come
/// too late; `is_late` says which it is. What follows it until there goes along. With a warning where it is of another chain.
async fn other(
    request: &Request,
    sources: &Sources<'_>,
    (avoid, chain): (&Avoid, Option<&ChainId>),
    (stop, asked): (Stop, &State),
    is_late: impl Fn(&Manifest) -> Option<bool>,
) -> (Next, Option<String>) {
    let mut index = Index::new(sources, request, None);
    let (mut at, mut late, mut of_other_chain) = (0, None, None);
    while let Some(reading) = index.get(at).await {
        at += 1;
        let Ok(manifest) = &reading.found else { continue };
        let Some(is_late) = is_late(manifest) else {
            continue;
        };
        if at > LOOKED_AT_MAX {
            break;
        }
        // No shop comes back from it either, and its parts being there does not show that.
        let known = request.known.get(&manifest.point);
        if known.is_some_and(|known| known.damage.is_some()) {
            continue;
        }
        let Ok(alone) = route(sources, avoid, manifest, Stop::AtPoint, None).await else {
            continue;
        };
        let is_of_chain = chain.is_none_or(|chain| manifest.chain == *chain);
        match (is_late, is_of_chain) {
            (true, _) => late = Some(alone),
            (false, true) => return (until(sources, avoid, alone, (stop, asked)).await, None),
            (false, false) => {
                of_other_chain.get_or_insert(alone);
            }
        }
    }
    let Some(found) = of_other_chain.or(late) else {
        return (Next::Nothing, None);
    };
    let is_of_chain = chain.is_none_or(|chain| found.manifest.chain == *chain);
    let warning = (!is_of_chain).then(|| {
        format!(
            "what there is instead, {}, is of another chain, {}: nothing proves that it is the same shop's database",
            found.manifest.point, found.manifest.chain
        )
    });
    (until(sources, avoid, found, (stop, asked)).await, warning)
}

/// A point with what follows it until there; alone where that does not lead on.
async fn until(sources: &Sources<'_>, avoid: &Avoid, alone: Route, (stop, asked): (Stop, &State)) -> Next {
    // Every chain counts its commits from one.
    let stop = match stop {
        Stop::AfterCommit(_) => Stop::AtPoint,
        other => other,
    };
    let whole = route(sources, avoid, &alone.manifest, stop, None).await;
    nearest(whole.unwrap_or(alone), stop, asked)
}

//! What there is instead where nothing from before what was asked for can be restored: the oldest point behind it; and the very
//! state where only a later point leads there.
//! It promises no more than manifests and listings tell.

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::SegmentName,
};

use super::{
    Next, Request, Sources, Stop,
    avoid::Avoid,
    goal::Goal,
    index::{Index, Unread},
    nearest::nearest,
    search::{Route, cannot_be, route},
    wanted::{asked, seen_at},
};

/// Points that are looked at.
const LOOKED_AT_MAX: usize = 200;
/// Of those that are not whole so many are named.
const FAULTS_TOLD: usize = 3;

/// The oldest point that is meant and at which a restore can begin, with why no older one is.
async fn oldest(
    request: &Request,
    sources: &Sources<'_>,
    is_meant: impl Fn(&Manifest) -> bool,
) -> (Option<Route>, Vec<String>) {
    let (mut index, avoid) = (Index::new(sources, request, None), Avoid::default());
    let mut faults = Vec::new();
    for at in (0..index.points().len()).rev().take(LOOKED_AT_MAX) {
        let Some(reading) = index.probe(at).await else {
            break;
        };
        match &reading.found {
            Ok(manifest) if is_meant(manifest) => match request.damage_of(manifest) {
                Some(damage) => faults.push(damage),
                None => match route(sources, &avoid, manifest, Stop::AtPoint, None).await {
                    Ok(alone) => return (Some(alone), first_of(faults)),
                    Err(why) => faults.push(cannot_be(&manifest.point, &why)),
                },
            },
            Err(Unread::Damaged(why)) => faults.push(why.clone()),
            Ok(_) | Err(_) => {}
        }
    }
    (None, first_of(faults))
}

/// The oldest ones are the nearest to what was asked for.
fn first_of(mut faults: Vec<String>) -> Vec<String> {
    faults.truncate(FAULTS_TOLD);
    faults
}

/// The oldest point of all that can be restored, where none from before the moment can.
pub(super) async fn than_everything(request: &Request, sources: &Sources<'_>) -> Next {
    let is_meant = |manifest: &Manifest| request.is_of_chain(&manifest.chain);
    match oldest(request, sources, is_meant).await.0 {
        Some(route) => {
            let asked = asked(request, (sources, &Avoid::default()), None);
            nearest(route, Stop::AtPoint, &asked)
        }
        None => Next::Nothing,
    }
}

/// The oldest point of the chain behind this commit that can be restored, with why no older one is.
pub(super) async fn than_commit(
    request: &Request,
    sources: &Sources<'_>,
    (chain, commit): (&ChainId, CommitNumber),
) -> (Option<Route>, Vec<String>) {
    oldest(request, sources, |manifest| {
        manifest.chain == *chain && manifest.commit > commit
    })
    .await
}

/// The commit that was the last one by the moment, where a point that was taken after the moment leads there.
pub(super) async fn at_the_floor(
    request: &Request,
    sources: &Sources<'_>,
    (goal, avoid): (&Goal, &Avoid),
) -> Option<Next> {
    let Stop::By { moment, .. } = goal.stop else {
        return None;
    };
    // Of such a segment nobody knows yet which of its commits were there by then.
    let is_across = |name: &SegmentName| {
        (name.first..=name.last).contains(&goal.floor) && name.first < name.last && name.last_at > moment
    };
    if sources.survey.segments(&goal.chain).iter().any(is_across) {
        return None;
    }
    let (mut index, mut at) = (Index::new(sources, request, None), 0);
    while let Some(reading) = index.get(at).await {
        at += 1;
        let manifest = match &reading.found {
            Ok(manifest) if manifest.chain == goal.chain && manifest.commit <= goal.floor => manifest,
            _ if at > LOOKED_AT_MAX => return None,
            _ => continue,
        };
        let Ok(found) = route(sources, avoid, manifest, Stop::AfterCommit(goal.floor), None).await else {
            continue;
        };
        // Every older one follows the same commits.
        let leads_there = found.torn.is_none() && found.end >= goal.floor;
        // It is what was asked for: nothing lies between.
        return leads_there.then(|| Next::Commit {
            chain: goal.chain.clone(),
            commit: goal.floor,
            at: seen_at(sources, &goal.chain, goal.floor),
            beside: None,
        });
    }
    None
}

//! Whether what is offered instead can be had: it is planned as if it had been asked for, and the commits on that way are
//! opened. Who reads at three in the morning what to type must not be refused again for a second fault.
//! It opens no parts of a point: those are gigabytes.

use futures_util::stream::{self, StreamExt};
use protocol::{chain::ChainId, object_key::SegmentName};

use super::{
    Next, Refused, Request, Selection, Sources,
    avoid::{Avoid, Culprit},
    beside::Beside,
    plan_around,
    segments::{Proof, proof},
};

/// Segments that are opened for one offer. Behind more of them names are believed.
const OPENED_MAX: usize = 500;
/// So many are opened at the same time.
const AT_ONCE: usize = 8;
/// So many offers that cannot be had are gone through, and so many faults on the way of each.
const TRIES: usize = 20;

/// The refusal with the first offer that can be had, and with what is wrong with those before it.
pub(super) async fn settle(request: &Request, sources: &Sources<'_>, mut refused: Refused) -> Refused {
    // Who rehearses restores nothing else.
    if request.newest_only {
        return refused;
    }
    for _ in 0..TRIES {
        let Some(offer) = asked_for(request, &refused.next) else {
            break;
        };
        let Err(again) = way_there(offer, sources).await else {
            break;
        };
        if !refused.reason.contains(&again.reason) {
            refused.reason = format!("{}; {}", refused.reason, again.reason);
        }
        let beside = beside_of(&refused.next);
        refused.next = again.next;
        if let Next::Point { beside: there, .. } | Next::Commit { beside: there, .. } = &mut refused.next {
            *there = beside.zip(*there).and_then(|(beside, there)| beside.then(there));
        }
    }
    refused
}

/// What an offer asks for; `None` for one that is no state.
fn asked_for(request: &Request, next: &Next) -> Option<Request> {
    let of = |chain: &ChainId, selection: Selection| Request {
        selection,
        chain: Some(chain.as_str().to_owned()),
        ..request.clone()
    };
    match next {
        Next::Point { point, .. } => Some(Request {
            selection: Selection::Point(point.clone()),
            ..request.clone()
        }),
        Next::Commit { chain, commit, .. } => Some(of(chain, Selection::Commit(*commit))),
        Next::Chain(chain) => Some(of(chain, request.selection.clone())),
        Next::Which(..) | Next::Nothing | Next::OtherKey | Next::Trust(_) | Next::Advice(_) => None,
    }
}

fn beside_of(next: &Next) -> Option<Beside> {
    match next {
        Next::Point { beside, .. } | Next::Commit { beside, .. } => *beside,
        _ => None,
    }
}

/// Whether a way leads there over commits that open.
async fn way_there(offer: Request, sources: &Sources<'_>) -> Result<(), Refused> {
    let mut avoid = Avoid::default();
    for _ in 0..TRIES {
        let plan = plan_around(offer.clone(), avoid.clone(), sources).await?;
        let Some((name, why)) = first_fault(sources, &plan.segments).await else {
            break;
        };
        if !avoid.add(Culprit::Segment(name), why) {
            break;
        }
    }
    Ok(())
}

/// The first of them that is nothing on every remote.
async fn first_fault(sources: &Sources<'_>, segments: &[SegmentName]) -> Option<(SegmentName, String)> {
    let looked_at = segments.iter().take(OPENED_MAX);
    let mut proofs = stream::iter(looked_at)
        .map(|name| async move { (name, proof(sources, name).await) })
        .buffered(AT_ONCE);
    while let Some((name, proof)) = proofs.next().await {
        match proof {
            Proof::Nothing(why) => return Some((name.clone(), why)),
            Proof::Whole { .. } | Proof::Locked(_) | Proof::Foreign(_) | Proof::Unknown => {}
        }
    }
    None
}

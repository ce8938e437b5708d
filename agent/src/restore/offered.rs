//! Whether what is offered instead can be had: it is planned as if it had been asked for, and the commits on that way are
//! opened. Who reads at three in the morning what to type must not be refused again for a second fault.
//! It opens no parts of a point: those are gigabytes.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use protocol::{chain::ChainId, manifest::Manifest, object_key::SegmentName};

use super::{
    Next, Refused, Request, Selection, Sources,
    avoid::{Avoid, Culprit},
    beside::{Beside, Side},
    plan_around,
    segments::{Proof, proof},
};

/// Segments that are opened for one refusal. Behind more of them names are believed.
const OPENED_MAX: usize = 500;
/// So many are opened at the same time.
const AT_ONCE: usize = 8;
/// So many faults are met on the ways of all offers before nothing is offered any more.
const FAULTS_MAX: usize = 20;

/// The refusal with the first offer that can be had, and with what is wrong with those before it; `avoid` is what is known to
/// be of no use.
pub(super) async fn settle(
    request: &Request,
    sources: &Sources<'_>,
    avoid: Avoid,
    mut refused: Refused,
) -> Refused {
    // Who rehearses restores nothing else, and who only asks reads no offer.
    if request.newest_only || !request.wants_offer {
        return refused;
    }
    let mut way = Way::new(sources, avoid);
    while let Some(offer) = asked_for(request, &refused.next) {
        let Err(again) = way.leads_to(offer).await else {
            break;
        };
        refused.reason = with_what_is_new(refused.reason, &again.reason);
        let beside = beside_of(&refused.next);
        refused.next = again.next;
        if let Next::Point { beside: there, .. } | Next::Commit { beside: there, .. } = &mut refused.next {
            *there = beside.zip(*there).and_then(|(beside, there)| beside.then(there));
        }
        way.faults += 1;
    }
    // Nothing is later than everything.
    if let (Selection::Latest, Next::Point { beside, .. } | Next::Commit { beside, .. }) =
        (&request.selection, &mut refused.next)
    {
        *beside = beside.filter(|beside| beside.side == Side::Earlier);
    }
    refused
}

/// Why this cannot be had, by what those that answered have shown; `None` where it can.
pub async fn unfit(request: &Request, sources: &Sources<'_>) -> Option<String> {
    match Way::new(sources, Avoid::default())
        .leads_to(request.clone())
        .await
    {
        Ok(manifest) => request.damage_of(&manifest),
        Err(refused) => Some(refused.reason),
    }
}

/// The sentences of the second behind those of the first, each once.
fn with_what_is_new(first: String, second: &str) -> String {
    second.split("; ").fold(first, |told, sentence| {
        if told.contains(sentence) {
            told
        } else {
            format!("{told}; {sentence}")
        }
    })
}

/// What is said where one fault leads to the next.
const TOO_MUCH: &str = "Too much there is damaged to say what can be had: `agent verify` names all of it, and `agent list` shows what there is";

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

/// The ways that were looked at for one refusal.
struct Way<'a> {
    sources: &'a Sources<'a>,
    avoid: Avoid,
    /// Segments that opened.
    opened: BTreeSet<SegmentName>,
    faults: usize,
}

impl<'a> Way<'a> {
    fn new(sources: &'a Sources<'a>, avoid: Avoid) -> Self {
        Self {
            sources,
            avoid,
            opened: BTreeSet::new(),
            faults: 0,
        }
    }

    /// The point from which a way leads there over commits that open.
    async fn leads_to(&mut self, offer: Request) -> Result<Manifest, Refused> {
        while self.faults < FAULTS_MAX {
            let plan = plan_around(offer.clone(), self.avoid.clone(), self.sources).await?;
            let Some((name, why)) = self.first_fault(&plan.segments).await else {
                return Ok(plan.manifest);
            };
            self.faults += 1;
            if !self.avoid.add(Culprit::Segment(name), why) {
                return Ok(plan.manifest);
            }
        }
        Err(Refused {
            reason: format!("{FAULTS_MAX} faults were met on the ways to what could be had instead"),
            next: Next::Advice(TOO_MUCH.to_owned()),
        })
    }

    /// The first of them that is nothing on every remote, or that nobody signed who is believed.
    async fn first_fault(&mut self, segments: &[SegmentName]) -> Option<(SegmentName, String)> {
        let left = OPENED_MAX.saturating_sub(self.opened.len());
        let unread = segments.iter().filter(|name| !self.opened.contains(*name));
        let unread: Vec<SegmentName> = unread.take(left).cloned().collect();
        let sources = self.sources;
        let mut proofs = stream::iter(unread)
            .map(|name| async move {
                let proof = proof(sources, &name).await;
                (name, proof)
            })
            .buffered(AT_ONCE);
        while let Some((name, proof)) = proofs.next().await {
            match proof {
                Proof::Nothing(why) => return Some((name, why)),
                Proof::Foreign(stranger) => return Some((name, stranger.why)),
                Proof::Whole { .. } | Proof::Locked(_) | Proof::Unknown => {}
            }
            self.opened.insert(name);
        }
        None
    }
}

//! How far the key at hand opens the commits on a way. A chain goes on while its owner changes keys, so that an older key
//! opens its beginning alone: nothing that it does not open is promised.
//! It opens a few segments only: those behind the first that this key does not open were sealed later.

use protocol::object_key::SegmentName;

use super::{
    Next, Only, Refused, Request, Sources,
    beside::{Beside, State},
    search::Route,
    segments::{self, Proof},
};

/// Refuses a way whose end this key does not open, with what it does open.
///
/// # Errors
/// That [`Refused`].
pub(super) async fn require_opened(
    request: &Request,
    sources: &Sources<'_>,
    route: &Route,
) -> Result<(), Refused> {
    // Who rehearses goes by session keys, and sees for itself.
    if request.newest_only || request.only == Some(Only::Config) {
        return Ok(());
    }
    let Some((at, why)) = first_locked(sources, &route.segments).await else {
        return Ok(());
    };
    let (chain, first) = (&route.manifest.chain, route.segments[at].first);
    let end = State::new(chain, route.end, Some(route.end_at));
    let before = at.checked_sub(1).map(|at| &route.segments[at]);
    let (commit, seen_at) = before.map_or((route.manifest.commit, route.manifest.taken_at), |name| {
        (name.last, name.last_at)
    });
    let beside = Beside::of(&end, &State::new(chain, commit, Some(seen_at)));
    Err(Refused {
        reason: format!(
            "this key opens the chain {chain} until commit {commit} and no further: commits {first} to {} were sealed to another \
             one ({why}). That is no damage by itself: the key that is named there, where it is yours, brings back all of it: \
             --key FILE",
            route.end
        ),
        next: match before {
            None => Next::Point {
                point: route.manifest.point.clone(),
                beside,
            },
            Some(_) => Next::Commit {
                chain: chain.clone(),
                commit,
                at: Some(seen_at),
                beside,
            },
        },
    })
}

/// The place of the first of them that this key does not open, and why not; `None` where it opens the last one.
async fn first_locked(sources: &Sources<'_>, segments: &[SegmentName]) -> Option<(usize, String)> {
    let last = segments.last()?;
    let mut found = (segments.len() - 1, why_locked(sources, last).await?);
    let mut opened = 0;
    while opened < found.0 {
        let middle = opened.midpoint(found.0);
        match why_locked(sources, &segments[middle]).await {
            Some(why) => found = (middle, why),
            None => opened = middle + 1,
        }
    }
    Some(found)
}

async fn why_locked(sources: &Sources<'_>, name: &SegmentName) -> Option<String> {
    match segments::proof(sources, name).await {
        Proof::Locked(why) => Some(why),
        Proof::Whole { .. } | Proof::Nothing(_) | Proof::Foreign(_) | Proof::Unknown => None,
    }
}

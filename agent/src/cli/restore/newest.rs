//! The newest commit that is known anywhere, to tell what a restore to an earlier moment left out: by this machine's
//! memory, and by what the remotes hold, found as a restore of everything finds it.
//! It restores nothing, and says nothing when neither answers.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::PointId,
    time::UnixMillis,
};

use crate::{
    backup::capture::Unattended,
    config::Config,
    restore::{self, Plan, Reached, Request, Selection, Sources},
    store::{Store, capture::CaptureState, points::KnownPoint},
};

/// Who knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Witness {
    /// What this machine remembers.
    Here,
    /// What lies on the remotes.
    Remotes,
}

/// The newest commit that somebody knows of.
#[derive(Clone)]
pub(super) struct LastKnown {
    pub chain: ChainId,
    pub commit: CommitNumber,
    pub at: UnixMillis,
    pub witness: Witness,
}

impl LastKnown {
    fn captured(state: &CaptureState) -> Self {
        Self {
            chain: state.chain.clone(),
            commit: state.commit,
            at: state.commit_at,
            witness: Witness::Here,
        }
    }

    fn taken(manifest: &Manifest) -> Self {
        Self {
            chain: manifest.chain.clone(),
            commit: manifest.commit,
            at: manifest.taken_at,
            witness: Witness::Here,
        }
    }

    fn held(plan: &Plan) -> Self {
        let last = plan.segments.last();
        Self {
            chain: plan.manifest.chain.clone(),
            commit: plan.end,
            at: last.map_or(plan.manifest.taken_at, |name| name.last_at),
            witness: Witness::Remotes,
        }
    }

    /// Whether something of the restored chain came after this.
    fn follows(&self, chain: &ChainId, reached: Reached) -> bool {
        self.chain == *chain && self.commit > reached.commit
    }
}

/// What this machine knows, before anything is changed.
pub(super) struct Here {
    /// The newest commit that was captured, or else the newest point that was taken.
    pub known: Option<LastKnown>,
    /// Since when nobody captures.
    pub unattended: Option<Unattended>,
}

impl Here {
    pub(super) fn of(config: &Config, known: &BTreeMap<PointId, KnownPoint>) -> Self {
        let store = Store::open_to_look(&config.state_dir).ok().flatten();
        let captured = store.and_then(|store| store.capture_state().ok().flatten());
        let newest = known.values().map(|known| &known.manifest);
        Self {
            known: captured.map(|state| LastKnown::captured(&state)).or_else(|| {
                let newest = newest.max_by_key(|manifest| manifest.taken_at);
                newest.map(LastKnown::taken)
            }),
            unattended: Unattended::of(config),
        }
    }
}

/// The later of what is known here and what the remotes hold, and, where that is of the restored chain, what they hold of a
/// later one; of what was restored as the end of everything there is nothing later.
pub(super) async fn anywhere(
    here: Option<LastKnown>,
    request: Request,
    sources: &Sources<'_>,
    (chain, reached): (&ChainId, Reached),
) -> (Option<LastKnown>, Option<LastKnown>) {
    if request.selection == Selection::Latest && request.chain.is_none() {
        return (here, None);
    }
    let of_chain = Some(chain.as_str().to_owned());
    let of_chain = held(&request, of_chain, sources).await;
    let of_any = held(&request, None, sources).await;
    let beside = of_any
        .clone()
        .filter(|any| any.chain != *chain && any.at > reached.at);
    let held = match of_chain {
        Some(held) if held.follows(chain, reached) => Some(held),
        same => of_any.or(same),
    };
    let known = later(here, held);
    let is_told = known.as_ref().is_some_and(|known| known.chain != *chain);
    (known, beside.filter(|_| !is_told))
}

/// Of one chain the greater number, of two the later moment; of equals what this machine knows itself.
fn later(here: Option<LastKnown>, held: Option<LastKnown>) -> Option<LastKnown> {
    let (Some(ours), Some(theirs)) = (&here, &held) else {
        return here.or(held);
    };
    let is_theirs = match ours.chain == theirs.chain {
        true => theirs.commit > ours.commit,
        false => theirs.at > ours.at,
    };
    if is_theirs { held } else { here }
}

async fn held(request: &Request, chain: Option<String>, sources: &Sources<'_>) -> Option<LastKnown> {
    let everything = Request {
        selection: Selection::Latest,
        chain,
        wants_offer: false,
        ..request.clone()
    };
    let plan = restore::plan(everything, sources).await.ok()?;
    Some(LastKnown::held(&plan))
}

//! Whether what is restored follows another chain: whoever takes the newest backup for that of his shop must hear when
//! another database took its place.
//! It opens a few manifests, found by halving, and judges nothing.

use protocol::{chain::ChainId, object_key::PointId};

use super::{Only, Request, Stop, index::Index, search::Route};

/// Where the backups of one chain follow those of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The newest point before.
    pub before: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The oldest point of the chain that is restored.
    pub since: PointId,
}

/// The succession that the restored chain begins with, when the end of what there is was asked for.
pub(super) async fn find(
    request: &Request,
    index: &mut Index<'_>,
    route: &Route,
    stop: Stop,
) -> Option<Succession> {
    let is_newest = matches!(stop, Stop::AtEnd | Stop::By { .. });
    // Who names a chain or rehearses a point means that one.
    if !is_newest || request.chain.is_some() || request.newest_only || request.only == Some(Only::Config) {
        return None;
    }
    let chain = &route.manifest.chain;
    let point = &route.manifest.point;
    let mut newer = index.points().iter().position(|other| other == point)?;
    let mut older = index.points().len() - 1;
    if chain_at(request, index, older).await? == *chain {
        return None;
    }
    while older - newer > 1 {
        let middle = newer.midpoint(older);
        match chain_at(request, index, middle).await? == *chain {
            true => newer = middle,
            false => older = middle,
        }
    }
    Some(Succession {
        chain: chain_at(request, index, older).await?,
        before: index.points()[older].clone(),
        since: index.points()[newer].clone(),
    })
}

/// The chain of the `at`-th newest point, by the catalogue where that knows it.
async fn chain_at(request: &Request, index: &mut Index<'_>, at: usize) -> Option<ChainId> {
    if let Some(known) = request.known.get(index.points().get(at)?) {
        return Some(known.manifest.chain.clone());
    }
    let manifest = index.probe(at).await?.found.as_ref().ok()?;
    Some(manifest.chain.clone())
}

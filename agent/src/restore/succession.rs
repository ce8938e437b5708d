//! Whether what is restored follows another chain: whoever takes the newest backup for that of his shop must hear when
//! another database took its place. A chain that begins anew with the very same database is none of his concern.
//! It opens a few manifests, found by halving, and judges nothing.

use protocol::{
    chain::{ChainId, PageRoot},
    manifest::Manifest,
    object_key::PointId,
};

use super::{Only, Request, Sources, Stop, index::Index, search::Route, segments};
use crate::backup::segment::Segment;

/// Where the backups of one chain follow those of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The newest point before.
    pub before: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// The oldest point of the chain that is restored.
    pub since: PointId,
    /// Why that began, if it was because another database lay in the place of the shop's.
    pub replaced: Option<String>,
    /// Where that had happened before as well: the newest point of each chain before those, the newest first.
    pub earlier: Vec<(PointId, ChainId)>,
}

/// So many exchanges are followed back.
const EXCHANGES_MAX: usize = 8;

/// The succession that the restored chain begins with, when the end of what there is was asked for.
pub(super) async fn find(
    (request, sources): (&Request, &Sources<'_>),
    index: &mut Index<'_>,
    route: &Route,
    stop: Stop,
) -> Option<Succession> {
    let is_newest = matches!(stop, Stop::AtEnd | Stop::By { .. });
    // Who names a chain or rehearses a point means that one.
    if !is_newest || request.chain.is_some() || request.newest_only || request.only == Some(Only::Config) {
        return None;
    }
    let newest = index
        .points()
        .iter()
        .position(|other| *other == route.manifest.point)?;
    let (older, before, since) = boundary(request, index, newest).await?;
    // Page for page the same database: its commits are only counted anew, unless what it goes on from had taken the place of
    // another one.
    let is_same = before.page_root == since.page_root
        || end_of(sources, &before.chain).await.as_ref() == Some(&since.page_root);
    if is_same && before.replaced.is_none() {
        return None;
    }
    let mut earlier = Vec::new();
    let (mut at, mut last) = (older, before.clone());
    while last.replaced.is_some() && earlier.len() < EXCHANGES_MAX {
        let Some((older, before, _)) = boundary(request, index, at).await else {
            break;
        };
        earlier.push((before.point.clone(), before.chain.clone()));
        (at, last) = (older, before);
    }
    Some(Succession {
        chain: before.chain,
        before: before.point,
        since: since.point,
        replaced: since.replaced,
        earlier,
    })
}

/// Where the chain of the `newer`-th newest point begins: the place of the newest point before it, that point, and the oldest
/// of the chain. `None` where nothing is older.
async fn boundary(
    request: &Request,
    index: &mut Index<'_>,
    mut newer: usize,
) -> Option<(usize, Manifest, Manifest)> {
    let chain = &chain_at(request, index, newer).await?;
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
    let (before, since) = (
        manifest_at(request, index, older).await?,
        manifest_at(request, index, newer).await?,
    );
    Some((older, before, since))
}

/// What a chain's last segment leaves the database as, where that can be opened.
async fn end_of(sources: &Sources<'_>, chain: &ChainId) -> Option<PageRoot> {
    let last = sources
        .survey
        .segments(chain)
        .into_iter()
        .max_by_key(|name| name.last)?;
    let (plain, _, _) = segments::segment(sources, &last).await.ok()?;
    Some(Segment::parse(&plain).ok()?.header.root)
}

async fn chain_at(request: &Request, index: &mut Index<'_>, at: usize) -> Option<ChainId> {
    Some(manifest_at(request, index, at).await?.chain)
}

/// What the `at`-th newest point is, by the catalogue where that knows it.
async fn manifest_at(request: &Request, index: &mut Index<'_>, at: usize) -> Option<Manifest> {
    if let Some(known) = request.known.get(index.points().get(at)?) {
        return Some(known.manifest.clone());
    }
    index.probe(at).await?.found.as_ref().ok().cloned()
}

//! Whether what is restored follows another chain: whoever takes the newest backup for that of his shop must hear when
//! another database took its place. A chain that begins anew with the very same database is none of his concern.
//! It opens a few manifests, found by halving, and judges nothing.

use std::cmp::Reverse;

use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    manifest::Manifest,
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{Only, Request, Sources, Stop, index::Index, search::Route, segments};
use crate::backup::{Silent, segment::Segment};

/// Where the backups of one chain follow those of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The newest point before.
    pub before: PointId,
    /// Its chain.
    pub chain: ChainId,
    /// Until when that was backed up: its newest commit, or that point where none came after it.
    pub until: UnixMillis,
    /// The oldest point of the chain that is restored.
    pub since: PointId,
    /// Why that began, if it was because another database lay in the place of the shop's.
    pub replaced: Option<String>,
    /// Where that had happened before as well: until when each chain before those was backed up, the newest first.
    pub earlier: Vec<(UnixMillis, ChainId)>,
}

/// So many exchanges are followed back.
const EXCHANGES_MAX: usize = 8;
/// So many points are looked at for one of a chain that was followed again.
const RESUMED_MAX: usize = 50;
/// The newest segment may be damaged, or be no agent's: so many are tried.
const ENDS_MAX: usize = 4;

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
    let (older, before) = resumed((request, sources), index, (older, &before, &since))
        .await
        .unwrap_or((older, before));
    // Names alone prove no commits.
    let end = end_of(sources, &before.chain).await;
    let (last, end) = end.unzip();
    let rest = last.filter(|last| *last > before.commit);
    let is_as_point = before.page_root == since.page_root;
    // Page for page the same database: its commits are only counted anew, unless what it goes on from had taken the place of
    // another one.
    let is_same = end.as_ref() == Some(&since.page_root) || (is_as_point && rest.is_none());
    if is_same && before.replaced.is_none() {
        return None;
    }
    let went_back = |last: CommitNumber| {
        let point = &before.point;
        format!(
            "it began with what the restore point {point} holds, though commits had come after that, up to {last}"
        )
    };
    let went_back = rest.filter(|_| is_as_point && !is_same).map(went_back);
    let mut earlier = Vec::new();
    let (mut at, mut last) = (older, before.clone());
    while last.replaced.is_some() && earlier.len() < EXCHANGES_MAX {
        let Some((older, before, since)) = boundary(request, index, at).await else {
            break;
        };
        earlier.push((until(sources, &before, &since), before.chain.clone()));
        (at, last) = (older, before);
    }
    Some(Succession {
        until: until(sources, &before, &since),
        chain: before.chain,
        before: before.point,
        since: since.point,
        replaced: since.replaced.or(went_back),
        earlier,
    })
}

/// The place and the manifest of the newest point of another chain that went on later than the one of the newest point
/// before: a chain that nobody could follow for a while, in which one point began a chain of its own, and that was then
/// followed again.
async fn resumed(
    (request, sources): (&Request, &Sources<'_>),
    index: &mut Index<'_>,
    (older, before, since): (usize, &Manifest, &Manifest),
) -> Option<(usize, Manifest)> {
    let until = until(sources, before, since);
    let all = sources.survey.all_segments();
    let is_later = |name: &&SegmentName| {
        ![&before.chain, &since.chain].contains(&&name.chain)
            && (until < name.last_at && name.last_at <= since.taken_at)
    };
    let newest = all.keys().filter(is_later).max_by_key(|name| name.last_at)?;
    let end = index.points().len().min(older + RESUMED_MAX);
    for at in older + 1..end {
        let found = manifest_at(request, index, at).await;
        if let Some(found) = found.filter(|found| found.chain == newest.chain) {
            return Some((at, found));
        }
    }
    None
}

/// Until when a chain was backed up that another one follows, by the names of its segments.
fn until(sources: &Sources<'_>, before: &Manifest, since: &Manifest) -> UnixMillis {
    let segments = sources.survey.segments(&before.chain).into_iter();
    let rest = segments.filter(|name| name.last > before.commit && name.last_at <= since.taken_at);
    let newest = rest.max_by_key(|name| name.last).map(|name| name.last_at);
    newest.map_or(before.taken_at, |at| at.max(before.taken_at))
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

/// A chain's last commit, and what it leaves the database as, of the newest of its segments that opens.
async fn end_of(sources: &Sources<'_>, chain: &ChainId) -> Option<(CommitNumber, PageRoot)> {
    let mut names: Vec<SegmentName> = sources.survey.segments(chain).into_iter().collect();
    names.sort_by_key(|name| Reverse(name.last));
    for name in names.iter().take(ENDS_MAX) {
        let opened = segments::segment(sources, name, &Silent).await.ok();
        let header = opened.and_then(|(plain, _, _)| Some(Segment::parse(&plain).ok()?.header));
        if let Some(header) = header {
            return Some((name.last, header.root));
        }
    }
    None
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

//! Which point a commit is reached from, and which segments lead from a point to what is wanted.
//! It opens manifests and no more.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{PointId, SegmentName},
};

use super::{Next, Refused, Sources, Stop, fetch, replay};
use crate::backup::survey::Survey;

/// Manifests that are opened at the same time.
const MANIFESTS_AT_ONCE: usize = 8;

/// The newest point of the newest chain that stands at this commit or before it.
///
/// # Errors
/// A sentence when there is none.
pub(super) async fn holder_of(
    sources: &Sources<'_>,
    points: &BTreeSet<PointId>,
    commit: CommitNumber,
) -> Result<PointId, String> {
    let mut chain: Option<ChainId> = None;
    let mut oldest = None;
    let mut manifests = stream::iter(points.iter().rev())
        .map(|point| async move { fetch::manifest(sources, point, &mut Vec::new()).await })
        .buffered(MANIFESTS_AT_ONCE);
    // One that does not open hides no older one: the commits after it can be followed from there.
    while let Some(manifest) = manifests.next().await {
        let Ok(manifest) = manifest else { continue };
        let newest = chain.get_or_insert_with(|| manifest.chain.clone());
        if *newest != manifest.chain {
            continue;
        }
        if manifest.commit <= commit {
            return Ok(manifest.point);
        }
        oldest = Some(manifest.commit);
    }
    Err(match oldest {
        Some(oldest) => {
            format!(
                "commit {commit} cannot be reached: the oldest point of the newest chain stands at commit {oldest}"
            )
        }
        None => {
            "no restore point on the remotes that answer opens with this key and a known signer".to_owned()
        }
    })
}

/// The segments from the point to the stop.
///
/// # Errors
/// [`Refused`] when one is missing on the way, with the last commit that can be had.
pub(super) fn way(survey: &Survey, manifest: &Manifest, stop: Stop) -> Result<Vec<SegmentName>, Refused> {
    let names = survey.segments(&manifest.chain);
    let way = replay::way(&names, &manifest.chain, manifest.commit, stop);
    if let Some((before, after)) = way.gap {
        return Err(Refused {
            reason: format!(
                "the segment that begins with commit {} is missing on every remote that answers, although later ones, \
                 from commit {after} on, are there",
                before.next()
            ),
            next: Next::Commit(before),
        });
    }
    let last = way
        .segments
        .last()
        .map_or(manifest.commit, |segment| segment.last);
    match stop {
        Stop::AfterCommit(commit) if last < commit => Err(Refused {
            reason: format!("commit {commit} is on no remote that answers: the last one there is {last}"),
            next: Next::Commit(last),
        }),
        _ => Ok(way.segments),
    }
}

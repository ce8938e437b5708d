//! That a commit cannot be had: it lies behind everything that is there, or in a stretch of which retention has let the single
//! commits go.
//! It finds nothing to restore, and promises no more than manifests and listings tell.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
};

use super::{Request, Sources, index::Index};

/// Points that are looked at in search of what comes next.
const LOOKED_AT_MAX: usize = 200;

/// In a sentence; `end` is what the way to it reaches.
pub(super) async fn told(
    request: &Request,
    sources: &Sources<'_>,
    (chain, commit): (&ChainId, CommitNumber),
    end: CommitNumber,
) -> String {
    let behind = behind(request, sources, (chain, commit)).await;
    let nowhere = sources.survey.nowhere();
    match behind {
        None => format!("commit {commit} is {nowhere}: the last one there is {end}"),
        Some((next, point)) => format!(
            "commit {commit} is {nowhere}: of the commits between {end} and {next} none is there any more. \
             Retention lets single ones go after a while, and a remote that was added later or a full spool never had them; else \
             somebody deleted them. `agent verify` says which. What comes next is --point {point}, after commit {next}: it is LATER, and \
             holds all that happened in between"
        ),
    }
}

/// The first point of the chain behind the goal.
async fn behind(
    request: &Request,
    sources: &Sources<'_>,
    (chain, commit): (&ChainId, CommitNumber),
) -> Option<(CommitNumber, PointId)> {
    let mut index = Index::new(sources, request, None);
    let (mut at, mut next) = (0, None);
    while let Some(reading) = index.get(at).await {
        at += 1;
        let manifest = match &reading.found {
            Ok(manifest) if manifest.chain == *chain => manifest,
            _ if at < LOOKED_AT_MAX => continue,
            _ => break,
        };
        if manifest.commit <= commit {
            break;
        }
        next = Some((manifest.commit, manifest.point.clone()));
    }
    next
}

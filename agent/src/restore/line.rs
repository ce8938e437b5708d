//! The line of recoveries that led to a known agent: whose backups its server was restored from, and theirs before. Every
//! restore point carries that record, sealed and signed with it, so that whoever may only write on a remote adds nobody.
//! It believes those servers for what they had signed by then alone, and says nothing of servers that came after.

use futures_util::stream::StreamExt;
use protocol::manifest::Manifest;

use super::{Sources, archived, manifests, newest};
use crate::backup::{
    ARCHIVE_BYTES_MAX,
    restores::{self, LiveRestore},
};

/// Points that are looked at, the newest first, in search of one of each known agent.
const OPENED_MAX: usize = 200;
/// A record is smaller.
const RECORD_BYTES_MAX: u64 = 1024 * 1024;

/// The live restores before the newest point of each known agent, the oldest first; none where they tell of none.
pub async fn line(sources: &Sources<'_>) -> Vec<LiveRestore> {
    let mut line: Vec<LiveRestore> = Vec::new();
    for newest in newest_of_each(sources).await {
        let told = told_in(sources, &newest).await;
        let new = told
            .into_iter()
            .filter(|one| !line.iter().any(|other| other.is_same(one)));
        let new: Vec<LiveRestore> = new.collect();
        line.extend(new);
    }
    line.sort_by_key(|restore| restore.at);
    line
}

/// The same as this very point tells of its server.
pub(super) async fn told_in(sources: &Sources<'_>, manifest: &Manifest) -> Vec<LiveRestore> {
    let limits = (ARCHIVE_BYTES_MAX, RECORD_BYTES_MAX);
    let record = archived::file(sources, manifest, restores::FILE, limits).await;
    let mut told = restores::told_by(&manifest.signer, &record.unwrap_or_default());
    // Nobody can say what happens after he spoke.
    told.retain(|restore| restore.until() <= manifest.taken_at);
    told
}

/// The newest point of each agent that is known. Usually that is one agent, and nobody asks for a second point.
async fn newest_of_each(sources: &Sources<'_>) -> Vec<Manifest> {
    let agents = sources.signers.fingerprints().count();
    let mut points = newest::points(sources, OPENED_MAX).into_iter();
    let mut found: Vec<Manifest> = Vec::new();
    if let Some(first) = points.next() {
        found.extend(manifests::of_point(sources, &first, &mut Vec::new()).await);
    }
    if found.len() == agents {
        return found;
    }
    let mut opened = std::pin::pin!(newest::manifests(sources, points.collect()));
    while let Some(manifest) = opened.next().await {
        if !found.iter().any(|other| other.signer == manifest.signer) {
            found.push(manifest);
        }
        if found.len() == agents {
            break;
        }
    }
    found
}

//! The line of recoveries that led to a known agent: whose backups its server was restored from, and theirs before. Every
//! restore point carries that record, sealed and signed with it, so that whoever may only write on a remote adds nobody.
//! It believes those servers for what they had signed by then alone, and says nothing of servers that came after.

use futures_util::stream::StreamExt;
use protocol::manifest::Manifest;

use super::{Sources, archived, fetch, newest};
use crate::backup::{
    ARCHIVE_BYTES_MAX,
    restores::{self, LiveRestore},
};

/// Points that are looked at, the newest first, in search of one of a known agent.
const OPENED_MAX: usize = 50;
/// A record is smaller.
const RECORD_BYTES_MAX: u64 = 1024 * 1024;

/// The live restores before the newest point that a known agent took, the oldest first; none where it tells of none.
pub async fn line(sources: &Sources<'_>) -> Vec<LiveRestore> {
    let Some(newest) = newest(sources).await else {
        return Vec::new();
    };
    told_in(sources, &newest).await
}

/// The same as this very point tells of its server.
pub(super) async fn told_in(sources: &Sources<'_>, manifest: &Manifest) -> Vec<LiveRestore> {
    let limits = (ARCHIVE_BYTES_MAX, RECORD_BYTES_MAX);
    let record = archived::file(sources, manifest, restores::FILE, limits).await;
    let mut told = restores::told_by(&manifest.signer, &record.unwrap_or_default());
    // Nobody can say what happens after he spoke.
    told.retain(|restore| restore.at.max(restore.as_of) <= manifest.taken_at);
    told
}

async fn newest(sources: &Sources<'_>) -> Option<Manifest> {
    let mut points = newest::points(sources, OPENED_MAX).into_iter();
    // Usually nobody asks for a second.
    if let Ok(manifest) = fetch::manifest(sources, &points.next()?, &mut Vec::new()).await {
        return Some(manifest);
    }
    let mut opened = std::pin::pin!(newest::manifests(sources, points.collect()));
    opened.next().await
}

//! Where a live shop came from: written into the state directory when a restore has put it in its place.
//! It judges nothing, and no restore fails by it.

use std::{fs, path::Path};

use protocol::{restored::FileId, time::UnixMillis};

use super::{Plan, Reached, Sources, line};
use crate::backup::restores::{self, LiveRestore};

/// The live restores that led to the server whose backups these are; asked for where a server is to live on from them.
pub(super) async fn led_to(plan: &Plan, sources: &Sources<'_>, lives_on: bool) -> Vec<LiveRestore> {
    if !lives_on {
        return Vec::new();
    }
    let mut line = line::told_in(sources, &plan.manifest).await;
    let told = plan.request.restores.iter().filter(|it| it.server.is_some());
    line.extend(told.cloned());
    line
}

/// Writes down whose backups this server lives on from now on, and where its shop stood; what stood in the way of that
/// is said, and is no reason to take the shop back.
pub(super) fn write_down(
    (state_dir, live): (&Path, &Path),
    plan: &Plan,
    reached: Option<Reached>,
    (sources, line, now): (&Sources<'_>, &[LiveRestore], UnixMillis),
) -> Option<String> {
    let manifest = &plan.manifest;
    let certificate = sources.signers.certificate_of(&manifest.signer);
    let added = certificate.and_then(|certificate| {
        let restore = LiveRestore {
            at: now,
            point: manifest.point.clone(),
            chain: manifest.chain.clone(),
            commit: reached.map_or(manifest.commit, |reached| reached.commit),
            as_of: reached.map_or(manifest.taken_at, |reached| reached.at),
            signer: manifest.signer.clone(),
            certificate,
            unfilled: sources
                .survey
                .unfilled
                .iter()
                .map(|it| it.remote.clone())
                .collect(),
            file: fs::metadata(live).ok().as_ref().and_then(FileId::of),
            server: None,
        };
        restores::add(state_dir, line, restore)
    });
    let error = added.err()?;
    Some(format!(
        "this server does not remember whose backups it was restored from ({error:#}): --trust {} brings older states back",
        manifest.signer
    ))
}

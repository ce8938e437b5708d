//! Puts a database together from its parts in a file beside the target, and checks it until it may be trusted.
//! The caller removes the file when this fails.

use std::{fs::File, io::Write, path::Path};

use anyhow::{Context, bail};
use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use super::{Plan, Sources, fetch};
use crate::{
    backup::{Progress, seal::hex},
    store::shop::{self, Depth},
};

/// Parts that are fetched and opened at the same time: each takes up to some 50 MiB of memory meanwhile.
const PARTS_AT_ONCE: usize = 3;

/// Why there is no database.
pub(super) enum Failure {
    /// An object is intact nowhere: another point may do.
    Lost(String),
    /// This machine's disk, or the like.
    Here(anyhow::Error),
}

/// Fetches every part, a few at a time, and writes them in order into the file.
pub(super) async fn database(
    plan: &Plan,
    sources: &Sources<'_>,
    file: &mut File,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    progress.begin("restoring the database", plan.manifest.database_bytes);
    let mut digest = Sha256::new();
    let mut parts = stream::iter(&plan.manifest.database)
        .map(|part| fetch::object(sources, part))
        .buffered(PARTS_AT_ONCE);
    while let Some(part) = parts.next().await {
        let (plain, note) = part.map_err(Failure::Lost)?;
        notes.extend(note);
        digest.update(&plain);
        file.write_all(&plain)
            .context("writing the database")
            .map_err(Failure::Here)?;
        progress.advance(plain.len() as u64);
    }
    if hex(&digest.finalize()) != plan.manifest.database_sha256 {
        return Err(Failure::Lost(
            "its parts do not add up to the database that the manifest describes".to_owned(),
        ));
    }
    file.sync_all()
        .context("forcing the database to the disk")
        .map_err(Failure::Here)
}

/// Asks SQLite. The file has no write-ahead log, so that it is opened as what it is: complete.
pub(super) fn check(path: &Path, full: bool) -> anyhow::Result<()> {
    let connection = shop::open_complete(path).context("opening the restored database")?;
    let depth = if full { Depth::Full } else { Depth::Quick };
    let damage = shop::damage(&connection, depth)
        .context("checking the restored database: it was damaged when it was backed up")?;
    match damage {
        None => Ok(()),
        Some(damage) => bail!("SQLite finds the restored database damaged, as it was backed up: {damage}"),
    }
}

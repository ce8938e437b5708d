//! Puts a database together from its parts in a file beside the target, and checks it until it may be trusted.
//! The caller removes the file when this fails.

use std::{fs::File, io::Write, path::Path};

use anyhow::{Context, ensure};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::{Plan, Sources, fetch};
use crate::backup::{Progress, seal::hex};

const QUICK_CHECK: &str = "PRAGMA quick_check(5)";
const FULL_CHECK: &str = "PRAGMA integrity_check(5)";

/// Why there is no database.
pub(super) enum Failure {
    /// An object is intact nowhere: another point may do.
    Lost(String),
    /// This machine's disk, or the like.
    Here(anyhow::Error),
}

/// Fetches every part in order into the file.
pub(super) async fn database(
    plan: &Plan,
    sources: &Sources<'_>,
    file: &mut File,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    progress.begin("restoring the database", plan.manifest.database_bytes);
    let mut digest = Sha256::new();
    for part in &plan.manifest.database {
        let plain = fetch::object(sources, part, notes).await.map_err(Failure::Lost)?;
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
    let uri = format!("file:{}?immutable=1", percent_encoded(path));
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags).context("opening the restored database")?;
    let statement = if full { FULL_CHECK } else { QUICK_CHECK };
    let verdict: String = connection
        .query_row(statement, [], |row| row.get(0))
        .context("checking the restored database: it was damaged when it was backed up")?;
    ensure!(
        verdict == "ok",
        "SQLite finds the restored database damaged, as it was backed up: {verdict}"
    );
    Ok(())
}

/// The characters that mean something in SQLite's `file:` names.
fn percent_encoded(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

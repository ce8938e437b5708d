//! Parts of the health report that are figures out of the database, in the report's own words.

use anyhow::Result;
use protocol::health::{DatabaseHealth, DeadJobs, NAMES_MAX};
use rusqlite::Connection;

use crate::{db, queue};

/// How large the database is.
///
/// # Errors
/// When it cannot be read.
pub(super) fn database(conn: &Connection) -> Result<DatabaseHealth> {
    let found = db::figures(conn)?;
    Ok(DatabaseHealth {
        size_bytes: found.pages.saturating_mul(found.page_bytes),
        wal_bytes: found.wal_bytes,
        free_pages: found.free_pages,
        schema_version: found.schema_version,
        ..DatabaseHealth::default()
    })
}

/// Which jobs were given up.
///
/// # Errors
/// When the database fails.
pub(super) fn dead_by_kind(conn: &Connection) -> Result<Vec<DeadJobs>> {
    let found = queue::store::dead_by_kind(conn, NAMES_MAX)?;
    let dead = found.into_iter().map(|(kind, count)| DeadJobs { kind, count });
    Ok(dead.collect())
}

//! Parts of the health report that are figures of the database, in the report's own words.

use anyhow::Result;
use protocol::health::{DatabaseHealth, DeadJobs, NAMES_MAX};
use rusqlite::Connection;

use crate::{
    db::{self, Standing},
    queue,
};

/// How large the database is. What its commits say is added by [`commits`]: that is known even where nothing can be read.
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

/// The same figures with what the writer heard from its last commits.
pub(super) fn commits(figures: DatabaseHealth, standing: &Standing) -> DatabaseHealth {
    let (failed_commits, commit_fault) = standing.failed_commits();
    DatabaseHealth {
        failed_commits,
        commit_fault,
        ..figures
    }
}

/// Which jobs were given up, the kinds that have most first.
///
/// # Errors
/// When the database fails.
pub(super) fn dead_by_kind(conn: &Connection) -> Result<Vec<DeadJobs>> {
    let found = queue::store::dead(conn, NAMES_MAX)?;
    let dead = found.into_iter().map(|dead| DeadJobs {
        kind: dead.kind,
        count: dead.count,
    });
    Ok(dead.collect())
}

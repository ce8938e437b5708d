//! Jobs that were given up come back, where somebody decides so.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use super::enqueue;
use crate::queue::{DeadJob, JobId, NewJob};

pub(super) const DEAD_SINCE: &str = "SELECT id, kind, payload, created_at FROM dead_job
    WHERE died_at >= :since AND created_at >= :since ORDER BY died_at LIMIT :limit";
const FORGET: &str = "DELETE FROM dead_job WHERE id = :id";

/// Jobs that were enqueued, and given up, at or after a moment, in the order of their end; at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn dead_since(conn: &Connection, since: UnixMillis, limit: usize) -> Result<Vec<DeadJob>> {
    let mut statement = conn.prepare_cached(DEAD_SINCE)?;
    let row = named_params! { ":since": since.0, ":limit": i64::try_from(limit)? };
    let rows = statement.query_map(row, |row| {
        Ok(DeadJob {
            id: JobId(row.get(0)?),
            kind: row.get(1)?,
            payload: row.get(2)?,
            created_at: UnixMillis(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Puts `job` in the place of one that was given up. It is as old as that one, and its tries begin anew; where its key
/// is taken, that other job does what was to be done.
///
/// # Errors
/// When the database fails.
pub fn revive(conn: &Connection, dead: &DeadJob, job: &NewJob) -> Result<()> {
    enqueue(conn, job, dead.created_at)?;
    conn.prepare_cached(FORGET)?
        .execute(named_params! { ":id": dead.id.0 })?;
    Ok(())
}

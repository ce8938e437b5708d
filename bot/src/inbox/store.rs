//! The inbox as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{TRIES_MAX, UpdateId};

const STORE: &str = "INSERT INTO inbox (update_id, body, state, received_at) VALUES (:id, :body, 'new', :now)
    ON CONFLICT (update_id) DO NOTHING";
const WAITING_BATCH: &str =
    "SELECT update_id, body FROM inbox WHERE state = 'new' ORDER BY update_id LIMIT :limit";
const DONE: &str = "UPDATE inbox SET state = 'done', body = NULL, handled_at = :now
    WHERE update_id = :id AND state = 'new'";
const FAILED: &str = "UPDATE inbox SET tries = tries + 1, error = :error,
        state = CASE WHEN tries + 1 >= :tries_max THEN 'poison' ELSE 'new' END,
        handled_at = CASE WHEN tries + 1 >= :tries_max THEN :now END
    WHERE update_id = :id AND state = 'new' RETURNING state = 'poison'";
const WAITING: &str = "SELECT count(*) FROM inbox WHERE state = 'new'";
const PRUNE: &str = "DELETE FROM inbox WHERE state = 'done' AND handled_at < :before";

/// Stores an update. `false`: it is here already.
///
/// # Errors
/// When the database fails.
pub fn store(conn: &Connection, id: UpdateId, body: &str, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": id.0, ":body": body, ":now": now.0 };
    Ok(conn.prepare_cached(STORE)?.execute(row)? == 1)
}

/// The oldest updates that wait, in the order of their numbers.
///
/// # Errors
/// When the database fails.
pub fn waiting_batch(conn: &Connection, limit: u32) -> Result<Vec<(UpdateId, String)>> {
    let mut statement = conn.prepare_cached(WAITING_BATCH)?;
    let rows = statement.query_map(named_params! { ":limit": limit }, |row| {
        Ok((UpdateId(row.get(0)?), row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// It is handled. `false`: it was before.
///
/// # Errors
/// When the database fails.
pub fn done(conn: &Connection, id: UpdateId, now: UnixMillis) -> Result<bool> {
    Ok(conn
        .prepare_cached(DONE)?
        .execute(named_params! { ":id": id.0, ":now": now.0 })?
        == 1)
}

/// Handling it failed. Answers whether it is set aside now.
///
/// # Errors
/// When the database fails.
pub fn failed(conn: &Connection, id: UpdateId, error: &str, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": id.0, ":error": error, ":tries_max": TRIES_MAX, ":now": now.0 };
    Ok(conn
        .prepare_cached(FAILED)?
        .query_row(row, |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

/// How many wait.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &Connection) -> Result<u64> {
    Ok(conn.prepare_cached(WAITING)?.query_row([], |row| row.get(0))?)
}

/// Forgets what was handled before a moment.
///
/// # Errors
/// When the database fails.
pub fn prune(conn: &Connection, before: UnixMillis) -> Result<usize> {
    Ok(conn
        .prepare_cached(PRUNE)?
        .execute(named_params! { ":before": before.0 })?)
}

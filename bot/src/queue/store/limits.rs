//! Pauses and limits as rows: they outlive the process, and a claim obeys them from its next look on.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, Row, named_params};

use crate::queue::{
    QueueName,
    limit::{Limit, Rate},
};

pub(super) const RUNNING: &str = "SELECT count(*) FROM job WHERE state = 'running' AND queue = :queue";
pub(super) const RUNNING_ALL: &str = "SELECT count(*) FROM job WHERE state = 'running'";
const ALL: &str =
    "SELECT name, paused_at IS NOT NULL, running_max, starts_max, starts_per_ms, used_until_us FROM queue";
const PAUSE: &str = "INSERT INTO queue (name, paused_at) VALUES (:name, :now)
    ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at WHERE paused_at IS NULL";
const RESUME: &str = "UPDATE queue SET paused_at = NULL WHERE name = :name AND paused_at IS NOT NULL";
const LIMIT: &str = "INSERT INTO queue (name, running_max, starts_max, starts_per_ms)
    VALUES (:name, :running_max, :starts_max, :starts_per_ms)
    ON CONFLICT (name) DO UPDATE SET running_max = excluded.running_max, starts_max = excluded.starts_max,
        starts_per_ms = excluded.starts_per_ms, used_until_us = 0";
const USE_UP: &str = "UPDATE queue SET used_until_us = :used_until_us WHERE name = :name";

/// Starts nothing more from this queue until it is resumed; what runs goes on. `false`: it was paused already.
///
/// # Errors
/// When the database fails.
pub fn pause(conn: &Connection, queue: QueueName, now: UnixMillis) -> Result<bool> {
    Ok(conn
        .prepare_cached(PAUSE)?
        .execute(named_params! { ":name": queue.0, ":now": now.0 })?
        == 1)
}

/// Starts jobs of this queue again. `false`: it was not paused.
///
/// # Errors
/// When the database fails.
pub fn resume(conn: &Connection, queue: QueueName) -> Result<bool> {
    Ok(conn
        .prepare_cached(RESUME)?
        .execute(named_params! { ":name": queue.0 })?
        == 1)
}

/// Sets what binds a queue from the next start on; `None` takes a limit away. A new rate begins with a full bucket.
///
/// # Errors
/// When a limit is zero, or the database fails.
pub fn limit(
    conn: &Connection,
    queue: QueueName,
    running_max: Option<u32>,
    rate: Option<Rate>,
) -> Result<()> {
    let per_ms = rate.map(|rate| i64::try_from(rate.per.as_millis())).transpose()?;
    conn.prepare_cached(LIMIT)?.execute(named_params! {
        ":name": queue.0,
        ":running_max": running_max,
        ":starts_max": rate.map(|rate| rate.starts_max),
        ":starts_per_ms": per_ms,
    })?;
    Ok(())
}

pub(super) fn all(conn: &Connection) -> Result<HashMap<String, Limit>> {
    let mut statement = conn.prepare_cached(ALL)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, read(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Limit> {
    let rate = match (row.get(3)?, row.get(4)?) {
        (Some(starts_max), Some(per_ms)) => Some(Rate {
            starts_max,
            per: Duration::from_millis(per_ms),
        }),
        _ => None,
    };
    Ok(Limit {
        paused: row.get(1)?,
        running_max: row.get(2)?,
        rate,
        used_until_us: row.get(5)?,
    })
}

pub(super) fn running(conn: &Connection, queue: &str) -> Result<usize> {
    let count = if queue == QueueName::ALL.0 {
        conn.prepare_cached(RUNNING_ALL)?
            .query_row([], |row| row.get(0))?
    } else {
        conn.prepare_cached(RUNNING)?
            .query_row(named_params! { ":queue": queue }, |row| row.get(0))?
    };
    Ok(count)
}

pub(super) fn use_up(conn: &Connection, queue: &str, used_until_us: i64) -> Result<()> {
    conn.prepare_cached(USE_UP)?
        .execute(named_params! { ":name": queue, ":used_until_us": used_until_us })?;
    Ok(())
}

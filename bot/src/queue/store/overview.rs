//! What stands where, for people and for `/health`: counted only as far as anybody cares, so that a million waiting
//! jobs cost no more to look at than ten thousand.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::queue::{COUNTED_MAX, Counts, DeadKind, QueueName, QueueView, limit::Rate};

pub(super) const COUNTS: &str = "SELECT
    (SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'ready' LIMIT :max))
        + (SELECT count(*) FROM job WHERE state = 'running'),
    (SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'scheduled' LIMIT :max)),
    (SELECT count(*) FROM (SELECT 1 FROM dead_job LIMIT :max))";
// A step from place to place along the index: as many as there are queues and priorities, however many jobs that is.
// (Asked for both at once, as a pair, SQLite would walk through the whole queue.)
pub(super) const NEXT_PRIORITY: &str = "SELECT queue, priority, id FROM job
    WHERE state = 'ready' AND queue = :queue AND priority > :priority ORDER BY priority, id LIMIT 1";
pub(super) const NEXT_QUEUE: &str = "SELECT queue, priority, id FROM job
    WHERE state = 'ready' AND queue > :queue ORDER BY queue, priority, id LIMIT 1";
const RUN_AT: &str = "SELECT run_at FROM job WHERE id = :id";
const PAUSED: &str = "SELECT name FROM queue WHERE paused_at IS NOT NULL ORDER BY name LIMIT :limit";
const OF_QUEUE: &str = "SELECT
    (SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'ready' AND queue = :queue LIMIT :max)),
    (SELECT count(*) FROM job WHERE state = 'running' AND queue = :queue)";
const SETTINGS: &str =
    "SELECT paused_at, running_max, starts_max, starts_per_ms FROM queue WHERE name = :queue";
const DEAD: &str = "SELECT kind, count(*), max(died_at), error FROM dead_job
    GROUP BY kind ORDER BY count(*) DESC, kind LIMIT :limit";

/// How many jobs stand where, each counted up to [`COUNTED_MAX`], and since when the first in any line could have run.
///
/// # Errors
/// When the database fails.
pub fn counts(conn: &Connection) -> Result<(Counts, Option<UnixMillis>)> {
    let row = named_params! { ":max": COUNTED_MAX };
    let counts = conn.prepare_cached(COUNTS)?.query_row(row, |row| {
        Ok(Counts {
            ready: row.get(0)?,
            scheduled: row.get(1)?,
            dead: row.get(2)?,
        })
    })?;
    Ok((counts, oldest_ready(conn)?))
}

/// Of one priority in one queue jobs are claimed in their order: the first has waited longest.
fn oldest_ready(conn: &Connection) -> Result<Option<UnixMillis>> {
    let mut next_priority = conn.prepare_cached(NEXT_PRIORITY)?;
    let mut next_queue = conn.prepare_cached(NEXT_QUEUE)?;
    let mut run_at = conn.prepare_cached(RUN_AT)?;
    let mut place = (String::new(), i64::MIN);
    let mut oldest: Option<i64> = None;
    loop {
        let row = named_params! { ":queue": place.0, ":priority": place.1 };
        let found = next_priority.query_row(row, front).optional()?;
        let found = match found {
            Some(found) => Some(found),
            None => next_queue
                .query_row(named_params! { ":queue": place.0 }, front)
                .optional()?,
        };
        let Some((following, id)) = found else {
            return Ok(oldest.map(UnixMillis));
        };
        let at: i64 = run_at.query_row(named_params! { ":id": id }, |row| row.get(0))?;
        oldest = Some(oldest.map_or(at, |known| known.min(at)));
        place = following;
    }
}

/// The place of a line, and the job at its front.
fn front(row: &Row<'_>) -> rusqlite::Result<((String, i64), i64)> {
    Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
}

/// The queues that start nothing, by name; at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn paused(conn: &Connection, limit: usize) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(PAUSED)?;
    let rows = statement.query_map(named_params! { ":limit": i64::try_from(limit)? }, |row| {
        row.get(0)
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How one queue stands.
///
/// # Errors
/// When the database fails.
pub fn view(conn: &Connection, queue: QueueName) -> Result<QueueView> {
    let row = named_params! { ":queue": queue.0, ":max": COUNTED_MAX };
    let (ready, running) = conn
        .prepare_cached(OF_QUEUE)?
        .query_row(row, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let settings = conn
        .prepare_cached(SETTINGS)?
        .query_row(named_params! { ":queue": queue.0 }, settings)
        .optional()?;
    let (paused_at, running_max, rate) = settings.unwrap_or_default();
    Ok(QueueView {
        name: queue.0,
        ready,
        running,
        paused_at,
        running_max,
        rate,
    })
}

fn settings(row: &Row<'_>) -> rusqlite::Result<(Option<UnixMillis>, Option<u32>, Option<Rate>)> {
    let rate = match (row.get(2)?, row.get::<_, Option<u64>>(3)?) {
        (Some(starts_max), Some(per_ms)) => Some(Rate {
            starts_max,
            per: std::time::Duration::from_millis(per_ms),
        }),
        _ => None,
    };
    Ok((row.get::<_, Option<i64>>(0)?.map(UnixMillis), row.get(1)?, rate))
}

/// The kinds of jobs that were given up, with their newest reason, the most frequent first; at most `limit` kinds.
///
/// # Errors
/// When the database fails.
pub fn dead(conn: &Connection, limit: usize) -> Result<Vec<DeadKind>> {
    let mut statement = conn.prepare_cached(DEAD)?;
    let rows = statement.query_map(named_params! { ":limit": i64::try_from(limit)? }, |row| {
        Ok(DeadKind {
            kind: row.get(0)?,
            count: row.get(1)?,
            last_at: UnixMillis(row.get(2)?),
            reason: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

//! Starts are counted, and what is old enough is forgotten, a little at a time.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use crate::queue::{Boot, DEAD_KEPT, DONE_KEPT, DONE_KEPT_MAX, TICKS_KEPT};

/// Rows of one table that go in one transaction: others wait for the writer meanwhile.
const PRUNED_MAX: usize = 1_000;

const NEXT_BOOT: &str = "INSERT INTO setting (name, value) VALUES ('boot', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
    RETURNING CAST(value AS INTEGER)";
const PROBE: &str = "INSERT INTO setting (name, value) VALUES ('write_probe', :now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
pub(super) const PRUNE_DEAD: &str = "DELETE FROM dead_job WHERE id IN
    (SELECT id FROM dead_job WHERE died_at < :before ORDER BY died_at LIMIT :limit)";
// The oldest lines have the lowest numbers, so that age needs no index.
pub(super) const PRUNE_DONE: &str =
    "DELETE FROM done_job WHERE seq IN (SELECT seq FROM done_job ORDER BY seq LIMIT :limit)
    AND (done_at < :before OR seq <= (SELECT max(seq) FROM done_job) - :kept)";
pub(super) const PRUNE_PERIODS: &str = "DELETE FROM job_period WHERE key IN
    (SELECT key FROM job_period WHERE until < :before ORDER BY until LIMIT :limit)";
const PRUNE_TICKS: &str = "DELETE FROM job_tick WHERE tick < :before
    AND tick < (SELECT max(newest.tick) FROM job_tick AS newest WHERE newest.name = job_tick.name)";

/// Counts this start. Call once, before any claim.
///
/// # Errors
/// When the database fails.
pub fn next_boot(conn: &Connection) -> Result<Boot> {
    Ok(Boot(
        conn.prepare_cached(NEXT_BOOT)?.query_row([], |row| row.get(0))?,
    ))
}

/// Writes the moment down: proof that the database takes writes.
///
/// # Errors
/// When it does not.
pub fn probe(conn: &Connection, now: UnixMillis) -> Result<()> {
    conn.prepare_cached(PROBE)?
        .execute(named_params! { ":now": now.0.to_string() })?;
    Ok(())
}

/// Forgets jobs that were given up or done long ago, keys whose period is over, and old moments of periodic jobs.
/// Answers whether there may be more to forget: at most a thousand rows a table go at once.
///
/// # Errors
/// When the database fails.
pub fn prune(conn: &Connection, now: UnixMillis) -> Result<bool> {
    let limit = i64::try_from(PRUNED_MAX)?;
    let row = named_params! { ":before": before(now, DEAD_KEPT), ":limit": limit };
    let dead = conn.prepare_cached(PRUNE_DEAD)?.execute(row)?;
    let row = named_params! { ":before": before(now, DONE_KEPT), ":kept": DONE_KEPT_MAX, ":limit": limit };
    let done = conn.prepare_cached(PRUNE_DONE)?.execute(row)?;
    let row = named_params! { ":before": now.0, ":limit": limit };
    let periods = conn.prepare_cached(PRUNE_PERIODS)?.execute(row)?;
    conn.prepare_cached(PRUNE_TICKS)?
        .execute(named_params! { ":before": before(now, TICKS_KEPT) })?;
    Ok([dead, done, periods].contains(&PRUNED_MAX))
}

fn before(now: UnixMillis, kept: Duration) -> i64 {
    now.0
        .saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}

//! Jobs come in, and those that nobody has begun are taken back.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use crate::queue::{JobId, NewJob, Unique};

pub(super) const ENQUEUE: &str = "INSERT INTO job
        (queue, kind, payload, state, priority, run_at, unique_key, key_until_begun, created_at)
    VALUES (:queue, :kind, :payload, :state, :priority, :run_at, :unique_key, :key_until_begun, :now)
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING";
pub(super) const CANCEL: &str = "DELETE FROM job WHERE unique_key = :unique_key AND state <> 'running'";
pub(super) const TAKE_PERIOD: &str = "INSERT INTO job_period (key, until) VALUES (:key, :until)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= :now";

/// Adds a job; `None` when its key is taken.
///
/// # Errors
/// When the database fails.
pub fn enqueue(conn: &Connection, job: &NewJob, now: UnixMillis) -> Result<Option<JobId>> {
    let unique_key = match &job.unique {
        Unique::Present(key) | Unique::Waiting(key) => Some(key),
        Unique::Period(key, period) => {
            let row = named_params! { ":key": key, ":until": now.plus(*period).0, ":now": now.0 };
            if conn.prepare_cached(TAKE_PERIOD)?.execute(row)? == 0 {
                return Ok(None);
            }
            None
        }
        Unique::No => None,
    };
    let added = conn.prepare_cached(ENQUEUE)?.execute(named_params! {
        ":queue": job.queue.0,
        ":kind": job.kind,
        ":payload": job.payload,
        ":state": if job.run_at <= now { "ready" } else { "scheduled" },
        ":priority": job.priority.0,
        ":run_at": job.run_at.0,
        ":unique_key": unique_key,
        ":key_until_begun": matches!(job.unique, Unique::Waiting(_)),
        ":now": now.0,
    })?;
    Ok((added == 1).then(|| JobId(conn.last_insert_rowid())))
}

/// Takes a job back that nobody has begun. `false`: there is none, or it runs.
///
/// # Errors
/// When the database fails.
pub fn cancel(conn: &Connection, unique_key: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached(CANCEL)?
        .execute(named_params! { ":unique_key": unique_key })?
        > 0)
}

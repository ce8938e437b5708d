//! What a worker says about its job. Its word counts only with the token of the job's newest claim.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::queue::Claim;

pub(super) const REMEMBER: &str =
    "INSERT INTO done_job (job_id, queue, kind, attempt, rescues, created_at, done_at)
    SELECT id, queue, kind, attempt, rescues, created_at, :now FROM job
    WHERE id = :id AND claim = :claim AND state = 'running'";
pub(super) const REMOVE: &str = "DELETE FROM job WHERE id = :id AND claim = :claim AND state = 'running'";
// Whoever comes to an end by itself has taken nothing down: rescues are counted anew.
pub(super) const RESCHEDULE: &str =
    "UPDATE job SET state = 'scheduled', run_at = :run_at, error = :error, rescues = 0,
        attempt = attempt - :forgive, claim = NULL, boot = NULL, lease_until = NULL
    WHERE id = :id AND claim = :claim AND state = 'running'";
pub(super) const EXTEND: &str = "UPDATE job SET lease_until = max(lease_until, :lease_until)
    WHERE id = :id AND claim = :claim AND state = 'running'";
pub(super) const LEASE_UNTIL: &str =
    "SELECT lease_until FROM job WHERE id = :id AND claim = :claim AND state = 'running'";
pub(super) const BURY: &str =
    "INSERT INTO dead_job (id, kind, payload, attempt, rescues, created_at, died_at, error)
    SELECT id, kind, payload, attempt, rescues, created_at, :now, :error FROM job
    WHERE id = :id AND claim = :claim AND state = 'running'";

/// The job is done. `false`: the claim is an old one, its word does not count.
///
/// # Errors
/// When the database fails.
pub fn complete(conn: &Connection, claim: Claim, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": claim.job.0, ":claim": claim.token, ":now": now.0 };
    if conn.prepare_cached(REMEMBER)?.execute(row)? == 0 {
        return Ok(false);
    }
    remove(conn, claim)
}

/// The try failed; another one at `run_at`. `false`: the claim is an old one.
///
/// # Errors
/// When the database fails.
pub fn retry(conn: &Connection, claim: Claim, run_at: UnixMillis, error: &str) -> Result<bool> {
    reschedule(conn, claim, run_at, Some(error), 0)
}

/// Nothing went wrong, it is only too early: again at `run_at`, and the try does not count.
/// `false`: the claim is an old one.
///
/// # Errors
/// When the database fails.
pub fn snooze(conn: &Connection, claim: Claim, run_at: UnixMillis) -> Result<bool> {
    reschedule(conn, claim, run_at, None, 1)
}

/// The job is given up and kept aside for a person. `false`: the claim is an old one.
///
/// # Errors
/// When the database fails.
pub fn discard(conn: &Connection, claim: Claim, error: &str, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": claim.job.0, ":claim": claim.token, ":error": error, ":now": now.0 };
    if conn.prepare_cached(BURY)?.execute(row)? == 0 {
        return Ok(false);
    }
    remove(conn, claim)
}

/// A sign of life: the job stays with its worker until this moment at least. `false`: the claim is an old one, and
/// the worker must stop.
///
/// # Errors
/// When the database fails.
pub fn extend(conn: &Connection, claim: Claim, lease_until: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": claim.job.0, ":claim": claim.token, ":lease_until": lease_until.0 };
    Ok(conn.prepare_cached(EXTEND)?.execute(row)? == 1)
}

/// Until when the job stays with its worker; `None`: the claim is an old one.
///
/// # Errors
/// When the database fails.
pub fn lease_until(conn: &Connection, claim: Claim) -> Result<Option<UnixMillis>> {
    let row = named_params! { ":id": claim.job.0, ":claim": claim.token };
    Ok(conn
        .prepare_cached(LEASE_UNTIL)?
        .query_row(row, |row| row.get(0))
        .optional()?
        .map(UnixMillis))
}

fn remove(conn: &Connection, claim: Claim) -> Result<bool> {
    Ok(conn
        .prepare_cached(REMOVE)?
        .execute(named_params! { ":id": claim.job.0, ":claim": claim.token })?
        == 1)
}

fn reschedule(
    conn: &Connection,
    claim: Claim,
    run_at: UnixMillis,
    error: Option<&str>,
    forgive: i64,
) -> Result<bool> {
    let row = named_params! {
        ":id": claim.job.0, ":claim": claim.token, ":run_at": run_at.0, ":error": error, ":forgive": forgive,
    };
    Ok(conn.prepare_cached(RESCHEDULE)?.execute(row)? == 1)
}

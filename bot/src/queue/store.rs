//! The queue's verbs as statements. Each takes the caller's transaction, so that a decision and its work are one.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Boot, Claim, Counts, Job, JobId, LEASE, NewJob, RESCUES_MAX};

const NEXT_BOOT: &str = "INSERT INTO setting (name, value) VALUES ('boot', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
    RETURNING CAST(value AS INTEGER)";
const ENQUEUE: &str = "INSERT INTO job (kind, payload, state, priority, run_at, unique_key, created_at)
    VALUES (:kind, :payload, CASE WHEN :run_at <= :now THEN 'ready' ELSE 'scheduled' END,
        :priority, :run_at, :unique_key, :now)
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id";
const STAGE: &str = "UPDATE job SET state = 'ready' WHERE state = 'scheduled' AND run_at <= :now";
const CLAIM: &str = "UPDATE job SET state = 'running', attempt = attempt + 1, claims = claims + 1,
        claim = claims + 1, boot = :boot, lease_until = :lease_until
    WHERE id IN (SELECT id FROM job WHERE state = 'ready' ORDER BY priority, id LIMIT :limit)
    RETURNING id, claim, kind, payload, attempt, created_at, priority";
const COMPLETE: &str = "DELETE FROM job WHERE id = :id AND claim = :claim AND state = 'running'";
const RESCHEDULE: &str = "UPDATE job SET state = 'scheduled', run_at = :run_at, error = :error,
        attempt = attempt - :forgive, claim = NULL, boot = NULL, lease_until = NULL
    WHERE id = :id AND claim = :claim AND state = 'running'";
const BURY: &str = "INSERT INTO dead_job (id, kind, payload, attempt, rescues, created_at, died_at, error)
    SELECT id, kind, payload, attempt, rescues, created_at, :now, :error FROM job
    WHERE id = :id AND claim = :claim AND state = 'running'";
const CANCEL: &str = "DELETE FROM job WHERE unique_key = :unique_key AND state <> 'running'";
const ORPHANS: &str = "SELECT id, claim, rescues, kind FROM job
    WHERE state = 'running' AND (boot <> :boot OR lease_until <= :now)";
const RESCUE: &str = "UPDATE job SET state = 'ready', rescues = rescues + 1,
        claim = NULL, boot = NULL, lease_until = NULL
    WHERE id = :id AND claim = :claim AND state = 'running'";
const PROBE: &str = "INSERT INTO setting (name, value) VALUES ('write_probe', :now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const NEXT_DUE: &str = "SELECT min(run_at) FROM job WHERE state = 'scheduled'";
const COUNTS: &str = "SELECT (SELECT count(*) FROM job WHERE state IN ('ready', 'running')),
    (SELECT count(*) FROM job WHERE state = 'scheduled'), (SELECT count(*) FROM dead_job)";
const OLDEST_READY: &str = "SELECT min(run_at) FROM job WHERE state = 'ready'";
const PRUNE_DEAD: &str = "DELETE FROM dead_job WHERE died_at < :before";

/// Counts this start. Call once, before any claim.
///
/// # Errors
/// When the database fails.
pub fn next_boot(conn: &Connection) -> Result<Boot> {
    Ok(Boot(
        conn.prepare_cached(NEXT_BOOT)?.query_row([], |row| row.get(0))?,
    ))
}

/// Adds a job; `None` when one of the same key is there already.
///
/// # Errors
/// When the database fails.
pub fn enqueue(conn: &Connection, job: &NewJob, now: UnixMillis) -> Result<Option<JobId>> {
    let row = named_params! {
        ":kind": job.kind, ":payload": job.payload, ":priority": job.priority.0, ":run_at": job.run_at.0,
        ":unique_key": job.unique_key, ":now": now.0,
    };
    Ok(conn
        .prepare_cached(ENQUEUE)?
        .query_row(row, |row| row.get(0))
        .optional()?
        .map(JobId))
}

/// Hands out at most `limit` jobs, the most urgent first, and makes scheduled ones ready whose time has come.
///
/// # Errors
/// When the database fails.
pub fn claim(conn: &Connection, limit: usize, boot: Boot, now: UnixMillis) -> Result<Vec<Job>> {
    conn.prepare_cached(STAGE)?
        .execute(named_params! { ":now": now.0 })?;
    let mut statement = conn.prepare_cached(CLAIM)?;
    let rows = statement.query_map(
        named_params! { ":boot": boot.0, ":lease_until": now.plus(LEASE).0, ":limit": i64::try_from(limit)? },
        |row| {
            let job = Job {
                claim: Claim {
                    job: JobId(row.get(0)?),
                    token: row.get(1)?,
                },
                kind: row.get(2)?,
                payload: row.get(3)?,
                attempt: row.get(4)?,
                created_at: UnixMillis(row.get(5)?),
            };
            Ok((row.get::<_, i64>(6)?, job))
        },
    )?;
    let mut jobs: Vec<(i64, Job)> = rows.collect::<rusqlite::Result<_>>()?;
    // SQLite does not say in which order RETURNING answers.
    jobs.sort_by_key(|(priority, job)| (*priority, job.claim.job));
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// The job is done. `false`: the claim is an old one, its word does not count.
///
/// # Errors
/// When the database fails.
pub fn complete(conn: &Connection, claim: Claim) -> Result<bool> {
    Ok(conn
        .prepare_cached(COMPLETE)?
        .execute(named_params! { ":id": claim.job.0, ":claim": claim.token })?
        == 1)
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
    complete(conn, claim)
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

/// Takes jobs back from processes that are gone and from workers that hang. Answers the kinds of those that were
/// set aside because they did it too often.
///
/// # Errors
/// When the database fails.
pub fn rescue(conn: &Connection, boot: Boot, now: UnixMillis) -> Result<Vec<String>> {
    let mut orphans = conn.prepare_cached(ORPHANS)?;
    let rows = orphans.query_map(named_params! { ":boot": boot.0, ":now": now.0 }, |row| {
        let claim = Claim {
            job: JobId(row.get(0)?),
            token: row.get(1)?,
        };
        Ok((claim, row.get::<_, u32>(2)?, row.get::<_, String>(3)?))
    })?;
    let mut buried = Vec::new();
    for orphan in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        let (claim, rescues, kind) = orphan;
        if rescues >= RESCUES_MAX {
            discard(conn, claim, "it took the bot down, or hung, too often", now)?;
            buried.push(kind);
        } else {
            let row = named_params! { ":id": claim.job.0, ":claim": claim.token };
            conn.prepare_cached(RESCUE)?.execute(row)?;
        }
    }
    Ok(buried)
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

/// When the next scheduled job is due.
///
/// # Errors
/// When the database fails.
pub fn next_due(conn: &Connection) -> Result<Option<UnixMillis>> {
    Ok(conn
        .prepare_cached(NEXT_DUE)?
        .query_row([], |row| row.get::<_, Option<i64>>(0))?
        .map(UnixMillis))
}

/// How many jobs stand where, and since when the oldest could have run.
///
/// # Errors
/// When the database fails.
pub fn counts(conn: &Connection) -> Result<(Counts, Option<UnixMillis>)> {
    let counts = conn.prepare_cached(COUNTS)?.query_row([], |row| {
        Ok(Counts {
            ready: row.get(0)?,
            scheduled: row.get(1)?,
            dead: row.get(2)?,
        })
    })?;
    let oldest: Option<i64> = conn
        .prepare_cached(OLDEST_READY)?
        .query_row([], |row| row.get(0))?;
    Ok((counts, oldest.map(UnixMillis)))
}

/// Forgets dead jobs that died before a moment.
///
/// # Errors
/// When the database fails.
pub fn prune(conn: &Connection, before: UnixMillis) -> Result<usize> {
    Ok(conn
        .prepare_cached(PRUNE_DEAD)?
        .execute(named_params! { ":before": before.0 })?)
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

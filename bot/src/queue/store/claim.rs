//! Jobs are handed out: the most urgent of all queues first, as many as limits and pauses allow.

use std::collections::HashMap;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::limits;
use crate::queue::{Boot, Claim, Claimed, Job, JobId, PolicyOf, Priority, QueueName, limit::Limit};

/// Scheduled jobs that are made ready in one look; if more have come due, the next look follows at once.
const STAGED_MAX: i64 = 256;

pub(super) const STAGE: &str = "UPDATE job SET state = 'ready' WHERE id IN
    (SELECT id FROM job WHERE state = 'scheduled' AND run_at <= :now ORDER BY run_at LIMIT :limit)";
// A step from queue to queue along the index: as many as have something ready, however many jobs that is.
pub(super) const NEXT_QUEUE: &str =
    "SELECT queue FROM job WHERE state = 'ready' AND queue > :after ORDER BY queue LIMIT 1";
pub(super) const HEAD: &str = "SELECT priority, id FROM job WHERE state = 'ready' AND queue = :queue ORDER BY priority, id LIMIT :limit";
pub(super) const KIND: &str = "SELECT kind FROM job WHERE id = :id";
pub(super) const BEGIN: &str = "UPDATE job SET state = 'running', attempt = attempt + 1, claims = claims + 1,
        claim = claims + 1, boot = :boot, lease_until = :lease_until,
        unique_key = CASE WHEN key_until_begun THEN NULL ELSE unique_key END
    WHERE id = :id AND state = 'ready' RETURNING claim, kind, payload, attempt, created_at";
pub(super) const NEXT_DUE: &str = "SELECT min(run_at) FROM job WHERE state = 'scheduled'";

/// A ready job at the front of its queue.
struct Candidate {
    priority: Priority,
    id: JobId,
    queue: usize,
}

/// Hands out at most `wanted` jobs, the most urgent first, and makes scheduled ones ready whose time has come.
///
/// # Errors
/// When the database fails.
pub fn claim(
    conn: &Connection,
    wanted: usize,
    boot: Boot,
    now: UnixMillis,
    policy_of: PolicyOf,
) -> Result<Claimed> {
    conn.prepare_cached(STAGE)?
        .execute(named_params! { ":now": now.0, ":limit": STAGED_MAX })?;
    let mut limits = limits::all(conn)?;
    let whole = room(conn, &limits, QueueName::ALL.0, wanted, now)?;
    let queues = ready_queues(conn)?;
    let mut front = Vec::new();
    for (at, queue) in queues.iter().enumerate() {
        let room = room(conn, &limits, queue, whole, now)?;
        front.extend(head(conn, queue, at, room)?);
    }
    front.sort_by_key(|candidate| (candidate.priority, candidate.id));
    front.truncate(whole);
    for (at, queue) in queues.iter().enumerate() {
        let started = front.iter().filter(|candidate| candidate.queue == at).count();
        started_from(conn, &mut limits, queue, started, now)?;
    }
    started_from(conn, &mut limits, QueueName::ALL.0, front.len(), now)?;
    let again_at = again_at(&limits, &queues, now);
    let jobs = front
        .iter()
        .map(|candidate| begin(conn, candidate.id, boot, now, policy_of));
    Ok(Claimed {
        jobs: jobs.collect::<Result<_>>()?,
        again_at,
    })
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

fn ready_queues(conn: &Connection) -> Result<Vec<String>> {
    let mut queues: Vec<String> = Vec::new();
    let mut next = conn.prepare_cached(NEXT_QUEUE)?;
    loop {
        let after = queues.last().map_or("", String::as_str);
        match next
            .query_row(named_params! { ":after": after }, |row| row.get(0))
            .optional()?
        {
            Some(queue) => queues.push(queue),
            None => return Ok(queues),
        }
    }
}

fn room(
    conn: &Connection,
    limits: &HashMap<String, Limit>,
    queue: &str,
    wanted: usize,
    now: UnixMillis,
) -> Result<usize> {
    let Some(limit) = limits.get(queue) else {
        return Ok(wanted);
    };
    let running = if limit.running_max.is_some() {
        limits::running(conn, queue)?
    } else {
        0
    };
    Ok(limit.room(wanted, running, now))
}

fn head(conn: &Connection, queue: &str, at: usize, limit: usize) -> Result<Vec<Candidate>> {
    let mut statement = conn.prepare_cached(HEAD)?;
    let rows = statement.query_map(
        named_params! { ":queue": queue, ":limit": i64::try_from(limit)? },
        |row| {
            Ok(Candidate {
                priority: Priority(row.get(0)?),
                id: JobId(row.get(1)?),
                queue: at,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn started_from(
    conn: &Connection,
    limits: &mut HashMap<String, Limit>,
    queue: &str,
    started: usize,
    now: UnixMillis,
) -> Result<()> {
    if let Some(limit) = limits
        .get_mut(queue)
        .filter(|limit| started > 0 && limit.rate.is_some())
    {
        *limit = limit.after(started, now);
        limits::use_up(conn, queue, limit.used_until_us)?;
    }
    Ok(())
}

/// When something that waits only for a rate may start. A pause and a full house end with a commit, which is heard.
fn again_at(limits: &HashMap<String, Limit>, queues: &[String], now: UnixMillis) -> Option<UnixMillis> {
    let all = (!queues.is_empty()).then_some(QueueName::ALL.0);
    let names = queues.iter().map(String::as_str).chain(all);
    names.filter_map(|name| limits.get(name)?.again_at(now)).min()
}

fn begin(conn: &Connection, id: JobId, boot: Boot, now: UnixMillis, policy_of: PolicyOf) -> Result<Job> {
    let lease = conn
        .prepare_cached(KIND)?
        .query_row(named_params! { ":id": id.0 }, |row| {
            Ok(policy_of(row.get_ref(0)?.as_str()?).lease())
        })?;
    let row = named_params! { ":id": id.0, ":boot": boot.0, ":lease_until": now.plus(lease).0 };
    Ok(conn.prepare_cached(BEGIN)?.query_row(row, |row| {
        Ok(Job {
            claim: Claim {
                job: id,
                token: row.get(0)?,
            },
            kind: row.get(1)?,
            payload: row.get(2)?,
            attempt: row.get(3)?,
            created_at: UnixMillis(row.get(4)?),
        })
    })?)
}

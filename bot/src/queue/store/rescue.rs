//! Jobs are taken back from processes that are gone, at once, and from workers that hang, when their lease is over.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use super::settle::discard;
use crate::queue::{Boot, Buried, Claim, JobId, RESCUES_MAX, TOO_OFTEN};

/// Running jobs are as many as there are hands: all of them are looked at.
pub(super) const ORPHANS: &str = "SELECT id, claim, rescues, kind, payload FROM job
    WHERE state = 'running' AND (boot <> :boot OR lease_until <= :now)";
pub(super) const RESCUE: &str = "UPDATE job SET state = 'ready', rescues = rescues + 1,
        claim = NULL, boot = NULL, lease_until = NULL
    WHERE id = :id AND claim = :claim AND state = 'running'";

/// Takes jobs back. Answers those that were set aside because they needed it too often.
///
/// # Errors
/// When the database fails.
pub fn rescue(conn: &Connection, boot: Boot, now: UnixMillis) -> Result<Vec<Buried>> {
    let mut orphans = conn.prepare_cached(ORPHANS)?;
    let rows = orphans.query_map(named_params! { ":boot": boot.0, ":now": now.0 }, |row| {
        let claim = Claim {
            job: JobId(row.get(0)?),
            token: row.get(1)?,
        };
        let job = Buried {
            kind: row.get(3)?,
            payload: row.get(4)?,
        };
        Ok((claim, row.get::<_, u32>(2)?, job))
    })?;
    let mut buried = Vec::new();
    for orphan in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        let (claim, rescues, job) = orphan;
        if rescues >= RESCUES_MAX {
            discard(conn, claim, TOO_OFTEN, now)?;
            buried.push(job);
        } else {
            let row = named_params! { ":id": claim.job.0, ":claim": claim.token };
            conn.prepare_cached(RESCUE)?.execute(row)?;
        }
    }
    Ok(buried)
}

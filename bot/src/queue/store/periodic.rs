//! Moments of periodic jobs: each is noted in the transaction that enqueues its job, and never acted on twice.

use anyhow::Result;
use jiff::tz::TimeZone;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use super::enqueue;
use crate::queue::{NewJob, periodic::Periodic};

pub(super) const LAST: &str = "SELECT max(tick) FROM job_tick WHERE name = :name";
const NOTE: &str =
    "INSERT INTO job_tick (name, tick) VALUES (:name, :tick) ON CONFLICT (name, tick) DO NOTHING";

/// Enqueues the jobs of the moments that have come, and answers when the next moment comes. A periodic job that is
/// new here begins with its next moment. One whose key is taken is not added: its moment counts as acted on.
///
/// # Errors
/// When the database fails.
pub fn tick(
    conn: &Connection,
    periodic: &[Periodic],
    zone: &TimeZone,
    now: UnixMillis,
) -> Result<Option<UnixMillis>> {
    for one in periodic {
        let last: Option<i64> = conn
            .prepare_cached(LAST)?
            .query_row(named_params! { ":name": one.name }, |row| row.get(0))?;
        let Some(last) = last else {
            // Without any moment in the past there is no moment that could be taken for a missed one.
            note(conn, one.name, one.newest(zone, now).unwrap_or(now))?;
            continue;
        };
        for tick in one.due(zone, UnixMillis(last), now) {
            if note(conn, one.name, tick)? {
                enqueue(
                    conn,
                    &NewJob {
                        run_at: tick,
                        ..one.job.clone()
                    },
                    now,
                )?;
            }
        }
    }
    Ok(periodic.iter().filter_map(|one| one.next(zone, now)).min())
}

fn note(conn: &Connection, name: &str, tick: UnixMillis) -> Result<bool> {
    Ok(conn
        .prepare_cached(NOTE)?
        .execute(named_params! { ":name": name, ":tick": tick.0 })?
        == 1)
}

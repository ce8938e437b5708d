//! When the last messages left, so that a restart within the second does not send faster than Telegram allows. A
//! broadcast's messages leave no rows: their newest moments are kept in one.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::outbox::CHAT_EVERY;

/// As many moments as matter to whoever counts to thirty.
const KEPT_MAX: usize = 32;
/// What is written beside a message that was on the wire when the bot died.
pub(super) const ORPHANED: &str = "the bot stopped while it was being sent";

const SETTLED: &str = "SELECT settled_at FROM send
    WHERE state IN ('sent', 'failed') AND settled_at > :since AND purpose <> 'answer'
    ORDER BY settled_at DESC LIMIT 32";
const ORPHANS: &str = "SELECT not_before - :every FROM send
        WHERE state = 'waiting' AND error = :orphaned AND not_before - :every > :since
    UNION ALL SELECT settled_at FROM send WHERE state = 'unknown' AND error = :orphaned AND settled_at > :since
    LIMIT 32";
const OF_WINDOW: &str = "SELECT value FROM setting WHERE name = 'window_left_at'";
const SET_OF_WINDOW: &str = "INSERT INTO setting (name, value) VALUES ('window_left_at', :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The moments after `since` at which messages left or may have left, the oldest first; answers to buttons do not count.
///
/// # Errors
/// When the database fails.
pub fn left_lately(conn: &Connection, since: UnixMillis) -> Result<Vec<UnixMillis>> {
    let mut settled = conn.prepare_cached(SETTLED)?;
    let settled = settled.query_map(named_params! { ":since": since.0 }, |row| row.get(0))?;
    let mut orphans = conn.prepare_cached(ORPHANS)?;
    let every = i64::try_from(CHAT_EVERY.as_millis())?;
    let row = named_params! { ":since": since.0, ":every": every, ":orphaned": ORPHANED };
    let orphans = orphans.query_map(row, |row| row.get(0))?;
    let mut moments: Vec<i64> = settled.chain(orphans).collect::<rusqlite::Result<_>>()?;
    moments.extend(of_window(conn)?.into_iter().filter(|moment| *moment > since.0));
    moments.sort_unstable();
    Ok(moments.into_iter().map(UnixMillis).collect())
}

/// A message of a broadcast has left, or may have.
///
/// # Errors
/// When the database fails.
pub fn window_left(conn: &Connection, now: UnixMillis) -> Result<()> {
    let mut moments = of_window(conn)?;
    moments.push(now.0);
    let kept = moments.len().saturating_sub(KEPT_MAX);
    let value: Vec<String> = moments[kept..].iter().map(i64::to_string).collect();
    conn.prepare_cached(SET_OF_WINDOW)?
        .execute(named_params! { ":value": value.join(" ") })?;
    Ok(())
}

fn of_window(conn: &Connection) -> Result<Vec<i64>> {
    let value: Option<String> = conn
        .prepare_cached(OF_WINDOW)?
        .query_row([], |row| row.get(0))
        .optional()?;
    let value = value.unwrap_or_default();
    Ok(value
        .split(' ')
        .filter_map(|moment| moment.parse().ok())
        .collect())
}

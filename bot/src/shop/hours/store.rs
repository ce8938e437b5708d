//! Counting by the hour. Orders and ledger lines are numbered in the order of their time, so that the newest are read
//! backwards until they are too old; no index is kept for it.

use std::collections::BTreeMap;

use anyhow::Result;
use protocol::{health::HourTotals, time::UnixMillis};
use rusqlite::{Connection, named_params};

use super::{HOUR_MS, hour_of};

/// Rows that are looked at in one count: at a thousand orders a minute, everything that is shown.
const ROWS_MAX: i64 = 3_000_000;
/// A clock that was set back puts a row behind later ones: so much older is old.
const CLOCK_STEP_MS: i64 = HOUR_MS;

const PLACED: &str = "SELECT placed_at, 0 FROM shop_order ORDER BY id DESC LIMIT :limit";
const PAID: &str = "SELECT at, CASE WHEN account = 'gateway' THEN amount ELSE 0 END FROM ledger_line ORDER BY id DESC LIMIT :limit";
// Goods that arrived lately belong to the orders that may have been delivered lately; the same goods, shown again,
// count once, at the moment that the order remembers.
const DELIVERED: &str = "SELECT shop_order.delivered_at / :hour_ms, count(DISTINCT shop_order.id)
    FROM send JOIN shop_order ON shop_order.id = send.order_id
    WHERE send.state IN ('sent', 'failed') AND send.state = 'sent' AND send.purpose = 'goods'
        AND send.settled_at >= :since AND shop_order.delivered_at >= :since
    GROUP BY 1";

/// What happened in each hour from `since` on, which must be a whole hour.
///
/// # Errors
/// When the database fails.
pub fn since(conn: &Connection, since: UnixMillis) -> Result<BTreeMap<UnixMillis, HourTotals>> {
    let mut hours = BTreeMap::new();
    newest(conn, PLACED, since, |at, _| of(&mut hours, at).placed += 1)?;
    newest(conn, PAID, since, |at, amount| {
        // A refund leaves the gateway's account; what came in is no less for it.
        if amount > 0 {
            let hour = of(&mut hours, at);
            hour.paid += 1;
            hour.paid_rupiah = hour.paid_rupiah.saturating_add(amount);
        }
    })?;
    let mut delivered = conn.prepare_cached(DELIVERED)?;
    let row = named_params! { ":since": since.0, ":hour_ms": HOUR_MS };
    let rows = delivered.query_map(row, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?)))?;
    for row in rows {
        let (hour, count) = row?;
        of(&mut hours, UnixMillis(hour.saturating_mul(HOUR_MS))).delivered += count;
    }
    Ok(hours)
}

/// Reads a moment and an amount a row, the newest first, until they are too old.
fn newest(
    conn: &Connection,
    statement: &str,
    since: UnixMillis,
    mut take: impl FnMut(UnixMillis, i64),
) -> Result<()> {
    let mut statement = conn.prepare_cached(statement)?;
    let mut rows = statement.query(named_params! { ":limit": ROWS_MAX })?;
    while let Some(row) = rows.next()? {
        let at = UnixMillis(row.get(0)?);
        if at.0 < since.0 - CLOCK_STEP_MS {
            break;
        }
        if at >= since {
            take(at, row.get(1)?);
        }
    }
    Ok(())
}

fn of(hours: &mut BTreeMap<UnixMillis, HourTotals>, at: UnixMillis) -> &mut HourTotals {
    let hour = hour_of(at);
    hours.entry(hour).or_insert(HourTotals {
        hour,
        ..HourTotals::default()
    })
}

//! Orders that a gateway speaks of and this shop never had, as rows. Only so many are kept: whoever shares the gateway's
//! project with another program hears of all its orders.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use crate::shop::money::Rupiah;

/// Orders that are asked about at once.
const OPEN_MAX: i64 = 100;
/// Orders that are told of within a day, each by itself.
const TOLD_A_DAY_MAX: i64 = 20;
/// Rows that are kept.
const ROWS_MAX: i64 = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;

const FORGET: &str = "DELETE FROM unknown_payment WHERE (amount IS NULL AND noted_at < :since)
    OR noted_at < (SELECT noted_at FROM unknown_payment ORDER BY noted_at DESC LIMIT 1 OFFSET :most)";
const NOTE: &str = "INSERT INTO unknown_payment (gateway, order_code, noted_at)
    SELECT :gateway, :code, :now WHERE (SELECT count(*) FROM unknown_payment WHERE amount IS NULL) < :open
    ON CONFLICT (gateway, order_code) DO NOTHING";
const IS_OPEN: &str = "SELECT EXISTS (SELECT 1 FROM unknown_payment
    WHERE gateway = :gateway AND order_code = :code AND amount IS NULL)";
const PAID: &str = "UPDATE unknown_payment SET amount = :amount, noted_at = :now
    WHERE gateway = :gateway AND order_code = :code AND amount IS NULL";
const NOTHING: &str =
    "DELETE FROM unknown_payment WHERE gateway = :gateway AND order_code = :code AND amount IS NULL";
const TOLD_SINCE: &str =
    "SELECT count(*) FROM unknown_payment WHERE amount IS NOT NULL AND noted_at > :since";

/// Notes that a gateway spoke of an order. Answers whether it is to be asked about it.
///
/// # Errors
/// When the database fails.
pub fn note(conn: &Connection, gateway: &str, code: &str, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":since": now.0 - DAY_MS, ":most": ROWS_MAX - 1 };
    conn.prepare_cached(FORGET)?.execute(row)?;
    conn.prepare_cached(NOTE)?
        .execute(named_params! { ":gateway": gateway, ":code": code, ":now": now.0, ":open": OPEN_MAX })?;
    let row = named_params! { ":gateway": gateway, ":code": code };
    Ok(conn.prepare_cached(IS_OPEN)?.query_row(row, |row| row.get(0))?)
}

/// What is to be told of money that came for such an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was told, or nobody asked, or it is one of those that were said to be too many.
    None,
    /// The order is told of.
    One,
    /// There were too many today to tell of each.
    TooMany,
}

/// The gateway itself says that it is paid.
///
/// # Errors
/// When the database fails.
pub fn paid(conn: &Connection, gateway: &str, code: &str, amount: Rupiah, now: UnixMillis) -> Result<News> {
    let row = named_params! { ":gateway": gateway, ":code": code, ":amount": amount.0, ":now": now.0 };
    if conn.prepare_cached(PAID)?.execute(row)? == 0 {
        return Ok(News::None);
    }
    let row = named_params! { ":since": now.0 - DAY_MS };
    let told: i64 = conn
        .prepare_cached(TOLD_SINCE)?
        .query_row(row, |row| row.get(0))?;
    Ok(match told - TOLD_A_DAY_MAX {
        ..=0 => News::One,
        1 => News::TooMany,
        _ => News::None,
    })
}

/// The gateway knows of no money for it.
///
/// # Errors
/// When the database fails.
pub fn nothing(conn: &Connection, gateway: &str, code: &str) -> Result<()> {
    conn.prepare_cached(NOTHING)?
        .execute(named_params! { ":gateway": gateway, ":code": code })?;
    Ok(())
}

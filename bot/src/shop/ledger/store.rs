//! The ledger as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use super::Account;
use crate::shop::{money::Rupiah, payment::PaymentId};

const NEXT_POSTING: &str = "SELECT coalesce(max(posting), 0) + 1 FROM ledger_line";
const ADD_LINE: &str = "INSERT INTO ledger_line (posting, at, account, amount, payment_id)
    VALUES (:posting, :at, :account, :amount, :payment)";
const BALANCES: &str = "SELECT account, sum(amount) FROM ledger_line GROUP BY account ORDER BY account";
const UNBALANCED: &str =
    "SELECT count(*) FROM (SELECT posting FROM ledger_line GROUP BY posting HAVING sum(amount) <> 0)";

/// Moves money from one account to another, as one posting of two lines.
///
/// # Errors
/// When the amount is zero or the database fails.
pub fn post(
    conn: &Connection,
    from: Account,
    to: Account,
    amount: Rupiah,
    payment: PaymentId,
    at: UnixMillis,
) -> Result<()> {
    let posting: i64 = conn
        .prepare_cached(NEXT_POSTING)?
        .query_row([], |row| row.get(0))?;
    let mut line = conn.prepare_cached(ADD_LINE)?;
    for (account, amount) in [(to, amount.0), (from, -amount.0)] {
        line.execute(named_params! {
            ":posting": posting, ":at": at.0, ":account": account.name(), ":amount": amount, ":payment": payment.0,
        })?;
    }
    Ok(())
}

/// What stands on each account that was ever used.
///
/// # Errors
/// When the database fails.
pub fn balances(conn: &Connection) -> Result<Vec<(String, Rupiah)>> {
    let mut statement = conn.prepare_cached(BALANCES)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Rupiah(row.get(1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many postings do not add up to zero. More than none is a fault of ours.
///
/// # Errors
/// When the database fails.
pub fn unbalanced(conn: &Connection) -> Result<i64> {
    Ok(conn.prepare_cached(UNBALANCED)?.query_row([], |row| row.get(0))?)
}

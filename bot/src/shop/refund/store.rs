//! Refunds as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Decision, Reason, Refund, RefundId};
use crate::shop::{customer::CustomerId, money::Rupiah, order::OrderId, payment::PaymentId};

const OWE: &str = "INSERT INTO refund (payment_id, order_id, amount, reason, state, due_at)
    VALUES (:payment, :order, :amount, :reason, 'due', :now) ON CONFLICT (payment_id) DO NOTHING";
const SETTLE: &str = "UPDATE refund SET state = :state, settled_at = :now, settled_by = :by
    WHERE id = :id AND state = 'due'";
const SELECT: &str = "SELECT id, payment_id, order_id, amount, reason, due_at FROM refund";
const DUE: &str = " WHERE state = 'due' ORDER BY id LIMIT :limit OFFSET :offset";
const DUE_BY_ID: &str = " WHERE state = 'due' AND id = :id";
const COUNT_DUE: &str = "SELECT count(*) FROM refund WHERE state = 'due'";

/// Writes down that a payment must go back. Answers whether that is news.
///
/// # Errors
/// When the database fails.
pub fn owe(
    conn: &Connection,
    payment: PaymentId,
    order: OrderId,
    amount: Rupiah,
    reason: Reason,
    now: UnixMillis,
) -> Result<bool> {
    let row = named_params! {
        ":payment": payment.0, ":order": order.0, ":amount": amount.0, ":reason": reason.name(), ":now": now.0,
    };
    Ok(conn.prepare_cached(OWE)?.execute(row)? == 1)
}

/// A person settled it. `false`: somebody did before.
///
/// # Errors
/// When the database fails.
pub fn settle(
    conn: &Connection,
    id: RefundId,
    decision: Decision,
    by: CustomerId,
    now: UnixMillis,
) -> Result<bool> {
    let state = match decision {
        Decision::Done => "done",
        Decision::Kept => "kept",
    };
    let row = named_params! { ":id": id.0, ":state": state, ":by": by.0, ":now": now.0 };
    Ok(conn.prepare_cached(SETTLE)?.execute(row)? == 1)
}

/// A page of what is due, oldest first.
///
/// # Errors
/// When the database fails.
pub fn due(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Refund>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{DUE}"))?;
    let rows = statement.query_map(named_params! { ":offset": offset, ":limit": limit }, refund)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One that is still due.
///
/// # Errors
/// When the database fails.
pub fn due_by_id(conn: &Connection, id: RefundId) -> Result<Option<Refund>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{DUE_BY_ID}"))?;
    Ok(statement
        .query_row(named_params! { ":id": id.0 }, refund)
        .optional()?)
}

/// How many are due.
///
/// # Errors
/// When the database fails.
pub fn count_due(conn: &Connection) -> Result<u64> {
    Ok(conn.prepare_cached(COUNT_DUE)?.query_row([], |row| row.get(0))?)
}

fn refund(row: &Row<'_>) -> rusqlite::Result<Refund> {
    let reason: String = row.get(4)?;
    let reason = Reason::ALL
        .into_iter()
        .find(|(name, _)| *name == reason)
        .map(|(_, reason)| reason);
    Ok(Refund {
        id: RefundId(row.get(0)?),
        payment: PaymentId(row.get(1)?),
        order: OrderId(row.get(2)?),
        amount: Rupiah(row.get(3)?),
        reason: reason.unwrap_or(Reason::Late),
        due_at: UnixMillis(row.get(5)?),
    })
}

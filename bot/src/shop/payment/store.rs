//! Payments and gateways' notifications as rows.

pub mod unknown;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use sha2::{Digest, Sha256};

use super::{Invoice, Payment, PaymentId, Status};
use crate::shop::{money::Rupiah, order::OrderId};

const OPEN: &str = "INSERT INTO payment
        (order_id, gateway, txn_id, amount, fee, total, qr, sandbox, state, created_at)
    VALUES (:order, :gateway, :txn, :amount, :fee, :total, :qr, :sandbox, 'open', :now)
    ON CONFLICT (gateway, txn_id) DO UPDATE SET qr = excluded.qr WHERE order_id = excluded.order_id
    RETURNING id";
const SELECT: &str =
    "SELECT id, order_id, txn_id, amount, fee, total, qr, sandbox, state, asked_at FROM payment";
const BY_TXN: &str = " WHERE gateway = :gateway AND txn_id = :txn";
const OF_ORDER: &str = " WHERE order_id = :order AND gateway = :gateway ORDER BY id LIMIT 1";
const ASKED: &str = "UPDATE payment SET asked_at = :now WHERE gateway = :gateway AND txn_id = :txn";
const COMPLETE: &str = "UPDATE payment SET state = 'completed', paid_amount = :amount, completed_at = :now
    WHERE id = :id AND state <> 'completed'";
const CANCEL: &str = "UPDATE payment SET state = 'canceled' WHERE id = :id AND state = 'open'";
const NOTIFY: &str = "INSERT INTO notification (gateway, digest, order_code, txn_id, received_at)
    VALUES (:gateway, :digest, :order_code, :txn, :now)
    ON CONFLICT (gateway, digest) DO UPDATE SET times = times + 1";
const OPEN_TXNS: &str = "SELECT txn_id, order_id FROM payment WHERE gateway = :gateway AND state = 'open'";
const REFUSES: &str = "INSERT INTO setting (name, value) VALUES (:name, :reason)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const REFUSES_NO_MORE: &str = "DELETE FROM setting WHERE name = :name";
const REFUSAL: &str = "SELECT value FROM setting WHERE name = :name";

/// Writes an invoice down; the same transaction twice is one payment.
///
/// # Errors
/// When the transaction belongs to another order, or the database fails.
pub fn open(
    conn: &Connection,
    gateway: &str,
    order: OrderId,
    invoice: &Invoice,
    now: UnixMillis,
) -> Result<PaymentId> {
    let id = conn.prepare_cached(OPEN)?.query_row(
        named_params! {
            ":order": order.0, ":gateway": gateway, ":txn": invoice.txn_id, ":amount": invoice.amount.0,
            ":fee": invoice.fee.0, ":total": invoice.total.0, ":qr": invoice.qr, ":sandbox": invoice.sandbox,
            ":now": now.0,
        },
        |row| row.get(0),
    )?;
    Ok(PaymentId(id))
}

/// Remembers that a gateway refuses invoices, and why, for the next start: nobody knows then that it is over.
///
/// # Errors
/// When the database fails.
pub fn refuses(conn: &Connection, gateway: &str, reason: &str) -> Result<()> {
    conn.prepare_cached(REFUSES)?
        .execute(named_params! { ":name": refusal_of(gateway), ":reason": reason })?;
    Ok(())
}

/// A gateway made an invoice.
///
/// # Errors
/// When the database fails.
pub fn refuses_no_more(conn: &Connection, gateway: &str) -> Result<()> {
    conn.prepare_cached(REFUSES_NO_MORE)?
        .execute(named_params! { ":name": refusal_of(gateway) })?;
    Ok(())
}

/// Why a gateway refused the last invoice that it was asked for; `None` when it made it.
///
/// # Errors
/// When the database fails.
pub fn refusal(conn: &Connection, gateway: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached(REFUSAL)?;
    Ok(statement
        .query_row(named_params! { ":name": refusal_of(gateway) }, |row| row.get(0))
        .optional()?)
}

fn refusal_of(gateway: &str) -> String {
    format!("{gateway}_refuses")
}

/// The payment of a gateway's transaction.
///
/// # Errors
/// When the database fails.
pub fn by_txn(conn: &Connection, gateway: &str, txn: &str) -> Result<Option<Payment>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{BY_TXN}"))?;
    Ok(statement
        .query_row(named_params! { ":gateway": gateway, ":txn": txn }, payment)
        .optional()?)
}

/// The payment that was made for an order first.
///
/// # Errors
/// When the database fails.
pub fn of_order(conn: &Connection, gateway: &str, order: OrderId) -> Result<Option<Payment>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{OF_ORDER}"))?;
    Ok(statement
        .query_row(named_params! { ":gateway": gateway, ":order": order.0 }, payment)
        .optional()?)
}

/// Every transaction that nobody has paid yet, with its order.
///
/// # Errors
/// When the database fails.
pub fn open_txns(conn: &Connection, gateway: &str) -> Result<Vec<(String, OrderId)>> {
    let mut statement = conn.prepare_cached(OPEN_TXNS)?;
    let rows = statement.query_map(named_params! { ":gateway": gateway }, |row| {
        Ok((row.get(0)?, OrderId(row.get(1)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Remembers when the gateway was asked about a transaction.
///
/// # Errors
/// When the database fails.
pub fn asked(conn: &Connection, gateway: &str, txn: &str, now: UnixMillis) -> Result<()> {
    conn.prepare_cached(ASKED)?
        .execute(named_params! { ":gateway": gateway, ":txn": txn, ":now": now.0 })?;
    Ok(())
}

/// The money of a payment came. Answers whether that is news.
///
/// # Errors
/// When the database fails.
pub fn complete(conn: &Connection, id: PaymentId, amount: Rupiah, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": id.0, ":amount": amount.0, ":now": now.0 };
    Ok(conn.prepare_cached(COMPLETE)?.execute(row)? == 1)
}

/// Nobody can pay this any more.
///
/// # Errors
/// When the database fails.
pub fn cancel(conn: &Connection, id: PaymentId) -> Result<()> {
    conn.prepare_cached(CANCEL)?
        .execute(named_params! { ":id": id.0 })?;
    Ok(())
}

/// Writes a gateway's notification down before it is acknowledged; the same bytes again only count up.
///
/// # Errors
/// When the database fails.
pub fn notified(
    conn: &Connection,
    gateway: &str,
    body: &[u8],
    order_code: &str,
    txn: &str,
    now: UnixMillis,
) -> Result<()> {
    let digest = Sha256::digest(body);
    conn.prepare_cached(NOTIFY)?.execute(named_params! {
        ":gateway": gateway, ":digest": digest.as_slice(), ":order_code": order_code, ":txn": txn, ":now": now.0,
    })?;
    Ok(())
}

fn payment(row: &Row<'_>) -> rusqlite::Result<Payment> {
    let state: String = row.get(8)?;
    Ok(Payment {
        id: PaymentId(row.get(0)?),
        order: OrderId(row.get(1)?),
        invoice: Invoice {
            txn_id: row.get(2)?,
            amount: Rupiah(row.get(3)?),
            fee: Rupiah(row.get(4)?),
            total: Rupiah(row.get(5)?),
            qr: row.get(6)?,
            sandbox: row.get(7)?,
        },
        status: match state.as_str() {
            "completed" => Status::Completed,
            "canceled" => Status::Canceled,
            _ => Status::Pending,
        },
        asked_at: row.get::<_, Option<i64>>(9)?.map(UnixMillis),
    })
}

//! The parts of an order's goods: which of them have arrived, which are on their way, and which messages are theirs.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::{Connection, named_params};

use crate::{
    outbox::MessageId,
    shop::{customer::CustomerId, order::OrderId},
};

/// Why a row failed whose frame somebody deleted.
pub const FRAME_GONE: &str = "its frame is gone";
/// Why a row failed that Telegram does not take.
pub const GOODS_REFUSED: &str = "Telegram refuses these goods";

const ARRIVED: &str =
    "SELECT part FROM send WHERE order_id = :order AND purpose = 'goods' AND state = 'sent'";
const WAITING: &str =
    "SELECT part FROM send WHERE order_id = :order AND purpose = 'goods' AND state = 'waiting'";
const STARTED: &str = "SELECT part FROM send
    WHERE order_id = :order AND purpose = 'goods' AND state IN ('waiting', 'sending', 'sent')";
const COUNT_FAILED: &str = "SELECT count(*) FROM send
    WHERE order_id = :order AND purpose = 'goods' AND state = 'failed' AND error = :error";
// By the person's orders, of which there are few, and not by the message's number, which no index knows.
pub(super) const IS_FRAME: &str = "SELECT EXISTS (SELECT 1 FROM shop_order CROSS JOIN send
    WHERE shop_order.customer_id = :chat AND send.order_id = shop_order.id AND send.purpose = 'placeholder'
        AND send.message_id = :message)";
const FORGET_REFUSALS: &str = "UPDATE send SET error = 'refused, and sent in anew'
    WHERE order_id = :order AND purpose = 'goods' AND state = 'failed' AND error = :error";

/// Parts that are with the customer.
///
/// # Errors
/// When the database fails.
pub fn arrived(conn: &Connection, order: OrderId) -> Result<BTreeSet<u32>> {
    read(conn, ARRIVED, order)
}

/// Parts that have not gone out yet.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &Connection, order: OrderId) -> Result<BTreeSet<u32>> {
    read(conn, WAITING, order)
}

/// Parts that are with the customer or on their way.
///
/// # Errors
/// When the database fails.
pub fn started(conn: &Connection, order: OrderId) -> Result<BTreeSet<u32>> {
    read(conn, STARTED, order)
}

/// How many times goods of this order failed for a reason.
///
/// # Errors
/// When the database fails.
pub fn count_failed(conn: &Connection, order: OrderId, error: &str) -> Result<u64> {
    let row = named_params! { ":order": order.0, ":error": error };
    Ok(conn
        .prepare_cached(COUNT_FAILED)?
        .query_row(row, |row| row.get(0))?)
}

/// The goods were sent in anew: the next refusal is news again.
///
/// # Errors
/// When the database fails.
pub fn forget_refusals(conn: &Connection, order: OrderId) -> Result<()> {
    let row = named_params! { ":order": order.0, ":error": GOODS_REFUSED };
    conn.prepare_cached(FORGET_REFUSALS)?.execute(row)?;
    Ok(())
}

/// Whether a message is a frame for goods, full or still empty: a page in its place would take the goods out of the
/// chat.
///
/// # Errors
/// When the database fails.
pub fn is_frame(conn: &Connection, chat: CustomerId, message: MessageId) -> Result<bool> {
    let row = named_params! { ":chat": chat.0, ":message": message.0 };
    Ok(conn.prepare_cached(IS_FRAME)?.query_row(row, |row| row.get(0))?)
}

fn read(conn: &Connection, statement: &str, order: OrderId) -> Result<BTreeSet<u32>> {
    let mut statement = conn.prepare_cached(statement)?;
    let rows = statement.query_map(named_params! { ":order": order.0 }, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

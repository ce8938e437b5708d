//! What became of a row: arrived, again, given up, or in doubt. The policies of the delivery guarantees stand here.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

use super::{lately::ORPHANED, policy_of, window, window_left};
use crate::{
    outbox::{CHAT_EVERY, MessageId, Policy, SendId},
    queue::Boot,
    shop::{
        broadcast::{self, BroadcastId, Fate},
        customer::CustomerId,
        order::OrderId,
    },
};

const SENT: &str =
    "UPDATE send SET state = 'sent', body = NULL, message_id = :message, settled_at = :now, error = NULL
    WHERE id = :id AND state = 'sending'";
const AGAIN: &str = "UPDATE send SET state = 'waiting', not_before = :not_before, error = :error,
        attempt = attempt - :forgive WHERE id = :id AND state = 'sending'";
const REPEAT: &str =
    "UPDATE send SET state = 'waiting', not_before = :not_before, repeats = repeats + 1, error = :error
    WHERE id = :id AND state = 'sending'";
const SETTLE: &str = "UPDATE send SET state = :state, error = :error, settled_at = :now,
        body = CASE WHEN :state = 'unknown' THEN body END
    WHERE id = :id AND state = 'sending'";
const GIVE_UP_CHAT: &str =
    "UPDATE send SET state = 'failed', error = 'the person cannot be reached', body = NULL,
        settled_at = :now
    WHERE chat_id = :chat AND state = 'waiting' AND broadcast_id IS NULL RETURNING CASE WHEN purpose = 'goods' THEN order_id END";
const ORPHANS: &str = "SELECT id, policy, repeats, chat_id, broadcast_id FROM send WHERE state = 'sending' AND boot <> :boot ORDER BY id";
const PRUNE: &str = "DELETE FROM send WHERE state IN ('sent', 'failed') AND settled_at < :before
    AND id NOT IN (SELECT edits_send FROM send WHERE edits_send IS NOT NULL AND state IN ('waiting', 'sending'))";

/// It arrived.
///
/// # Errors
/// When the database fails.
pub fn sent(conn: &Connection, id: SendId, message: Option<MessageId>, now: UnixMillis) -> Result<()> {
    let row = named_params! { ":id": id.0, ":message": message.map(|message| message.0), ":now": now.0 };
    conn.prepare_cached(SENT)?.execute(row)?;
    Ok(())
}

/// It certainly did not arrive; again at `not_before`. `forgive`: the try does not count.
///
/// # Errors
/// When the database fails.
pub fn again(
    conn: &Connection,
    id: SendId,
    not_before: UnixMillis,
    error: &str,
    forgive: bool,
) -> Result<()> {
    let row =
        named_params! { ":id": id.0, ":not_before": not_before.0, ":error": error, ":forgive": forgive };
    conn.prepare_cached(AGAIN)?.execute(row)?;
    Ok(())
}

/// It will not arrive.
///
/// # Errors
/// When the database fails.
pub fn failed(conn: &Connection, id: SendId, error: &str, now: UnixMillis) -> Result<()> {
    settle(conn, id, "failed", error, now)
}

/// Nobody knows whether it arrived. What is harmless goes out again at `again_at`, a notice once more, anything else
/// stays unknown.
/// Answers whether it stays unknown.
///
/// # Errors
/// When the database fails.
pub fn in_doubt(
    conn: &Connection,
    id: SendId,
    policy: Policy,
    repeats: u32,
    error: &str,
    again_at: UnixMillis,
    now: UnixMillis,
) -> Result<bool> {
    match policy {
        Policy::Harmless => repeat(conn, id, error, again_at)?,
        Policy::Notice if repeats == 0 => repeat(conn, id, error, again_at)?,
        Policy::Notice | Policy::Once => {
            settle(conn, id, "unknown", error, now)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives up everything that waits for a chat. Answers the orders whose goods were among it.
///
/// # Errors
/// When the database fails.
pub fn give_up_chat(conn: &Connection, chat: CustomerId, now: UnixMillis) -> Result<Vec<OrderId>> {
    let mut statement = conn.prepare_cached(GIVE_UP_CHAT)?;
    let rows = statement.query_map(named_params! { ":chat": chat.0, ":now": now.0 }, |row| row.get(0))?;
    let orders: Vec<Option<i64>> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(orders.into_iter().flatten().map(OrderId).collect())
}

/// After a start: what another boot was sending is in doubt. Answers how many stay unknown.
///
/// # Errors
/// When the database fails.
pub fn rescue(conn: &Connection, boot: Boot, now: UnixMillis) -> Result<usize> {
    let mut orphans = conn.prepare_cached(ORPHANS)?;
    let rows = orphans.query_map(named_params! { ":boot": boot.0 }, |row| {
        Ok((
            SendId(row.get(0)?),
            row.get::<_, String>(1)?,
            row.get::<_, u32>(2)?,
            CustomerId(row.get(3)?),
            row.get::<_, Option<i64>>(4)?.map(BroadcastId),
        ))
    })?;
    let mut unknown = 0;
    for (id, policy, repeats, chat, part_of) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        if let Some(part_of) = part_of {
            broadcast::store::settle(conn, part_of, chat, Fate::Unknown)?;
            window::remove(conn, id)?;
            window_left(conn, now)?;
            unknown += 1;
            continue;
        }
        unknown += usize::from(in_doubt(
            conn,
            id,
            policy_of(&policy),
            repeats,
            ORPHANED,
            now.plus(CHAT_EVERY),
            now,
        )?);
    }
    Ok(unknown)
}

/// Forgets what was settled before a moment.
///
/// # Errors
/// When the database fails.
pub fn prune(conn: &Connection, before: UnixMillis) -> Result<usize> {
    Ok(conn
        .prepare_cached(PRUNE)?
        .execute(named_params! { ":before": before.0 })?)
}

fn repeat(conn: &Connection, id: SendId, error: &str, not_before: UnixMillis) -> Result<()> {
    conn.prepare_cached(REPEAT)?
        .execute(named_params! { ":id": id.0, ":error": error, ":not_before": not_before.0 })?;
    Ok(())
}

fn settle(conn: &Connection, id: SendId, state: &str, error: &str, now: UnixMillis) -> Result<()> {
    let row = named_params! { ":id": id.0, ":state": state, ":error": error, ":now": now.0 };
    conn.prepare_cached(SETTLE)?.execute(row)?;
    Ok(())
}

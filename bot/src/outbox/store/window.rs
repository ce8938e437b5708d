//! The few messages of a broadcast that are committed ahead of sending. A settled one leaves no row: what became of it
//! is counted in the broadcast itself.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    outbox::{Lane, MessageId, Outgoing, SendId},
    shop::{broadcast::BroadcastId, customer::CustomerId},
};

const ADD: &str =
    "INSERT INTO send (chat_id, lane, policy, purpose, body, state, not_before, created_at, broadcast_id)
    VALUES (:chat, :lane, 'once', 'notice', :body, 'waiting', :now, :now, :broadcast)";
const SIZE: &str =
    "SELECT count(*) FROM send WHERE broadcast_id = :broadcast AND state IN ('waiting', 'sending')";
const TAKE_BACK: &str =
    "DELETE FROM send WHERE broadcast_id = :broadcast AND state = 'waiting' RETURNING chat_id";
const REMOVE: &str = "DELETE FROM send WHERE id = :id AND broadcast_id IS NOT NULL AND state = 'sending'";
const ARRIVAL: &str = "SELECT state, message_id FROM send WHERE id = :id";

/// What is known of a message of the shop's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Telegram numbered it.
    Arrived(MessageId),
    /// It waits or is on the wire.
    OnItsWay,
    /// It did not arrive, or nobody knows.
    Never,
}

/// Puts one person's message into the window.
///
/// # Errors
/// When the database fails.
pub fn add(
    conn: &Connection,
    broadcast: BroadcastId,
    chat: CustomerId,
    outgoing: &Outgoing,
    now: UnixMillis,
) -> Result<()> {
    conn.prepare_cached(ADD)?.execute(named_params! {
        ":chat": chat.0, ":lane": Lane::Broadcast as i64, ":body": serde_json::to_string(outgoing)?,
        ":now": now.0, ":broadcast": broadcast.0,
    })?;
    Ok(())
}

/// How many messages wait or are on the wire.
///
/// # Errors
/// When the database fails.
pub fn size(conn: &Connection, broadcast: BroadcastId) -> Result<usize> {
    let mut statement = conn.prepare_cached(SIZE)?;
    Ok(statement.query_row(named_params! { ":broadcast": broadcast.0 }, |row| row.get(0))?)
}

/// Takes back what waits, and answers for whom it was. What is on the wire stays.
///
/// # Errors
/// When the database fails.
pub fn take_back(conn: &Connection, broadcast: BroadcastId) -> Result<Vec<CustomerId>> {
    let mut statement = conn.prepare_cached(TAKE_BACK)?;
    let chats = statement.query_map(named_params! { ":broadcast": broadcast.0 }, |row| row.get(0))?;
    Ok(chats
        .collect::<rusqlite::Result<Vec<i64>>>()?
        .into_iter()
        .map(CustomerId)
        .collect())
}

/// A message that was on the wire is settled. `false`: it was before.
///
/// # Errors
/// When the database fails.
pub fn remove(conn: &Connection, id: SendId) -> Result<bool> {
    Ok(conn
        .prepare_cached(REMOVE)?
        .execute(named_params! { ":id": id.0 })?
        == 1)
}

/// Whether a message has arrived, and under which number.
///
/// # Errors
/// When the database fails.
pub fn arrival(conn: &Connection, id: SendId) -> Result<Arrival> {
    let mut statement = conn.prepare_cached(ARRIVAL)?;
    let row = statement.query_row(named_params! { ":id": id.0 }, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<i32>>(1)?))
    });
    Ok(match row.optional()? {
        Some((state, _)) if ["waiting", "sending"].contains(&state.as_str()) => Arrival::OnItsWay,
        Some((_, Some(message))) => Arrival::Arrived(MessageId(message)),
        Some((_, None)) | None => Arrival::Never,
    })
}

//! Whose turn it is: the audience as it was frozen, and the few people of it of whom something is written down.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::settle;
use crate::shop::{
    broadcast::{Broadcast, BroadcastId, Fate},
    customer::CustomerId,
};

/// People who are passed over at once, because they blocked the shop meanwhile; the others wait for the next round.
const PASSED_OVER_MAX: usize = 2_000;
/// Chats in one block of an audience: one block is about one page of the file.
const BLOCK_CHATS: usize = 500;

const ADD_BLOCK: &str =
    "INSERT INTO broadcast_audience (broadcast_id, block, chats) VALUES (:id, :block, :chats)";
const BLOCK: &str = "SELECT chats FROM broadcast_audience WHERE broadcast_id = :id AND block = :block";
const FORGET_AUDIENCE: &str = "DELETE FROM broadcast_audience WHERE broadcast_id = :id";
const FORGET_AGAIN: &str = "DELETE FROM broadcast_recipient WHERE broadcast_id = :id AND state = 'again'";
const NOTE: &str =
    "INSERT INTO broadcast_recipient (broadcast_id, chat_id, state) VALUES (:id, :chat, :state)
    ON CONFLICT (broadcast_id, chat_id) DO UPDATE SET state = excluded.state";
const RETRY_UNKNOWN: &str =
    "UPDATE broadcast_recipient SET state = 'again' WHERE broadcast_id = :id AND state = 'unknown'";
const FORGIVE_UNKNOWN: &str = "UPDATE broadcast SET unknown = unknown - :count WHERE id = :id";
const TAKE_AGAIN: &str = "DELETE FROM broadcast_recipient WHERE broadcast_id = :id AND chat_id IN (
        SELECT chat_id FROM broadcast_recipient WHERE broadcast_id = :id AND state = 'again' LIMIT :limit
    ) RETURNING chat_id";
const TAKE: &str = "UPDATE broadcast SET taken = taken + :count WHERE id = :id";
const IS_REACHABLE: &str = "SELECT blocked_at IS NULL FROM customer WHERE id = :chat";
const HAS_AGAIN: &str =
    "SELECT EXISTS (SELECT 1 FROM broadcast_recipient WHERE broadcast_id = :id AND state = 'again')";
const IN_STATE: &str =
    "SELECT chat_id FROM broadcast_recipient WHERE broadcast_id = :id AND state = :state ORDER BY chat_id";
const REACHABLE: &str = "SELECT id FROM customer WHERE blocked_at IS NULL ORDER BY id";

/// Everybody who can be reached now.
///
/// # Errors
/// When the database fails.
pub(super) fn reachable(conn: &Connection) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(REACHABLE)?;
    let chats = statement.query_map([], |row| row.get(0))?;
    Ok(chats.collect::<rusqlite::Result<_>>()?)
}

/// Writes an audience down, once.
///
/// # Errors
/// When the database fails.
pub(super) fn freeze(conn: &Connection, id: BroadcastId, chats: &[i64]) -> Result<()> {
    for (block, chats) in (0_i64..).zip(chats.chunks(BLOCK_CHATS)) {
        let bytes: Vec<u8> = chats.iter().flat_map(|chat| chat.to_be_bytes()).collect();
        conn.prepare_cached(ADD_BLOCK)?
            .execute(named_params! { ":id": id.0, ":block": block, ":chats": bytes })?;
    }
    Ok(())
}

/// Nothing was sent to this person; the turn comes again.
///
/// # Errors
/// When the database fails.
pub fn hand_back(conn: &Connection, id: BroadcastId, chat: CustomerId) -> Result<()> {
    note(conn, id, chat, "again")
}

/// Those of whom nobody knows get their turn again. Answers how many.
///
/// # Errors
/// When the database fails.
pub fn take_up_unknown(conn: &Connection, id: BroadcastId) -> Result<usize> {
    let count = conn
        .prepare_cached(RETRY_UNKNOWN)?
        .execute(named_params! { ":id": id.0 })?;
    conn.prepare_cached(FORGIVE_UNKNOWN)?
        .execute(named_params! { ":id": id.0, ":count": i64::try_from(count)? })?;
    Ok(count)
}

/// The next people whose turn it is, at most `limit`. Those who cannot be reached are passed over and counted.
///
/// # Errors
/// When the database fails.
pub fn take(conn: &Connection, broadcast: &Broadcast, limit: usize) -> Result<Vec<CustomerId>> {
    let id = broadcast.id;
    let mut again = conn.prepare_cached(TAKE_AGAIN)?;
    let row = named_params! { ":id": id.0, ":limit": i64::try_from(limit)? };
    let mut turn: Vec<i64> = again
        .query_map(row, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken = broadcast.taken;
    let (mut chosen, mut passed_over) = (Vec::new(), 0);
    loop {
        for chat in turn {
            if is_reachable(conn, chat)? {
                chosen.push(CustomerId(chat));
            } else {
                settle(conn, id, CustomerId(chat), Fate::Blocked)?;
                passed_over += 1;
            }
        }
        let room = limit.saturating_sub(chosen.len());
        turn = from_block(conn, id, taken, room)?;
        if turn.is_empty() || passed_over >= PASSED_OVER_MAX {
            return Ok(chosen);
        }
        let count = u64::try_from(turn.len())?;
        conn.prepare_cached(TAKE)?
            .execute(named_params! { ":id": id.0, ":count": count })?;
        taken += count;
    }
}

/// Whether anybody's turn is still to come.
///
/// # Errors
/// When the database fails.
pub fn has_turns(conn: &Connection, broadcast: &Broadcast) -> Result<bool> {
    if broadcast.taken < broadcast.counts.audience {
        return Ok(true);
    }
    let mut statement = conn.prepare_cached(HAS_AGAIN)?;
    Ok(statement.query_row(named_params! { ":id": broadcast.id.0 }, |row| row.get(0))?)
}

/// Nobody gets a turn any more.
///
/// # Errors
/// When the database fails.
pub fn forget_audience(conn: &Connection, id: BroadcastId) -> Result<()> {
    for statement in [FORGET_AUDIENCE, FORGET_AGAIN] {
        conn.prepare_cached(statement)?
            .execute(named_params! { ":id": id.0 })?;
    }
    Ok(())
}

/// Those of whom a thing was written down.
///
/// # Errors
/// When the database fails.
pub fn in_state(conn: &Connection, id: BroadcastId, fate: Fate) -> Result<Vec<CustomerId>> {
    let state = match fate {
        Fate::Sent => return Ok(Vec::new()),
        Fate::Blocked => "blocked",
        Fate::Unknown => "unknown",
        Fate::Failed => "failed",
    };
    let mut statement = conn.prepare_cached(IN_STATE)?;
    let chats = statement.query_map(named_params! { ":id": id.0, ":state": state }, |row| row.get(0))?;
    Ok(chats
        .collect::<rusqlite::Result<Vec<i64>>>()?
        .into_iter()
        .map(CustomerId)
        .collect())
}

/// Writes down what became of one person, or that the turn comes again.
///
/// # Errors
/// When the database fails.
pub(super) fn note(conn: &Connection, id: BroadcastId, chat: CustomerId, state: &str) -> Result<()> {
    conn.prepare_cached(NOTE)?
        .execute(named_params! { ":id": id.0, ":chat": chat.0, ":state": state })?;
    Ok(())
}

/// Somebody whose row is gone cannot be reached either.
fn is_reachable(conn: &Connection, chat: i64) -> Result<bool> {
    let found = conn
        .prepare_cached(IS_REACHABLE)?
        .query_row(named_params! { ":chat": chat }, |row| row.get(0));
    Ok(found.optional()?.unwrap_or(false))
}

/// At most `limit` chats from a place in the audience on; of one block only, so none is the end.
fn from_block(conn: &Connection, id: BroadcastId, place: u64, limit: usize) -> Result<Vec<i64>> {
    let place = usize::try_from(place)?;
    let row = named_params! { ":id": id.0, ":block": i64::try_from(place / BLOCK_CHATS)? };
    let mut statement = conn.prepare_cached(BLOCK)?;
    let bytes: Option<Vec<u8>> = statement.query_row(row, |row| row.get(0)).optional()?;
    let bytes = bytes.unwrap_or_default();
    let chats = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|chat| i64::from_be_bytes(*chat));
    Ok(chats.skip(place % BLOCK_CHATS).take(limit).collect())
}

//! Open questions as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{LIFETIME, Step};
use crate::shop::customer::CustomerId;

const ASK: &str = "INSERT INTO dialogue (chat_id, step, asked_at) VALUES (:chat, :step, :now)
    ON CONFLICT (chat_id) DO UPDATE SET step = excluded.step, asked_at = excluded.asked_at";
const OPEN: &str = "SELECT step, asked_at FROM dialogue WHERE chat_id = :chat";
const FORGET: &str = "DELETE FROM dialogue WHERE chat_id = :chat";

/// Asks; a question that was open before is forgotten.
///
/// # Errors
/// When the database fails.
pub fn ask(conn: &Connection, chat: CustomerId, step: &Step, now: UnixMillis) -> Result<()> {
    let step = serde_json::to_string(step)?;
    conn.prepare_cached(ASK)?
        .execute(named_params! { ":chat": chat.0, ":step": step, ":now": now.0 })?;
    Ok(())
}

/// The open question of a chat; `None` when it is too old, or was asked by a program that knew other questions.
///
/// # Errors
/// When the database fails.
pub fn open(conn: &Connection, chat: CustomerId, now: UnixMillis) -> Result<Option<Step>> {
    let mut statement = conn.prepare_cached(OPEN)?;
    let row = statement.query_row(named_params! { ":chat": chat.0 }, |row| {
        Ok((row.get::<_, String>(0)?, UnixMillis(row.get(1)?)))
    });
    let Some((step, asked_at)) = row.optional()? else {
        return Ok(None);
    };
    Ok((now < asked_at.plus(LIFETIME))
        .then(|| serde_json::from_str(&step).ok())
        .flatten())
}

/// The question is answered, or nobody waits for the answer any more.
///
/// # Errors
/// When the database fails.
pub fn forget(conn: &Connection, chat: CustomerId) -> Result<()> {
    conn.prepare_cached(FORGET)?
        .execute(named_params! { ":chat": chat.0 })?;
    Ok(())
}

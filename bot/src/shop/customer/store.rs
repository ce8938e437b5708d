//! Customers as rows.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{CustomerId, Language};

const SEEN: &str = "INSERT INTO customer (id, first_seen_at) VALUES (:id, :now)
    ON CONFLICT (id) DO UPDATE SET blocked_at = NULL WHERE blocked_at IS NOT NULL";
const SET_LANGUAGE: &str = "UPDATE customer SET language = :language WHERE id = :id";
const SET_BLOCKED: &str = "UPDATE customer SET blocked_at = :now WHERE id = :id AND blocked_at IS NULL";
const LANGUAGE: &str = "SELECT language FROM customer WHERE id = :id";

/// Writes down that this user was here; one who had blocked the shop can be reached again.
/// Answers whether anything was new.
///
/// # Errors
/// When the database fails.
pub fn seen(conn: &Connection, id: CustomerId, now: UnixMillis) -> Result<bool> {
    Ok(conn
        .prepare_cached(SEEN)?
        .execute(named_params! { ":id": id.0, ":now": now.0 })?
        > 0)
}

/// Remembers the language that a customer chose.
///
/// # Errors
/// When the database fails.
pub fn set_language(conn: &Connection, id: CustomerId, language: Language) -> Result<()> {
    conn.prepare_cached(SET_LANGUAGE)?
        .execute(named_params! { ":id": id.0, ":language": language.code() })?;
    Ok(())
}

/// Remembers that messages to this user do not arrive any more.
///
/// # Errors
/// When the database fails.
pub fn set_blocked(conn: &Connection, id: CustomerId, now: UnixMillis) -> Result<()> {
    conn.prepare_cached(SET_BLOCKED)?
        .execute(named_params! { ":id": id.0, ":now": now.0 })?;
    Ok(())
}

/// The language that a customer chose, or `otherwise`.
///
/// # Errors
/// When the database fails.
pub fn language(conn: &Connection, id: CustomerId, otherwise: Language) -> Result<Language> {
    let mut statement = conn.prepare_cached(LANGUAGE)?;
    let code: Option<Option<String>> = statement
        .query_row(named_params! { ":id": id.0 }, |row| row.get(0))
        .optional()?;
    Ok(code
        .flatten()
        .and_then(|code| Language::of_code(&code))
        .unwrap_or(otherwise))
}

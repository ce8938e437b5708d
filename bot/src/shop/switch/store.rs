//! The switch, and this process's number, as rows.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::Pause;

const GET: &str = "SELECT value FROM setting WHERE name = :name";
const PUT: &str = "INSERT INTO setting (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const REMOVE: &str = "DELETE FROM setting WHERE name = :name";

const SALES_PAUSED: &str = "sales_paused";
const BRAKED: &str = "sales_braked";
const RESTORED_POINT: &str = "restored_point";
const RESTORED_LOOKED: &str = "restored_looked";

/// Why sales are paused; `None` when the shop sells.
///
/// # Errors
/// When the database fails.
pub fn paused(conn: &Connection) -> Result<Option<Pause>> {
    Ok(get(conn, SALES_PAUSED)?.map(|value| {
        if value == "restore" {
            Pause::Restore
        } else {
            Pause::Seller
        }
    }))
}

/// Whether new orders are taken: neither a person nor the shop itself has closed.
///
/// # Errors
/// When the database fails.
pub fn sells(conn: &Connection) -> Result<bool> {
    Ok(paused(conn)?.is_none() && !braked(conn)?)
}

/// Whether the shop itself takes no new orders for a while, whatever people decided.
///
/// # Errors
/// When the database fails.
pub fn braked(conn: &Connection) -> Result<bool> {
    Ok(get(conn, BRAKED)?.is_some())
}

/// Takes no new orders for a while, or takes them again.
///
/// # Errors
/// When the database fails.
pub fn set_braked(conn: &Connection, braked: bool) -> Result<()> {
    if braked {
        put(conn, BRAKED, "1")
    } else {
        remove(conn, BRAKED)
    }
}

/// Pauses sales, or opens the shop again.
///
/// # Errors
/// When the database fails.
pub fn set_paused(conn: &Connection, pause: Option<Pause>) -> Result<()> {
    match pause {
        None => remove(conn, SALES_PAUSED),
        Some(Pause::Seller) => put(conn, SALES_PAUSED, "seller"),
        Some(Pause::Restore) => put(conn, SALES_PAUSED, "restore"),
    }
}

/// The restore that was taken note of last, so that one note is acted on once.
///
/// # Errors
/// When the database fails.
pub fn noted_restore(conn: &Connection) -> Result<Option<String>> {
    get(conn, RESTORED_POINT)
}

/// Remembers a restore that was acted on.
///
/// # Errors
/// When the database fails.
pub fn note_restore(conn: &Connection, mark: &str) -> Result<()> {
    put(conn, RESTORED_POINT, mark)
}

/// Whether what the last restore replaced could be looked into for what was sold; `None` where nothing was there.
///
/// # Errors
/// When the database fails.
pub fn looked(conn: &Connection) -> Result<Option<bool>> {
    Ok(get(conn, RESTORED_LOOKED)?.map(|value| value == "1"))
}

/// Remembers that.
///
/// # Errors
/// When the database fails.
pub fn set_looked(conn: &Connection, is_whole: Option<bool>) -> Result<()> {
    match is_whole {
        None => remove(conn, RESTORED_LOOKED),
        Some(is_whole) => put(conn, RESTORED_LOOKED, if is_whole { "1" } else { "0" }),
    }
}

fn get(conn: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached(GET)?;
    Ok(statement
        .query_row(named_params! { ":name": name }, |row| row.get(0))
        .optional()?)
}

fn put(conn: &Connection, name: &str, value: &str) -> Result<()> {
    conn.prepare_cached(PUT)?
        .execute(named_params! { ":name": name, ":value": value })?;
    Ok(())
}

fn remove(conn: &Connection, name: &str) -> Result<()> {
    conn.prepare_cached(REMOVE)?
        .execute(named_params! { ":name": name })?;
    Ok(())
}

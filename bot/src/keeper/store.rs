//! What the bot remembers about the agent across a restart, so that nothing is said twice.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, named_params};

const NOTE: &str = "INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING";
const FORGET: &str = "DELETE FROM setting WHERE name = :name";
const IS_NOTED: &str = "SELECT EXISTS (SELECT 1 FROM setting WHERE name = :name)";

/// Something that lasts, and was told when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// What is committed does not get off the machine in time.
    NotDurable,
    /// The agent is silent.
    Silence,
}

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::NotDurable => "not_durable_since",
            Self::Silence => "agent_silent_since",
        }
    }
}

/// It began. `false`: that is known.
///
/// # Errors
/// When the database fails.
pub fn begin(conn: &Connection, trouble: Trouble, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":name": trouble.name(), ":value": now.0.to_string() };
    Ok(conn.prepare_cached(NOTE)?.execute(row)? == 1)
}

/// It is over. `false`: there was none.
///
/// # Errors
/// When the database fails.
pub fn end(conn: &Connection, trouble: Trouble) -> Result<bool> {
    let row = named_params! { ":name": trouble.name() };
    Ok(conn.prepare_cached(FORGET)?.execute(row)? == 1)
}

/// Whether it lasts.
///
/// # Errors
/// When the database fails.
pub fn lasts(conn: &Connection, trouble: Trouble) -> Result<bool> {
    let row = named_params! { ":name": trouble.name() };
    Ok(conn.prepare_cached(IS_NOTED)?.query_row(row, |row| row.get(0))?)
}

//! Messages of which nobody knows whether they arrived: seen by a person, and settled by a person.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{
    outbox::{Purpose, SendId, store::purpose_of},
    shop::{customer::CustomerId, order::OrderId},
};

const SELECT: &str = "SELECT id, chat_id, purpose, order_id, created_at FROM send WHERE state = 'unknown'";
const PAGE: &str = " ORDER BY id LIMIT :limit OFFSET :offset";
const BY_ID: &str = " AND id = :id";
const SEND_AGAIN: &str = "UPDATE send SET state = 'waiting', not_before = :now, settled_at = NULL
    WHERE id = :id AND state = 'unknown' AND body IS NOT NULL";
const LET_BE: &str = "UPDATE send SET state = 'failed', body = NULL, error = 'let be', settled_at = :now
    WHERE id = :id AND state = 'unknown'";

/// A message in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Its number.
    pub id: SendId,
    /// To whom it was sent.
    pub chat: CustomerId,
    /// What it was for.
    pub purpose: Purpose,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// When it was decided.
    pub created_at: UnixMillis,
}

/// A page of them, oldest first.
///
/// # Errors
/// When the database fails.
pub fn doubts(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Doubt>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{PAGE}"))?;
    let rows = statement.query_map(named_params! { ":offset": offset, ":limit": limit }, read)?;
    rows.map(|row| named(row?)).collect()
}

/// One of them; `None` when it is settled.
///
/// # Errors
/// When the database fails.
pub fn doubt(conn: &Connection, id: SendId) -> Result<Option<Doubt>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{BY_ID}"))?;
    let row = statement
        .query_row(named_params! { ":id": id.0 }, read)
        .optional()?;
    row.map(named).transpose()
}

/// A person wants it sent once more; it says that it is a repetition. `false`: it is settled.
///
/// # Errors
/// When the database fails.
pub fn send_again(conn: &Connection, id: SendId, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": id.0, ":now": now.0 };
    Ok(conn.prepare_cached(SEND_AGAIN)?.execute(row)? == 1)
}

/// A person leaves it as it is. `false`: it is settled.
///
/// # Errors
/// When the database fails.
pub fn let_be(conn: &Connection, id: SendId, now: UnixMillis) -> Result<bool> {
    let row = named_params! { ":id": id.0, ":now": now.0 };
    Ok(conn.prepare_cached(LET_BE)?.execute(row)? == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Doubt, String)> {
    let doubt = Doubt {
        id: SendId(row.get(0)?),
        chat: CustomerId(row.get(1)?),
        purpose: Purpose::Notice,
        order: row.get::<_, Option<i64>>(3)?.map(OrderId),
        created_at: UnixMillis(row.get(4)?),
    };
    Ok((doubt, row.get(2)?))
}

fn named((doubt, purpose): (Doubt, String)) -> Result<Doubt> {
    Ok(Doubt {
        purpose: purpose_of(&purpose)?,
        ..doubt
    })
}

//! Stock items as rows. Which item an order gets is decided here, in the transaction that places the order.

pub mod elsewhere;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};
use sha2::{Digest, Sha256};

use super::{Added, File, FileAdded, FileId, FileUniqueId, Item, TakenOut, fits};
use crate::shop::{catalog::ProductId, order::OrderId};

const ADD: &str = "INSERT INTO stock_item (product_id, content, content_hash, state, added_at)
    VALUES (:product, :content, :hash, 'free', :now) ON CONFLICT (content_hash) DO NOTHING";
const RESERVE: &str = "UPDATE stock_item SET state = :state, order_id = :order
    WHERE id = (SELECT id FROM stock_item WHERE product_id = :product AND state = 'free' ORDER BY id LIMIT 1)";
const SELL: &str = "UPDATE stock_item SET state = 'sold' WHERE order_id = :order AND state = 'reserved'";
const RELEASE: &str = "UPDATE stock_item SET state = CASE WHEN withheld = 1 OR EXISTS
        (SELECT 1 FROM setting WHERE name = 'doubtful_up_to_order' AND CAST(value AS INTEGER) >= :order)
        THEN 'held' ELSE 'free' END, order_id = NULL
    WHERE order_id = :order AND state = 'reserved'";
const ADD_FILE: &str =
    "INSERT INTO stock_item (product_id, content, content_hash, file_id, file_name, state, added_at)
    VALUES (:product, :words, :hash, :file, :name, 'free', :now) ON CONFLICT (content_hash) DO NOTHING";
const RENEW_FILE: &str = "UPDATE stock_item SET file_id = :file WHERE content_hash = :hash
    RETURNING CASE WHEN state = 'sold' THEN order_id END";
const ITEM: &str =
    "SELECT content, file_id, file_name FROM stock_item WHERE order_id = :order AND state = 'sold'";
const TAKE_OUT: &str = "UPDATE stock_item SET state = 'removed'
    WHERE content_hash = :hash AND product_id = :product AND state IN ('free', 'held')";
const IS_TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM stock_item
    WHERE content_hash = :hash AND product_id = :product AND state IN ('reserved', 'sold'))";
const HOLD_FREE: &str = "UPDATE stock_item SET state = 'held' WHERE state = 'free'";
// Orders after a restore have higher numbers than all that it brought back.
const DOUBT_RESERVED: &str = "INSERT INTO setting (name, value)
    SELECT 'doubtful_up_to_order', CAST(max(id) AS TEXT) FROM shop_order HAVING count(*) > 0
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const DOUBTFUL: &str = "SELECT count(*) FROM stock_item WHERE state = 'reserved' AND order_id <=
    (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'doubtful_up_to_order')";
const FREE_HELD: &str = "UPDATE stock_item SET state = 'free' WHERE state = 'held' AND withheld = 0";
const HELD: &str = "SELECT count(*) FROM stock_item WHERE state = 'held' AND withheld = 0";
const WITHHELD: &str = "SELECT product.name, count(*) FROM stock_item JOIN product ON product.id = product_id
    WHERE withheld = 1 AND state = 'held' GROUP BY product_id ORDER BY product_id";
const WITHHELD_OF: &str =
    "SELECT count(*) FROM stock_item WHERE product_id = :product AND withheld = 1 AND state = 'held'";

/// Takes stock lines in. Empty lines are passed over; a line that the shop ever held is refused.
///
/// # Errors
/// When the database fails.
pub fn add<'a>(
    conn: &Connection,
    product: ProductId,
    lines: impl IntoIterator<Item = &'a str>,
    now: UnixMillis,
) -> Result<Added> {
    let mut statement = conn.prepare_cached(ADD)?;
    let mut done = Added::default();
    for (position, line) in (1..).zip(lines) {
        let content = line.trim();
        if content.is_empty() {
            continue;
        }
        if !fits(content) {
            done.long.push(position);
            continue;
        }
        let hash = Sha256::digest(content.as_bytes());
        let row = named_params! {
            ":product": product.0, ":content": content, ":hash": hash.as_slice(), ":now": now.0,
        };
        if statement.execute(row)? == 1 {
            done.added += 1;
        } else {
            done.known.push(position);
        }
    }
    Ok(done)
}

/// Takes a file in. One that the shop ever held is refused, but what Telegram calls it now is kept: after a change of
/// the bot that is the way to make sold files sendable again.
///
/// # Errors
/// When the database fails.
pub fn add_file(
    conn: &Connection,
    product: ProductId,
    unique: &FileUniqueId,
    file: &File,
    now: UnixMillis,
) -> Result<FileAdded> {
    let hash = hash_of_file(unique);
    let row = named_params! {
        ":product": product.0, ":words": file.words, ":hash": hash.as_slice(), ":file": file.id.0,
        ":name": file.name, ":now": now.0,
    };
    if conn.prepare_cached(ADD_FILE)?.execute(row)? == 1 {
        return Ok(FileAdded::New);
    }
    let row = named_params! { ":file": file.id.0, ":hash": hash.as_slice() };
    let order: Option<i64> = conn
        .prepare_cached(RENEW_FILE)?
        .query_row(row, |row| row.get(0))?;
    Ok(FileAdded::Known(order.map(OrderId)))
}

/// No text hashes to the same: the zero byte is in none.
fn hash_of_file(unique: &FileUniqueId) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"\0file\0")
        .chain_update(unique.0.as_bytes())
        .finalize()
        .into()
}

/// Reserves the oldest free item for an order that waits for its payment. `false`: there is none.
///
/// # Errors
/// When the database fails.
pub fn reserve(conn: &Connection, product: ProductId, order: OrderId) -> Result<bool> {
    take(conn, product, order, "reserved")
}

/// Sells the oldest free item to an order that is paid already. `false`: there is none.
///
/// # Errors
/// When the database fails.
pub fn sell_free(conn: &Connection, product: ProductId, order: OrderId) -> Result<bool> {
    take(conn, product, order, "sold")
}

fn take(conn: &Connection, product: ProductId, order: OrderId, state: &str) -> Result<bool> {
    let row = named_params! { ":product": product.0, ":order": order.0, ":state": state };
    Ok(conn.prepare_cached(RESERVE)?.execute(row)? == 1)
}

/// The reserved item is sold to its order. `false`: nothing was reserved.
///
/// # Errors
/// When the database fails.
pub fn sell_reserved(conn: &Connection, order: OrderId) -> Result<bool> {
    Ok(conn
        .prepare_cached(SELL)?
        .execute(named_params! { ":order": order.0 })?
        == 1)
}

/// A reserved item goes back to the shelf, or is held where a restore made it doubtful; a sold one never does.
///
/// # Errors
/// When the database fails.
pub fn release(conn: &Connection, order: OrderId) -> Result<()> {
    conn.prepare_cached(RELEASE)?
        .execute(named_params! { ":order": order.0 })?;
    Ok(())
}

/// What was sold to an order.
///
/// # Errors
/// When the database fails.
pub fn item(conn: &Connection, order: OrderId) -> Result<Option<Item>> {
    let mut statement = conn.prepare_cached(ITEM)?;
    let item = statement.query_row(named_params! { ":order": order.0 }, |row| {
        let content = row.get(0)?;
        Ok(match (row.get(1)?, row.get(2)?) {
            (Some(id), Some(name)) => Item::File(File {
                id: FileId(id),
                name,
                words: content,
            }),
            _ => Item::Text(content),
        })
    });
    Ok(item.optional()?)
}

/// Takes unsold items out for good; the shop remembers them, so that they cannot come in again.
///
/// # Errors
/// When the database fails.
pub fn take_out<'a>(
    conn: &Connection,
    product: ProductId,
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<TakenOut> {
    let mut done = TakenOut::default();
    for (position, line) in (1..).zip(lines) {
        let content = line.trim();
        if !content.is_empty() {
            let hash = Sha256::digest(content.as_bytes()).into();
            note_taken_out(conn, product, (position, hash), &mut done)?;
        }
    }
    Ok(done)
}

/// The same for a file; its position is 1.
///
/// # Errors
/// When the database fails.
pub fn take_out_file(conn: &Connection, product: ProductId, unique: &FileUniqueId) -> Result<TakenOut> {
    let mut done = TakenOut::default();
    note_taken_out(conn, product, (1, hash_of_file(unique)), &mut done)?;
    Ok(done)
}

fn note_taken_out(
    conn: &Connection,
    product: ProductId,
    (position, hash): (usize, [u8; 32]),
    done: &mut TakenOut,
) -> Result<()> {
    let row = named_params! { ":hash": hash.as_slice(), ":product": product.0 };
    if conn.prepare_cached(TAKE_OUT)?.execute(row)? == 1 {
        done.removed += 1;
    } else if conn.prepare_cached(IS_TAKEN)?.query_row(row, |row| row.get(0))? {
        done.taken.push(position);
    } else {
        done.unknown.push(position);
    }
    Ok(())
}

/// Sets all free stock aside: after a restore it may have been sold already. Answers how many items are held.
///
/// # Errors
/// When the database fails.
pub fn hold_free(conn: &Connection) -> Result<usize> {
    Ok(conn.prepare_cached(HOLD_FREE)?.execute([])?)
}

/// What is reserved now is held as soon as its order gives it up: after a restore it may have been given up before, and
/// sold to somebody else. Answers how many items that are.
///
/// # Errors
/// When the database fails.
pub fn doubt_reserved(conn: &Connection) -> Result<i64> {
    conn.prepare_cached(DOUBT_RESERVED)?.execute([])?;
    doubtful(conn)
}

/// How many items are reserved that will be held when their orders give them up.
///
/// # Errors
/// When the database fails.
pub fn doubtful(conn: &Connection) -> Result<i64> {
    Ok(conn.prepare_cached(DOUBTFUL)?.query_row([], |row| row.get(0))?)
}

/// The seller has looked and releases what was held, but nothing that is known to have gone out. Answers how many items
/// are free again.
///
/// # Errors
/// When the database fails.
pub fn free_held(conn: &Connection) -> Result<usize> {
    Ok(conn.prepare_cached(FREE_HELD)?.execute([])?)
}

/// How many items are held and would be free again if the seller released them.
///
/// # Errors
/// When the database fails.
pub fn held(conn: &Connection) -> Result<i64> {
    Ok(conn.prepare_cached(HELD)?.query_row([], |row| row.get(0))?)
}

/// What is known to have gone out in the time that a restore undid, by product: its name, and how many.
///
/// # Errors
/// When the database fails.
pub fn withheld(conn: &Connection) -> Result<Vec<(String, i64)>> {
    let mut statement = conn.prepare_cached(WITHHELD)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many of one product those are.
///
/// # Errors
/// When the database fails.
pub fn withheld_of(conn: &Connection, product: ProductId) -> Result<i64> {
    let row = named_params! { ":product": product.0 };
    Ok(conn
        .prepare_cached(WITHHELD_OF)?
        .query_row(row, |row| row.get(0))?)
}

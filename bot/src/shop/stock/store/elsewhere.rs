//! What another database of this shop says of its stock: which items went out. An item is the same where its content's
//! hash is the same: numbers are given again after a restore, contents never are.
//! The other database is not believed: whatever is wrong with it is an error, and nothing is withheld by an error.

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::shop::order::OrderId;

const CANDIDATES: &str = "SELECT stock_item.id, content_hash, order_id, code
    FROM stock_item LEFT JOIN shop_order ON shop_order.id = order_id
    WHERE stock_item.state IN ('free', 'held', 'reserved') ORDER BY stock_item.id";
const HASHES: &str = "SELECT content_hash FROM stock_item ORDER BY id";
const STOCK_IS_SOUND: &str = "PRAGMA integrity_check(stock_item)";
const ORDERS_ARE_SOUND: &str = "PRAGMA integrity_check(shop_order)";
const KNOWS_WITHHELD: &str =
    "SELECT EXISTS (SELECT 1 FROM pragma_table_info('stock_item') WHERE name = 'withheld')";
const STANDS: &str = "SELECT stock_item.state, 0, code, shop_order.state
    FROM stock_item LEFT JOIN shop_order ON shop_order.id = order_id WHERE content_hash = :hash";
const STANDS_OR_WITHHELD: &str = "SELECT stock_item.state, withheld, code, shop_order.state
    FROM stock_item LEFT JOIN shop_order ON shop_order.id = order_id WHERE content_hash = :hash";
const WITHHOLD: &str = "UPDATE stock_item SET withheld = 1,
    state = CASE state WHEN 'free' THEN 'held' ELSE state END
    WHERE id = :id AND state IN ('free', 'held', 'reserved')";
const TAKE_BACK: &str = "UPDATE stock_item SET withheld = 1, state = 'held', order_id = NULL
    WHERE id = :id AND state = 'reserved'";

/// An item of this database that went out by the other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    id: i64,
    /// The order that it is reserved for here and that it did not go out to.
    from: Option<OrderId>,
}

impl Gone {
    /// Its number here.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }
}

/// Where an item stands there.
struct Stands {
    state: String,
    withheld: bool,
    code: Option<String>,
    order: Option<String>,
}

impl Stands {
    /// Whether it is with somebody, promised to somebody who paid, or taken out by a seller. A word that is not known
    /// may be any of these.
    fn is_out(&self) -> bool {
        match self.state.as_str() {
            "free" | "held" => self.withheld,
            "reserved" => !matches!(
                self.order.as_deref(),
                Some("awaiting_payment" | "expired" | "cancelled" | "refund_due" | "refunded")
            ),
            _ => true,
        }
    }
}

/// The unsold items of `here` that went out by `there`.
///
/// # Errors
/// When `there` is damaged, is no shop's or another one's, or either cannot be read.
pub fn gone(here: &Connection, there: &Connection) -> Result<Vec<Gone>> {
    sound(there)?;
    ensure!(is_same_shop(here, there)?, "it holds no item of this shop");
    let knows: bool = there.query_row(KNOWS_WITHHELD, [], |row| row.get(0))?;
    let mut stands = there.prepare(if knows { STANDS_OR_WITHHELD } else { STANDS })?;
    let mut candidates = here.prepare(CANDIDATES)?;
    let mut rows = candidates.query([])?;
    let mut gone = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(1)?;
        let found = stands.query_row(named_params! { ":hash": hash }, |row| {
            Ok(Stands {
                state: row.get(0)?,
                withheld: row.get(1)?,
                code: row.get(2)?,
                order: row.get(3)?,
            })
        });
        let found = found.optional().context("looking an item up")?;
        if let Some(there) = found.filter(Stands::is_out) {
            let code: Option<String> = row.get(3)?;
            let order: Option<i64> = row.get(2)?;
            gone.push(Gone {
                id: row.get(0)?,
                from: order.filter(|_| code != there.code).map(OrderId),
            });
        }
    }
    Ok(gone)
}

/// Of what it is asked about, no page is broken and no index lacks a row: one that does would hide a sale.
fn sound(there: &Connection) -> Result<()> {
    for statement in [STOCK_IS_SOUND, ORDERS_ARE_SOUND] {
        let said: String = there.query_row(statement, [], |row| row.get(0))?;
        ensure!(said == "ok", "it is damaged");
    }
    Ok(())
}

/// Whether they have an item in common. A shop without stock has nothing that could be sold twice.
fn is_same_shop(here: &Connection, there: &Connection) -> Result<bool> {
    let mut found = there.prepare(STANDS)?;
    let mut hashes = here.prepare(HASHES)?;
    let mut rows = hashes.query([])?;
    let mut is_empty = true;
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(0)?;
        if found.exists(named_params! { ":hash": hash })? {
            return Ok(true);
        }
        is_empty = false;
    }
    Ok(is_empty)
}

/// Keeps an item out of sale for good. Answers the order that it was taken from: somebody else got it.
///
/// # Errors
/// When the database fails.
pub fn withhold(conn: &Connection, gone: &Gone) -> Result<Option<OrderId>> {
    let statement = if gone.from.is_some() { TAKE_BACK } else { WITHHOLD };
    let changed = conn
        .prepare_cached(statement)?
        .execute(named_params! { ":id": gone.id })?;
    Ok(gone.from.filter(|_| changed == 1))
}

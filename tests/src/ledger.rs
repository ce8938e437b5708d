//! The shop's own books, read from its database: only to compare them with what the world recorded.
//! Opened read-only; nothing here changes a row.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

const ORDERS: &str = "SELECT code, state FROM shop_order ORDER BY id";
const LEDGER_SUM: &str = "SELECT coalesce(sum(amount), 0) FROM ledger_line";
const SALES_SUM: &str = "SELECT coalesce(-sum(amount), 0) FROM ledger_line WHERE account = 'sales'";
const INTEGRITY: &str = "PRAGMA integrity_check";
const ITEM_OF_ORDER: &str = "SELECT o.code, i.content FROM stock_item i JOIN shop_order o ON o.id = i.order_id \
                             WHERE i.state = 'sold'";
const REFUNDS_DUE: &str = "SELECT reason FROM refund WHERE state = 'due' ORDER BY id";
const INBOX_UNDONE: &str = "SELECT count(*) FROM inbox WHERE state <> 'done'";
const SOLD: &str = "SELECT o.code, o.customer_id, i.content, i.file_id, o.state FROM stock_item i \
                    JOIN shop_order o ON o.id = i.order_id WHERE i.state = 'sold' ORDER BY o.id";
const SHELF: &str =
    "SELECT content FROM stock_item UNION ALL SELECT file_id FROM stock_item WHERE file_id IS NOT NULL";
const FREE: &str = "SELECT count(*) FROM stock_item WHERE state = 'free'";
const NOTICES: &str = "SELECT s.chat_id, o.code, s.purpose, s.state FROM send s \
                       JOIN shop_order o ON o.id = s.order_id \
                       WHERE s.chat_id NOT IN (SELECT customer_id FROM shop_order)";
const UPDATES: &str = "SELECT count(*), coalesce(max(update_id) - min(update_id) + 1, 0), \
                       count(*) FILTER (WHERE state <> 'done') FROM inbox";
const PICTURES: &str = "SELECT coalesce(sum(1 + s.repeats), 0) FROM send s JOIN shop_order o ON o.id = s.order_id \
                        WHERE s.purpose = 'qr' AND o.code = ?1";
const UNKNOWN_SENDS: &str = "SELECT count(*) FROM send WHERE state = 'unknown'";
const PAGES_IN_DOUBT: &str = "SELECT count(*) FILTER (WHERE state IN ('unknown', 'waiting', 'sending')), \
                              coalesce(sum(repeats), 0) FROM send WHERE purpose = 'screen' AND chat_id = ?1";

const INCIDENTS: &str = "SELECT count(*) FROM incident WHERE kind = ?1";
const ANNOUNCEMENTS: &str = "SELECT body ->> '$.text', sent, unknown FROM broadcast WHERE taken > 0";
const ANNOUNCING: &str = "SELECT count(*) FROM broadcast WHERE state IN ('running', 'scheduled')";
const CUSTOMERS_WAITING: &str = "SELECT count(*) FROM send WHERE state IN ('waiting', 'sending') \
                                 AND chat_id IN (SELECT customer_id FROM shop_order)";

/// An item that belongs to a buyer.
pub struct Sold {
    /// The order's code.
    pub order: String,
    /// The buyer.
    pub customer: i64,
    /// The item itself; of a file the words that come with it.
    pub content: String,
    /// The file that it is, as Telegram calls it.
    pub file: Option<String>,
    /// Where the order stands.
    pub state: String,
}

impl Sold {
    /// Every word of the goods in its order; a file is a word by its name at Telegram, and comes last.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.content.split_whitespace().chain(self.file.as_deref())
    }
}

/// A message about an order to somebody who did not place it.
pub struct Notice {
    /// To whom.
    pub chat: i64,
    /// The order's code.
    pub order: String,
    /// What for.
    pub purpose: String,
    /// What became of it.
    pub state: String,
}

/// An announcement, as the shop counts it.
pub struct Announced {
    /// What it says.
    pub words: String,
    /// To how many it went.
    pub sent: usize,
    /// Of how many nobody knows.
    pub unknown: usize,
}

/// An open view of one database.
pub struct Books {
    connection: Connection,
}

impl Books {
    /// Opens the database.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let connection = connection.unwrap_or_else(|error| panic!("opening {}: {error}", path.display()));
        connection
            .pragma_update(None, "query_only", true)
            .expect("a setting of this connection alone");
        Self { connection }
    }

    /// Every order's code and state, oldest first.
    #[must_use]
    pub fn orders(&self) -> Vec<(String, String)> {
        self.rows(ORDERS, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// What each order was given.
    #[must_use]
    pub fn goods(&self) -> BTreeMap<String, String> {
        self.rows(ITEM_OF_ORDER, |row| Ok((row.get(0)?, row.get(1)?)))
            .into_iter()
            .collect()
    }

    /// The reasons of refunds that are due, oldest first.
    #[must_use]
    pub fn refunds_due(&self) -> Vec<String> {
        self.rows(REFUNDS_DUE, |row| row.get(0))
    }

    /// Every line of the ledger added up: always zero, in rupiah.
    #[must_use]
    pub fn ledger_sum(&self) -> i64 {
        self.one(LEDGER_SUM)
    }

    /// What was earned, in rupiah.
    #[must_use]
    pub fn sales(&self) -> i64 {
        self.one(SALES_SUM)
    }

    /// Updates that were stored and are not handled.
    #[must_use]
    pub fn updates_undone(&self) -> i64 {
        self.one(INBOX_UNDONE)
    }

    /// What SQLite says about the whole file: `ok`.
    #[must_use]
    pub fn integrity(&self) -> String {
        self.one(INTEGRITY)
    }

    /// Every item that was sold, oldest order first.
    #[must_use]
    pub fn sold(&self) -> Vec<Sold> {
        self.rows(SOLD, |row| {
            Ok(Sold {
                order: row.get(0)?,
                customer: row.get(1)?,
                content: row.get(2)?,
                file: row.get(3)?,
                state: row.get(4)?,
            })
        })
    }

    /// Every word that was ever on the shelves, files by their names at Telegram.
    #[must_use]
    pub fn shelf(&self) -> BTreeSet<String> {
        let items = self.rows(SHELF, |row| row.get::<_, String>(0));
        items
            .iter()
            .flat_map(|item| item.split_whitespace())
            .map(str::to_owned)
            .collect()
    }

    /// How many items are free.
    #[must_use]
    pub fn free_items(&self) -> i64 {
        self.one(FREE)
    }

    /// What sellers are told about orders.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.rows(NOTICES, |row| {
            Ok(Notice {
                chat: row.get(0)?,
                order: row.get(1)?,
                purpose: row.get(2)?,
                state: row.get(3)?,
            })
        })
    }

    /// How many updates are stored, how many their numbers span, and how many are not handled.
    #[must_use]
    pub fn updates(&self) -> (i64, i64, i64) {
        let mut found = self.rows(UPDATES, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        found.pop().expect("a statement that counts has one row")
    }

    /// How often an order's picture was sent: once, and once more for each time that nobody knew whether it came.
    ///
    /// # Panics
    /// When the database cannot be read.
    #[must_use]
    pub fn pictures(&self, order: &str) -> usize {
        let found = self
            .connection
            .query_row(PICTURES, [order], |row| row.get::<_, u32>(0));
        found.expect("the schema of the migrations") as usize
    }

    /// Messages that have not gone out to people who placed an order.
    #[must_use]
    pub fn customers_waiting(&self) -> i64 {
        self.one(CUSTOMERS_WAITING)
    }

    /// Every announcement that was sent to anybody.
    #[must_use]
    pub fn announcements(&self) -> Vec<Announced> {
        self.rows(ANNOUNCEMENTS, |row| {
            Ok(Announced {
                words: row.get(0)?,
                sent: row.get(1)?,
                unknown: row.get(2)?,
            })
        })
    }

    /// Whether an announcement goes out.
    #[must_use]
    pub fn announcing(&self) -> bool {
        self.one::<i64>(ANNOUNCING) > 0
    }

    /// Incidents of one kind.
    ///
    /// # Panics
    /// When the schema is another one.
    #[must_use]
    pub fn incidents(&self, kind: &str) -> i64 {
        let found = self.connection.query_row(INCIDENTS, [kind], |row| row.get(0));
        found.expect("the schema of the migrations")
    }

    /// Messages of which nobody knows whether they arrived.
    #[must_use]
    pub fn unknown_sends(&self) -> i64 {
        self.one(UNKNOWN_SENDS)
    }

    /// Of the pages that somebody asked for: how many are not known to have arrived, and how often one was repeated.
    ///
    /// # Panics
    /// When the schema is another one.
    #[must_use]
    pub fn pages_in_doubt(&self, user: i64) -> (usize, usize) {
        let found = self.connection.query_row(PAGES_IN_DOUBT, [user], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))
        });
        let (unsure, repeats) = found.expect("the schema of the migrations");
        (unsure as usize, repeats as usize)
    }

    fn one<T: rusqlite::types::FromSql>(&self, statement: &str) -> T {
        let found = self.connection.query_row(statement, [], |row| row.get(0));
        found.unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    fn rows<T>(
        &self,
        statement: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut prepared = self
            .connection
            .prepare(statement)
            .expect("the schema of the migrations");
        let rows = prepared
            .query_map([], read)
            .expect("a statement without parameters");
        rows.collect::<rusqlite::Result<_>>()
            .unwrap_or_else(|error| panic!("{statement}: {error}"))
    }
}

//! The shop's own books, read from its database: only to compare them with what the world recorded.
//! Opened read-only; nothing here changes a row.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OpenFlags};

const ORDERS: &str = "SELECT code, state FROM shop_order ORDER BY id";
const LEDGER_SUM: &str = "SELECT coalesce(sum(amount), 0) FROM ledger_line";
const SALES_SUM: &str = "SELECT coalesce(-sum(amount), 0) FROM ledger_line WHERE account = 'sales'";
const INTEGRITY: &str = "PRAGMA integrity_check";
const ITEM_OF_ORDER: &str = "SELECT o.code, i.content FROM stock_item i JOIN shop_order o ON o.id = i.order_id \
                             WHERE i.state = 'sold'";
const REFUNDS_DUE: &str = "SELECT reason FROM refund WHERE state = 'due' ORDER BY id";
const INBOX_UNDONE: &str = "SELECT count(*) FROM inbox WHERE state <> 'done'";

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

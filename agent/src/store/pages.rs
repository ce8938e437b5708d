//! The bot's database page by page, exactly as it stands after one commit: what a base and a delta are made of.
//! It writes nothing, holds no page longer than its caller, and never reads the file beside SQLite.

use std::path::Path;

use rusqlite::{Connection, named_params};

use super::{
    growth::{Contradiction, Growth},
    shop,
};

const PAGE_SIZE: &str = "PRAGMA page_size";
const PAGE_COUNT: &str = "PRAGMA page_count";
const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = :number";

/// A read transaction on the live database: what it sees does not change while it is open.
pub struct PinnedPages {
    connection: Connection,
    page_size: u32,
    pages: u32,
}

impl PinnedPages {
    /// Begins the transaction; from here on the bot may commit without changing what is read.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(database: &Path) -> rusqlite::Result<Self> {
        let connection = shop::open_pinned(database)?;
        let page_size = connection.query_row(PAGE_SIZE, [], |row| row.get(0))?;
        let pages = connection.query_row(PAGE_COUNT, [], |row| row.get(0))?;
        Ok(Self {
            connection,
            page_size,
            pages,
        })
    }

    /// Bytes of one page.
    #[must_use]
    pub fn page_size(&self) -> u32 {
        self.page_size
    }

    /// How many pages the database has.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Appends pages `first` to `first + count - 1`, counted from 1. The page of SQLite's locks reads as zeros.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn read(&self, first: u32, count: u32, into: &mut Vec<u8>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(PAGE)?;
        for number in first..first.saturating_add(count) {
            let mut rows = statement.query(named_params! {":number": number})?;
            let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            into.extend_from_slice(row.get_ref(0)?.as_blob()?);
        }
        Ok(())
    }

    /// What the tables have come to in it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn growth(&self) -> rusqlite::Result<Growth> {
        Growth::of(&self.connection, None)
    }

    /// What shows that it did not become of a database that had come to that.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn contradiction(&self, before: &Growth) -> rusqlite::Result<Option<Contradiction>> {
        before.contradiction(&self.connection)
    }

    /// What SQLite finds wrong with the structure of what is seen; `None` when it calls it ok.
    ///
    /// # Errors
    /// When it is damaged so that it cannot even be checked.
    pub fn damage(&self) -> rusqlite::Result<Option<String>> {
        shop::damage(&self.connection, shop::Depth::Quick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_of_the_moment_at_which_the_transaction_began() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.execute_batch("CREATE TABLE a (b TEXT) STRICT").unwrap();
        let pinned = PinnedPages::open(&path).unwrap();
        let mut before = Vec::new();
        pinned.read(1, pinned.pages(), &mut before).unwrap();
        bot.execute_batch("INSERT INTO a VALUES (hex(randomblob(90000)))")
            .unwrap();
        let mut after = Vec::new();
        pinned.read(1, pinned.pages(), &mut after).unwrap();
        assert!(before == after, "a commit was seen");
        assert_eq!(before.len(), (pinned.page_size() * pinned.pages()) as usize);
        assert!(before.starts_with(b"SQLite format 3"));
        assert!(PinnedPages::open(&path).unwrap().pages() > pinned.pages());
        assert_eq!(pinned.damage(), Ok(None));
        assert!(pinned.read(pinned.pages() + 1, 1, &mut after).is_err());
    }
}

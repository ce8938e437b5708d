//! The bot's database page by page, exactly as it stands after one commit: what a base and a delta are made of.
//! It writes nothing, and holds no page longer than its caller. What the log holds is read through SQLite, and the rest
//! beside it.

use std::{cell::OnceCell, path::Path};

use rusqlite::{Connection, Row, named_params};

use super::{
    beside::{Before, Beside},
    growth::{Contradiction, Growth},
    shop,
};
use protocol::chain::is_lock_page;

const PAGE_SIZE: &str = "PRAGMA page_size";
const PAGE_COUNT: &str = "PRAGMA page_count";
const FRAMES: &str = "PRAGMA wal_checkpoint=NOOP";
const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = :number";

/// A read transaction on the live database: what it sees does not change while it is open.
pub struct PinnedPages {
    connection: Connection,
    before: Before,
    /// How many frames the log had just before; 0 without one.
    frames: Option<u64>,
    /// What of it is read beside SQLite; found out at the first read, since the bot waits while this is opened.
    beside: OnceCell<Option<Beside>>,
    page_size: u32,
    pages: u32,
}

impl PinnedPages {
    /// Begins the transaction; from here on the bot may commit without changing what is read.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(database: &Path) -> rusqlite::Result<Self> {
        let before = Before::open(database);
        let connection = shop::open_live(database)?;
        // Where SQLite cannot say it, SQLite reads all of it.
        let told = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?));
        let told = connection.query_row(FRAMES, [], told).ok();
        let frames = told.filter(|(is_busy, frames)| !is_busy || *frames >= 0);
        shop::pin(&connection, database)?;
        let page_size = connection.query_row(PAGE_SIZE, [], |row| row.get(0))?;
        let pages = connection.query_row(PAGE_COUNT, [], |row| row.get(0))?;
        Ok(Self {
            connection,
            before,
            frames: frames.map(|(_, frames)| u64::try_from(frames).unwrap_or(0)),
            beside: OnceCell::new(),
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
        let end = first.saturating_add(count);
        let mut next = first;
        while next < end {
            let lock_page = (next..end).find(|number| is_lock_page(*number, self.page_size));
            let plain = lock_page.unwrap_or(end) - next;
            match self.beside().map_or(0, |beside| beside.read(next, plain, into)) {
                0 => {
                    self.read_one(next, into)?;
                    next += 1;
                }
                read => next += read,
            }
        }
        Ok(())
    }

    fn beside(&self) -> Option<&Beside> {
        let found = self
            .beside
            .get_or_init(|| self.before.pinned(self.page_size, self.frames?));
        found.as_ref()
    }

    fn read_one(&self, number: u32, into: &mut Vec<u8>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(PAGE)?;
        let mut rows = statement.query(named_params! {":number": number})?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        into.extend_from_slice(row.get_ref(0)?.as_blob()?);
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

    /// Page by page through SQLite alone.
    fn through_sqlite(pinned: &PinnedPages) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in 1..=pinned.pages() {
            pinned.read_one(number, &mut bytes).unwrap();
        }
        bytes
    }

    #[test]
    fn what_is_read_beside_sqlite_is_what_it_sees_whatever_the_log_holds_and_others_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        bot.execute_batch("CREATE TABLE a (b INTEGER PRIMARY KEY, c TEXT) STRICT")
            .unwrap();
        let write = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 40)
            INSERT OR REPLACE INTO a SELECT abs(random()) % 4000, hex(randomblob(900)) FROM n";
        let mut read_beside = 0;
        for round in 0..60 {
            bot.execute_batch(write).unwrap();
            match round % 6 {
                1 => bot.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap(),
                3 => bot.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap(),
                5 => bot
                    .execute_batch("DELETE FROM a WHERE b % 3 = 0; VACUUM")
                    .unwrap(),
                _ => {}
            }
            let pinned = PinnedPages::open(&path).unwrap();
            let before = through_sqlite(&pinned);
            if round % 4 < 2 {
                assert!(pinned.beside().is_some(), "round {round}");
            }
            bot.execute_batch(write).unwrap();
            let _ = bot.execute_batch("PRAGMA wal_checkpoint(PASSIVE)");
            bot.execute_batch(write).unwrap();
            let mut beside = Vec::new();
            pinned.read(1, pinned.pages(), &mut beside).unwrap();
            assert!(before == beside, "round {round}");
            // None where a log that nobody needed any more was begun anew before the first read.
            for number in 1..=pinned.pages() {
                let mut page = Vec::new();
                read_beside += pinned
                    .beside()
                    .map_or(0, |beside| beside.read(number, 1, &mut page));
            }
        }
        assert!(
            read_beside > 1_000,
            "hardly anything was read beside SQLite: {read_beside}"
        );
    }

    #[test]
    fn a_log_that_lost_frames_is_sqlites_to_read() {
        for damage in ["gone", "cut short", "emptied", "zeros", "another one's"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("shop.db");
            let bot = Connection::open(&path).unwrap();
            bot.pragma_update(None, "journal_mode", "WAL").unwrap();
            bot.execute_batch("CREATE TABLE a (b TEXT) STRICT").unwrap();
            bot.execute_batch("INSERT INTO a VALUES (hex(randomblob(90000)))")
                .unwrap();
            let pinned = PinnedPages::open(&path).unwrap();
            let log = dir.path().join("shop.db-wal");
            let mut bytes = std::fs::read(&log).unwrap();
            match damage {
                "gone" => std::fs::remove_file(&log).unwrap(),
                "cut short" => bytes.truncate(32 + 3 * (4096 + 24)),
                "emptied" => bytes.clear(),
                "zeros" => bytes[4000..].fill(0),
                _ => bytes[16] ^= 1,
            }
            if damage != "gone" {
                std::fs::write(&log, bytes).unwrap();
            }
            assert!(pinned.beside().is_none(), "{damage}");
        }
    }

    #[test]
    fn a_file_that_took_the_place_of_the_one_that_was_looked_at_is_not_read_beside_sqlite() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let make = |path: &Path| {
            let made = Connection::open(path).unwrap();
            made.execute_batch("CREATE TABLE a (b TEXT) STRICT").unwrap();
        };
        make(&path);
        let before = Before::open(&path);
        make(&dir.path().join("other.db"));
        std::fs::rename(dir.path().join("other.db"), &path).unwrap();
        assert!(before.pinned(4096, 0).is_none());
        assert!(Before::open(&dir.path().join("none")).pinned(4096, 0).is_none());
    }

    #[test]
    fn a_log_of_pages_of_another_size_is_sqlites_to_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.execute_batch("CREATE TABLE a (b TEXT) STRICT").unwrap();
        assert!(Before::open(&path).pinned(8192, 0).is_none());
        assert!(Before::open(&path).pinned(4096, 0).is_some());
    }
}

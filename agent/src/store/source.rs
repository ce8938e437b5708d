//! The shop's database as the capture holds it: a read view that nobody can reset the log underneath, single pages of
//! it, the write lock for a moment, and checkpoints.
//! It writes no table and no row. It never opens the database's file but through SQLite: closing any other descriptor
//! of it would drop SQLite's locks in this process.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, config::DbConfig, ffi, named_params, types::ValueRef,
};
use thiserror::Error;

use super::growth::{Contradiction, Growth};

/// The oldest SQLite without the WAL-reset bug: two processes checkpoint this database.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long the capture waits for a transaction of the bot's before it tries again later.
const LOCK_WAIT: Duration = Duration::from_millis(200);
/// Tried without a pause for so long, then paused for a moment: two commits of a bot that has work waiting are some
/// microseconds apart, and a sleeper never meets them.
const LOCK_SPIN: Duration = Duration::from_millis(2);
const LOCK_RETRY: Duration = Duration::from_micros(300);
/// A reader only ever waits for the log's index being rebuilt after a crash.
const READ_WAIT: Duration = Duration::from_secs(1);
/// Old pages are read once: a large cache would only be memory.
const CACHE_KIB: i64 = 256;

const BEGIN: &str = "BEGIN";
const BEGIN_IMMEDIATE: &str = "BEGIN IMMEDIATE";
const ROLLBACK: &str = "ROLLBACK";
/// Pinning what a transaction sees takes a read of anything.
const PIN: &str = "SELECT count(*) FROM sqlite_schema";
const SELECT_PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = :page";
const SELECT_PAGES: &str = "SELECT pgno, data FROM sqlite_dbpage";
const PAGE_COUNT: &str = "PRAGMA page_count";
const PAGE_SIZE: &str = "PRAGMA page_size";
const JOURNAL_MODE: &str = "PRAGMA journal_mode";
const PUBLISHED: &str = "PRAGMA wal_checkpoint=NOOP";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint=PASSIVE";
const HAS_PAGES: &str = "SELECT sqlite_compileoption_used('ENABLE_DBPAGE_VTAB')";

/// Why the database cannot be followed.
#[derive(Debug, Error)]
pub enum SourceError {
    /// There is nothing in it.
    #[error(
        "the database is empty: either the bot has never opened it, or somebody emptied it. If there was a shop, keep the bot \
         stopped, and bring it back with `agent restore --latest`"
    )]
    Empty,
    /// It keeps no write-ahead log.
    #[error(
        "the database's journal mode is {0}, not wal: the bot has never opened it, or somebody changed it"
    )]
    NoLog(String),
    /// SQLite refuses.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// How far the log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Frames that were published to readers.
    pub frames: u32,
    /// Frames of them that are in the database's file too.
    pub backfilled: u32,
}

impl Log {
    /// Whether a commit may start it anew, so that what was not read of it is nowhere else but among the pages.
    #[must_use]
    pub fn can_be_lost_to(self, read: u32) -> bool {
        self.frames == self.backfilled && self.frames != read
    }
}

/// Where SQLite keeps the log of the database at this path.
#[must_use]
pub fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The open database.
pub struct Source {
    /// Its transaction is what holds the log.
    held: Connection,
    /// Takes the place of `held` in a leap.
    spare: Connection,
    /// Takes the write lock.
    lock: Connection,
    /// Checkpoints: a connection with an open transaction cannot.
    keeper: Connection,
}

/// Whether this program's own SQLite can do what the capture needs; for the start.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_sqlite() -> Result<(), String> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(format!(
            "this program carries SQLite {}, which can lose commits when two programs checkpoint; 3.51.3 is needed",
            rusqlite::version()
        ));
    }
    let has_pages = Connection::open_in_memory()
        .and_then(|memory| memory.query_row(HAS_PAGES, [], |row| row.get::<_, bool>(0)))
        .map_err(|error| format!("this program's SQLite does not work: {error}"))?;
    if !has_pages {
        return Err(
            "this program was built without SQLite's dbpage table: build it inside its own folder, whose \
             .cargo/config.toml asks for it"
                .to_owned(),
        );
    }
    Ok(())
}

impl Source {
    /// Opens the database and holds its log from now on.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn open(database: &Path) -> Result<Self, SourceError> {
        // SQLite takes a log beside an empty database for a leftover, and deletes it.
        if database.metadata().is_ok_and(|found| found.len() == 0) {
            return Err(SourceError::Empty);
        }
        let source = Self {
            held: connect(database)?,
            spare: connect(database)?,
            lock: connect(database)?,
            keeper: connect(database)?,
        };
        source.lock.busy_timeout(Duration::ZERO)?;
        begin(&source.held)?;
        if source.pages()? == 0 {
            return Err(SourceError::Empty);
        }
        let mode: String = source.held.query_row(JOURNAL_MODE, [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(SourceError::NoLog(mode));
        }
        super::shop::share_logs(database);
        Ok(source)
    }

    /// Holds the newest state before it lets the one held until now go, so that nobody resets the log in between. Nothing
    /// is let go, and the answer is false, when whoever has read `read` frames of the log would lose the rest of it: a
    /// state that is all in the database's file lets the next commit start the log anew.
    ///
    /// # Errors
    /// When SQLite refuses; the old state is then still held.
    pub fn leap(&mut self, read: u32) -> rusqlite::Result<bool> {
        begin(&self.spare)?;
        // Asked while both are held. A log that is not all in the file now stays as long as the new state is held: that
        // one either stands in it, or keeps everybody from copying the rest.
        let is_safe = self.published().map(|log| !log.can_be_lost_to(read));
        if matches!(is_safe, Ok(true)) {
            std::mem::swap(&mut self.held, &mut self.spare);
        }
        self.spare.execute_batch(ROLLBACK)?;
        is_safe
    }

    /// Bytes in a page.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page_size(&self) -> rusqlite::Result<u32> {
        self.held.query_row(PAGE_SIZE, [], |row| row.get(0))
    }

    /// Pages of the state that is held.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn pages(&self) -> rusqlite::Result<u32> {
        self.held.query_row(PAGE_COUNT, [], |row| row.get(0))
    }

    /// One page of the state that is held; `None` beyond its end.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page(&self, page: u32) -> rusqlite::Result<Option<Vec<u8>>> {
        self.held
            .prepare_cached(SELECT_PAGE)?
            .query_row(named_params! {":page": page}, |row| row.get(0))
            .optional()
    }

    /// Every page of the state that is held, in order.
    ///
    /// # Errors
    /// When SQLite refuses, or `each` does.
    pub fn each_page(&self, mut each: impl FnMut(u32, &[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut statement = self.held.prepare(SELECT_PAGES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            match row.get_ref(1)? {
                ValueRef::Blob(page) => each(number, page)?,
                _ => anyhow::bail!("SQLite gave page {number} as something else than bytes"),
            }
        }
        Ok(())
    }

    /// What the tables have come to in the newest state; `before` is what they had come to.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn growth(&self, before: Option<&Growth>) -> rusqlite::Result<Growth> {
        Growth::of(&self.keeper, before)
    }

    /// What shows that the newest state did not become of a database that had come to that.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn contradiction(&self, before: &Growth) -> rusqlite::Result<Option<Contradiction>> {
        before.contradiction(&self.keeper)
    }

    /// How far the log reaches for readers. A commit that was written and not published is not counted: its writer may
    /// be dead, and the next one may overwrite it.
    ///
    /// # Errors
    /// When SQLite refuses, or a writer takes more than a second to publish.
    pub fn published(&self) -> rusqlite::Result<Log> {
        let until = Instant::now() + READ_WAIT;
        loop {
            let told = self.keeper.prepare_cached(PUBLISHED)?.query_row([], log_from)?;
            if let Some(log) = told {
                return Ok(log);
            }
            // A writer that lost the processor between the two halves of what it publishes; SQLite's own waiting is not
            // for this question.
            if Instant::now() >= until {
                return Err(rusqlite::Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_BUSY),
                    None,
                ));
            }
            std::thread::sleep(LOCK_RETRY);
        }
    }

    /// Copies into the database's file what no reader's view stands against; `None` where somebody else is at it. Takes
    /// no lock that the bot waits for.
    ///
    /// # Errors
    /// When SQLite refuses, or the disk does.
    pub fn checkpoint(&self) -> rusqlite::Result<Option<Log>> {
        self.keeper.prepare_cached(CHECKPOINT)?.query_row([], log_from)
    }

    /// Takes the write lock; false when the bot holds it for longer than this waits (200 ms). Until [`Source::unlock`]
    /// nobody commits.
    ///
    /// # Errors
    /// When SQLite refuses for another reason.
    pub fn lock(&self) -> rusqlite::Result<bool> {
        // SQLite's own waiting sleeps for up to 100 ms at a time, and never meets the pause between two commits of a
        // busy bot.
        let until = Instant::now() + LOCK_WAIT;
        while Instant::now() < until {
            let pause_at = Instant::now() + LOCK_SPIN;
            while Instant::now() < pause_at {
                match self.lock.execute_batch(BEGIN_IMMEDIATE) {
                    Ok(()) => return Ok(true),
                    Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
                    Err(error) => return Err(error),
                }
            }
            std::thread::sleep(LOCK_RETRY);
        }
        Ok(false)
    }

    /// Gives the write lock back; nothing was written under it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn unlock(&self) -> rusqlite::Result<()> {
        self.lock.execute_batch(ROLLBACK)
    }
}

fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(READ_WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(BEGIN)?;
    let pinned = connection.query_row(PIN, [], |row| row.get::<_, i64>(0));
    if pinned.is_err() {
        connection.execute_batch(ROLLBACK)?;
    }
    pinned.map(drop)
}

/// Minus one where there is no log, and where SQLite could not look: the latter is no answer.
fn log_from(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Log>> {
    let (is_busy, frames, backfilled): (bool, i64, i64) = row.try_into()?;
    let count = |frames| u32::try_from(frames).unwrap_or(0);
    Ok((!is_busy || frames >= 0).then(|| Log {
        frames: count(frames),
        backfilled: count(backfilled),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the second copy of the log's index begins, with a word in front: <https://sqlite.org/walformat.html>.
    const SECOND_COPY: u64 = 48 + 8;

    fn shop() -> (tempfile::TempDir, Connection, Source) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        bot.execute_batch("CREATE TABLE t (a)").unwrap();
        let source = Source::open(&path).unwrap();
        (dir, bot, source)
    }

    /// As somebody who has read all of the log.
    fn leap(source: &mut Source) {
        let read = source.published().unwrap().frames;
        assert!(source.leap(read).unwrap());
    }

    #[test]
    fn the_programs_own_sqlite_is_good_enough() {
        assert_eq!(check_sqlite(), Ok(()));
    }

    #[test]
    fn the_state_that_is_held_stays_until_the_leap() {
        let (_dir, bot, mut source) = shop();
        let before = source.page(2).unwrap();
        bot.execute_batch("INSERT INTO t VALUES (randomblob(100))")
            .unwrap();
        assert_eq!(source.page(2).unwrap(), before);
        leap(&mut source);
        assert_ne!(source.page(2).unwrap(), before);
        assert_eq!(source.page(99).unwrap(), None);
    }

    #[test]
    fn while_a_state_is_held_nobody_resets_the_log() {
        let (_dir, bot, mut source) = shop();
        let reset = |bot: &Connection| {
            let restart = "PRAGMA wal_checkpoint=RESTART";
            bot.query_row(restart, [], |row| row.get::<_, bool>(0)).unwrap()
        };
        bot.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        leap(&mut source);
        bot.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert!(reset(&bot), "it must have been refused");
        let log = source.published().unwrap();
        assert!(log.frames > log.backfilled, "{log:?}");
        leap(&mut source);
        let log = source.checkpoint().unwrap().unwrap();
        assert_eq!(log.frames, log.backfilled);
    }

    #[test]
    fn nobody_commits_while_the_lock_is_held() {
        let (_dir, bot, source) = shop();
        bot.busy_timeout(Duration::ZERO).unwrap();
        assert!(source.lock().unwrap());
        assert!(bot.execute_batch("INSERT INTO t VALUES (1)").is_err());
        source.unlock().unwrap();
        bot.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
            .unwrap();
        assert!(!source.lock().unwrap());
    }

    #[test]
    fn only_a_state_from_before_the_next_commit_lets_the_log_start_anew() {
        let (_dir, bot, mut source) = shop();
        let commit = || bot.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        leap(&mut source);
        let log = source.checkpoint().unwrap().unwrap();
        commit();
        leap(&mut source);
        assert_ne!(source.published().unwrap(), log, "it came too late");
        commit();
        let grown = source.published().unwrap();
        assert!(grown.frames > log.frames + 1, "{grown:?}");
        leap(&mut source);
        let log = source.checkpoint().unwrap().unwrap();
        leap(&mut source);
        assert_eq!(source.published().unwrap(), log);
        commit();
        let anew = source.published().unwrap();
        assert!(anew.frames < log.frames, "{anew:?}");
    }

    #[test]
    fn who_has_not_read_all_of_a_log_never_lets_it_be_started_anew() {
        let (_dir, bot, mut source) = shop();
        let commit = || bot.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        let read = source.published().unwrap().frames;
        commit();
        leap(&mut source);
        let log = source.checkpoint().unwrap().unwrap();
        assert_eq!(log.frames, log.backfilled, "all of it is in the file");
        assert!(!source.leap(read).unwrap());
        commit();
        let grown = source.published().unwrap();
        assert!(
            grown.frames > log.frames,
            "what was not read is still there: {grown:?}"
        );
        assert!(source.leap(read).unwrap(), "it stands in the log");
    }

    /// As a bot that loses the processor while it publishes: two copies that differ, and it holds the write lock.
    #[test]
    fn what_is_half_published_is_waited_for() {
        use std::os::unix::fs::FileExt;
        let (dir, bot, mut source) = shop();
        bot.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        leap(&mut source);
        let log = source.published().unwrap();
        let path = dir.path().join("shop.db-shm");
        // Not closed: that would drop SQLite's locks in this process.
        let index = std::fs::File::options().read(true).write(true).open(path);
        let index = std::mem::ManuallyDrop::new(index.unwrap());
        let mut copy = [0; 4];
        index.read_exact_at(&mut copy, SECOND_COPY).unwrap();
        bot.execute_batch("BEGIN IMMEDIATE").unwrap();
        index.write_all_at(&copy.map(|byte| !byte), SECOND_COPY).unwrap();
        assert_eq!(source.checkpoint().unwrap(), None);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                index.write_all_at(&copy, SECOND_COPY).unwrap();
            });
            assert_eq!(source.published().unwrap(), log);
        });
    }

    #[test]
    fn the_lock_is_won_from_a_bot_that_leaves_no_pause() {
        let (_dir, bot, source) = shop();
        bot.pragma_update(None, "synchronous", "FULL").unwrap();
        bot.busy_timeout(Duration::from_secs(10)).unwrap();
        let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&is_over);
        let writer = std::thread::spawn(move || {
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                bot.execute_batch("INSERT INTO t VALUES (randomblob(100))")
                    .unwrap();
            }
        });
        for _ in 0..10 {
            // A machine with other work may not let it run in its turn.
            assert!((0..25).any(|_| source.lock().unwrap()));
            source.unlock().unwrap();
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        writer.join().unwrap();
    }

    #[test]
    fn a_database_without_a_log_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        assert!(matches!(Source::open(&path), Err(SourceError::NoLog(mode)) if mode == "delete"));
    }
}

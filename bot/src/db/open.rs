//! Opens connections with the pragmas that the agent relies on, and reads them back.
//! It refuses to go on with a file that does not obey: a pragma that silently failed has cost other shops their money.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::{self, Read},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};
use thiserror::Error;

use super::Place;

/// How long a connection waits for another process (the agent's checkpoint) before it reports BUSY.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The oldest SQLite without the WAL-reset bug: two processes checkpoint here.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Pages of WAL after which the bot checkpoints by itself: the backstop for when the agent is away (64 MiB).
const WAL_AUTOCHECKPOINT_PAGES: i64 = 16_384;

/// A command looks at the lock for a moment, and the bot that starts in that moment tries again for so long.
const LOOKED_MAX: Duration = Duration::from_millis(500);
/// Two numbers.
const NOTE_BYTES_MAX: u64 = 64;

/// The largest value, and row, of a file that is not trusted; an item of stock is 64 KiB.
const UNTRUSTED_VALUE_BYTES_MAX: i32 = 1024 * 1024;

/// Owner and group read and write, nobody else anything.
const SHARED_MODE: u32 = 0o660;

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another bot holds the shop.
    #[error(
        "another bot runs on {0}; stop it first (systemctl stop bot.service), two would sell the same stock"
    )]
    Held(PathBuf),
    /// The running shop lies in another file.
    #[error(
        "the running bot has another file open than the {0} that lies there now: nothing was done. Put the first file back, and \
         try again"
    )]
    Elsewhere(PathBuf),
    /// A pragma did not take.
    #[error(
        "SQLite answers {name} = {found} where {wanted} was set; the database cannot be trusted like this"
    )]
    Pragma {
        /// The pragma.
        name: &'static str,
        /// What was set.
        wanted: String,
        /// What it says.
        found: String,
    },
    /// The compiled-in SQLite is too old.
    #[error(
        "this program carries SQLite {0}, which can lose commits when two programs checkpoint; 3.51.3 is needed"
    )]
    Version(&'static str),
    /// What the log holds would be gone with the first look into the database.
    #[error(
        "{0} is missing or empty, and its log ({0}-wal) is not: SQLite would delete that log, and with it the last orders. Put \
         the database back, or restore it: agent restore --latest; for a new shop take the log away"
    )]
    LogAlone(PathBuf),
    /// The file system said no.
    #[error("opening {path}: {source}")]
    Io {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Proof that this process alone runs the shop. Dropping it, or dying, lets the next one in.
#[derive(Debug)]
pub struct Instance {
    lock: File,
    /// Whether the bot before this one ended without [`Instance::leave`].
    pub was_left: bool,
}

impl Instance {
    /// Notes which file the shop lies in, for commands that are given while it runs.
    ///
    /// # Errors
    /// When the lock's file takes no writes.
    pub fn note(&self, place: &Place) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.write_all_at(place.note().as_bytes(), 0)
    }

    /// Takes that note back: this bot ends as it was told to.
    ///
    /// # Errors
    /// When the lock's file takes no writes.
    pub fn leave(&self) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.sync_all()
    }
}

/// Takes the shop: an exclusive lock on `<database>.lock`, which a restore respects as well.
///
/// # Errors
/// [`OpenError::Held`] when another process has it, [`OpenError::Io`] when the file cannot be made.
pub fn lock_instance(database: &Path) -> Result<Instance, OpenError> {
    let path = lock_of(database);
    let lock = shared_file(&path)?;
    let until = Instant::now() + LOOKED_MAX;
    loop {
        match lock.try_lock() {
            Ok(()) => {
                let was_left = lock.metadata().is_ok_and(|found| found.len() > 0);
                // What an earlier bot noted is no news of this one.
                let _ = lock.set_len(0);
                return Ok(Instance { lock, was_left });
            }
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOOKED_MAX / 10),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Held(database.to_owned())),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
    }
}

/// Refuses to work on a file that took the place of the one that a running bot has open: SQLite would write into that one's
/// log what was worked out from this one, and damage both.
///
/// # Errors
/// [`OpenError::Elsewhere`].
pub fn require_the_running_shops(database: &Path) -> Result<(), OpenError> {
    let path = lock_of(database);
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        // Where there is none, nobody runs.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    if !matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Ok(());
    }
    let noted = io::read_to_string(lock.take(NOTE_BYTES_MAX)).unwrap_or_default();
    let here = Place::of(database).map(|place| place.note()).unwrap_or_default();
    // An earlier bot notes nothing.
    match noted.is_empty() || noted == here {
        true => Ok(()),
        false => Err(OpenError::Elsewhere(database.to_owned())),
    }
}

fn lock_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

/// Opens the connection that writes; creates the file when there is none.
///
/// # Errors
/// When the file cannot be opened or does not take the pragmas of the contract with the agent.
pub fn open_writer(database: &Path) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::Version(rusqlite::version()));
    }
    require_more_than_a_log(database)?;
    // SQLite gives -wal and -shm the database's own mode; an existing database keeps what it has. What is wrong with a
    // folder that is not there, SQLite says itself.
    if !database.exists() && database.parent().is_some_and(Path::is_dir) {
        shared_file(database)?;
    }
    let conn = Connection::open(database)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // Before the first table, or it has no effect; an existing file keeps what it has and is refused if it differs.
    conn.pragma_update(None, "page_size", 4096)?;
    set(&conn, "journal_mode", "wal", "wal")?;
    set(&conn, "synchronous", "full", "2")?;
    set(
        &conn,
        "wal_autocheckpoint",
        &WAL_AUTOCHECKPOINT_PAGES.to_string(),
        "16384",
    )?;
    set(&conn, "mmap_size", "0", "0")?;
    common(&conn)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    expect(&conn, "page_size", "4096")?;
    Ok(conn)
}

/// SQLite takes a log beside an empty database for a leftover, and deletes it.
fn require_more_than_a_log(database: &Path) -> Result<(), OpenError> {
    let size = |path: &Path| path.metadata().map_or(0, |found| found.len());
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    if size(database) == 0 && size(Path::new(&log)) > 0 {
        return Err(OpenError::LogAlone(database.to_owned()));
    }
    Ok(())
}

/// Opens a file for writing; one that is made here can be written by the group, whatever the umask says: the agent is
/// another user.
fn shared_file(path: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let is_new = !path.exists();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed)?;
    if is_new {
        file.set_permissions(Permissions::from_mode(SHARED_MODE))
            .map_err(failed)?;
    }
    Ok(file)
}

/// Opens a connection that cannot write.
///
/// # Errors
/// When there is no such database or SQLite refuses it.
pub fn open_reader(database: &Path) -> Result<Connection, OpenError> {
    require_more_than_a_log(database)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(database, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    common(&conn)?;
    Ok(conn)
}

/// Opens a file that is not trusted, to read it; every question to it is cut at that moment.
///
/// # Errors
/// When there is no such database or SQLite refuses it.
pub fn open_untrusted(database: &Path, until: Instant) -> Result<Connection, OpenError> {
    let mut conn = open_reader(database)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, UNTRUSTED_VALUE_BYTES_MAX)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    set(&conn, "cell_size_check", "on", "1")?;
    conn.progress_handler(1_000, Some(move || Instant::now() >= until))?;
    Ok(conn)
}

pub(super) fn common(conn: &Connection) -> Result<(), OpenError> {
    conn.set_prepared_statement_cache_capacity(128);
    set(conn, "foreign_keys", "on", "1")?;
    // A hostile or damaged schema in a restored file must not run code of its own.
    set(conn, "trusted_schema", "off", "0")
}

fn set(conn: &Connection, name: &'static str, value: &str, wanted: &str) -> Result<(), OpenError> {
    conn.pragma_update(None, name, value)?;
    expect(conn, name, wanted)
}

fn expect(conn: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    let found = conn.pragma_query_value(None, name, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str().unwrap_or("?").to_owned(),
        })
    });
    let found = match found {
        Ok(found) => found,
        // mmap_size answers nothing where SQLite was built without it: none is what was asked for.
        Err(rusqlite::Error::QueryReturnedNoRows) => "0".to_owned(),
        Err(error) => return Err(error.into()),
    };
    if found == wanted {
        return Ok(());
    }
    Err(OpenError::Pragma {
        name,
        wanted: wanted.to_owned(),
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_file_obeys_the_contract() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let conn = open_writer(&path).unwrap();
        conn.execute_batch("CREATE TABLE t (a)").unwrap();
        open_reader(&path).unwrap();
        for name in ["shop.db", "shop.db-wal", "shop.db-shm"] {
            let mode = dir.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, SHARED_MODE, "{name}");
        }
    }

    #[test]
    fn a_file_with_another_page_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "page_size", 8192).unwrap();
        conn.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(conn);
        assert!(matches!(
            open_writer(&path),
            Err(OpenError::Pragma {
                name: "page_size",
                ..
            })
        ));
    }

    #[test]
    fn a_log_whose_database_is_gone_or_empty_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let conn = open_writer(&path).unwrap();
        conn.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(conn);
        let (log, aside) = (dir.path().join("shop.db-wal"), dir.path().join("aside.db"));
        let bytes = std::fs::read(&log).unwrap();
        std::fs::rename(&path, &aside).unwrap();
        for made in [false, true] {
            if made {
                File::create(&path).unwrap();
            }
            assert!(matches!(open_writer(&path), Err(OpenError::LogAlone(_))));
            assert!(matches!(open_reader(&path), Err(OpenError::LogAlone(_))));
            assert_eq!(std::fs::read(&log).unwrap(), bytes);
        }
        std::fs::rename(&aside, &path).unwrap();
        open_writer(&path)
            .unwrap()
            .execute_batch("INSERT INTO t VALUES (1)")
            .unwrap();
    }

    #[test]
    fn one_shop_has_one_bot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let first = lock_instance(&path).unwrap();
        assert!(matches!(lock_instance(&path), Err(OpenError::Held(_))));
        drop(first);
        lock_instance(&path).unwrap();
    }

    #[test]
    fn whoever_ends_without_leaving_is_known_to_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        drop(open_writer(&path).unwrap());
        let run = |leaves: bool| {
            let bot = lock_instance(&path).unwrap();
            bot.note(&Place::of(&path).unwrap()).unwrap();
            if leaves {
                bot.leave().unwrap();
            }
            bot.was_left
        };
        assert!(!run(true), "nobody ran before");
        assert!(!run(false));
        assert!(run(true), "it was killed");
        assert!(!run(true));
    }

    #[test]
    fn commands_work_on_the_file_that_the_running_bot_has_open() {
        let dir = tempfile::tempdir().unwrap();
        let [path, aside] = ["shop.db", "aside.db"].map(|name| dir.path().join(name));
        let is_refused = || matches!(require_the_running_shops(&path), Err(OpenError::Elsewhere(_)));
        assert!(!is_refused(), "nobody ever ran");
        drop(open_writer(&path).unwrap());
        let bot = lock_instance(&path).unwrap();
        bot.note(&Place::of(&path).unwrap()).unwrap();
        assert!(!is_refused());
        std::fs::rename(&path, &aside).unwrap();
        std::fs::copy(&aside, &path).unwrap();
        assert!(is_refused());
        drop(bot);
        assert!(!is_refused(), "nobody runs");
        lock_instance(&path).unwrap();
    }
}

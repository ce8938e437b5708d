//! The agent's own database, `agent.db` in the state directory: what is wrong, what the owner must still be
//! told, and which restore points were made.
//! It holds no secret and nothing of the shop's trade, and it decides nothing: callers hand in pure functions.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use tokio::sync::watch;

pub mod absences;
pub mod alerts;
pub(crate) mod beside;
pub mod book;
pub mod capture;
pub mod channels;
pub mod checkup;
pub mod clock_steps;
pub mod console;
pub mod damaged;
pub mod defined;
pub mod drilled;
pub mod drops;
pub mod episodes;
pub mod freshness;
pub mod growth;
pub mod hours;
mod in_memory;
pub mod incidents;
pub mod interruptions;
pub mod lock;
mod look;
mod lost;
mod migrations;
mod new_place;
pub mod outbox;
pub mod own_chains;
pub mod owner;
pub mod pages;
pub mod places;
pub mod points;
pub mod prune;
pub mod rehearsal;
mod remembered;
mod reserve;
mod restorable;
mod room;
pub mod samples;
pub mod scheduled;
pub mod sealed_to;
pub mod shipping;
pub mod shop;
pub mod sizes;
pub mod source;
pub mod torn;
pub mod twin;

use book::Remembered;
use migrations::MIGRATIONS;
use places::Places;
use room::Room;

/// The database's name in the state directory.
pub const FILE_NAME: &str = "agent.db";
/// How long a command waits for a transaction of the running agent, and the other way round.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An agent that starts has found by then what was wrong before.
const LOOKED_ANEW: Duration = Duration::from_secs(60);

/// Pages of the database that are kept in memory. SQLite's own 2 MiB fill over hours, which looks like a leak, and save
/// nothing: what is asked again within seconds is in the newest rows.
const CACHE_KIB: i64 = 256;
const READ_VERSION: &str = "PRAGMA user_version";

/// The open database. One connection behind a lock that is never held across an `.await`.
pub struct Store {
    connection: Mutex<Home>,
    /// When it was opened on a disk that takes no writes: what an agent before told since its file was last written is not
    /// known then.
    opened_behind: Option<Instant>,
}

/// Where the database is at the moment: in its file, or in memory while the disk has no room for it.
struct Home {
    connection: Connection,
    room: Option<Room>,
    /// The engine's memory as it was read last: it is looked at every few seconds, and seldom changes.
    book: Option<Remembered>,
    /// What lies where, for whoever looks at it.
    places: Arc<Places>,
    /// How often this connection has written.
    writes: watch::Sender<u64>,
}

impl Store {
    /// Opens the database in the state directory, makes both when they are missing, and migrates it.
    ///
    /// # Errors
    /// When the disk refuses, the file is no database, or a newer program wrote it.
    pub fn open(state_dir: &Path) -> anyhow::Result<Self> {
        make_private_dir(state_dir).with_context(|| format!("making {}", state_dir.display()))?;
        match open_file(&state_dir.join(FILE_NAME)) {
            Ok(connection) => Ok(Self::over(connection, None)),
            Err(error) if is_full(state_dir) => Err(error.context(format!(
                "the disk of {} is full, and nothing was begun: make room there",
                state_dir.display()
            ))),
            Err(error) => Err(error),
        }
    }

    /// As [`Store::open`], for the agent that must go on when the disk is full: it keeps a ballast beside the
    /// database to let go of then, and works in memory when that was not enough. What is in memory alone comes back
    /// to the file as soon as there is room, and is lost if the agent is killed before.
    ///
    /// # Errors
    /// As [`Store::open`], but not for a full disk.
    pub fn open_with_room(state_dir: &Path) -> anyhow::Result<Self> {
        make_private_dir(state_dir).with_context(|| format!("making {}", state_dir.display()))?;
        let mut room = Room::beside(state_dir);
        room.before_open();
        let path = state_dir.join(FILE_NAME);
        let mut opened_behind = None;
        let connection = match open_file(&path) {
            Ok(connection) => connection,
            Err(error) if room.is_scarce() || is_refused(&error) => match room.open_in_reserve() {
                Some(connection) => connection,
                None => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the disk takes no writes: the agent works in memory"
                    );
                    let mut connection = room.copy_of_all(&path)?;
                    migrate(&mut connection)?;
                    opened_behind = Some(Instant::now());
                    connection
                }
            },
            Err(error) => return Err(error),
        };
        let mut store = Self::over(connection, Some(room));
        store.opened_behind = opened_behind;
        Ok(store)
    }

    /// Whether what is found wrong now may have been told by the agent before, which could not write it down.
    #[must_use]
    pub fn may_have_been_told(&self) -> bool {
        self.opened_behind.is_some_and(|at| at.elapsed() < LOOKED_ANEW)
    }

    fn over(connection: Connection, room: Option<Room>) -> Self {
        Self {
            connection: Mutex::new(Home {
                connection,
                room,
                book: None,
                places: Arc::default(),
                writes: watch::Sender::new(0),
            }),
            opened_behind: None,
        }
    }

    /// Looks something up.
    fn read<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        look(&self.lock().connection)
    }

    /// Changes something: all of it or nothing.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut home = self.lock();
        let Home {
            connection,
            room,
            book,
            writes,
            ..
        } = &mut *home;
        *book = None;
        // Whoever waits for it comes to see what was written: the lock is held until then.
        writes.send_modify(|count| *count += 1);
        if let Some(room) = room {
            room.before_write(connection)?;
        }
        let changed = changed(connection, change);
        if let (Err(error), Some(room)) = (&changed, room) {
            room.refused(connection, error);
        }
        changed
    }

    /// A panic while the lock was held rolled its transaction back, so the connection is still good.
    fn lock(&self) -> MutexGuard<'_, Home> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last one that closes a database deletes its log, and with it the room that the running agent needs after a kill.
fn keep_log_on_full_disk(connection: &Connection) {
    let dir = connection.path().and_then(|path| Path::new(path).parent());
    if dir.is_some_and(is_full)
        && let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
    {
        tracing::warn!(%error, "the log of the agent's database may be gone once it is closed");
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        keep_log_on_full_disk(&self.lock().connection);
    }
}

fn is_refused(error: &anyhow::Error) -> bool {
    let code = error
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    code.is_some_and(room::is_of_disk)
}

fn changed<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = change(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Whether the disk of the state directory has so little room that the running agent works in memory, and its file
/// stands still.
#[must_use]
pub fn is_full(state_dir: &Path) -> bool {
    Room::beside(state_dir).is_scarce()
}

fn open_file(path: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path).with_context(|| format!("opening {}", path.display()))?;
    keep_log_on_full_disk(&connection);
    // SQLite itself gives the log the owner of its database.
    owner::own_like(path, path.parent().unwrap_or(path));
    prepare(&mut connection)
        .with_context(|| format!("preparing {}{}", path.display(), owner::advice(path)))?;
    Ok(connection)
}

/// Where there is no room for the index of the log beside the file, which is in memory then: nobody else can open it.
fn open_alone(path: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    prepare(&mut connection)?;
    Ok(connection)
}

/// Readable by the agent's user alone: the folder also holds its signing key and staged backups.
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn prepare(connection: &mut Connection) -> anyhow::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // More than there are: each is asked again within seconds, and preparing one costs more than running it.
    connection.set_prepared_statement_cache_capacity(128);
    // Without it SQLite prepares a statement anew for each other value that is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    anyhow::ensure!(
        mode == "wal",
        "the journal mode is {mode}: its disk does not allow a write-ahead log"
    );
    migrate(connection)
}

/// Another process may migrate at the same time: the version is read inside the transaction that changes it.
fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    anyhow::ensure!(
        version <= MIGRATIONS.len(),
        "a newer agent wrote it (version {version}, this one knows {}): start the newer one, nothing was changed",
        MIGRATIONS.len()
    );
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row(READ_VERSION, [], |row| row.get(0))
}

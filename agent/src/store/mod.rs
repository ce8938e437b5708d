//! The agent's own database, `agent.db` in the state directory: what is wrong, what the owner must still be
//! told, and which restore points were made.
//! It holds no secret and nothing of the shop's trade, and it decides nothing: callers hand in pure functions.

use std::{
    fs,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub mod alerts;
pub mod freshness;
pub mod incidents;
pub mod lock;
pub mod outbox;
pub mod owner;
pub mod points;
pub mod shop;

/// The database's name in the state directory.
pub const FILE_NAME: &str = "agent.db";
/// How long a command waits for a transaction of the running agent, and the other way round.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Forward only and never edited: number n brings `user_version` from n to n + 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_alerts.sql"),
    include_str!("../../migrations/0002_points.sql"),
];

const READ_VERSION: &str = "PRAGMA user_version";

/// The open database. One connection behind a lock that is never held across an `.await`.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database in the state directory, makes both when they are missing, and migrates it.
    ///
    /// # Errors
    /// When the disk refuses, the file is no database, or a newer program wrote it.
    pub fn open(state_dir: &Path) -> anyhow::Result<Self> {
        make_private_dir(state_dir).with_context(|| format!("making {}", state_dir.display()))?;
        let path = state_dir.join(FILE_NAME);
        let mut connection =
            Connection::open(&path).with_context(|| format!("opening {}", path.display()))?;
        // SQLite itself gives the log the owner of its database.
        owner::own_like(&path, state_dir);
        prepare(&mut connection).with_context(|| format!("preparing {}", path.display()))?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// Opens the database to look at only; `None` when no agent ever ran here.
    ///
    /// # Errors
    /// When the file cannot be read, or has another version than this program writes.
    pub fn open_to_look(state_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = state_dir.join(FILE_NAME);
        let is_there =
            fs::exists(&path).with_context(|| format!("looking for {} as this user", path.display()))?;
        if !is_there {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .with_context(|| format!("opening {}", path.display()))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let version = version(&connection).with_context(|| format!("reading {}", path.display()))?;
        anyhow::ensure!(
            version == MIGRATIONS.len(),
            "{} is of version {version} and this program reads {}: run the agent that belongs to it",
            path.display(),
            MIGRATIONS.len()
        );
        Ok(Some(Self {
            connection: Mutex::new(connection),
        }))
    }

    /// Looks something up.
    fn read<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        look(&self.lock())
    }

    /// Changes something: all of it or nothing.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = change(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// A panic while the lock was held rolled its transaction back, so the connection is still good.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Readable by the agent's user alone: the folder also holds its signing key and staged backups.
fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn prepare(connection: &mut Connection) -> anyhow::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
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

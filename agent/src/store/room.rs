//! A full disk does not silence the agent. A ballast beside the database is let go of when room gets scarce; when that
//! is gone too, the database is written in the room that it holds already; and when there is none of that, it is copied
//! into memory, and back into its file once there is room.
//! It frees nothing of anybody else's, and never writes to the file while the copy in memory is the newer one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, backup::Backup, config::DbConfig};

use super::reserve;

const BALLAST: &str = "ballast";
const BALLAST_BYTES: u64 = 16 * 1024 * 1024;
/// One transaction with its log takes far less.
const SCARCE_BYTES: u64 = 2 * 1024 * 1024;
/// Enough for the ballast and for not letting go of it at once.
const PLENTY_BYTES: u64 = BALLAST_BYTES + 2 * SCARCE_BYTES;
/// Enough for the room that the database is to hold.
const SOME_BYTES: u64 = 8 * 1024 * 1024;
/// After so many writes it is looked whether that room is still there: so many take a part of it.
const LOOK_EVERY: u32 = 32;
/// All pages in one step: it is a small database.
const PAGES: i32 = 1_000_000;

/// What is done about the room for the database.
pub(super) struct Room {
    dir: PathBuf,
    /// The file's own connection while the database is in memory; `None` inside when it could not be opened either.
    file: Option<Option<Connection>>,
    /// What is written goes into the room that the database holds.
    in_reserve: bool,
    /// The database is open without an index of its log beside it, for which there was no room: nobody else can read it.
    alone: bool,
    /// Writes with room on the disk, since the room that the database holds was last looked at.
    writes: u32,
}

impl Room {
    /// The room in that folder. Nothing is done yet.
    pub(super) fn beside(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            file: None,
            in_reserve: false,
            alone: false,
            writes: 0,
        }
    }

    /// Opening takes room as well: the log and its index are made anew.
    pub(super) fn before_open(&mut self) {
        if self.is_scarce() {
            self.let_go();
        }
    }

    /// Whether there is hardly any room.
    pub(super) fn is_scarce(&self) -> bool {
        self.free_bytes() < SCARCE_BYTES
    }

    /// Moves the database to where it can be written, if it must be moved.
    ///
    /// # Errors
    /// When it cannot be copied; then it stays where it is, and the write may fail.
    pub(super) fn before_write(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        let free_bytes = self.free_bytes();
        if free_bytes >= SOME_BYTES {
            self.use_room(connection, free_bytes)?;
        }
        if free_bytes >= SCARCE_BYTES || self.file.is_some() {
            return Ok(());
        }
        if self.let_go() && !self.is_scarce() {
            return Ok(());
        }
        if reserve::holds(connection, &self.log()) && (self.in_reserve || can_write(connection)) {
            self.enter_reserve(connection);
            return Ok(());
        }
        tracing::error!("the disk is full: the agent goes on in memory until there is room");
        let memory = copy(connection, Connection::open_in_memory()?)?;
        self.file = Some(Some(std::mem::replace(connection, memory)));
        Ok(())
    }

    /// There is room: back to what is usual, and what is for the next time is laid.
    fn use_room(&mut self, connection: &mut Connection, free_bytes: u64) -> rusqlite::Result<()> {
        if self.file.is_some() {
            if free_bytes < PLENTY_BYTES {
                return Ok(());
            }
            self.return_to_file(connection)?;
            self.writes = 0;
        }
        if self.in_reserve || self.alone {
            self.leave_reserve(connection)?;
        }
        let is_due = self.writes.is_multiple_of(LOOK_EVERY);
        self.writes = self.writes.wrapping_add(1);
        if self.file.is_none()
            && is_due
            && let Err(error) = reserve::keep(connection, &self.log())
        {
            tracing::warn!(
                error = format!("{error:#}"),
                "the agent's database could not take room for a full disk"
            );
        }
        if self.free_bytes() >= PLENTY_BYTES {
            self.keep_ballast();
        }
        Ok(())
    }

    fn enter_reserve(&mut self, connection: &Connection) {
        if self.in_reserve {
            return;
        }
        self.in_reserve = true;
        tracing::error!("the disk is full: the agent goes on in the room that its database holds");
        // The log must stay when the agent ends: it could not be made anew.
        if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::warn!(%error, "the log of the agent's database may be gone once the agent ends");
        }
    }

    fn leave_reserve(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        if self.alone {
            // Others may open it only once this one has let go.
            *connection = Connection::open_in_memory()?;
            *connection = super::open_file(&self.path())
                .or_else(|_| super::open_alone(&self.path()))
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            self.alone = false;
        }
        self.in_reserve = false;
        self.writes = 0;
        tracing::info!("there is room on the disk again");
        Ok(())
    }

    /// Opens the database where there is no room for the index of its log: alone, in the room that it holds. `None` where
    /// it cannot be written.
    pub(super) fn open_in_reserve(&mut self) -> Option<Connection> {
        let connection = match super::open_alone(&self.path()) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the agent's database cannot be written in the room that it holds"
                );
                return None;
            }
        };
        if !reserve::holds(&connection, &self.log()) {
            tracing::error!("the agent's database holds no room");
            return None;
        }
        self.enter_reserve(&connection);
        self.alone = true;
        Some(connection)
    }

    /// A write found no room: the next one does not look for it there.
    pub(super) fn gave_out(&mut self) {
        self.in_reserve = false;
    }

    /// What the file and its log hold, in memory, for a start on a disk that is full already.
    ///
    /// # Errors
    /// When they cannot be read, or somebody else has the database open and its log holds something.
    pub(super) fn copy_of_all(&mut self, path: &Path) -> anyhow::Result<Connection> {
        if !holds_something(&log_of(path)) {
            return self.copy_of_file(path);
        }
        let memory = Connection::open_in_memory().context("making room in memory")?;
        let read = format!("reading {} with its log", path.display());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let file = Connection::open_with_flags(path, flags).with_context(|| read.clone())?;
        file.busy_timeout(super::BUSY_TIMEOUT)?;
        // Nothing is to be written there: neither an index of the log, which then is in memory, nor a checkpoint.
        file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        file.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let memory = copy(&file, memory).context(read)?;
        self.file = Some(None);
        Ok(memory)
    }

    /// The file's contents in memory, without what is only in its log: to look at beside an agent that has it open.
    ///
    /// # Errors
    /// When the file cannot even be read.
    pub(super) fn copy_of_file(&mut self, path: &Path) -> anyhow::Result<Connection> {
        let memory = Connection::open_in_memory().context("making room in memory")?;
        self.file = Some(None);
        if !path.exists() {
            return Ok(memory);
        }
        // Immutable: SQLite makes no log and no index beside it, for which there is no room.
        let address = format!("file:{}?immutable=1", path.display());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let file = Connection::open_with_flags(address, flags)
            .with_context(|| format!("reading {}", path.display()))?;
        copy(&file, memory).context("copying the agent's database into memory")
    }

    fn return_to_file(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        let file = match self.file.take() {
            Some(Some(file)) => file,
            Some(None) | None => {
                let file = Connection::open(self.dir.join(super::FILE_NAME))?;
                file.busy_timeout(super::BUSY_TIMEOUT)?;
                file.pragma_update(None, "journal_mode", "WAL")?;
                file.pragma_update(None, "synchronous", "FULL")?;
                file
            }
        };
        match copy(connection, file) {
            Ok(file) => {
                *connection = file;
                tracing::info!("there is room on the disk again: the agent's database is back in its file");
                Ok(())
            }
            Err(error) => {
                // The copy in memory stays the one that counts.
                self.file = Some(None);
                tracing::warn!(%error, "the agent's database cannot return to its file yet");
                Ok(())
            }
        }
    }

    fn keep_ballast(&self) {
        let path = self.ballast();
        if fs::metadata(&path).is_ok_and(|found| found.len() == BALLAST_BYTES) {
            return;
        }
        if let Err(error) = allocate(&path) {
            tracing::warn!(%error, "no ballast could be laid beside the agent's database");
        }
    }

    /// Whether there was one.
    fn let_go(&self) -> bool {
        let had_one = fs::remove_file(self.ballast()).is_ok();
        if had_one {
            tracing::error!("the disk is nearly full: the agent has let go of its ballast");
        }
        had_one
    }

    fn path(&self) -> PathBuf {
        self.dir.join(super::FILE_NAME)
    }

    fn log(&self) -> PathBuf {
        log_of(&self.path())
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join(BALLAST)
    }

    /// A folder that does not say counts as one with room: the write will tell.
    fn free_bytes(&self) -> u64 {
        rustix::fs::statvfs(&self.dir).map_or(u64::MAX, |found| found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// Whether overwriting takes no room here: one small transaction tells.
fn can_write(connection: &mut Connection) -> bool {
    super::migrate(connection).is_ok()
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn holds_something(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.len() > 0)
}

fn allocate(path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES)?;
    super::owner::own_like(path, path.parent().unwrap_or(path));
    Ok(())
}

/// The whole database, from one connection to another.
fn copy(from: &Connection, mut to: Connection) -> rusqlite::Result<Connection> {
    Backup::new(from, &mut to)?.run_to_completion(PAGES, Duration::from_millis(50), None)?;
    Ok(to)
}

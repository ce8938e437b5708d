//! A full disk does not silence the agent. A ballast beside the database is let go of when room gets scarce; when that
//! is gone too, the database is written in the room that it holds already; and when there is none of that, or the disk
//! refuses to write for another reason, it is copied into memory, and back into its file once that can be written.
//! It frees nothing of anybody else's, and never writes to the file while the copy in memory is the newer one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, config::DbConfig};

use super::{
    in_memory::{self, copy},
    reserve,
    source::log_of,
};

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
/// A disk that refused is left alone for so long: each try writes all of the database.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What is done about the room for the database.
pub(super) struct Room {
    dir: PathBuf,
    /// The file's own connection while the database is in memory; `None` inside when it could not be opened either.
    file: Option<Option<Connection>>,
    /// When the disk last refused to write for another reason than room.
    refused_at: Option<Instant>,
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
            refused_at: None,
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
            let is_early = self.refused_at.is_some_and(|at| at.elapsed() < TRY_AGAIN);
            if free_bytes < PLENTY_BYTES || is_early {
                return Ok(());
            }
            self.return_to_file(connection);
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

    /// A write was refused: the next one goes where it can be written. What was refused is tried again by whoever saw it.
    pub(super) fn refused(&mut self, connection: &mut Connection, error: &rusqlite::Error) {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => self.in_reserve = false,
            Some(code) if self.file.is_none() && is_of_disk(code) => self.leave_file(connection, error),
            _ => {}
        }
    }

    fn leave_file(&mut self, connection: &mut Connection, error: &rusqlite::Error) {
        let copied = Connection::open_in_memory().and_then(|memory| copy(connection, memory));
        match copied {
            Ok(memory) => {
                tracing::error!(%error, "the disk refuses to write: the agent goes on in memory until it does");
                self.file = Some(Some(std::mem::replace(connection, memory)));
                self.refused_at = Some(Instant::now());
            }
            Err(error) => tracing::error!(%error, "the agent's database could not be copied into memory"),
        }
    }

    /// What the file and its log hold, in memory, for a start on a disk that takes no writes.
    ///
    /// # Errors
    /// As [`in_memory::of_all`].
    pub(super) fn copy_of_all(&mut self, path: &Path) -> anyhow::Result<Connection> {
        self.file = Some(None);
        in_memory::of_all(path)
    }

    /// The file's contents in memory, without what is only in its log.
    ///
    /// # Errors
    /// As [`in_memory::of_file`].
    pub(super) fn copy_of_file(&mut self, path: &Path) -> anyhow::Result<Connection> {
        self.file = Some(None);
        in_memory::of_file(path)
    }

    /// Stays in memory, whose copy is the one that counts, when that does not work yet.
    fn return_to_file(&mut self, connection: &mut Connection) {
        let file = match self.file.take() {
            Some(Some(file)) => Ok(file),
            Some(None) | None => open_again(&self.path()),
        };
        match file.and_then(|file| copy(connection, file)) {
            Ok(file) => {
                *connection = file;
                self.refused_at = None;
                tracing::info!("the disk takes writes again: the agent's database is back in its file");
            }
            Err(error) => {
                self.file = Some(None);
                self.refused_at = Some(Instant::now());
                tracing::warn!(%error, "the agent's database cannot return to its file yet");
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

/// Whether the disk refuses, and not the database.
pub(super) fn is_of_disk(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen
    )
}

fn open_again(path: &Path) -> rusqlite::Result<Connection> {
    let file = Connection::open(path)?;
    file.busy_timeout(super::BUSY_TIMEOUT)?;
    file.pragma_update(None, "journal_mode", "WAL")?;
    file.pragma_update(None, "synchronous", "FULL")?;
    Ok(file)
}

fn allocate(path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES)?;
    super::owner::own_like(path, path.parent().unwrap_or(path));
    Ok(())
}

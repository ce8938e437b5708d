//! The agent's database copied into memory, for a disk that takes no writes, and back.
//! Nothing is written beside the file that is read.

use std::{fs, path::Path, time::Duration};

use anyhow::Context;
use rusqlite::{Connection, ErrorCode, OpenFlags, backup::Backup, config::DbConfig};

use super::source::log_of;

/// Where every system has memory for files.
const MEMORY_FILES: &str = "/dev/shm";
/// All pages in one step: it is a small database.
const PAGES: i32 = 1_000_000;

/// What the file and its log hold.
///
/// # Errors
/// When they cannot be read, or somebody else has the database open and its log holds something.
pub(super) fn of_all(path: &Path) -> anyhow::Result<Connection> {
    if !holds_something(&log_of(path)) {
        return of_file(path);
    }
    let read = with_log(path).or_else(|error| match error.sqlite_error_code() {
        // What can only be read cannot be locked, and SQLite reads no log of what it cannot lock.
        Some(ErrorCode::SystemIoFailure) => with_log_elsewhere(path),
        _ => Err(error.into()),
    });
    read.with_context(|| format!("reading {} with its log", path.display()))
}

/// The file's contents, without what is only in its log: to look at beside an agent that has it open.
///
/// # Errors
/// When the file cannot even be read.
pub(super) fn of_file(path: &Path) -> anyhow::Result<Connection> {
    let memory = Connection::open_in_memory().context("making room in memory")?;
    if !path.exists() {
        return Ok(memory);
    }
    // Immutable: SQLite makes no log and no index beside it, for which there is no room.
    let address = format!("file:{}?immutable=1", path.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let file =
        Connection::open_with_flags(address, flags).with_context(|| format!("reading {}", path.display()))?;
    copy(&file, memory).context("copying the agent's database into memory")
}

/// The whole database, from one connection to another.
pub(super) fn copy(from: &Connection, mut to: Connection) -> rusqlite::Result<Connection> {
    Backup::new(from, &mut to)?.run_to_completion(PAGES, Duration::from_millis(50), None)?;
    Ok(to)
}

/// Neither an index of the log is written, which is in memory then, nor a checkpoint.
fn with_log(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let file = Connection::open_with_flags(path, flags)?;
    file.busy_timeout(super::BUSY_TIMEOUT)?;
    file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    file.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    copy(&file, Connection::open_in_memory()?)
}

/// Nobody else writes to them meanwhile: the state directory's lock is held.
fn with_log_elsewhere(path: &Path) -> anyhow::Result<Connection> {
    let dir = tempfile::tempdir_in(MEMORY_FILES).context("making room in memory")?;
    let copied = dir.path().join(super::FILE_NAME);
    fs::copy(path, &copied)?;
    fs::copy(log_of(path), log_of(&copied))?;
    Ok(with_log(&copied)?)
}

fn holds_something(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.len() > 0)
}

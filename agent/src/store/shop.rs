//! The bot's database as the agent reads it, and a copy of it as it is checked.
//! It writes nothing into the bot's database, never checkpoints it, and never deletes its write-ahead log.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::owner::own_like;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const BEGIN: &str = "BEGIN";
/// Pinning what a transaction sees takes a read of anything.
const PIN: &str = "SELECT count(*) FROM sqlite_schema";
const QUICK_CHECK: &str = "PRAGMA quick_check(5)";
const FULL_CHECK: &str = "PRAGMA integrity_check(5)";

/// How thoroughly a database is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The structure of every page.
    Quick,
    /// That, and that every index agrees with its table.
    Full,
}

/// Opens the live database with its view pinned: a writer cannot make a copy begin again.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn open_pinned(database: &Path) -> rusqlite::Result<Connection> {
    let source = open_live(database)?;
    pin(&source, database)?;
    Ok(source)
}

/// Opens the live database, and pins nothing yet.
pub(super) fn open_live(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(database, flags)?;
    source.busy_timeout(BUSY_TIMEOUT)?;
    source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    source.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(source)
}

/// What it sees does not change from here on.
pub(super) fn pin(source: &Connection, database: &Path) -> rusqlite::Result<()> {
    source.execute_batch(BEGIN)?;
    source.query_row(PIN, [], |row| row.get::<_, i64>(0))?;
    share_logs(database);
    Ok(())
}

/// Opens a complete file without a log, as what it is: nothing is made beside it.
///
/// # Errors
/// When the file cannot be opened.
pub fn open_complete(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{}?immutable=1", percent_encoded(path)), flags)
}

/// What SQLite finds wrong; `None` when it calls the database ok.
///
/// # Errors
/// When it is damaged so that it cannot even be checked, or the check was called off.
pub fn damage(connection: &Connection, depth: Depth) -> rusqlite::Result<Option<String>> {
    let statement = match depth {
        Depth::Quick => QUICK_CHECK,
        Depth::Full => FULL_CHECK,
    };
    let verdict: String = connection.query_row(statement, [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}

/// A read of a database that nobody has open makes its log and index, as this user's. The bot must be able to write
/// them when it starts, as another user of the same group.
pub(super) fn share_logs(database: &Path) {
    for suffix in ["-wal", "-shm"] {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        // Refused for what is not ours, which the bot made itself.
        let _ = fs::set_permissions(&path, Permissions::from_mode(0o660));
        own_like(Path::new(&path), database);
    }
}

/// The characters that mean something in SQLite's `file:` names.
fn percent_encoded(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_a_read_made_is_the_groups_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        drop(bot);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let pinned = open_pinned(&path).unwrap();
        for name in ["shop.db-wal", "shop.db-shm"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o660, "{name}");
        }
        assert_eq!(damage(&pinned, Depth::Full), Ok(None));
    }

    #[test]
    fn a_complete_file_is_read_under_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("50% of #1?.db");
        Connection::open(&path).unwrap().execute_batch(BEGIN).unwrap();
        assert_eq!(damage(&open_complete(&path).unwrap(), Depth::Quick), Ok(None));
    }
}

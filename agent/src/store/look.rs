//! The database opened by whoever only looks: beside an agent that runs, and also where its disk is full or takes no writes.
//! It writes nothing, makes nothing, and migrates nothing.

use std::{fs, path::Path};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};

use super::{BUSY_TIMEOUT, FILE_NAME, MIGRATIONS, Store, is_full, is_refused, room::Room, version};

impl Store {
    /// Opens the database to look at only; `None` when no agent ever ran here. On a disk that is full or takes no writes, where
    /// SQLite cannot make its index beside the file, the file alone is read, without what is only in its log.
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
        let (connection, version) = match look_at(&path) {
            Err(error) if is_full(state_dir) || is_refused(&error) => {
                // Whoever may not read it at all is told so.
                let Ok(connection) = Room::beside(state_dir).copy_of_file(&path) else {
                    return Err(error);
                };
                let version = version(&connection)?;
                (connection, version)
            }
            looked => looked?,
        };
        anyhow::ensure!(
            version == MIGRATIONS.len(),
            "{} is of version {version} and this program reads {}: run the agent that belongs to it",
            path.display(),
            MIGRATIONS.len()
        );
        Ok(Some(Self::over(connection, None)))
    }
}

fn look_at(path: &Path) -> anyhow::Result<(Connection, usize)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).with_context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let version = version(&connection).with_context(|| format!("reading {}", path.display()))?;
    Ok((connection, version))
}

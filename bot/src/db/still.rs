//! Opens a database for looking at, and leaves nothing beside it: a restored file, a backup, somebody else's file.
//! What cannot be read without writing beside it is read in a private copy, which is gone afterwards.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::{
    migrate::migrate,
    open::{common, open_reader, open_writer, require_the_running_shops},
};

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-journal"];

/// A database that is looked at.
pub struct Still {
    conn: Connection,
    _copy: Option<TempDir>,
}

impl Still {
    /// Opens a file. A shop that is open is read beside its bot; anything else as the file stands.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read, or there is no room for the copy that it needs.
    pub fn open(database: &Path) -> Result<Self> {
        let opening = || format!("opening {}", database.display());
        fs::File::open(database).with_context(opening)?;
        require_the_running_shops(database)?;
        // Both are there while somebody has the database open, or had when it died; SQLite makes neither then.
        if ["-wal", "-shm"]
            .iter()
            .all(|suffix| beside(database, suffix).exists())
            && let Ok(conn) = open_reader(database)
            && is_readable(&conn)
        {
            return Ok(Self { conn, _copy: None });
        }
        if BESIDE
            .iter()
            .any(|suffix| holds_something(&beside(database, suffix)))
        {
            return Self::copied(database);
        }
        let conn = immutable(database).with_context(opening)?;
        Ok(Self { conn, _copy: None })
    }

    /// A private copy, brought forward to this program's structure. Answers the migrations that it took.
    ///
    /// # Errors
    /// When there is no room for it, or a migration fails.
    pub fn brought_forward(database: &Path) -> Result<(Self, Vec<&'static str>)> {
        let mut still = Self::copied(database)?;
        let applied = migrate(&mut still.conn)?;
        Ok((still, applied))
    }

    /// The connection.
    #[must_use]
    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    fn copied(database: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("warung-check-").tempdir();
        let dir = dir.context("making a folder for a private copy; TMPDIR says where")?;
        let copy = dir.path().join("shop.db");
        let pairs = BESIDE
            .iter()
            .map(|suffix| (beside(database, suffix), beside(&copy, suffix)));
        for (from, to) in std::iter::once((database.to_owned(), copy.clone())).chain(pairs) {
            match copy_of(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && from != database => {}
                done => done.with_context(|| {
                    format!(
                        "copying {} to {}, to look at it there",
                        from.display(),
                        dir.path().display()
                    )
                })?,
            }
        }
        let conn = open_writer(&copy)
            .with_context(|| format!("opening a private copy of {}", database.display()))?;
        Ok(Self {
            conn,
            _copy: Some(dir),
        })
    }
}

/// The bytes alone: the copy belongs to whoever makes it, whatever the mode of the original.
fn copy_of(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut fs::File::open(from)?, &mut fs::File::create_new(to)?).map(|_| ())
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    PathBuf::from(name)
}

fn holds_something(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

fn is_readable(conn: &Connection) -> bool {
    conn.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))
        .is_ok()
}

/// As the file stands: no lock, no shared memory, nothing made beside it.
fn immutable(database: &Path) -> Result<Connection> {
    let path = database.to_str().context("its path is not UTF-8")?;
    let mut uri = "file:".to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}")?;
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(uri, flags)?;
    common(&conn)?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::db::migration_status;

    fn names(dir: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(dir).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// A shop in a folder of its own, with a boot number in it.
    fn shop(dir: &Path) -> (PathBuf, Connection) {
        let path = dir.join("shop 100%?.db");
        let mut conn = open_writer(&path).unwrap();
        migrate(&mut conn).unwrap();
        conn.execute_batch("INSERT INTO setting VALUES ('boot', '7')")
            .unwrap();
        (path, conn)
    }

    fn boot(still: &Still) -> String {
        let sql = "SELECT value FROM setting WHERE name = 'boot'";
        still.conn().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_file_alone_is_read_as_it_stands_and_nothing_appears_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, conn) = shop(dir.path());
        conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(conn);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, suffix));
        }
        let before = names(dir.path());
        let still = Still::open(&path).unwrap();
        assert_eq!((boot(&still).as_str(), still._copy.is_none()), ("7", true));
        assert!(migration_status(still.conn()).unwrap().is_empty());
        drop(still);
        assert_eq!(names(dir.path()), before);
    }

    #[test]
    fn a_log_that_was_left_behind_counts_and_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, conn) = shop(dir.path());
        drop(conn);
        fs::remove_file(beside(&path, "-shm")).unwrap();
        let before = (names(dir.path()), fs::read(beside(&path, "-wal")).unwrap());
        let still = Still::open(&path).unwrap();
        assert_eq!(boot(&still), "7");
        drop(still);
        assert_eq!(
            (names(dir.path()), fs::read(beside(&path, "-wal")).unwrap()),
            before
        );
    }

    #[test]
    fn an_open_shop_is_read_beside_its_bot() {
        let dir = tempfile::tempdir().unwrap();
        let (path, _conn) = shop(dir.path());
        let still = Still::open(&path).unwrap();
        assert_eq!((boot(&still).as_str(), still._copy.is_none()), ("7", true));
    }

    #[test]
    fn an_older_shop_is_brought_forward_in_a_copy_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let conn = open_writer(&path).unwrap();
        conn.execute_batch(include_str!("../../migrations/0001_shop.sql"))
            .unwrap();
        conn.pragma_update(None, "user_version", 1).unwrap();
        drop(conn);
        let bytes = fs::read(&path).unwrap();
        let (still, applied) = Still::brought_forward(&path).unwrap();
        assert!(applied.contains(&"0002_queue"));
        assert!(migration_status(still.conn()).unwrap().is_empty());
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Still::open(&dir.path().join("shop.db")).is_err());
        assert!(names(dir.path()).is_empty());
    }
}

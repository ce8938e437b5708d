//! The database in figures, for the health report. Cheap: it reads the header and asks the file system once.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};
use rusqlite::Connection;

/// How large the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Pages of it, free ones included.
    pub pages: u64,
    /// Bytes a page.
    pub page_bytes: u64,
    /// Pages that hold nothing.
    pub free_pages: u64,
    /// Bytes of the WAL file.
    pub wal_bytes: u64,
    /// The number of the newest migration.
    pub schema_version: u32,
}

/// Reads them.
///
/// # Errors
/// When the database or the size of its WAL cannot be read.
pub fn figures(conn: &Connection) -> Result<Figures> {
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok(Figures {
        pages: pragma("page_count")?,
        page_bytes: pragma("page_size")?,
        free_pages: pragma("freelist_count")?,
        wal_bytes: conn.path().map_or(Ok(0), wal_bytes)?,
        schema_version: pragma("user_version")?
            .try_into()
            .context("reading the schema's version")?,
    })
}

fn wal_bytes(database: &str) -> Result<u64> {
    let path = format!("{database}-wal");
    match fs::metadata(Path::new(&path)) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| format!("looking at {path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{migrate, open_writer, schema_version};

    #[test]
    fn a_shop_tells_its_size_and_its_version() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = open_writer(&dir.path().join("shop.db")).unwrap();
        migrate(&mut conn).unwrap();
        let figures = figures(&conn).unwrap();
        assert_eq!(usize::try_from(figures.schema_version).unwrap(), schema_version());
        assert!(figures.pages > 10 && figures.wal_bytes > figures.page_bytes);
    }
}

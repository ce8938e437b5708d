//! Whether the disk beneath the database takes a write, found out beside the database and not in it: every commit is
//! sealed and shipped to each remote, so that a shop where nothing happens must commit nothing.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};
use rusqlite::Connection;

/// What is appended to the database's file name. The file is there for a moment only.
const SUFFIX: &str = "-scratch";
/// As much as a commit of three pages appends to the WAL.
const BYTES: usize = 12 * 1024;

/// Writes a little beside the database, waits until the disk has it, and takes it away again.
///
/// # Errors
/// When the disk does not take it. SQLite has the last word: a WAL that is written anew from its beginning may still
/// take a commit on a full disk.
pub fn try_disk(conn: &Connection) -> Result<()> {
    // A database in memory has no disk beneath it.
    let Some(database) = conn.path().filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = format!("{database}{SUFFIX}");
    let path = Path::new(&path);
    let written = write(path);
    let removed = fs::remove_file(path);
    written
        .and(removed)
        .with_context(|| format!("writing {}", path.display()))
}

fn write(path: &Path) -> std::io::Result<()> {
    // One that a kill left behind is written over.
    let mut file = File::create(path)?;
    file.write_all(&[0; BYTES])?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::open_writer;

    #[test]
    fn a_disk_is_tried_without_a_trace_and_its_refusal_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let conn = open_writer(&dir.path().join("shop.db")).unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            names.sort();
            names
        };
        let before = names();
        try_disk(&conn).unwrap();
        assert_eq!(names(), before);
        // What no file can be written over stands for a folder that takes none: root may write where nobody may.
        fs::create_dir(dir.path().join("shop.db-scratch")).unwrap();
        assert!(try_disk(&conn).is_err());
    }
}

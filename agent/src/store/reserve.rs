//! Room that the database already holds, so that it can be written in place on a disk that has none: blocks behind the end
//! of its log, and free pages within it. SQLite writes there as ever, and a kill loses nothing.
//! It is no second journal, and no promise where overwriting takes room as well, as on a file system that copies.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use rusqlite::Connection;

/// SQLite begins its log anew after a thousand pages of 4 KiB; the rest is for the transaction that goes beyond.
const LOG_BYTES: u64 = 5 * 1024 * 1024;
/// Free pages that are made: what is told in days takes fewer, because what is old is deleted.
const PAGES_MADE: u32 = 256;
/// With fewer left it is made anew while there is room.
const PAGES_LEAST: u32 = 192;
/// With fewer left one more transaction may not fit.
const PAGES_LAST: u32 = 32;
/// `blocks` of a file are counted in these.
const BLOCK_BYTES: u64 = 512;

const FREE_PAGES: &str = "PRAGMA freelist_count";
const PAGE_SIZE: &str = "PRAGMA page_size";
const DROP_FILLER: &str = "DROP TABLE IF EXISTS filler";
const MAKE_FILLER: &str = "CREATE TABLE filler (bytes BLOB NOT NULL) STRICT";
const FILL: &str = "INSERT INTO filler (bytes) VALUES (zeroblob(:bytes))";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Lays what is missing of it, while there is room on the disk.
///
/// # Errors
/// When the disk or the database refuses; then there is less of it, or none.
pub(super) fn keep(connection: &mut Connection, log: &Path) -> anyhow::Result<()> {
    if free_pages(connection)? < PAGES_LEAST {
        make_pages(connection)?;
    }
    if held_bytes(log) < LOG_BYTES && log.exists() {
        allocate(log)?;
    }
    Ok(())
}

/// Whether the next transaction finds room in it.
pub(super) fn holds(connection: &Connection, log: &Path) -> bool {
    held_bytes(log) >= LOG_BYTES && free_pages(connection).is_ok_and(|pages| pages >= PAGES_LAST)
}

fn free_pages(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row(FREE_PAGES, [], |row| row.get(0))
}

/// Pages become free pages by having been used; the checkpoint in between brings them into the file.
fn make_pages(connection: &mut Connection) -> rusqlite::Result<()> {
    let page_bytes: u32 = connection.query_row(PAGE_SIZE, [], |row| row.get(0))?;
    let transaction = connection.transaction()?;
    // One that a kill left behind.
    transaction.execute(DROP_FILLER, [])?;
    transaction.execute(MAKE_FILLER, [])?;
    transaction.execute(
        FILL,
        rusqlite::named_params! { ":bytes": page_bytes.saturating_mul(PAGES_MADE) },
    )?;
    transaction.commit()?;
    connection.query_row(CHECKPOINT, [], |_| Ok(()))?;
    connection.execute(DROP_FILLER, []).map(drop)
}

/// Behind the end of the file: SQLite does not see it, and finds no room short when it writes there.
fn allocate(log: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(log)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, LOG_BYTES)?;
    Ok(())
}

fn held_bytes(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| found.blocks().saturating_mul(BLOCK_BYTES))
}

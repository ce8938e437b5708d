//! How much of a write-ahead log's file is in use. SQLite begins a log anew at the front of its file and shortens the file
//! never: what a large transaction made it stays, long after everything has been put back into the database.
//! It reads a few frames' heads and believes no page.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::Path,
};

use super::{
    frame::FRAME_HEADER_BYTES,
    header::{HEADER_BYTES, Header},
};

/// Bytes of the generation at hand; all of the file when its beginning does not read as a log's.
///
/// # Errors
/// When the file cannot be read. One that is not there is empty.
pub fn used_bytes(path: &Path) -> io::Result<u64> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        opened => opened?,
    };
    let size_bytes = file.metadata()?.len();
    let mut head = [0; HEADER_BYTES];
    if size_bytes < HEADER_BYTES as u64 {
        return Ok(size_bytes);
    }
    file.read_exact_at(&mut head, 0)?;
    let Some(header) = Header::parse(&head) else {
        return Ok(size_bytes);
    };
    let frame_bytes = FRAME_HEADER_BYTES as u64 + u64::from(header.page_size);
    let start_of = |frame: u64| HEADER_BYTES as u64 + frame * frame_bytes;
    // The frames of one generation come first, those of older ones after them.
    let (mut used, mut end) = (0, (size_bytes - HEADER_BYTES as u64) / frame_bytes);
    while used < end {
        let middle = used.midpoint(end);
        let mut salts = [0; 8];
        match file.read_exact_at(&mut salts, start_of(middle) + 8) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => end = middle,
            read => {
                read?;
                match salts[..4] == header.salts.first.to_be_bytes()
                    && salts[4..] == header.salts.second.to_be_bytes()
                {
                    true => used = middle + 1,
                    false => end = middle,
                }
            }
        }
    }
    Ok(start_of(used))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn what_an_earlier_generation_left_behind_is_not_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("shop.db"), dir.path().join("shop.db-wal"));
        assert_eq!(used_bytes(&log).unwrap(), 0, "there is none");
        let shop = Connection::open(&path).unwrap();
        shop.pragma_update(None, "journal_mode", "WAL").unwrap();
        shop.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        shop.execute_batch("CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(3000000))")
            .unwrap();
        let file_bytes = || std::fs::metadata(&log).unwrap().len();
        let large = file_bytes();
        assert_eq!(used_bytes(&log).unwrap(), large);
        shop.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .unwrap();
        shop.execute_batch("INSERT INTO a VALUES (1)").unwrap();
        assert_eq!(file_bytes(), large, "SQLite leaves the file as long as it was");
        let frames: i64 = shop
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
            .unwrap();
        assert_eq!(
            used_bytes(&log).unwrap(),
            32 + u64::try_from(frames).unwrap() * 4120
        );
    }

    #[test]
    fn what_is_no_log_counts_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("shop.db-wal");
        for bytes in [vec![], vec![1; 20], vec![7; 100_000]] {
            std::fs::write(&log, &bytes).unwrap();
            assert_eq!(used_bytes(&log).unwrap(), bytes.len() as u64);
        }
    }
}

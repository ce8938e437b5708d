//! The log's file: frames from a known place up to what the bot has published, commit by commit.
//! It holds no lock and decides nothing about generations; a frame that does not follow is told, not skipped.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    frame::{Checksum, FRAME_HEADER_BYTES, Frame},
    header::{HEADER_BYTES, Header, Salts},
};

/// Frames that are read at once: 256 KiB at the usual page size.
const FRAMES_AT_ONCE: u32 = 64;

/// How far a generation of the log was read. Always right after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The generation.
    pub salts: Salts,
    /// Frames before this place.
    pub frames: u32,
    /// The running checksum at this place.
    pub checksum: Checksum,
}

/// One commit in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFrames {
    /// Its pages in ascending order, each with the number of the frame that holds its last image, from 0.
    pub pages: Vec<(u32, u32)>,
    /// The database's size after it, in pages.
    pub size_pages: u32,
}

/// Why the log did not read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The frame of this number, from 0, does not follow the one before it.
    #[error("frame {0} of the log does not follow the one before it")]
    Broken(u32),
    /// The disk refused.
    #[error("reading the log: {0}")]
    Io(#[from] io::Error),
}

/// An open log. Closing it costs no lock: SQLite takes none on this file.
pub struct WalFile {
    file: File,
    inode: u64,
}

impl Position {
    /// The beginning of a generation.
    #[must_use]
    pub fn start(header: &Header) -> Self {
        Self {
            salts: header.salts,
            frames: 0,
            checksum: header.checksum,
        }
    }
}

impl WalFile {
    /// Opens the log; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let inode = file.metadata()?.ino();
        Ok(Some(Self { file, inode }))
    }

    /// Whether the path still leads to this file.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|found| found.ino() == self.inode)
    }

    /// The header; `None` while there is no whole one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn header(&self) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER_BYTES];
        match self.file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => read.map(|()| Header::parse(&bytes)),
        }
    }

    /// The commit after this place, which moves behind it; `None` when none ends before frame `published`.
    ///
    /// # Errors
    /// [`ReadError::Broken`] for a frame before `published` that does not follow.
    pub fn next_commit(
        &self,
        header: &Header,
        position: &mut Position,
        published: u32,
    ) -> Result<Option<CommitFrames>, ReadError> {
        let (mut at, mut checksum) = (position.frames, position.checksum);
        let mut pages = Vec::new();
        while at < published {
            let count = (published - at).min(FRAMES_AT_ONCE);
            let bytes = self.frames(header.page_size, at, count)?;
            for bytes in bytes.chunks(frame_bytes(header.page_size)) {
                let frame = Frame::parse(bytes, header, checksum).ok_or(ReadError::Broken(at))?;
                pages.push((frame.page, at));
                (at, checksum) = (at + 1, frame.checksum);
                if let Some(size_pages) = frame.commit_pages {
                    (position.frames, position.checksum) = (at, checksum);
                    return Ok(Some(CommitFrames {
                        pages: last_of_each(pages),
                        size_pages,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// How many commits follow this place in the file, whoever was told of them: all of it is read.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn all_commits_after(&self, header: &Header, mut at: Position) -> io::Result<u64> {
        let room = self.room(header)?;
        let mut found = 0;
        while at.frames < room {
            let count = (room - at.frames).min(FRAMES_AT_ONCE);
            let bytes = match self.frames(header.page_size, at.frames, count) {
                Ok(bytes) => bytes,
                Err(ReadError::Broken(_)) => break,
                Err(ReadError::Io(error)) => return Err(error),
            };
            for bytes in bytes.chunks(frame_bytes(header.page_size)) {
                let Some(frame) = Frame::parse(bytes, header, at.checksum) else {
                    return Ok(found);
                };
                (at.frames, at.checksum) = (at.frames + 1, frame.checksum);
                found += u64::from(frame.commit_pages.is_some());
            }
        }
        Ok(found)
    }

    /// Frames that the file has room for, of whatever generation.
    fn room(&self, header: &Header) -> io::Result<u32> {
        let bytes = self.file.metadata()?.len().saturating_sub(HEADER_BYTES as u64);
        let frames = bytes / frame_bytes(header.page_size) as u64;
        Ok(u32::try_from(frames).unwrap_or(u32::MAX))
    }

    /// How many commits follow this place in the file, whoever was told of them; `most` at most. Only short ones are
    /// counted: of a long one the rest is not read.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn commits_after(&self, header: &Header, mut at: Position, most: u32) -> io::Result<u32> {
        let mut found = 0;
        for _ in 0..FRAMES_AT_ONCE {
            let Some(frame) = self.frame_after(header, at)? else {
                break;
            };
            (at.frames, at.checksum) = (at.frames + 1, frame.checksum);
            found += u32::from(frame.commit_pages.is_some());
            if found == most {
                break;
            }
        }
        Ok(found)
    }

    /// Whether anything follows this place in the file, whoever was told of it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn leads_on(&self, header: &Header, at: Position) -> io::Result<bool> {
        Ok(self.frame_after(header, at)?.is_some())
    }

    fn frame_after(&self, header: &Header, at: Position) -> io::Result<Option<Frame>> {
        match self.frames(header.page_size, at.frames, 1) {
            Ok(bytes) => Ok(Frame::parse(&bytes, header, at.checksum)),
            Err(ReadError::Broken(_)) => Ok(None),
            Err(ReadError::Io(error)) => Err(error),
        }
    }

    /// Whether the frame of this number, from 0, is not there although it was written: the file ends before it, or has a
    /// hole in its place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn is_gone(&self, page_size: u32, frame: u32) -> io::Result<bool> {
        Ok(self
            .frame_header(page_size, frame)?
            .is_none_or(|header| header == [0; FRAME_HEADER_BYTES]))
    }

    /// Whether the last frame before this place is the one that was read.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn still_leads_to(&self, page_size: u32, at: &Position) -> io::Result<bool> {
        let Some(last) = at.frames.checked_sub(1) else {
            return Ok(true);
        };
        let header = self.frame_header(page_size, last)?;
        Ok(header.is_some_and(|header| Frame::ends_with(&header, at.salts, at.checksum)))
    }

    fn frame_header(&self, page_size: u32, frame: u32) -> io::Result<Option<[u8; FRAME_HEADER_BYTES]>> {
        let mut header = [0; FRAME_HEADER_BYTES];
        match self.file.read_exact_at(&mut header, frame_at(page_size, frame)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => Ok(read.map(|()| Some(header))?),
        }
    }

    /// The page that a frame holds.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn image(&self, page_size: u32, frame: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; page_size as usize];
        let at = frame_at(page_size, frame) + FRAME_HEADER_BYTES as u64;
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    fn frames(&self, page_size: u32, first: u32, count: u32) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; frame_bytes(page_size) * count as usize];
        match self.file.read_exact_at(&mut bytes, frame_at(page_size, first)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ReadError::Broken(first)),
            read => Ok(read.map(|()| bytes)?),
        }
    }
}

fn frame_bytes(page_size: u32) -> usize {
    FRAME_HEADER_BYTES + page_size as usize
}

fn frame_at(page_size: u32, frame: u32) -> u64 {
    HEADER_BYTES as u64 + u64::from(frame) * frame_bytes(page_size) as u64
}

/// A transaction that spilled writes a page more than once; only its last image was committed.
fn last_of_each(mut pages: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    pages.sort_unstable_by_key(|(page, frame)| (*page, std::cmp::Reverse(*frame)));
    pages.dedup_by_key(|(page, _)| *page);
    pages
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn world() -> (tempfile::TempDir, Connection, WalFile) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let bot = Connection::open(&path).unwrap();
        bot.pragma_update(None, "journal_mode", "WAL").unwrap();
        bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        bot.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
            .unwrap();
        let wal = WalFile::open(&dir.path().join("shop.db-wal")).unwrap().unwrap();
        (dir, bot, wal)
    }

    fn commits(wal: &WalFile, published: u32) -> Vec<CommitFrames> {
        let header = wal.header().unwrap().unwrap();
        let mut position = Position::start(&header);
        std::iter::from_fn(|| wal.next_commit(&header, &mut position, published).unwrap()).collect()
    }

    #[test]
    fn the_log_of_a_real_database_reads_commit_by_commit() {
        let (_dir, bot, wal) = world();
        let before = commits(&wal, 2).len();
        bot.execute_batch(
            "BEGIN; INSERT INTO t VALUES (1, zeroblob(9000)); INSERT INTO t VALUES (2, x''); COMMIT",
        )
        .unwrap();
        bot.execute_batch("DELETE FROM t").unwrap();
        let frames: u32 = bot
            .query_row("PRAGMA wal_checkpoint=NOOP", [], |row| row.get(1))
            .unwrap();
        let found = commits(&wal, frames);
        assert_eq!(found.len(), before + 2);
        let insert = &found[before];
        assert!(insert.pages.is_sorted() && insert.pages.len() >= 4, "{insert:?}");
        let (page, frame) = insert.pages[0];
        assert!(page <= insert.size_pages && wal.image(4_096, frame).unwrap().len() == 4_096);
    }

    #[test]
    fn a_log_that_ends_before_what_was_published_is_broken() {
        let (_dir, _bot, wal) = world();
        let header = wal.header().unwrap().unwrap();
        let mut position = Position::start(&header);
        while position.frames < 2 {
            wal.next_commit(&header, &mut position, 2).unwrap();
        }
        let read = wal.next_commit(&header, &mut position, 9);
        assert!(matches!(read, Err(ReadError::Broken(2))), "{read:?}");
    }
}

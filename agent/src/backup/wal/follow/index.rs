//! Whether the log's index (`-shm`), which tells SQLite what was committed, is the one that the shop uses. All who have
//! the database open share it; once its file is deleted, whoever opens the database next gets one of their own, and
//! neither side hears of the other's commits or locks.
//! It mends nothing and touches neither file.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Follower, Header, Lost, Position};
use crate::{backup::wal::reader::ReadError, store::source::Log};

const MAPPED: &str = "/proc/self/maps";
const DELETED: &str = " (deleted)";
/// Commits that nobody was told of. One may be left by a writer that died before it told; whoever wrote the second one
/// knew of the first.
const UNTOLD: u32 = 2;

/// The index as SQLite has it mapped in this process.
pub(super) struct Index {
    path: PathBuf,
    inode: u64,
}

impl Index {
    /// Of a database that is open here; `None` when that cannot be told.
    pub(super) fn of(database: &Path) -> io::Result<Option<Self>> {
        let mut name = database.canonicalize()?.into_os_string();
        name.push("-shm");
        let path = PathBuf::from(name);
        let inode = mapped(&fs::read_to_string(MAPPED)?, &path);
        Ok(inode.map(|inode| Self { path, inode }))
    }

    /// Whether whoever opens the database now gets another one. As long as there is no file, nobody has one that this
    /// process does not share.
    fn is_another(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.ino() != self.inode)
    }
}

impl Follower {
    pub(super) fn require_own_index(&self) -> Result<(), Lost> {
        match &self.index {
            Some(index) if index.is_another() => Err(Lost::IndexReplaced),
            _ => Ok(()),
        }
    }

    /// A log without a header holds nothing: else somebody emptied it under those who write to it, and what it held is gone.
    pub(super) fn require_nothing_told(&mut self) -> Result<(), Lost> {
        let is_told = self.source.published()?.frames > 0;
        // Asked afterwards: the header is written before anything is told.
        match is_told && self.header()?.is_none() {
            true => Err(Lost::LogEmptied),
            false => Ok(()),
        }
    }

    /// What was read of a log stays there until it is started anew: else somebody cut it short.
    pub(super) fn require_whole(&mut self, header: &Header) -> Result<(), Lost> {
        let (Some(wal), Some(at)) = (&self.wal, &self.position) else {
            return Ok(());
        };
        let is_there = wal.still_leads_to(header.page_size, at)?;
        // Asked afterwards: who starts it anew writes the header first.
        match !is_there && self.header()?.as_ref() == Some(header) {
            true => Err(Lost::LogEmptied),
            false => Ok(()),
        }
    }

    /// Why a frame that was told does not follow: it is another one, or none at all.
    pub(super) fn broken_at(&self, header: &Header, frame: u32) -> Result<Lost, Lost> {
        let is_gone = match &self.wal {
            Some(wal) => wal.is_gone(header.page_size, frame)?,
            None => false,
        };
        Ok(match is_gone {
            true => Lost::LogEmptied,
            false => Lost::Broken(ReadError::Broken(frame)),
        })
    }

    /// In one log nothing goes back: else older files were laid over the shop's.
    pub(super) fn require_not_behind(&mut self, header: &Header, log: Log) -> Result<(), Lost> {
        // None at all are told while a writer starts the log anew.
        let is_behind = log.frames > 0 && log.frames < self.frames();
        match is_behind && self.header()?.as_ref() == Some(header) {
            true => Err(Lost::Overwritten),
            false => Ok(()),
        }
    }

    /// Whether something lies in the log behind what was read of which nobody was told yet: that comes when the disk has
    /// it, and nothing makes a sound then.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn is_being_written(&mut self) -> Result<bool, Lost> {
        let Some(header) = self.header()? else {
            return Ok(false);
        };
        let begun = self.position.filter(|at| at.salts == header.salts);
        let at = begun.unwrap_or_else(|| Position::start(&header));
        match &self.wal {
            Some(wal) => Ok(wal.leads_on(&header, at)?),
            None => Ok(false),
        }
    }

    /// Nothing more was published: then there is also nothing more in the log.
    pub(super) fn require_all_told(&mut self, header: &Header) -> Result<(), Lost> {
        let (Some(wal), Some(at)) = (&self.wal, self.position) else {
            return Ok(());
        };
        if wal.commits_after(header, at, UNTOLD)? < UNTOLD {
            return Ok(());
        }
        // Asked afterwards: what is being written right now is told before the next is written.
        let told = self.source.published()?.frames;
        let is_same = self.header()?.as_ref() == Some(header);
        match is_same && told <= at.frames {
            true => Err(Lost::Untold),
            false => Ok(()),
        }
    }
}

/// The inode of the file that is mapped from this path; the deleted one first, for it is the one in use.
fn mapped(maps: &str, path: &Path) -> Option<u64> {
    let path = path.to_str()?;
    let of = |line: &str| {
        let mut words = line.splitn(6, ' ');
        let inode = words.nth(4)?.parse().ok()?;
        let name = words.next()?.trim_start();
        let is_deleted = name.strip_suffix(DELETED) == Some(path);
        (is_deleted || name == path).then_some((!is_deleted, inode))
    };
    maps.lines().filter_map(of).min().map(|(_, inode)| inode)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const MAPS: &str = "\
7f00-7f01 r--p 00000000 fe:00 11                         /usr/lib/libc.so.6
7f02-7f03 rw-s 00000000 fe:00 42                         /data/my shop.db-shm
7f04-7f05 rw-p 00000000 00:00 0 
7f06-7f07 rw-s 00000000 fe:00 7                          /data/other.db-shm (deleted)
7f08-7f09 rw-s 00000000 fe:00 9                          /data/other.db-shm
";

    #[test]
    fn the_index_in_use_is_found_among_all_that_is_mapped() {
        assert_eq!(mapped(MAPS, Path::new("/data/my shop.db-shm")), Some(42));
        assert_eq!(mapped(MAPS, Path::new("/data/other.db-shm")), Some(7));
        assert_eq!(mapped(MAPS, Path::new("/data/third.db-shm")), None);
    }

    #[test]
    fn what_lies_in_the_log_and_was_told_to_nobody_is_being_written() {
        let dir = tempfile::tempdir().unwrap();
        let [path, log] = ["shop.db", "shop.db-wal"].map(|name| dir.path().join(name));
        let open = |path: &Path| {
            let shop = Connection::open(path).unwrap();
            shop.pragma_update(None, "journal_mode", "WAL").unwrap();
            shop.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
            shop
        };
        let sell = |shop: &Connection| shop.execute("INSERT INTO sale VALUES (1)", []).unwrap();
        let shop = open(&path);
        shop.execute_batch("CREATE TABLE sale (what)").unwrap();
        let mut follower = Follower::open(&path, &path).unwrap();
        assert!(follower.anchor().unwrap());
        sell(&shop);
        let (frames, _) = follower.next().unwrap().unwrap();
        assert!(follower.next().unwrap().is_none());
        follower.accept(frames);
        assert!(!follower.is_being_written().unwrap());

        // The same commit as the shop's next, in a copy: its frames without the word that they are there.
        let elsewhere = tempfile::tempdir().unwrap();
        let copy = elsewhere.path().join("shop.db");
        fs::copy(&path, &copy).unwrap();
        fs::copy(&log, elsewhere.path().join("shop.db-wal")).unwrap();
        let other = open(&copy);
        sell(&other);
        let written = fs::read(elsewhere.path().join("shop.db-wal")).unwrap();
        fs::write(&log, written).unwrap();
        assert!(follower.is_being_written().unwrap());
        assert!(follower.next().unwrap().is_none());

        sell(&shop);
        assert!(follower.next().unwrap().is_some());
        assert!(!follower.is_being_written().unwrap());
    }
}

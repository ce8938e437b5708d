//! Whether the database's file was written by a checkpoint, which is how SQLite writes it, or past SQLite: whoever copies
//! something over a file that stays the same one changes what every later commit stands on, and the log tells nothing of it.
//! It reads no page, and says nothing of what the file holds: comparing does.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Follower, Lost};
use crate::{
    backup::wal::{header::Salts, reader::WalFile},
    store::source::{Log, Source},
};

/// A checkpoint writes first and is told of afterwards: so long it may take in between. One that takes longer costs a
/// comparison that finds nothing.
const CHECKPOINT_MAX: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// When the file was last written, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    at_s: i64,
    at_ns: i64,
    bytes: u64,
}

/// The file as it was when the log told as much as is known of it here.
pub(super) struct WrittenFile {
    written: Written,
    log: Log,
    salts: Option<Salts>,
}

impl Written {
    pub(super) fn of(found: &fs::Metadata) -> Self {
        Self {
            at_s: found.mtime(),
            at_ns: found.mtime_nsec(),
            bytes: found.len(),
        }
    }

    fn at(database: &Path) -> io::Result<Self> {
        Ok(Self::of(&fs::metadata(database)?))
    }

    /// As it is written down.
    fn text(self) -> String {
        serde_json::to_string(&self).expect("a moment is plain data")
    }
}

/// When the file was last written, as [`Follower::file_written`] says it.
///
/// # Errors
/// When it is not there.
///
/// # Panics
/// Never: it is plain data.
pub fn file_written_at(database: &Path) -> io::Result<String> {
    Ok(Written::at(database)?.text())
}

impl WrittenFile {
    /// The log is asked before the file: what is copied in between is written by then.
    pub(super) fn of(database: &Path, source: &Source) -> Result<Self, Lost> {
        let log = source.published()?;
        Ok(Self {
            written: Written::at(database)?,
            log,
            salts: None,
        })
    }

    /// Whether the log has been copied into the file since, as far as it tells now.
    fn is_explained_by(&self, log: Log, salts: Option<Salts>) -> bool {
        let had_more = self.log.backfilled < self.log.frames;
        let is_anew = self.salts.is_some() && salts != self.salts;
        // A log that was started anew had been copied whole before.
        log.backfilled > self.log.backfilled || (is_anew && (log.backfilled > 0 || had_more))
    }
}

impl Follower {
    /// When the file was last written by SQLite alone, as far as is known: for whoever goes on here later.
    ///
    /// # Panics
    /// Never: it is plain data.
    #[must_use]
    pub fn file_written(&self) -> String {
        self.file.written.text()
    }

    /// Nothing but checkpoints may have written to the file.
    pub(super) fn require_written_by_checkpoints(&mut self, now: Written) -> Result<(), Lost> {
        if now == self.file.written {
            return Ok(());
        }
        let until = Instant::now() + CHECKPOINT_MAX;
        loop {
            let log = self.source.published()?;
            // Asked afterwards: a log that is started anew has its header before anything is told of it.
            let header = self.wal.as_ref().map(WalFile::header).transpose()?.flatten();
            let salts = header.map(|header| header.salts);
            if self.file.is_explained_by(log, salts) {
                let written = Written::at(&self.database)?;
                self.file = WrittenFile { written, log, salts };
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(Lost::Overwritten);
            }
            sleep(LOOK_AGAIN);
        }
    }

    /// The log tells this: remembered where the file was not written to meanwhile.
    pub(super) fn heard_of_log(&mut self, log: Log, salts: Salts) -> io::Result<()> {
        if (self.file.log, self.file.salts) != (log, Some(salts))
            && Written::at(&self.database)? == self.file.written
        {
            (self.file.log, self.file.salts) = (log, Some(salts));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALTS: Salts = Salts { first: 7, second: 9 };
    const ANEW: Salts = Salts { first: 8, second: 3 };

    fn file(frames: u32, backfilled: u32) -> WrittenFile {
        WrittenFile {
            written: Written {
                at_s: 1,
                at_ns: 0,
                bytes: 8192,
            },
            log: Log { frames, backfilled },
            salts: Some(SALTS),
        }
    }

    #[test]
    fn only_a_log_that_was_copied_further_explains_a_file_that_was_written() {
        let log = |frames, backfilled| Log { frames, backfilled };
        assert!(file(9, 4).is_explained_by(log(9, 9), Some(SALTS)));
        assert!(!file(9, 4).is_explained_by(log(12, 4), Some(SALTS)));
        assert!(!file(9, 9).is_explained_by(log(9, 9), Some(SALTS)));
        // Started anew after all of it was copied, which wrote nothing.
        assert!(!file(9, 9).is_explained_by(log(1, 0), Some(ANEW)));
        assert!(file(9, 4).is_explained_by(log(1, 0), Some(ANEW)));
        assert!(file(9, 9).is_explained_by(log(3, 2), Some(ANEW)));
    }
}

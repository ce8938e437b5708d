//! The log file itself: appended to line by line, and opened anew when rotation has put another file, or none, in its
//! place. It never blocks the shop: a line that the disk does not take is counted and dropped.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use protocol::{health::LogFile, settings::LOG_NAME};

/// The log file. Lines are written through a shared reference, each with one call to the system.
#[derive(Debug)]
pub struct FollowedFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// None while it cannot be opened: a full disk, a folder that is gone.
    file: Option<File>,
    written_bytes: u64,
    dropped_lines: u64,
    /// The last line broke off: the next one begins on a line of its own.
    is_torn: bool,
}

impl FollowedFile {
    /// The file in this folder; [`FollowedFile::follow`] opens it.
    ///
    /// # Errors
    /// When the folder's name is none.
    pub fn in_folder(dir: &Path) -> Result<Self> {
        let path = std::path::absolute(dir.join(LOG_NAME)).context("finding the log's folder")?;
        let state = State {
            file: None,
            written_bytes: 0,
            dropped_lines: 0,
            is_torn: false,
        };
        Ok(Self {
            path,
            state: Mutex::new(state),
        })
    }

    /// Looks whether the open file is still the one at its path, and opens that one where it is not: none is open, or it was
    /// renamed, deleted or replaced. Answers whether it was. Until the path can be opened the old file is written to.
    ///
    /// # Errors
    /// When there is no file at the path and none can be made.
    pub fn follow(&self) -> io::Result<bool> {
        let mut state = self.state();
        let is_there = match (&state.file, fs::metadata(&self.path)) {
            (None, _) => false,
            (Some(file), Ok(there)) => is_same(&file.metadata()?, &there),
            (Some(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => false,
            (Some(_), Err(error)) => return Err(error),
        };
        if !is_there {
            state.file = Some(append_to(&self.path)?);
            state.is_torn = false;
        }
        Ok(!is_there)
    }

    /// What rotation can be proven with.
    ///
    /// # Errors
    /// When no file is open, or the system does not tell about it.
    pub fn report(&self) -> io::Result<LogFile> {
        let state = self.state();
        let file = state.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let open = file.metadata()?;
        Ok(LogFile {
            path: self.path.display().to_string(),
            device: open.dev(),
            inode: open.ino(),
            links: open.nlink(),
            size_bytes: open.len(),
            written_bytes: state.written_bytes,
            dropped_lines: state.dropped_lines,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &FollowedFile {
    /// Takes a whole line. It always says that it did: there is nobody who could do better with the refusal.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        match state.append(line) {
            Ok(()) => state.written_bytes += line.len() as u64,
            Err(_) => {
                state.dropped_lines += 1;
                state.is_torn = true;
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        if self.is_torn {
            file.write_all(b"\n")?;
            self.is_torn = false;
        }
        file.write_all(line)
    }
}

/// Appended, so that rotation by truncating never leaves a hole.
fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(dir: &Path) -> FollowedFile {
        let log = FollowedFile::in_folder(dir).unwrap();
        assert!(log.follow().unwrap());
        log
    }

    fn write(log: &FollowedFile, line: &str) {
        let mut log = log;
        log.write_all(line.as_bytes()).unwrap();
    }

    fn read(dir: &Path, name: &str) -> String {
        fs::read_to_string(dir.join(name)).unwrap()
    }

    #[test]
    fn a_renamed_file_takes_lines_until_the_new_one_is_opened_and_none_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let log = opened(dir.path());
        write(&log, "one\n");
        assert!(!log.follow().unwrap());
        fs::rename(dir.path().join(LOG_NAME), dir.path().join("bot.log.1")).unwrap();
        File::create_new(dir.path().join(LOG_NAME)).unwrap();
        write(&log, "two\n");
        assert!(log.follow().unwrap());
        write(&log, "three\n");
        assert_eq!(read(dir.path(), "bot.log.1"), "one\ntwo\n");
        assert_eq!(read(dir.path(), LOG_NAME), "three\n");
        assert_eq!(log.report().unwrap().written_bytes, 14);
    }

    #[test]
    fn a_deleted_file_shows_no_name_until_it_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let log = opened(dir.path());
        fs::remove_file(dir.path().join(LOG_NAME)).unwrap();
        assert_eq!(log.report().unwrap().links, 0);
        assert!(log.follow().unwrap());
        let there = fs::metadata(dir.path().join(LOG_NAME)).unwrap();
        let report = log.report().unwrap();
        assert_eq!(
            (report.inode, report.device, report.links),
            (there.ino(), there.dev(), 1)
        );
    }

    #[test]
    fn a_truncated_file_goes_on_without_a_hole() {
        let dir = tempfile::tempdir().unwrap();
        let log = opened(dir.path());
        write(&log, "one\n");
        File::create(dir.path().join(LOG_NAME)).unwrap();
        assert!(!log.follow().unwrap());
        write(&log, "two\n");
        assert_eq!(read(dir.path(), LOG_NAME), "two\n");
    }

    #[test]
    fn a_folder_that_is_gone_stops_nothing_and_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("log");
        fs::create_dir(&folder).unwrap();
        let log = opened(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert!(log.follow().is_err());
        write(&log, "into the deleted file\n");
        fs::create_dir(&folder).unwrap();
        assert!(log.follow().unwrap());
        write(&log, "back\n");
        assert_eq!(read(&folder, LOG_NAME), "back\n");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_costs_lines_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("log");
        let log = FollowedFile::in_folder(&folder).unwrap();
        write(&log, "nowhere\n");
        assert!(log.follow().is_err() && log.report().is_err());
        fs::create_dir(&folder).unwrap();
        assert!(log.follow().unwrap());
        assert_eq!(log.report().unwrap().dropped_lines, 1);
    }

    #[test]
    fn a_line_that_the_disk_refuses_is_counted() {
        let full = FollowedFile {
            path: PathBuf::from("/dev/full"),
            state: Mutex::new(State {
                file: append_to(Path::new("/dev/full")).ok(),
                written_bytes: 0,
                dropped_lines: 0,
                is_torn: false,
            }),
        };
        write(&full, "one\n");
        write(&full, "two\n");
        let report = full.report().unwrap();
        assert_eq!((report.dropped_lines, report.written_bytes), (2, 0));
    }
}

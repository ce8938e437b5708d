//! Whether somebody writes to the log beside the database for a file that lies there no more: what is in such a log belongs
//! to that other file, and copied into this one it would leave both of them damaged.
//! It opens neither file, for closing one again would drop SQLite's locks in this process: the kernel's list of locks tells.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt, path::Path, thread::sleep, time::Duration};

use thiserror::Error;

const LOCKS: &str = "/proc/locks";
/// Whoever opens or closes a database holds one of the two for a moment, and the list is not read in one moment either: where
/// locks come and go meanwhile, one that stays may be missing in it.
const LOOKS: usize = 10;
/// So many in a row that find nobody.
const CLEAR_LOOKS: usize = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Somebody has another file open under this log.
#[derive(Debug, Error)]
#[error(
    "the database's file was replaced under a running program, process {process}{name}, which has the one before open still, and \
     the log (-wal) that lies here with it: put that file back"
)]
pub struct HeldForAnother {
    /// Its number.
    process: u32,
    /// What it is called, in brackets; empty where nobody may know.
    name: String,
}

/// Nobody may have another file open under the database's log.
///
/// # Errors
/// [`HeldForAnother`]. Where the system tells of no locks, nobody is found.
pub(in crate::backup) fn require_own(database: &Path) -> Result<(), HeldForAnother> {
    let (mut found, mut clear) = (None, 0);
    for _ in 0..LOOKS {
        match holder(database) {
            None => clear += 1,
            process => (found, clear) = (process, 0),
        }
        if clear == CLEAR_LOOKS {
            return Ok(());
        }
        sleep(LOOK_AGAIN);
    }
    let Some(process) = found else { return Ok(()) };
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let name = Some(name.trim()).filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    Err(HeldForAnother { process, name })
}

/// Another process with a lock on the log's index and none on the database: in WAL mode SQLite holds one on each for as long
/// as it has the database open. Where `stat` gives another device than the list, as on btrfs, nobody is found.
fn holder(database: &Path) -> Option<u32> {
    let mut index = database.as_os_str().to_owned();
    index.push("-shm");
    let (index, database) = (listed(Path::new(&index))?, listed(database)?);
    let locks = fs::read_to_string(LOCKS).ok()?;
    let holders = |file: &str| -> BTreeSet<u32> {
        let locks = locks.lines().filter_map(lock_of);
        locks.filter(|lock| lock.1 == file).map(|lock| lock.0).collect()
    };
    let of_database = holders(&database);
    let mut of_index = holders(&index).into_iter();
    of_index.find(|process| *process != std::process::id() && !of_database.contains(process))
}

/// The process and the file of a line such as `1: POSIX  ADVISORY  READ 4711 fe:00:10084359 128 128`; one that waits
/// holds nothing.
fn lock_of(line: &str) -> Option<(u32, &str)> {
    let mut words = line.split_whitespace().skip(1);
    if words.next()? != "POSIX" {
        return None;
    }
    let mut words = words.skip(2);
    Some((words.next()?.parse().ok()?, words.next()?))
}

/// A file as the list names it.
fn listed(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let (major, minor) = (rustix::fs::major(found.dev()), rustix::fs::minor(found.dev()));
    Some(format!("{major:02x}:{minor:02x}:{}", found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_and_one_that_is_waited_for_is_none() {
        let line = "1: POSIX  ADVISORY  READ 32497 fe:00:10084359 128 128";
        assert_eq!(lock_of(line), Some((32_497, "fe:00:10084359")));
        assert_eq!(lock_of("1: -> POSIX  ADVISORY  WRITE 7 fe:00:1 0 EOF"), None);
        assert_eq!(lock_of("2: FLOCK  ADVISORY  WRITE 7 fe:00:1 0 EOF"), None);
        assert_eq!(lock_of("3: OFDLCK ADVISORY  READ -1 fe:00:1 0 EOF"), None);
        assert_eq!(lock_of(""), None);
    }
}

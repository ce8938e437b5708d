//! Whether a disk has room for what is about to be written, in bytes and in files: asked before the first byte, since a disk that fills up
//! stops the shop too.
//! It frees nothing and reserves nothing.

use std::{fs, path::Path};

use anyhow::ensure;
use rustix::fs::StatVfs;

use super::outgoing::WAITING_BYTES_MAX;

/// Left free in any case by what comes again and again, for what else is written there: the shop's own commits and logs as
/// a rule.
pub const RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// So many files must still fit: a database's journal is one, and so is each object that waits for a slow remote.
const FILES_MIN: u64 = 64;
/// What is done once leaves as much as it takes, from this on and up to the whole reserve.
const ONCE_BYTES_MIN: u64 = 1024 * 1024;

/// What something that is done once must leave free: a small shop must not wait for a large disk.
#[must_use]
pub fn reserve_of(needed_bytes: u64) -> u64 {
    needed_bytes.clamp(ONCE_BYTES_MIN, RESERVE_BYTES)
}

/// Refuses when there is no room for what a backup of this database keeps until slow remotes have it.
///
/// # Errors
/// As [`require`].
pub fn require_for_backup(staging: &Path, database: &Path, advice: &str) -> anyhow::Result<()> {
    let database_bytes = fs::metadata(database).map_or(0, |found| found.len());
    let needed_bytes = database_bytes.min(WAITING_BYTES_MAX);
    require(staging, (needed_bytes, RESERVE_BYTES), "staging a backup", advice)
}

/// Refuses when there is no room for what is done once.
///
/// # Errors
/// As [`require`].
pub fn require_once(folder: &Path, needed_bytes: u64, purpose: &str, advice: &str) -> anyhow::Result<()> {
    require(folder, (needed_bytes, reserve_of(needed_bytes)), purpose, advice)
}

/// Refuses when the file system that holds the folder, or will hold it, lacks the room for what is needed beside what must
/// stay free, or can hold hardly any more files. One that does not tell its free space, or how many files fit, counts as
/// large enough.
///
/// # Errors
/// A sentence with all figures, and `advice` at its end.
pub fn require(
    folder: &Path,
    (needed_bytes, reserve_bytes): (u64, u64),
    purpose: &str,
    advice: &str,
) -> anyhow::Result<()> {
    let Some(disk) = file_system(folder) else {
        return Ok(());
    };
    let free_bytes = free_on(&disk);
    ensure!(
        free_bytes >= needed_bytes.saturating_add(reserve_bytes),
        "the disk of {} is too full: {purpose} takes up to {} MiB there, {} MiB must stay free for what else is \
         written there, and {} MiB are free. {advice}",
        folder.display(),
        mebibytes(needed_bytes),
        mebibytes(reserve_bytes),
        free_bytes / (1024 * 1024),
    );
    ensure!(
        disk.f_files == 0 || disk.f_favail >= FILES_MIN,
        "the disk of {} can hold hardly any more files, however large it is: {} fit, and {purpose} is begun where at least \
         {FILES_MIN} do. {advice}",
        folder.display(),
        disk.f_favail,
    );
    Ok(())
}

/// What is free on the file system that holds the folder, or will hold it, when that tells.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    file_system(folder).as_ref().map(free_on)
}

/// Whether the file system that holds the folder refuses what is new for want of files, while it has room in bytes: to both
/// the system says the same.
#[must_use]
pub fn lacks_files(folder: &Path) -> bool {
    let is_so =
        |disk: StatVfs| disk.f_files > 0 && disk.f_favail < FILES_MIN && free_on(&disk) >= ONCE_BYTES_MIN;
    file_system(folder).is_some_and(is_so)
}

fn file_system(folder: &Path) -> Option<StatVfs> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    rustix::fs::statvfs(existing).ok()
}

fn free_on(disk: &StatVfs) -> u64 {
    disk.f_bavail.saturating_mul(disk.f_frsize)
}

/// Rounded up: what is needed must not look smaller than it is.
fn mebibytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(1024 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_once_leaves_as_much_as_it_takes_and_never_more_than_the_reserve() {
        assert_eq!(reserve_of(8_192), 1024 * 1024);
        assert_eq!(reserve_of(5 << 20), 5 << 20);
        assert_eq!(reserve_of(1 << 40), RESERVE_BYTES);
    }

    #[test]
    fn a_disk_that_is_too_small_is_named_with_both_figures() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there/yet");
        let said = require(&path, (u64::MAX, 1), "a backup", "Make room")
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("not/there/yet") && said.ends_with("MiB are free. Make room"),
            "{said}"
        );
        assert!(!said.contains("shop"), "it may be no disk of the shop's: {said}");
        require(&path, (0, 0), "a backup", "Make room").unwrap();
    }
}

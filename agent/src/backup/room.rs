//! Whether a disk has room for what is about to be written: asked before the first byte, since a disk that fills up
//! stops the shop too.
//! It frees nothing and reserves nothing.

use std::path::Path;

use anyhow::ensure;

/// Left free in any case, for what else is written there: the shop's own commits and logs as a rule.
pub const RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// Refuses when the file system that holds the folder, or will hold it, lacks the room. One that does not tell its
/// free space counts as large enough.
///
/// # Errors
/// A sentence with both figures, and `advice` at its end.
pub fn require(folder: &Path, needed_bytes: u64, purpose: &str, advice: &str) -> anyhow::Result<()> {
    let Some(free_bytes) = free_bytes(folder) else {
        return Ok(());
    };
    ensure!(
        is_enough(free_bytes, needed_bytes),
        "the disk of {} is too full: {purpose} takes up to {} MiB there, {} MiB must stay free for what else is \
         written there, and {} MiB are free. {advice}",
        folder.display(),
        mebibytes(needed_bytes),
        mebibytes(RESERVE_BYTES),
        free_bytes / (1024 * 1024),
    );
    Ok(())
}

/// What is free on the file system that holds the folder, or will hold it, when that tells.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    let disk = rustix::fs::statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn is_enough(free_bytes: u64, needed_bytes: u64) -> bool {
    free_bytes >= needed_bytes.saturating_add(RESERVE_BYTES)
}

/// Rounded up: what is needed must not look smaller than it is.
fn mebibytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(1024 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_never_used_up() {
        assert!(is_enough(RESERVE_BYTES + 5, 5));
        assert!(!is_enough(RESERVE_BYTES + 4, 5));
        assert!(!is_enough(u64::MAX - 1, u64::MAX));
    }

    #[test]
    fn a_disk_that_is_too_small_is_named_with_both_figures() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there/yet");
        let said = require(&path, u64::MAX, "a backup", "Make room")
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("not/there/yet") && said.ends_with("MiB are free. Make room"),
            "{said}"
        );
        assert!(!said.contains("shop"), "it may be no disk of the shop's: {said}");
        require(&path, 0, "a backup", "Make room").unwrap();
    }
}

//! How much the files below a folder take on the disk, each counted once.
//! It follows no link, leaves no file system, and gives up rather than read for ever.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// More files than the shop's logs and backups ever are; beyond it the size is unknown.
const ENTRIES_MAX: usize = 100_000;
/// What `st_blocks` counts in, on every Linux.
const BLOCK_BYTES: u64 = 512;

/// The device that holds a path; `None` when it cannot be asked.
#[must_use]
pub fn device(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.dev())
}

/// The place itself, or the nearest folder above it that is there, with the device that holds it: a folder that is not
/// there yet will be made on that disk.
#[must_use]
pub fn nearest(place: &Path) -> Option<(&Path, u64)> {
    place.ancestors().find_map(|path| Some((path, device(path)?)))
}

/// What these trees take together on one device, in bytes. A tree inside of another counts once; one that is not there
/// or may not be read takes nothing. `None` when there are too many files.
#[must_use]
pub fn size_on(device: u64, trees: &[PathBuf]) -> Option<f64> {
    let mut walk = Walk {
        device,
        entries: 0,
        bytes: 0,
        linked: HashSet::new(),
    };
    for tree in outermost(trees) {
        walk.add(tree)?;
    }
    // Exact to a few bytes up to the size of any disk.
    #[allow(clippy::cast_precision_loss, reason = "a size to compare with")]
    Some(walk.bytes as f64)
}

struct Walk {
    device: u64,
    entries: usize,
    bytes: u64,
    /// Files with several names, by inode.
    linked: HashSet<u64>,
}

impl Walk {
    fn add(&mut self, tree: &Path) -> Option<()> {
        let mut folders = vec![tree.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries.flatten() {
                self.entries += 1;
                if self.entries > ENTRIES_MAX {
                    return None;
                }
                // Of the entry itself, not of what a link points to.
                let Ok(found) = entry.metadata() else { continue };
                if found.dev() != self.device {
                    continue;
                }
                if found.nlink() < 2 || found.is_dir() || self.linked.insert(found.ino()) {
                    self.bytes += found.blocks() * BLOCK_BYTES;
                }
                if found.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Some(())
    }
}

fn outermost(trees: &[PathBuf]) -> Vec<&PathBuf> {
    let within = |tree: &PathBuf, at: usize| {
        trees.iter().enumerate().any(|(other_at, other)| {
            other_at != at && tree.starts_with(other) && (tree != other || other_at < at)
        })
    };
    trees
        .iter()
        .enumerate()
        .filter(|(at, tree)| !within(tree, *at))
        .map(|(_, tree)| tree)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_trees_links_and_holes_count_for_what_they_take() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("log"), vec![b'x'; 100_000]).unwrap();
        fs::hard_link(inner.join("log"), dir.path().join("same")).unwrap();
        fs::File::create(dir.path().join("hole"))
            .unwrap()
            .set_len(1 << 30)
            .unwrap();
        let device = device(dir.path()).unwrap();
        let trees = [dir.path().to_path_buf(), inner.clone(), dir.path().to_path_buf()];
        let size = size_on(device, &trees).unwrap();
        assert!((100_000.0..200_000.0).contains(&size), "{size}");
        assert_eq!(size_on(device + 1, &trees), Some(0.0), "another disk");
        assert_eq!(size_on(device, &[dir.path().join("none")]), Some(0.0));
    }
}

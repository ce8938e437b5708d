//! The owner's secret key among the files that ride along: it must never lie on the server that it protects, and a copy of
//! it in every backup is none that anybody can open without it.
//! It reads the beginning of a file and keeps nothing of it.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use openpgp::{Cert, parse::Parse};
use sequoia_openpgp as openpgp;

use super::{
    bound::{Bound, Met},
    no_disk,
};

/// A key with all of its signatures is a few kilobytes.
const LOOK_BYTES: u64 = 256 * 1024;
const ARMOR: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK";
/// Folders within folders, as in the backup itself.
const DEPTH_MAX: usize = 16;

/// How long it looks below one path: somebody waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a file holds an OpenPGP secret key, by its contents; one that cannot be read is none.
pub(super) fn is_in(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOK_BYTES).read_to_end(&mut beginning));
    read.is_ok() && (is_armored(&beginning) || is_binary(&beginning))
}

/// At the beginning of a line: a text that speaks of keys is none.
fn is_armored(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(ARMOR))
}

/// A secret-key packet stands first, in the old form or the new; what only looks like one does not parse.
fn is_binary(bytes: &[u8]) -> bool {
    let is_tag = bytes
        .first()
        .is_some_and(|byte| *byte == 0xC5 || (0x94..=0x97).contains(byte));
    is_tag && Cert::from_bytes(bytes).is_ok_and(|cert| cert.is_tsk())
}

/// Every file under these paths that holds one, and those of the paths that were not looked through, with the reason.
#[must_use]
pub fn under(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, Met)>) {
    let (mut found, mut cut) = (Vec::new(), Vec::new());
    for path in paths {
        let mut bound = Bound::new(Some(PATIENCE));
        search(path, (0, None), (&mut found, &mut bound));
        cut.extend(bound.met.map(|met| (path.clone(), met)));
    }
    (found, cut)
}

/// `above` is the device of the folder that it was found in.
fn search(
    path: &Path,
    (depth, above): (usize, Option<u64>),
    (found, bound): (&mut Vec<PathBuf>, &mut Bound),
) {
    if !bound.takes_one() {
        return;
    }
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    if above != Some(metadata.dev()) && no_disk::holds(path) {
        return;
    }
    if metadata.is_file() && is_in(path) {
        found.push(path.to_path_buf());
    } else if metadata.is_dir() && depth < DEPTH_MAX {
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.take(bound.names_max()) {
            let below = (depth + 1, Some(metadata.dev()));
            search(&entry.path(), below, (&mut *found, &mut *bound));
        }
    }
}

//! Which chain a point belongs to, and at which commit it stands, as far as that can be proven from one point to the
//! next. Deciding is pure.
//! It follows no commit: between two points without a capture, whatever happened counts as one commit.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::UNIX_EPOCH};

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    manifest::Manifest,
    restored::FileId,
};
use serde::{Deserialize, Serialize};

/// What tells one database file from another that took its place.
///
/// A number is a device's until the next start of the machine or the next mount: disks and loop devices are numbered in
/// the order in which they are found, and btrfs and overlays get a number with every mount. What a file system says of
/// itself is no better: the identifier of XFS is made of that same number, and a copy of a file system has the identifier
/// of the first. So the number alone tells no other file, and where it differs what the file holds must prove the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// Nanoseconds since 1970; 0 where the file system does not know it.
    born_at: u64,
}

impl Identity {
    /// Whether it is this file, as far as one of the two may lie on a device of another number.
    pub(super) fn is(&self, file: FileId) -> bool {
        (self.inode, self.born_at) == (file.inode, file.born_ns)
    }

    /// Looks at the file without opening it: closing it again would drop SQLite's locks in this process.
    pub(super) fn of(database: &Path) -> anyhow::Result<Self> {
        Ok(Self::from(&Self::look(database)?))
    }

    /// What this is beside what was seen before.
    pub(super) fn beside(&self, before: &Self) -> Likeness {
        let is_like = (self.inode, self.born_at) == (before.inode, before.born_at);
        match (is_like, self.device == before.device) {
            (true, true) => Likeness::Same,
            (true, false) => Likeness::Renumbered,
            (false, _) => Likeness::Other,
        }
    }

    /// What it is told by, and more.
    pub(super) fn look(database: &Path) -> anyhow::Result<fs::Metadata> {
        fs::metadata(database).with_context(|| {
            format!(
                "looking at {}, which [backup] database names as the shop's",
                database.display()
            )
        })
    }
}

impl From<&fs::Metadata> for Identity {
    fn from(found: &fs::Metadata) -> Self {
        let born = found
            .created()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            device: found.dev(),
            inode: found.ino(),
            born_at: born.map_or(0, |at| u64::try_from(at.as_nanos()).unwrap_or(0)),
        }
    }
}

/// What one look at a file says of it beside an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same file.
    Same,
    /// The same one on a device of another number, or one of a copy of its file system: what it holds tells.
    Renumbered,
    /// Another file.
    Other,
}

/// Where a point stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub chain: ChainId,
    pub commit: CommitNumber,
}

/// The position of what holds `root`, after the point `last` of the same file; `None` begins the chain `fresh`.
pub(super) fn position(last: Option<&Manifest>, root: &PageRoot, fresh: ChainId) -> Position {
    match last {
        None => Position {
            chain: fresh,
            commit: CommitNumber::FIRST,
        },
        Some(last) => Position {
            chain: last.chain.clone(),
            commit: if last.page_root == *root {
                last.commit
            } else {
                last.commit.next()
            },
        },
    }
}

/// Whether so much of a database changed that a delta would hardly be smaller than a full point, and every restore would
/// fetch both.
pub(super) fn is_too_different(changed: usize, pages: u32) -> bool {
    changed as u64 * 2 > u64::from(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_of_another_number_tells_neither_the_same_file_nor_another_one() {
        // As every agent wrote it down so far.
        let before = r#"{"device":64768,"inode":12,"born_at":1795338000000000007}"#;
        let before: Identity = serde_json::from_str(before).unwrap();
        let other = |change: fn(&mut Identity)| {
            let mut now = before.clone();
            change(&mut now);
            now.beside(&before)
        };
        assert_eq!(other(|_| {}), Likeness::Same);
        assert_eq!(other(|now| now.device = 64_784), Likeness::Renumbered);
        assert_eq!(other(|now| now.inode = 13), Likeness::Other);
        assert_eq!(
            other(|now| now.born_at += 1),
            Likeness::Other,
            "the number was used again"
        );
        let elsewhere = |now: &mut Identity| (now.device, now.born_at) = (64_784, 0);
        assert_eq!(other(elsewhere), Likeness::Other);
    }
}

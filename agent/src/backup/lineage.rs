//! Which chain a point belongs to, and at which commit it stands, as far as that can be proven from one point to the
//! next. Deciding is pure.
//! It follows no commit: between two points without a capture, whatever happened counts as one commit.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::UNIX_EPOCH};

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    manifest::Manifest,
};
use serde::{Deserialize, Serialize};

/// What tells one database file from another that took its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// Nanoseconds since 1970; 0 where the file system does not know it.
    born_at: u64,
}

impl Identity {
    /// Looks at the file without opening it: closing it again would drop SQLite's locks in this process.
    pub(super) fn of(database: &Path) -> anyhow::Result<Self> {
        Ok(Self::from(&Self::look(database)?))
    }

    /// What it is told by, and more.
    pub(super) fn look(database: &Path) -> anyhow::Result<fs::Metadata> {
        fs::metadata(database).with_context(|| format!("looking at {}", database.display()))
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

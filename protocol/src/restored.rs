//! The note that a restore leaves beside the database, as `<database>.restored.json`.
//! The bot reads it at its next start, keeps sales paused and holds free stock until the seller releases it:
//! what was sold after the restore point must not be sold again.
//! It reads no file.

use std::{fs::Metadata, os::unix::fs::MetadataExt, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// What was restored, and to which moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// The restore point's name, as `agent list` shows it.
    pub restore_point: String,
    /// The moment that the database stands at.
    pub as_of: UnixMillis,
    /// When the restore was done.
    pub restored_at: UnixMillis,
    /// What lay under the database's name until then, where anything did: the note is laid before the restored database takes
    /// that name, and a restore that was killed in between leaves a note of what never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Replaced>,
    /// The folder beside the database in which the one that was replaced lies since, under its own name; a name that
    /// begins with [`ASIDE`]. `None` where no database was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<String>,
}

/// A database that a restore replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// Its file.
    pub database: FileId,
    /// Its log, where that held anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<FileId>,
}

impl Replaced {
    /// Whether these are still the same, so that nothing took their place.
    #[must_use]
    pub fn is_there(&self, database: Option<FileId>, log: Option<FileId>) -> bool {
        // Without its log it lacks commits: somebody has to look, as after a restore.
        database == Some(self.database) && (self.log.is_none() || self.log == log)
    }
}

/// Which file lies under a name. Whoever writes into it does not make it another one; a copy of it is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileId {
    /// Its number on its file system.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970: a number is given again once a file is gone.
    pub born_ns: u64,
}

impl FileId {
    /// By what the file system says of it; `None` where it does not say when files were made.
    #[must_use]
    pub fn of(found: &Metadata) -> Option<Self> {
        let born = found.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            inode: found.ino(),
            born_ns: u64::try_from(born.as_nanos()).ok()?,
        })
    }
}

/// What is appended to the database's file name to get the note's.
pub const SUFFIX: &str = ".restored.json";

/// How the names of the folders begin that hold what restores replaced.
pub const ASIDE: &str = "replaced-";

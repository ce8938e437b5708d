//! The note that a restore leaves beside the database, as `<database>.restored.json`.
//! The bot reads it at its next start, keeps sales paused and holds free stock until the seller releases it:
//! what was sold after the restore point must not be sold again.

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
}

/// What is appended to the database's file name to get the note's.
pub const SUFFIX: &str = ".restored.json";

//! What a restore point consists of. Encrypted like everything else, and written last: a point without its
//! manifest does not exist.
//! Everything in it is checked again while restoring; it holds no secret and no row of the shop.

use serde::{Deserialize, Serialize};

use crate::{
    object_key::{self, PointId},
    time::UnixMillis,
};

/// The only version that there is.
pub const VERSION: u32 = 1;
/// Plain bytes of the database in one part: bounded, so that parts fit in memory and restore in parallel.
pub const PART_BYTES: u64 = 16 * 1024 * 1024;
/// Parts in one point: 64 GiB of database. More is refused, when writing and when reading.
pub const PARTS_MAX: usize = 4_096;

/// One object of a point, with what must be true of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Its name on the remote.
    pub key: String,
    /// Bytes on the remote.
    pub size_bytes: u64,
    /// SHA-256 of the bytes on the remote, in hex: checkable without any key.
    pub sha256: String,
    /// Bytes after decryption and decompression: the bound that stops a decompression bomb.
    pub plain_size_bytes: u64,
    /// SHA-256 after decryption and decompression, in hex.
    pub plain_sha256: String,
}

/// One restore point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// The point's name.
    pub point: PointId,
    /// The moment that the database stands at.
    pub taken_at: UnixMillis,
    /// The database's parts, in order.
    pub database: Vec<Object>,
    /// The whole database's size.
    pub database_bytes: u64,
    /// SHA-256 of the whole database, in hex.
    pub database_sha256: String,
    /// Configuration, `.env` and logs as one tar; absent only when none were configured.
    pub files: Option<Object>,
    /// Who wrote it: the agent's version, and SQLite's.
    pub agent_version: String,
    /// SQLite's version that took the snapshot.
    pub sqlite_version: String,
}

impl Manifest {
    /// Whether a manifest found on a remote can be acted on at all: names, order and sizes agree with each other.
    ///
    /// # Errors
    /// A sentence that says what does not agree.
    pub fn validate(&self) -> Result<(), String> {
        let point = &self.point;
        if self.version != VERSION {
            return Err(format!(
                "the manifest of {point} has version {}, this program reads {VERSION}",
                self.version
            ));
        }
        if self.database.is_empty() || self.database.len() > PARTS_MAX {
            return Err(format!(
                "the manifest of {point} names {} database parts",
                self.database.len()
            ));
        }
        for (index, part) in (0..).zip(&self.database) {
            if part.key != object_key::base(point, index) {
                return Err(format!(
                    "the manifest of {point} names a foreign object at part {index}"
                ));
            }
            if part.plain_size_bytes > PART_BYTES {
                return Err(format!("{} claims to be larger than a part may be", part.key));
            }
        }
        if let Some(files) = &self.files
            && files.key != object_key::files(point)
        {
            return Err(format!(
                "the manifest of {point} names a foreign object for its files"
            ));
        }
        let sum: u64 = self.database.iter().map(|part| part.plain_size_bytes).sum();
        if sum != self.database_bytes {
            return Err(format!(
                "the parts of {point} add up to {sum} bytes, not {}",
                self.database_bytes
            ));
        }
        Ok(())
    }

    /// Every object of the point but the manifest itself.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.database.iter().chain(&self.files)
    }
}

//! What a restore point consists of. Encrypted and signed like everything else, and written last: a point without its
//! manifest does not exist.
//! Everything in it is checked again while restoring; it holds no secret and no row of the shop.

use serde::{Deserialize, Serialize};

use crate::{
    chain::{ChainId, CommitNumber, PageRoot, is_lower_hex},
    object_key::{self, Fingerprint, PointId},
    time::UnixMillis,
};

/// The only version that there is.
pub const VERSION: u32 = 3;
/// Plain bytes of the database in one part: bounded, so that parts fit in memory and restore in parallel.
pub const PART_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of one sealed part on a remote: what cannot be compressed grows a little.
pub const SEALED_PART_BYTES_MAX: u64 = PART_BYTES + PART_BYTES / 32;
/// Parts in one point: 64 GiB of database. More is refused, when writing and when reading.
pub const PARTS_MAX: usize = 4_096;
/// Characters of a reason: a sentence.
pub const REPLACED_CHARS_MAX: usize = 1_000;

/// Times that the clock was set of which a manifest tells: the newest.
pub const CLOCK_STEPS_MAX: usize = 100;

/// That the agent's clock was set while a chain was followed: the dates before and after it are of two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockStep {
    /// The last commit that was dated before.
    pub after: CommitNumber,
    /// By how much it was set forward, in milliseconds; backward is negative. `None` where nobody can tell, since the machine was
    /// started anew in between.
    pub by_ms: Option<i64>,
}

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
    /// Bytes after decryption and decompression: the bound that stops a decompression bomb. Their digest is not kept:
    /// the signature inside covers them, and the page root covers the database as a whole.
    pub plain_size_bytes: u64,
}

/// The full point that a delta stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseRef {
    /// Its name.
    pub point: PointId,
    /// SHA-256 of its manifest's object, in hex: no other point can be put in its place.
    pub manifest_sha256: String,
}

/// One restore point: the database exactly after one commit, and the files of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// The point's name.
    pub point: PointId,
    /// The moment that the database stands at, by the agent's clock.
    pub taken_at: UnixMillis,
    /// The lineage that the database belongs to.
    pub chain: ChainId,
    /// The commit that the database stands after.
    pub commit: CommitNumber,
    /// For a delta, the full point that its pages are laid over; `None` for a full point.
    pub base: Option<BaseRef>,
    /// SHA-256 of the manifest that this agent wrote before, in hex: an older one that is gone or was put back shows.
    pub previous: Option<String>,
    /// The database's parts in order: all of its pages, or a delta's changed ones.
    pub database: Vec<Object>,
    /// The whole database's size, also for a delta.
    pub database_bytes: u64,
    /// Bytes of one page.
    pub page_size: u32,
    /// What the whole database holds, also for a delta.
    pub page_root: PageRoot,
    /// Configuration, `.env` and logs as one tar; absent only when none were configured.
    pub files: Option<Object>,
    /// Who wrote it: the agent's version.
    pub agent_version: String,
    /// SQLite's version that read the database.
    pub sqlite_version: String,
    /// The certificate whose key signed every object of the point, this one included.
    pub signer: Fingerprint,
    /// Why its chain began, where that was because another file, or another state of it, lay in the place of the database
    /// that the agent knew: what is newest may then not be the owner's shop. Up to [`REPLACED_CHARS_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// How often the clock was set since its chain began, in the order of the commits: up to [`CLOCK_STEPS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_steps: Vec<ClockStep>,
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
        self.validate_pages()
            .and_then(|()| self.validate_parts())
            .and_then(|()| self.validate_references())
            .and_then(|()| self.objects().try_for_each(validate_object))
            .map_err(|fault| format!("the manifest of {point} {fault}"))
    }

    fn validate_pages(&self) -> Result<(), String> {
        let Self {
            page_size,
            database_bytes,
            ..
        } = self;
        if !page_size.is_power_of_two() || !(512..=65_536).contains(page_size) {
            return Err(format!("names pages of {page_size} bytes, which SQLite has not"));
        }
        let size = u64::from(*page_size);
        if *database_bytes == 0 || database_bytes % size != 0 || database_bytes / size > u64::from(u32::MAX) {
            return Err(format!(
                "describes a database of {database_bytes} bytes, which is no number of pages"
            ));
        }
        Ok(())
    }

    fn validate_parts(&self) -> Result<(), String> {
        let parts = &self.database;
        if parts.len() > PARTS_MAX {
            return Err(format!("names {} database parts", parts.len()));
        }
        let key = if self.is_full() {
            object_key::base
        } else {
            object_key::delta
        };
        for (index, part) in (0..).zip(parts) {
            if part.key != key(&self.point, index) {
                return Err(format!("names a foreign object at part {index}"));
            }
            if part.plain_size_bytes > PART_BYTES || part.size_bytes > SEALED_PART_BYTES_MAX {
                return Err(format!("claims {} to be larger than a part may be", part.key));
            }
        }
        let fills =
            |part: &Object, index: usize| part.plain_size_bytes == PART_BYTES || index + 1 == parts.len();
        let sum: u64 = parts.iter().map(|part| part.plain_size_bytes).sum();
        if self.is_full()
            && (sum != self.database_bytes
                || !parts.iter().enumerate().all(|(index, part)| fills(part, index)))
        {
            return Err(format!(
                "has parts that add up to {sum} bytes and not to its {}",
                self.database_bytes
            ));
        }
        Ok(())
    }

    fn validate_references(&self) -> Result<(), String> {
        let replaced = self.replaced.as_deref().unwrap_or_default();
        if replaced.chars().count() > REPLACED_CHARS_MAX {
            return Err("gives a reason that is longer than one may be".to_owned());
        }
        if self.clock_steps.len() > CLOCK_STEPS_MAX {
            return Err(format!(
                "tells {} times of a clock that was set",
                self.clock_steps.len()
            ));
        }
        if let Some(files) = &self.files
            && files.key != object_key::files(&self.point)
        {
            return Err("names a foreign object for its files".to_owned());
        }
        let base = self.base.as_ref();
        if base.is_some_and(|base| base.point == self.point) {
            return Err("stands on itself".to_owned());
        }
        let digests = base
            .map(|base| &base.manifest_sha256)
            .into_iter()
            .chain(&self.previous);
        match digests.into_iter().find(|digest| !is_lower_hex(digest, 64)) {
            Some(digest) => Err(format!("refers to '{digest:.80}', which is no digest")),
            None => Ok(()),
        }
    }

    /// Whether it stands by itself, and not on another point.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.base.is_none()
    }

    /// How many pages the database has.
    #[must_use]
    pub fn pages(&self) -> u32 {
        u32::try_from(self.database_bytes / u64::from(self.page_size.max(1))).unwrap_or(u32::MAX)
    }

    /// Every object of the point but the manifest itself; a delta's base is not among them.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.database.iter().chain(&self.files)
    }
}

fn validate_object(object: &Object) -> Result<(), String> {
    match is_lower_hex(&object.sha256, 64) && object.size_bytes > 0 {
        true => Ok(()),
        false => Err(format!("describes {} without size or digest", object.key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn object(key: String, plain_size_bytes: u64) -> Object {
        Object {
            key,
            size_bytes: 9,
            sha256: "0a".repeat(32),
            plain_size_bytes,
        }
    }

    fn full() -> Manifest {
        let point = PointId::parse("20261122T091400Z-1f0c9a3e").unwrap();
        Manifest {
            version: VERSION,
            taken_at: UnixMillis(1),
            chain: ChainId::from_bits(1),
            commit: CommitNumber::FIRST,
            base: None,
            previous: None,
            database: vec![
                object(object_key::base(&point, 0), PART_BYTES),
                object(object_key::base(&point, 1), MIB),
            ],
            database_bytes: PART_BYTES + MIB,
            page_size: 4_096,
            page_root: PageRoot::parse(&"0".repeat(32)).unwrap(),
            files: Some(object(object_key::files(&point), 5)),
            agent_version: "0".to_owned(),
            sqlite_version: "3".to_owned(),
            signer: Fingerprint::parse(&"A".repeat(40)).unwrap(),
            replaced: None,
            clock_steps: Vec::new(),
            point,
        }
    }

    fn delta() -> Manifest {
        let mut delta = full();
        delta.base = Some(BaseRef {
            point: PointId::parse("20261122T080000Z-1f0c9a3e").unwrap(),
            manifest_sha256: "0b".repeat(32),
        });
        delta.database = vec![object(object_key::delta(&delta.point, 0), 8_192)];
        delta
    }

    #[test]
    fn a_full_point_and_a_delta_are_whole_as_they_are_written() {
        for manifest in [full(), delta()] {
            assert_eq!(manifest.validate(), Ok(()));
            let json = serde_json::to_string(&manifest).unwrap();
            assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
        }
        assert_eq!(full().pages(), 4_352);
    }

    #[test]
    fn a_delta_may_be_empty_and_a_full_point_may_not() {
        let mut empty = delta();
        empty.database.clear();
        assert_eq!(empty.validate(), Ok(()));
        let mut empty = full();
        empty.database.clear();
        assert!(empty.validate().is_err());
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        let refused = |what: &str, change: &dyn Fn(&mut Manifest)| {
            let mut manifest = full();
            change(&mut manifest);
            assert!(manifest.validate().is_err(), "{what} was accepted");
        };
        refused("an older version", &|it| it.version = 1);
        refused("a doubled part", &|it| it.database[1] = it.database[0].clone());
        refused("swapped parts", &|it| it.database.swap(0, 1));
        refused("a short part in the middle", &|it| {
            it.database[0].plain_size_bytes = MIB;
            it.database[1].plain_size_bytes = PART_BYTES;
        });
        refused("a missing part", &|it| drop(it.database.pop()));
        refused("another size", &|it| it.database_bytes += 4_096);
        refused("half a page", &|it| {
            it.database_bytes -= 1;
            it.database[1].plain_size_bytes -= 1;
        });
        refused("pages of 1000 bytes", &|it| it.page_size = 1_000);
        refused("a clock that was set without end", &|it| {
            let step = ClockStep {
                after: CommitNumber::FIRST,
                by_ms: Some(1),
            };
            it.clock_steps = vec![step; CLOCK_STEPS_MAX + 1];
        });
        refused("an enormous part", &|it| {
            it.database[0].size_bytes = SEALED_PART_BYTES_MAX + 1
        });
        refused("another point's files", &|it| {
            it.files = Some(object("files/x".to_owned(), 5));
        });
        refused("no digest", &|it| it.database[0].sha256.clear());
        refused("a previous one without a digest", &|it| {
            it.previous = Some("../x".to_owned())
        });
        refused("a base of its own name", &|it| {
            it.base = Some(BaseRef {
                point: it.point.clone(),
                manifest_sha256: "0b".repeat(32),
            });
        });
    }
}

//! A disk in memory that knows what was synced. When the power fails, everything else may be there, may be missing or
//! may be rubbish, sector by sector, as a seed decides; what was synced is always there.
//! It knows nothing of SQLite.

use std::collections::HashMap;

use rand::{Rng, RngCore, rngs::StdRng, seq::IndexedRandom};

/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;

/// Something that was done to a file and not synced.
#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Truncate { size } => content.truncate(*size),
        }
    }

    /// What of it reached the disk: each sector by itself, or rubbish in its place.
    fn apply_in_part(&self, content: &mut Vec<u8>, fate: Fate, chance: &mut StdRng) {
        let Self::Write { offset, bytes } = self else {
            if chance.random_bool(fate.kept) {
                self.apply(content);
            }
            return;
        };
        let mut at = 0;
        while at < bytes.len() {
            // Sectors lie at multiples of their size, whatever is written.
            let next = ((offset + at) / SECTOR_BYTES + 1) * SECTOR_BYTES - offset;
            let mut part = bytes[at..next.min(bytes.len())].to_vec();
            if chance.random_bool(fate.kept) {
                if chance.random_bool(fate.garbled) {
                    chance.fill_bytes(&mut part);
                }
                Self::Write {
                    offset: offset + at,
                    bytes: part,
                }
                .apply(content);
            }
            at = next;
        }
    }
}

/// How one loss of power treats what was not synced.
#[derive(Clone, Copy)]
struct Fate {
    /// The share that reached the disk.
    kept: f64,
    /// The share of that which is rubbish.
    garbled: f64,
}

const FATES: [Fate; 5] = [
    Fate {
        kept: 0.0,
        garbled: 0.0,
    },
    Fate {
        kept: 1.0,
        garbled: 0.0,
    },
    Fate {
        kept: 0.5,
        garbled: 0.0,
    },
    Fate {
        kept: 0.9,
        garbled: 0.1,
    },
    Fate {
        kept: 0.5,
        garbled: 0.5,
    },
];

#[derive(Clone, Default)]
struct File {
    /// What programs read.
    content: Vec<u8>,
    /// What is safe; `None` while the file itself is not.
    synced: Option<Vec<u8>>,
    /// What was done since, in order.
    pending: Vec<Change>,
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.content);
        self.pending.push(change);
    }

    /// The file after the power came back; `None`: it is not there.
    fn after_loss(&self, fate: Fate, chance: &mut StdRng) -> Option<Self> {
        if self.synced.is_none() && !chance.random_bool(fate.kept) {
            return None;
        }
        let mut content = self.synced.clone().unwrap_or_default();
        for change in &self.pending {
            change.apply_in_part(&mut content, fate, chance);
        }
        Some(Self {
            synced: Some(content.clone()),
            content,
            pending: Vec::new(),
        })
    }
}

/// A folder's files by name.
#[derive(Clone, Default)]
pub struct Disk {
    files: HashMap<String, File>,
}

impl Disk {
    /// Makes an empty file where there is none.
    pub fn create(&mut self, name: &str) {
        self.files.entry(name.to_owned()).or_default();
    }

    /// Whether there is such a file.
    #[must_use]
    pub fn exists(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Removes a file, for good.
    pub fn delete(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// Its length in bytes; 0 where there is none.
    #[must_use]
    pub fn size_bytes(&self, name: &str) -> usize {
        self.files.get(name).map_or(0, |file| file.content.len())
    }

    /// Reads as much as there is and answers how much that was.
    pub fn read(&self, name: &str, offset: usize, into: &mut [u8]) -> usize {
        let content = self
            .files
            .get(name)
            .map(|file| file.content.as_slice())
            .unwrap_or_default();
        let there = content.get(offset..).unwrap_or_default();
        let count = there.len().min(into.len());
        into[..count].copy_from_slice(&there[..count]);
        count
    }

    /// Writes; nothing is safe yet.
    pub fn write(&mut self, name: &str, offset: usize, bytes: &[u8]) {
        self.file(name).change(Change::Write {
            offset,
            bytes: bytes.to_vec(),
        });
    }

    /// Cuts the end off; not safe yet either.
    pub fn truncate(&mut self, name: &str, size: usize) {
        self.file(name).change(Change::Truncate { size });
    }

    /// Everything that was written to the file is safe from here on.
    pub fn sync(&mut self, name: &str) {
        let file = self.file(name);
        file.pending.clear();
        file.synced = Some(file.content.clone());
    }

    /// The disk as it is found when the power comes back.
    #[must_use]
    pub fn after_power_loss(&self, chance: &mut StdRng) -> Self {
        let fate = *FATES.choose(chance).expect("there are several fates");
        // By name, so that one seed tells one story.
        let mut names: Vec<&String> = self.files.keys().collect();
        names.sort();
        let files = names.into_iter().filter_map(|name| {
            let file = self.files[name].after_loss(fate, chance)?;
            Some((name.clone(), file))
        });
        Self {
            files: files.collect(),
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        self.files.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn what_was_synced_survives_and_the_rest_may_not() {
        let mut disk = Disk::default();
        disk.write("a", 0, b"safe");
        disk.sync("a");
        disk.write("a", 4, b"not safe");
        let mut ends = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let found = disk.after_power_loss(&mut StdRng::seed_from_u64(seed));
            let mut content = vec![0; found.size_bytes("a")];
            found.read("a", 0, &mut content);
            assert_eq!(&content[..4], b"safe");
            ends.insert(content[4..].to_vec());
        }
        assert!(ends.contains(b"".as_slice()) && ends.contains(b"not safe".as_slice()) && ends.len() > 2);
    }
}

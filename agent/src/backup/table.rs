//! The hashes of a base's pages, in the state directory: by them a delta knows what has changed since, without the base
//! and without a key.
//! It holds no page, and nothing of it leaves the machine. A table that does not read is no table: the next point is
//! full then.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::{
    chain::{ChainId, PageHash},
    manifest::BaseRef,
};
use serde::{Deserialize, Serialize};

use super::lineage::Identity;
use crate::store::owner::own_like;

const FILE: &str = "base.pages";
/// Where the hashes begin; the description before them is padded with spaces.
const HEAD_BYTES: usize = 4_096;
const HASH_BYTES: usize = 16;
/// Hashes that are read at once.
const PIECE_HASHES: usize = 4_096;

/// What the table describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableHead {
    pub base: BaseRef,
    pub chain: ChainId,
    pub identity: Identity,
    pub page_size: u32,
    pub pages: u32,
}

/// A table that is being written, under a temporary name.
pub(super) struct TableWriter {
    file: File,
    path: PathBuf,
}

impl TableWriter {
    /// Begins a table in a private folder.
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .context("making the table of the base's pages")?;
        Ok(Self { file, path })
    }

    /// Writes the hashes of pages `first` and following.
    pub(super) fn put(&self, first: u32, hashes: &[PageHash]) -> io::Result<()> {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        self.file
            .write_all_at(&bytes, (HEAD_BYTES + (first as usize - 1) * HASH_BYTES) as u64)
    }

    /// Gives it its name in the state directory, in place of the one before.
    pub(super) fn publish(&self, state_dir: &Path, head: &TableHead) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(head).context("describing the table of the base's pages")?;
        anyhow::ensure!(
            bytes.len() < HEAD_BYTES,
            "the description of the base is too long"
        );
        bytes.resize(HEAD_BYTES, b' ');
        self.file
            .write_all_at(&bytes, 0)
            .and_then(|()| self.file.sync_all())
            .inspect(|()| own_like(&self.path, state_dir))
            .and_then(|()| fs::rename(&self.path, state_dir.join(FILE)))
            .context("keeping the table of the base's pages")
    }
}

/// The table of the newest base.
pub(super) struct Table {
    file: File,
    pub head: TableHead,
}

impl Table {
    /// Opens the table; `None` when there is none that reads.
    pub(super) fn open(state_dir: &Path) -> Option<Self> {
        let mut file = File::open(state_dir.join(FILE)).ok()?;
        let mut head = vec![0; HEAD_BYTES];
        file.read_exact(&mut head).ok()?;
        let head: TableHead = serde_json::from_slice(&head).ok()?;
        let wanted = HEAD_BYTES as u64 + u64::from(head.pages) * HASH_BYTES as u64;
        (file.metadata().ok()?.len() == wanted).then_some(Self { file, head })
    }

    /// Compares hashes of pages `first` and following; calls `changed` for each that differs or is beyond the base.
    pub(super) fn compare(
        &self,
        first: u32,
        hashes: &[PageHash],
        changed: &mut impl FnMut(u32),
    ) -> io::Result<()> {
        let mut first = first;
        for piece in hashes.chunks(PIECE_HASHES) {
            let held = (u64::from(self.head.pages) + 1).saturating_sub(u64::from(first));
            let held = usize::try_from(held).unwrap_or(usize::MAX).min(piece.len());
            let mut bytes = vec![0; held * HASH_BYTES];
            self.file.read_exact_at(
                &mut bytes,
                (HEAD_BYTES + (first as usize - 1) * HASH_BYTES) as u64,
            )?;
            let old = bytes.chunks(HASH_BYTES).map(Some).chain(std::iter::repeat(None));
            for ((number, new), old) in (first..).zip(piece).zip(old) {
                if old != Some(&new.0[..]) {
                    changed(number);
                }
            }
            first += u32::try_from(piece.len()).unwrap_or(u32::MAX);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use protocol::object_key::PointId;

    use super::*;

    fn head(pages: u32) -> TableHead {
        TableHead {
            base: BaseRef {
                point: PointId::parse("20261122T091400Z-1f0c9a3e").unwrap(),
                manifest_sha256: "0a".repeat(32),
            },
            chain: ChainId::from_bits(1),
            identity: Identity::default(),
            page_size: 4_096,
            pages,
        }
    }

    fn hash(number: u32, page: &[u8]) -> PageHash {
        PageHash::of(number, page)
    }

    #[test]
    fn a_page_that_differs_and_a_page_beyond_the_base_are_changed() {
        let (dir, staging) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let writer = TableWriter::begin(staging.path()).unwrap();
        writer.put(2, &[hash(2, b"b")]).unwrap();
        writer.put(1, &[hash(1, b"a")]).unwrap();
        assert!(
            Table::open(dir.path()).is_none(),
            "it is not there before it is whole"
        );
        writer.publish(dir.path(), &head(2)).unwrap();
        let table = Table::open(dir.path()).unwrap();
        let changed = |pages: &[&[u8]]| {
            let hashes: Vec<PageHash> = (1..)
                .zip(pages)
                .map(|(number, page)| hash(number, page))
                .collect();
            let mut found = Vec::new();
            table
                .compare(1, &hashes, &mut |number| found.push(number))
                .unwrap();
            found
        };
        assert!(changed(&[b"a", b"b"]).is_empty());
        assert_eq!(changed(&[b"a", b"B", b"c"]), [2, 3]);
        assert!(changed(&[b"a"]).is_empty());
    }

    #[test]
    fn a_table_that_was_cut_is_no_table() {
        let dir = tempfile::tempdir().unwrap();
        let staging = tempfile::tempdir().unwrap();
        let writer = TableWriter::begin(staging.path()).unwrap();
        writer.put(1, &[hash(1, b"a")]).unwrap();
        writer.publish(dir.path(), &head(2)).unwrap();
        assert!(Table::open(dir.path()).is_none());
    }
}

//! The hash of every page as of the newest segment, in the state directory: what a page must have been, and by what a
//! database is compared after nobody followed it.
//! It holds no page. A table that does not add up to the root that was written down is thrown away with its chain.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use protocol::chain::{PageHash, PageSum, is_lock_page};

const HASH_BYTES: usize = 16;
/// Hashes that are read or written at once.
const PIECE: u32 = 4_096;
const PAGE_BYTES: usize = 4;
/// That of a page beyond the end.
pub(super) const NOTHING: PageHash = PageHash([0; HASH_BYTES]);

/// The open table.
pub(super) struct Hashes {
    file: File,
}

impl Hashes {
    /// Opens the table, or makes an empty one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        Ok(Self { file })
    }

    /// The hash of a page; of one beyond the end, [`NOTHING`].
    pub(super) fn get(&self, page: u32) -> io::Result<PageHash> {
        let mut hash = [0; HASH_BYTES];
        match self.file.read_exact_at(&mut hash, place(page)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(NOTHING),
            read => read.map(|()| PageHash(hash)),
        }
    }

    /// How many pages it has.
    pub(super) fn pages(&self) -> io::Result<u32> {
        let pages = self.file.metadata()?.len() / HASH_BYTES as u64;
        u32::try_from(pages).map_err(io::Error::other)
    }

    pub(super) fn set(&self, page: u32, hash: PageHash) -> io::Result<()> {
        self.file.write_all_at(&hash.0, place(page))
    }

    /// Forgets what is beyond so many pages.
    pub(super) fn cut(&self, pages: u32) -> io::Result<()> {
        self.file.set_len(place(pages + 1))
    }

    /// Puts it on the disk: what it was changed by may be forgotten then.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// The sum over a database of so many pages.
    pub(super) fn sum(&self, pages: u32, page_size: u32) -> io::Result<PageSum> {
        let mut sum = PageSum::default();
        let mut first = 1;
        while first <= pages {
            let count = PIECE.min(pages + 1 - first);
            let mut bytes = vec![0; count as usize * HASH_BYTES];
            self.file.read_exact_at(&mut bytes, place(first))?;
            for (page, hash) in (first..).zip(bytes.as_chunks().0) {
                if !is_lock_page(page, page_size) {
                    sum.add(PageHash(*hash));
                }
            }
            first += count;
        }
        Ok(sum)
    }
}

fn place(page: u32) -> u64 {
    u64::from(page.saturating_sub(1)) * HASH_BYTES as u64
}

/// Pages and their hashes as one piece of bytes, to be applied again after a crash.
pub(super) fn pack(changed: &[(u32, PageHash)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(changed.len() * (PAGE_BYTES + HASH_BYTES));
    for (page, hash) in changed {
        bytes.extend(page.to_be_bytes());
        bytes.extend(hash.0);
    }
    bytes
}

/// What [`pack`] packed.
pub(super) fn unpack(bytes: &[u8]) -> impl Iterator<Item = (u32, PageHash)> {
    bytes
        .as_chunks::<{ PAGE_BYTES + HASH_BYTES }>()
        .0
        .iter()
        .map(|one| {
            let (page, hash) = one.split_at(PAGE_BYTES);
            let page = u32::from_be_bytes(page.try_into().expect("it was split there"));
            (page, PageHash(hash.try_into().expect("it was split there")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_hashes_and_sums_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pages");
        let hash = |page: u32| PageHash::of(page, b"x");
        let table = Hashes::open(&path).unwrap();
        let mut sum = PageSum::default();
        for page in 1..=10_000 {
            table.set(page, hash(page)).unwrap();
            sum.add(hash(page));
        }
        drop(table);
        let table = Hashes::open(&path).unwrap();
        assert_eq!(table.get(7).unwrap(), hash(7));
        assert_eq!(table.sum(10_000, 4_096).unwrap(), sum);
        table.cut(9).unwrap();
        assert_eq!(table.get(10).unwrap(), PageHash([0; 16]));
        assert!(table.sum(10, 4_096).is_err());
    }

    #[test]
    fn what_is_packed_unpacks() {
        let changed = [(1, PageHash([7; 16])), (u32::MAX, PageHash([9; 16]))];
        assert_eq!(unpack(&pack(&changed)).collect::<Vec<_>>(), changed);
    }
}

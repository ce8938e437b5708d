//! The pages that segments have changed in one file, as they left them: the next ones mostly change the same, and so each is
//! written once for many segments.
//! Bounded. Until [`Kept::flush`] the file alone is not the database.

use std::{collections::HashMap, fs::File, io, os::unix::fs::FileExt};

use protocol::chain::PageHash;

/// Bytes of pages that are kept for the next segments.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Pages that follow each other are written together, up to so many bytes.
const WRITTEN_BYTES_MAX: usize = 1024 * 1024;

/// Pages as the last segments left them in one file, with their hashes. Whatever else writes to that file makes it
/// worthless; whoever reads it calls [`Kept::flush`] before.
#[derive(Default)]
pub(super) struct Kept(HashMap<u32, Page>);

struct Page {
    image: Vec<u8>,
    hash: PageHash,
    /// Whether the file has it.
    is_written: bool,
}

impl Kept {
    /// The page as it is now, and its hash. It is not kept any more, and counts as changed when it is put back.
    pub(super) fn take(&mut self, file: &File, page: u32, page_size: u32) -> io::Result<(Vec<u8>, PageHash)> {
        if let Some(kept) = self.0.remove(&page) {
            return Ok((kept.image, kept.hash));
        }
        let mut image = vec![0; page_size as usize];
        file.read_exact_at(&mut image, offset(page, page_size as usize))?;
        let hash = PageHash::of(page, &image);
        Ok((image, hash))
    }

    /// Keeps a page that has changed. All are written when there are too many.
    pub(super) fn put(&mut self, file: &File, page: u32, image: Vec<u8>, hash: PageHash) -> io::Result<()> {
        if (self.0.len() + 1) * image.len() > KEPT_BYTES_MAX {
            self.flush(file)?;
            self.0.clear();
        }
        let is_written = false;
        let kept = Page {
            image,
            hash,
            is_written,
        };
        self.0.insert(page, kept);
        Ok(())
    }

    /// Writes to the file what it does not have yet, in its order.
    ///
    /// # Errors
    /// When the disk refuses; the file is no database then, and to be thrown away.
    pub(super) fn flush(&mut self, file: &File) -> io::Result<()> {
        let mut unwritten: Vec<(u32, &mut Page)> = self
            .0
            .iter_mut()
            .filter(|(_, kept)| !kept.is_written)
            .map(|(page, kept)| (*page, kept))
            .collect();
        unwritten.sort_unstable_by_key(|(page, _)| *page);
        let (mut run, mut begin): (Vec<u8>, u64) = (Vec::new(), 0);
        for (page, kept) in unwritten {
            let at = offset(page, kept.image.len());
            if begin + run.len() as u64 != at || run.len() >= WRITTEN_BYTES_MAX {
                file.write_all_at(&run, begin)?;
                run.clear();
                begin = at;
            }
            run.extend_from_slice(&kept.image);
            kept.is_written = true;
        }
        file.write_all_at(&run, begin)
    }
}

fn offset(page: u32, page_bytes: usize) -> u64 {
    u64::from(page - 1) * page_bytes as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 4_096;

    fn read(file: &File, page: u32) -> Vec<u8> {
        let mut image = vec![0; BYTES];
        file.read_exact_at(&mut image, offset(page, BYTES)).unwrap();
        image
    }

    fn put(kept: &mut Kept, file: &File, page: u32, byte: u8) {
        let image = vec![byte; BYTES];
        let hash = PageHash::of(page, &image);
        kept.put(file, page, image, hash).unwrap();
    }

    #[test]
    fn what_is_flushed_is_in_the_file_and_what_is_kept_is_what_was_put_last() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(10 * BYTES as u64).unwrap();
        let mut kept = Kept::default();
        for (page, byte) in [(7, 1), (3, 2), (4, 3), (7, 4)] {
            put(&mut kept, &file, page, byte);
        }
        assert_eq!(read(&file, 7), [0; BYTES], "not yet");
        kept.flush(&file).unwrap();
        put(&mut kept, &file, 4, 5);
        let found = [3, 4, 7, 5].map(|page| read(&file, page)[0]);
        assert_eq!(found, [2, 3, 4, 0]);
        assert_eq!(kept.take(&file, 4, BYTES as u32).unwrap().0, [5; BYTES]);
        let (image, hash) = kept.take(&file, 3, BYTES as u32).unwrap();
        assert_eq!(hash, PageHash::of(3, &image));
    }

    #[test]
    fn more_than_may_be_kept_are_written() {
        let file = tempfile::tempfile().unwrap();
        let mut kept = Kept::default();
        let most = u32::try_from(KEPT_BYTES_MAX / BYTES).unwrap();
        for page in 1..=most {
            put(&mut kept, &file, page, page as u8);
        }
        assert_eq!(file.metadata().unwrap().len(), 0);
        put(&mut kept, &file, most + 1, 9);
        assert_eq!(kept.0.len(), 1);
        assert!((1..=most).all(|page| read(&file, page) == [page as u8; BYTES]));
    }
}

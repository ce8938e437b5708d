//! The database's file while it is put together: parts of a base at their places, a delta over them, segments after
//! that; with the sum of its pages at every step, so that what stands there is proven against each page root.
//! It fetches nothing. A file that an error in the middle left is no database, and is thrown away by the caller.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

use protocol::{
    chain::{PageHash, PageRoot, PageSum, is_lock_page},
    manifest::{Manifest, PART_BYTES},
};

use crate::backup::{delta::Part, seal::PIECE_BYTES, segment::Replay};

/// The file, its pages counted.
pub(super) struct PagesFile {
    pub file: File,
    page_size: u32,
    pages: u32,
    sum: PageSum,
}

impl PagesFile {
    /// Takes over a file into which every part of a full point was written.
    pub(super) fn of_base(file: File, base: &Manifest, sum: PageSum) -> Self {
        Self {
            file,
            page_size: base.page_size,
            pages: base.pages(),
            sum,
        }
    }

    /// What the file holds now.
    pub(super) fn root(&self) -> PageRoot {
        self.sum.root(self.pages)
    }

    /// The same, of every page as it is read back.
    pub(super) fn root_on_disk(&self) -> io::Result<PageRoot> {
        let mut bytes = vec![0; PIECE_BYTES];
        let (mut sum, mut at) = (PageSum::default(), 0);
        let size_bytes = u64::from(self.pages) * u64::from(self.page_size);
        while at < size_bytes {
            let count = bytes
                .len()
                .min(usize::try_from(size_bytes - at).unwrap_or(usize::MAX));
            self.file.read_exact_at(&mut bytes[..count], at)?;
            sum_pages(&bytes[..count], at, self.page_size, &mut sum);
            at += count as u64;
        }
        Ok(sum.root(self.pages))
    }

    /// Lays one part of a delta over it.
    pub(super) fn lay(&mut self, part: &Part<'_>) -> io::Result<()> {
        let size = self.page_size as usize;
        let mut images = part.images.chunks(size);
        let mut old = vec![0; size];
        for run in &part.runs {
            for number in run.first..run.first + run.count {
                let Some(image) = images.next() else {
                    return Ok(());
                };
                let at = u64::from(number - 1) * u64::from(self.page_size);
                if number <= self.pages {
                    self.file.read_exact_at(&mut old, at)?;
                    self.sum.remove(PageHash::of(number, &old));
                }
                self.sum.add(PageHash::of(number, image));
                self.file.write_all_at(image, at)?;
            }
        }
        Ok(())
    }

    /// Ends a delta: the file gets its size, and pages beyond it count no more.
    pub(super) fn resize(&mut self, pages: u32) -> io::Result<()> {
        let mut old = vec![0; self.page_size as usize];
        for number in pages + 1..=self.pages {
            let at = u64::from(number - 1) * u64::from(self.page_size);
            self.file.read_exact_at(&mut old, at)?;
            if !is_lock_page(number, self.page_size) {
                self.sum.remove(PageHash::of(number, &old));
            }
        }
        self.pages = pages;
        self.file.set_len(u64::from(pages) * u64::from(self.page_size))
    }

    /// For the segments, once nothing else writes; [`PagesFile::after`] takes it back.
    pub(super) fn into_replay(self) -> Replay {
        Replay::begin(self.file, self.sum, self.pages)
    }

    /// What the segments made of it.
    pub(super) fn after(replay: Replay, page_size: u32) -> io::Result<Self> {
        let (file, sum, pages) = replay.end()?;
        Ok(Self {
            file,
            page_size,
            pages,
            sum,
        })
    }
}

/// When the pages of a base are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summing {
    /// While they are written: something is laid over them, and its faults are not to be taken for theirs.
    Now,
    /// When all of them are there.
    Later,
}

/// What was written of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Of its bytes, by which it is known again: what must be told apart is a part and what a crash left of it.
    pub crc: u32,
    /// Of its pages; nothing when they are summed later.
    pub sum: PageSum,
}

/// Writes one part of a base to its place.
pub(super) struct PartWriter {
    file: Arc<File>,
    at: u64,
    page_size: u32,
    summing: Summing,
    crc: crc32fast::Hasher,
    sum: PageSum,
}

impl PartWriter {
    pub(super) fn new(file: Arc<File>, index: usize, (page_size, summing): (u32, Summing)) -> Self {
        Self {
            file,
            at: index as u64 * PART_BYTES,
            page_size,
            summing,
            crc: crc32fast::Hasher::new(),
            sum: PageSum::default(),
        }
    }

    pub(super) fn end(self) -> Written {
        Written {
            crc: self.crc.finalize(),
            sum: self.sum,
        }
    }
}

impl Write for PartWriter {
    /// Whole pages, as the opening hands them over.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.at)?;
        self.crc.update(bytes);
        if self.summing == Summing::Now {
            sum_pages(bytes, self.at, self.page_size, &mut self.sum);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn sum_pages(bytes: &[u8], at: u64, page_size: u32, sum: &mut PageSum) {
    let first = u32::try_from(at / u64::from(page_size)).unwrap_or(u32::MAX) + 1;
    for (number, page) in (first..).zip(bytes.chunks(page_size as usize)) {
        if !is_lock_page(number, page_size) {
            sum.add(PageHash::of(number, page));
        }
    }
}

//! The database's file while it is put together: parts of a base at their places, a delta over them, segments after
//! that; with the sum of its pages at every step, so that what stands there is proven against each page root.
//! It fetches nothing. A file that an error in the middle left is no database, and is thrown away by the caller.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use protocol::{
    chain::{PageHash, PageRoot, PageSum, is_lock_page},
    manifest::{Manifest, PART_BYTES},
};

use super::place::share;
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
    crc: u32,
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

fn sum_pages(bytes: &[u8], at: u64, page_size: u32, sum: &mut PageSum) {
    let first = u32::try_from(at / u64::from(page_size)).unwrap_or(u32::MAX) + 1;
    for (number, page) in (first..).zip(bytes.chunks(page_size as usize)) {
        if !is_lock_page(number, page_size) {
            sum.add(PageHash::of(number, page));
        }
    }
}

/// Which parts of a base are in the file, for a restore that goes on after this one was killed: a line for each, with
/// a checksum of its bytes, behind a first line that says which base it is.
pub(super) struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Begins, or goes on with the parts that a killed restore of the same base wrote and that are still intact.
    pub(super) fn open(
        path: &Path,
        base: &Manifest,
        database: &File,
    ) -> anyhow::Result<(Self, BTreeMap<usize, Written>)> {
        let title = format!("{} {}", base.point, base.page_root);
        let found = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = found.lines();
        let mut done = BTreeMap::new();
        if lines.next() == Some(&title) {
            done = lines
                .filter_map(|line| intact_part(line, base, database))
                .collect();
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o660)
            .open(path)
            .with_context(|| format!("making {}", path.display()))?;
        share(&file).with_context(|| format!("making {}", path.display()))?;
        let mut text = format!("{title}\n");
        for (index, part) in &done {
            text.push_str(&line(*index, *part));
        }
        file.write_all(text.as_bytes())
            .context("writing down which parts are there")?;
        let journal = Self {
            file: Mutex::new(file),
        };
        Ok((journal, done))
    }

    /// Writes one more part down.
    pub(super) fn add(&self, index: usize, part: Written) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line(index, part).as_bytes())
    }
}

fn line(index: usize, part: Written) -> String {
    format!("{index} {:08x}\n", part.crc)
}

/// The part that a line names, if the file still holds it.
fn intact_part(line: &str, base: &Manifest, database: &File) -> Option<(usize, Written)> {
    let (index, crc) = line.split_once(' ')?;
    let index: usize = index.parse().ok()?;
    let part = base.database.get(index)?;
    let mut bytes = vec![0; usize::try_from(part.plain_size_bytes).ok()?];
    let at = index as u64 * PART_BYTES;
    database.read_exact_at(&mut bytes, at).ok()?;
    let mut sum = PageSum::default();
    sum_pages(&bytes, at, base.page_size, &mut sum);
    let crc32 = crc32fast::hash(&bytes);
    (u32::from_str_radix(crc, 16) == Ok(crc32)).then_some((index, Written { crc: crc32, sum }))
}

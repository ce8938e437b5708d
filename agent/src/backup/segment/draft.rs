//! A segment in the making: commits are added as the log gives them, until it is ended and encoded. Pure.
//! It asks for a page's old image once, and keeps its newest in memory: both are bounded by `PAGES_MAX`.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Write,
};

use anyhow::Context;
use protocol::{
    chain::{PageHash, is_lock_page},
    time::UnixMillis,
};

use super::{BODY_BYTES_MAX, COMMITS_MAX, PAGES_MAX, bytes::put_number, diff, header::Header};
use crate::store::defined::Defined;

/// zstd's own default; what is compressed is small.
const LEVEL: i32 = 3;
/// What zstd can at least work with, and more than any segment needs.
const WINDOW_LOG: std::ops::RangeInclusive<u32> = 10..=27;

/// Where a database's first page holds the counter: file format, 1.3.
pub(in crate::backup) const COUNTER_AT: usize = 24;
const SCHEMA_AT: usize = 40;
/// In it: what the program that owns the database counts its releases by.
const RELEASE_AT: usize = 60;

/// A transaction changes more pages than a segment may hold.
#[derive(Debug, thiserror::Error)]
#[error("one transaction changed {0} pages, more than a segment may hold ({PAGES_MAX}), as VACUUM does")]
pub struct TooLarge(pub usize);

/// A page as the segment leaves it.
struct Image {
    /// What the reader has before the segment, when it is known here.
    old: Option<Vec<u8>>,
    now: Vec<u8>,
}

/// Commits that wait to become a segment.
pub struct Draft {
    page_size: u32,
    pages_before: u32,
    pages_after: u32,
    commits: usize,
    began_at: UnixMillis,
    last_at: UnixMillis,
    table: Vec<u8>,
    changed: Vec<u8>,
    images: BTreeMap<u32, Image>,
}

impl Draft {
    /// Nothing yet, upon a database of this size.
    #[must_use]
    pub fn new(page_size: u32, pages: u32) -> Self {
        Self {
            page_size,
            pages_before: pages,
            pages_after: pages,
            commits: 0,
            began_at: UnixMillis(0),
            last_at: UnixMillis(0),
            table: Vec::new(),
            changed: Vec::new(),
            images: BTreeMap::new(),
        }
    }

    /// Adds a commit. `pages` are its pages with their new images, in ascending order; `old` gives the image that a
    /// page had before the segment, or `None` when that is not known for sure. Moments never go back.
    ///
    /// # Errors
    /// [`TooLarge`]: the draft must be thrown away. Whatever `old` answers as an error.
    pub fn add(
        &mut self,
        at: UnixMillis,
        size_pages: u32,
        pages: Vec<(u32, Vec<u8>)>,
        mut old: impl FnMut(u32) -> anyhow::Result<Option<Vec<u8>>>,
    ) -> anyhow::Result<()> {
        let at = at.max(self.last_at);
        if self.commits == 0 {
            self.began_at = at;
            self.last_at = at;
        }
        let pages = self.with_unwritten(size_pages, pages);
        put_number(&mut self.table, u64::try_from(at.0 - self.last_at.0).unwrap_or(0));
        put_number(&mut self.table, u64::from(size_pages));
        put_number(&mut self.table, pages.len() as u64);
        let mut before = 0;
        for (page, now) in pages {
            put_number(&mut self.table, u64::from(page - before));
            before = page;
            self.add_page(page, now, &mut old)?;
        }
        self.pages_after = size_pages;
        self.last_at = at;
        self.commits += 1;
        Ok(())
    }

    /// A database may grow by pages that nobody wrote. They are zeros, and are said to be.
    fn with_unwritten(&self, size_pages: u32, pages: Vec<(u32, Vec<u8>)>) -> Vec<(u32, Vec<u8>)> {
        let zeros = || vec![0; self.page_size as usize];
        let mut all: BTreeMap<u32, Vec<u8>> = (self.pages_after + 1..=size_pages)
            .filter(|page| !is_lock_page(*page, self.page_size))
            .map(|page| (page, zeros()))
            .collect();
        // A transaction that shrinks the database may have written pages beyond its new end.
        all.extend(pages.into_iter().filter(|(page, _)| *page <= size_pages));
        all.into_iter().collect()
    }

    fn add_page(
        &mut self,
        page: u32,
        now: Vec<u8>,
        old: &mut impl FnMut(u32) -> anyhow::Result<Option<Vec<u8>>>,
    ) -> anyhow::Result<()> {
        let count = self.images.len();
        let zeros = vec![0; now.len()];
        let ranges = match self.images.entry(page) {
            Entry::Occupied(mut known) => {
                let ranges = diff::ranges(&known.get().now, &now);
                known.get_mut().now.clone_from(&now);
                ranges
            }
            Entry::Vacant(free) => {
                anyhow::ensure!(count < PAGES_MAX, TooLarge(count + 1));
                let old = if page <= self.pages_before {
                    old(page)?
                } else {
                    None
                };
                let ranges = diff::ranges(old.as_ref().unwrap_or(&zeros), &now);
                free.insert(Image {
                    old,
                    now: now.clone(),
                });
                ranges
            }
        };
        put_number(&mut self.table, ranges.len() as u64);
        let mut end = 0;
        for range in ranges {
            put_number(&mut self.table, (range.start - end) as u64);
            put_number(&mut self.table, range.len() as u64);
            end = range.end;
            self.changed.extend(&now[range]);
        }
        Ok(())
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// Commits so far.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits
    }

    /// When the first commit was seen.
    #[must_use]
    pub fn began_at(&self) -> UnixMillis {
        self.began_at
    }

    /// When the last commit was seen.
    #[must_use]
    pub fn last_at(&self) -> UnixMillis {
        self.last_at
    }

    /// The database's size before the first commit, in pages.
    #[must_use]
    pub fn pages_before(&self) -> u32 {
        self.pages_before
    }

    /// The database's size after the last commit, in pages.
    #[must_use]
    pub fn pages_after(&self) -> u32 {
        self.pages_after
    }

    /// Bytes that changed so far, before compression.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.table.len() + self.changed.len()
    }

    /// Whether it should be ended before another commit is added.
    #[must_use]
    pub fn is_full(&self, bytes_max: usize) -> bool {
        self.size_bytes() >= bytes_max || self.commits >= COMMITS_MAX || self.images.len() >= PAGES_MAX / 8
    }

    /// The pages that it leaves different, with their new hashes, those beyond the database's end left out.
    pub fn hashes(&self) -> impl Iterator<Item = (u32, PageHash)> {
        self.images
            .range(..=self.pages_after)
            .map(|(page, image)| (*page, PageHash::of(*page, &image.now)))
    }

    /// The first page, which holds what SQLite counts, when one of the commits wrote that.
    #[must_use]
    pub fn first_page(&self) -> Option<&[u8]> {
        Some(&self.images.get(&1)?.now)
    }

    /// The segment's plain bytes under this header, which must be about these commits.
    ///
    /// # Errors
    /// When zstd cannot work, or the whole is larger than any reader accepts.
    pub fn encode(&self, header: &Header) -> anyhow::Result<Vec<u8>> {
        let mut plain = Vec::new();
        header.write(&mut plain);
        let mut prefix = Vec::new();
        let references = self.images.values().filter(|image| image.old.is_some()).count();
        put_number(&mut plain, references as u64);
        let mut before = 0;
        for (page, image) in &self.images {
            let Some(old) = &image.old else { continue };
            put_number(&mut plain, u64::from(page - before));
            before = *page;
            prefix.extend(old);
        }
        let body = self.body();
        anyhow::ensure!(
            body.len() <= BODY_BYTES_MAX,
            "a segment of {} bytes is larger than any reader accepts",
            body.len()
        );
        plain.extend(u32::try_from(body.len())?.to_be_bytes());
        compress(&body, &prefix, plain)
    }

    fn body(&self) -> Vec<u8> {
        let mut start = Vec::new();
        put_number(&mut start, u64::try_from(self.began_at.0).unwrap_or(0));
        let mut body = Vec::new();
        put_number(&mut body, (start.len() + self.table.len()) as u64);
        body.extend(start);
        body.extend(&self.table);
        body.extend(&self.changed);
        body
    }
}

/// The file change counter of a database's first page. SQLite raises it whenever it writes that page, to one more than
/// stands there, also with a write-ahead log: within one history it never falls.
pub(in crate::backup) fn change_counter(first_page: &[u8]) -> Option<u32> {
    number_at(first_page, COUNTER_AT)
}

/// What is counted of the definitions in a database's first page.
pub(in crate::backup) fn defined(first_page: &[u8]) -> Option<Defined> {
    Some(Defined {
        changes: number_at(first_page, SCHEMA_AT)?,
        release: number_at(first_page, RELEASE_AT),
    })
}

fn number_at(page: &[u8], at: usize) -> Option<u32> {
    let bytes = page.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn compress(body: &[u8], prefix: &[u8], into: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut zstd = zstd::Encoder::with_ref_prefix(into, LEVEL, prefix).context("starting zstd")?;
    // The window must reach back from the last byte to the first of the prefix.
    let reach = (prefix.len() + body.len()).max(1).ilog2() + 1;
    zstd.window_log(reach.clamp(*WINDOW_LOG.start(), *WINDOW_LOG.end()))
        .context("setting zstd's window")?;
    zstd.include_contentsize(false)
        .context("leaving out what the segment says itself")?;
    zstd.write_all(body).context("compressing")?;
    zstd.finish().context("ending the compressed data")
}

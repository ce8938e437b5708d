//! A segment's plain bytes, read. Pure.
//! Nothing is believed: each number is bounded before anything is made of it, and what does not add up is refused.

use std::ops::Range;

use protocol::{
    chain::{CommitNumber, is_lock_page},
    time::UnixMillis,
};
use thiserror::Error;
use zstd::zstd_safe::DCtx;

use super::{
    BODY_BYTES_MAX, COMMITS_MAX, PAGES_MAX,
    bytes::Cursor,
    header::{Header, Kind},
};

/// Why a segment was not followed.
#[derive(Debug, Error)]
pub enum SegmentError {
    /// Its bytes are not a segment's.
    #[error("the segment cannot be read: {0}")]
    Malformed(&'static str),
    /// It does not begin where the database stands.
    #[error("the segment does not fit: {0}")]
    DoesNotFit(String),
    /// Its end is not what it says.
    #[error("following the segment leads to the page root {found} instead of {expected}")]
    WrongRoot {
        /// What the database then holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// The disk refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// A segment whose header was read; its body is still compressed.
pub struct Segment<'a> {
    /// What it is.
    pub header: Header,
    /// The pages whose old images are needed to open it, in ascending order.
    pub references: Vec<u32>,
    body_bytes: usize,
    compressed: &'a [u8],
}

/// What a walk over a segment's commits meets.
#[derive(Debug)]
pub(super) enum Step<'b> {
    /// The commit at hand holds this page; its changes follow, if there are any.
    Page(u32),
    /// New bytes from this place of that page on.
    Change(usize, &'b [u8]),
    /// The commit at hand is whole.
    End(Commit),
}

/// One commit of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its number.
    pub number: CommitNumber,
    /// When the agent saw it.
    pub at: UnixMillis,
    /// The database's size after it, in pages.
    pub size_pages: u32,
}

/// A segment's commits, decompressed and not yet read.
pub(super) struct Body<'s> {
    header: &'s Header,
    table: Range<usize>,
    bytes: Vec<u8>,
}

pub(super) fn malformed<T>(what: &'static str) -> Result<T, SegmentError> {
    Err(SegmentError::Malformed(what))
}

impl<'a> Segment<'a> {
    /// Reads header and references.
    ///
    /// # Errors
    /// [`SegmentError::Malformed`].
    pub fn parse(plain: &'a [u8]) -> Result<Self, SegmentError> {
        let mut cursor = Cursor(plain);
        let header = Header::read(&mut cursor)?;
        let count = cursor.number_up_to(PAGES_MAX)?;
        let mut references = Vec::with_capacity(count);
        let mut page = 0;
        for _ in 0..count {
            page = next_page(&mut cursor, page, header.pages_before, header.page_size)?;
            references.push(page);
        }
        if header.kind == Kind::Resync && (count > 0 || header.first != header.last) {
            return malformed("a resync stands alone and upon nothing");
        }
        let body_bytes = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
        if body_bytes > BODY_BYTES_MAX {
            return malformed("its body is larger than it may be");
        }
        Ok(Self {
            header,
            references,
            body_bytes,
            compressed: cursor.0,
        })
    }

    /// Opens the body with the old images of the references, one after the other.
    pub(super) fn open(&self, prefix: &[u8]) -> Result<Body<'_>, SegmentError> {
        // In one go into all the room that it may take: a stream would copy every byte once more.
        let mut bytes = Vec::with_capacity(self.body_bytes);
        let no_memory = || std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        let mut unzstd = DCtx::try_create().ok_or_else(no_memory)?;
        unzstd
            .ref_prefix(prefix)
            .and_then(|_| unzstd.decompress(&mut bytes, self.compressed))
            .map_err(|_| SegmentError::Malformed("it does not decompress upon these pages"))?;
        if bytes.len() != self.body_bytes {
            return malformed("its body has another size than it says");
        }
        if self.commits() > COMMITS_MAX as u64 {
            return malformed("it claims more commits than it may have");
        }
        let mut cursor = Cursor(&bytes);
        let size = cursor.number_up_to(BODY_BYTES_MAX)?;
        let start = bytes.len() - cursor.0.len();
        cursor.take(size)?;
        Ok(Body {
            header: &self.header,
            table: start..start + size,
            bytes,
        })
    }

    fn commits(&self) -> u64 {
        self.header.last.get() - self.header.first.get() + 1
    }
}

impl Body<'_> {
    /// Meets every commit through `through`. What was met is only good when the whole walk is: a segment may turn out
    /// malformed at its end.
    pub(super) fn walk(
        &self,
        through: CommitNumber,
        mut meet: impl FnMut(Step<'_>) -> Result<(), SegmentError>,
    ) -> Result<(), SegmentError> {
        let mut walk = Walk {
            page_size: self.header.page_size,
            table: Cursor(&self.bytes[self.table.clone()]),
            changed: Cursor(&self.bytes[self.table.end..]),
            at: UnixMillis(0),
        };
        walk.moment()?;
        let mut number = self.header.first;
        while number <= through.min(self.header.last) {
            let size_pages = walk.commit(&mut meet)?;
            let commit = Commit {
                number,
                at: walk.at,
                size_pages,
            };
            meet(Step::End(commit))?;
            if number == self.header.last {
                return walk.end(size_pages, self.header.pages_after);
            }
            number = number.next();
        }
        Ok(())
    }
}

/// Where a walk is.
struct Walk<'b> {
    page_size: u32,
    table: Cursor<'b>,
    changed: Cursor<'b>,
    at: UnixMillis,
}

impl Walk<'_> {
    fn moment(&mut self) -> Result<(), SegmentError> {
        let later = i64::try_from(self.table.number()?).ok();
        match later.and_then(|later| self.at.0.checked_add(later)) {
            Some(at) => self.at = UnixMillis(at),
            None => return malformed("a moment is out of range"),
        }
        Ok(())
    }

    fn commit(
        &mut self,
        meet: &mut impl FnMut(Step<'_>) -> Result<(), SegmentError>,
    ) -> Result<u32, SegmentError> {
        self.moment()?;
        let size_pages = u32::try_from(self.table.number()?).unwrap_or(0);
        if size_pages == 0 {
            return malformed("a commit leaves no database");
        }
        let mut page = 0;
        for _ in 0..self.table.number_up_to(PAGES_MAX)? {
            page = next_page(&mut self.table, page, size_pages, self.page_size)?;
            meet(Step::Page(page))?;
            self.changes(meet)?;
        }
        Ok(size_pages)
    }

    fn changes(
        &mut self,
        meet: &mut impl FnMut(Step<'_>) -> Result<(), SegmentError>,
    ) -> Result<(), SegmentError> {
        let page_bytes = self.page_size as usize;
        let mut end = 0;
        for _ in 0..self.table.number_up_to(page_bytes)? {
            let start = end + self.table.number_up_to(page_bytes - end)?;
            let size = self.table.number_up_to(page_bytes - start)?;
            end = start + size;
            meet(Step::Change(start, self.changed.take(size)?))?;
        }
        Ok(())
    }

    fn end(&self, size_pages: u32, pages_after: u32) -> Result<(), SegmentError> {
        if !self.table.0.is_empty() || !self.changed.0.is_empty() {
            return malformed("its parts do not add up");
        }
        if size_pages != pages_after {
            return malformed("its last commit is not what its header says");
        }
        Ok(())
    }
}

/// The next page of an ascending list.
fn next_page(from: &mut Cursor<'_>, before: u32, most: u32, page_size: u32) -> Result<u32, SegmentError> {
    let step = u32::try_from(from.number()?).unwrap_or(0);
    match before.checked_add(step) {
        Some(page) if step > 0 && page <= most && !is_lock_page(page, page_size) => Ok(page),
        _ => malformed("a page has no such number"),
    }
}

//! What stands in front of a segment's pages: which commits of which chain, and between which states. Pure.
//! It says nothing about the pages themselves.

use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    object_key::SegmentName,
};

use super::{
    bytes::Cursor,
    decode::{SegmentError, malformed},
};

const MAGIC: [u8; 8] = *b"WARUNGS1";

/// What a segment's commits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each a commit of the shop's, in order.
    Commits,
    /// The same, read at once by a capture that had not run: their moments are that of its return.
    CaughtUp,
    /// One, which stands for all that happened while nobody followed: the state is exact, the steps are not known.
    Resync,
}

/// A segment's own description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The chain that it continues.
    pub chain: ChainId,
    /// Its first commit.
    pub first: CommitNumber,
    /// Its last commit, not before the first.
    pub last: CommitNumber,
    /// What its commits are.
    pub kind: Kind,
    /// Bytes in a page.
    pub page_size: u32,
    /// The database's size before the first commit, in pages.
    pub pages_before: u32,
    /// The database's size after the last commit, in pages.
    pub pages_after: u32,
    /// SHA-256 of the segment's object that ends right before this one; `None` for the first of a chain.
    pub previous: Option<[u8; 32]>,
    /// What the database holds after the last commit.
    pub root: PageRoot,
}

impl Header {
    /// Whether it is what this name says.
    #[must_use]
    pub fn is_named(&self, name: &SegmentName) -> bool {
        (&self.chain, self.first, self.last) == (&name.chain, name.first, name.last)
    }

    pub(super) fn write(&self, into: &mut Vec<u8>) {
        into.extend(MAGIC);
        into.extend(bits_of(self.chain.as_str()).to_be_bytes());
        into.extend(self.first.get().to_be_bytes());
        into.extend(self.last.get().to_be_bytes());
        into.push(match self.kind {
            Kind::Commits => 0,
            Kind::Resync => 1,
            Kind::CaughtUp => 2,
        });
        into.extend(self.page_size.to_be_bytes());
        into.extend(self.pages_before.to_be_bytes());
        into.extend(self.pages_after.to_be_bytes());
        into.push(u8::from(self.previous.is_some()));
        into.extend(self.previous.unwrap_or_default());
        into.extend(bits_of(self.root.as_str()).to_be_bytes());
    }

    pub(super) fn read(from: &mut Cursor<'_>) -> Result<Self, SegmentError> {
        if from.array()? != MAGIC {
            return malformed("it does not begin as a segment does");
        }
        let chain = ChainId::from_bits(u128::from_be_bytes(from.array()?));
        let mut commit = || {
            CommitNumber::new(from.u64()?).map_err(|_| SegmentError::Malformed("a commit has no such number"))
        };
        let (first, last) = (commit()?, commit()?);
        let kind = match from.array()? {
            [0] => Kind::Commits,
            [1] => Kind::Resync,
            [2] => Kind::CaughtUp,
            _ => return malformed("its kind is unknown"),
        };
        let (page_size, pages_before, pages_after) = (from.u32()?, from.u32()?, from.u32()?);
        let is_page_size = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        if last < first || !is_page_size || pages_after == 0 {
            return malformed("its header does not agree with itself");
        }
        let previous = match (from.array()?, from.array()?) {
            ([0], _) => None,
            ([1], digest) => Some(digest),
            _ => return malformed("its header does not agree with itself"),
        };
        let root = format!("{:032x}", u128::from_be_bytes(from.array()?));
        Ok(Self {
            chain,
            first,
            last,
            kind,
            page_size,
            pages_before,
            pages_after,
            previous,
            root: PageRoot::parse(&root).expect("32 hex digits are a root"),
        })
    }
}

fn bits_of(hex: &str) -> u128 {
    u128::from_str_radix(hex, 16).expect("a chain and a root are 32 hex digits")
}

//! What identifies one lineage of one database, a place in it, and what the database holds there.
//! Pure: it hashes pages that it is given; it reads no file and knows no remote.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Hex digits of a [`ChainId`] and of a [`PageRoot`].
const HEX_CHARS: usize = 32;
/// Where SQLite keeps its locks: the page at this byte is never written, and counts for nothing.
const LOCK_BYTE: u64 = 0x4000_0000;

/// The text is not what it should be.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{found}' is no {what}")]
pub struct Malformed {
    /// What was expected, with its form.
    what: &'static str,
    /// The beginning of what was found instead.
    found: String,
}

impl Malformed {
    pub(crate) fn new(what: &'static str, found: &str) -> Self {
        let found = found.chars().take(80).collect();
        Self { what, found }
    }
}

/// Whether the text is exactly so many lower-case hex digits.
pub(crate) fn is_lower_hex(text: &str, chars: usize) -> bool {
    text.len() == chars && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// One lineage of one database: 128 random bits as 32 lower-case hex digits. Whatever cannot be proven to continue a
/// chain begins a new one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainId(String);

impl ChainId {
    /// The chain of these random bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// Reads a name.
    ///
    /// # Errors
    /// When the form differs in any byte.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match is_lower_hex(text, HEX_CHARS) {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("chain (32 lower-case hex digits)", text)),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChainId {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<ChainId> for String {
    fn from(chain: ChainId) -> Self {
        chain.0
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A commit of a chain, counted by the agent from 1 to [`CommitNumber::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct CommitNumber(u64);

impl CommitNumber {
    /// Where a chain begins.
    pub const FIRST: Self = Self(1);
    /// The largest that sixteen digits write: three million years at a hundred commits a second.
    pub const MAX: Self = Self(9_999_999_999_999_999);

    /// The commit of this number.
    ///
    /// # Errors
    /// When it is not between [`CommitNumber::FIRST`] and [`CommitNumber::MAX`].
    pub fn new(number: u64) -> Result<Self, Malformed> {
        match (Self::FIRST.0..=Self::MAX.0).contains(&number) {
            true => Ok(Self(number)),
            false => Err(Malformed::new(
                "commit number (1 or more, at most sixteen digits)",
                &number.to_string(),
            )),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The commit after this one; the last one stays the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self((self.0 + 1).min(Self::MAX.0))
    }
}

impl TryFrom<u64> for CommitNumber {
    type Error = Malformed;

    fn try_from(number: u64) -> Result<Self, Malformed> {
        Self::new(number)
    }
}

impl From<CommitNumber> for u64 {
    fn from(commit: CommitNumber) -> Self {
        commit.0
    }
}

impl fmt::Display for CommitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A page's number and content in 128 bits: the first 16 bytes of BLAKE3 over the page, under a key that is the number
/// (four bytes, big-endian) and 28 zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageHash(pub [u8; 16]);

impl PageHash {
    /// The hash of page `number`, counted from 1.
    #[must_use]
    pub fn of(number: u32, page: &[u8]) -> Self {
        let mut key = [0; blake3::KEY_LEN];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let digest = blake3::keyed_hash(&key, page);
        let mut first = [0; 16];
        first.copy_from_slice(&digest.as_bytes()[..16]);
        Self(first)
    }
}

/// Whether this is the page that SQLite never writes, so that neither sums nor differences count it.
#[must_use]
pub fn is_lock_page(number: u32, page_size: u32) -> bool {
    u64::from(number) == LOCK_BYTE / u64::from(page_size.max(1)) + 1
}

/// The sum of the hashes of a database's pages, modulo 2^128: one page more, less or changed costs one addition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageSum(u128);

impl PageSum {
    /// Counts a page in.
    pub fn add(&mut self, hash: PageHash) {
        self.0 = self.0.wrapping_add(u128::from_be_bytes(hash.0));
    }

    /// Counts a page out.
    pub fn remove(&mut self, hash: PageHash) {
        self.0 = self.0.wrapping_sub(u128::from_be_bytes(hash.0));
    }

    /// Counts in what another sum has counted, so that threads may each sum a part.
    pub fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// What a database of so many pages with this sum holds.
    #[must_use]
    pub fn root(self, pages: u32) -> PageRoot {
        let digest = Sha256::new()
            .chain_update(self.0.to_be_bytes())
            .chain_update(pages.to_be_bytes())
            .finalize();
        PageRoot(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What a database holds, every page of it, in 32 lower-case hex digits: two databases with the same root are the same
/// bytes, but for the page that SQLite never writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageRoot(String);

impl PageRoot {
    /// Reads a root.
    ///
    /// # Errors
    /// When the form differs in any byte.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match is_lower_hex(text, HEX_CHARS) {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("page root (32 lower-case hex digits)", text)),
        }
    }

    /// The root as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PageRoot {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<PageRoot> for String {
    fn from(root: PageRoot) -> Self {
        root.0
    }
}

impl fmt::Display for PageRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_chains_and_roots_are_thirty_two_lower_case_hex_digits() {
        let chain = ChainId::from_bits(0xabc);
        assert_eq!(chain.as_str(), "00000000000000000000000000000abc");
        assert_eq!(ChainId::parse(chain.as_str()), Ok(chain));
        for wrong in ["", "abc", "0000000000000000000000000000000G", &"A".repeat(32)] {
            assert!(ChainId::parse(wrong).is_err(), "{wrong} was accepted");
            assert!(PageRoot::parse(wrong).is_err(), "{wrong} was accepted");
        }
    }

    #[test]
    fn commits_begin_at_one_and_end_at_sixteen_digits() {
        assert!(CommitNumber::new(0).is_err());
        assert!(CommitNumber::new(CommitNumber::MAX.get() + 1).is_err());
        assert_eq!(CommitNumber::FIRST.next(), CommitNumber::new(2).unwrap());
        assert_eq!(CommitNumber::MAX.next(), CommitNumber::MAX);
    }

    #[test]
    fn a_changed_page_changes_the_sum_by_its_own_difference() {
        let (old, new) = (PageHash::of(2, b"old"), PageHash::of(2, b"new"));
        let mut stepwise = PageSum::default();
        stepwise.add(PageHash::of(1, b"first"));
        stepwise.add(old);
        stepwise.remove(old);
        stepwise.add(new);
        let mut at_once = PageSum::default();
        at_once.add(new);
        at_once.add(PageHash::of(1, b"first"));
        assert_eq!(stepwise.root(2), at_once.root(2));
        assert_ne!(at_once.root(2), at_once.root(3), "the number of pages counts");
    }

    #[test]
    fn a_page_elsewhere_is_another_page() {
        assert_ne!(PageHash::of(1, b"same"), PageHash::of(2, b"same"));
    }

    #[test]
    fn the_lock_page_is_the_one_at_a_gibibyte() {
        assert!(is_lock_page(262_145, 4_096));
        assert!(!is_lock_page(262_144, 4_096));
        assert!(is_lock_page(16_385, 65_536));
    }
}

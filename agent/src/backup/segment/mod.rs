//! A segment: some commits of one chain as what each changed in its pages, and how a database file follows them.
//! Pure but for the file that a `Replay` is given; every byte of a segment is untrusted and bounded.
//!
//! ```text
//! magic        8 bytes
//! header       chain 16, first 8, last 8, kind 1, page size 4, pages before 4, pages after 4,
//!              previous? 1, digest of the previous object 32, page root after the last commit 16
//! references   how many, then page numbers in ascending order: whose old images follow `zstd` as its prefix
//! body         its plain size 4, then zstd of:
//!              size of the table, then the table: for each commit its moment, the database's size in pages,
//!              and for each page its number and the ranges that changed; then the bytes of all ranges
//! ```
//!
//! Numbers in references and table are LEB128, everything else is big-endian. A page's ranges lie upon its last image
//! in the segment, else upon its old image when it is among the references, else upon zeros.

mod bytes;
mod decode;
mod diff;
mod draft;
mod header;
mod kept;
mod replay;

pub use decode::{Commit, Segment, SegmentError};
pub(in crate::backup) use draft::{COUNTER_AT, change_counter, defined};
pub use draft::{Draft, TooLarge};
pub use header::{Header, Kind};
pub use replay::Replay;

/// Different pages in one segment: 64 MiB at the usual page size. A single transaction of the shop changes some tens;
/// whatever changes more, such as VACUUM, begins a new chain.
pub const PAGES_MAX: usize = 16_384;
/// Commits in one segment.
pub const COMMITS_MAX: usize = 65_536;
/// What is said of a segment that was put under the name of another.
pub const MISNAMED: &str = "it is another segment than its name says";
/// Plain bytes of a body.
pub const BODY_BYTES_MAX: usize = 80 * 1024 * 1024;
/// Plain bytes of a whole segment: its body, and room for header and references.
pub const BYTES_MAX: u64 = BODY_BYTES_MAX as u64 + 1024 * 1024;

//! Telegram's updates as rows: stored before they are confirmed, handled once, in the order of their numbers.

pub mod store;

/// Telegram's number of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateId(pub i64);

/// Bytes of one update; Telegram's are far smaller. A longer one is stored as unreadable and set aside.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Tries before an update is set aside, so that it blocks nobody.
pub const TRIES_MAX: u32 = 5;
/// Updates that are handled side by side.
pub const BATCH_MAX: u32 = 256;

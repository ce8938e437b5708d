//! Items that are sold one by one: an account, a voucher. Each is sold to one order, ever.

pub mod store;

/// Characters of one item, as Telegram counts them (UTF-16 units): with its frame it fits into one message.
pub const CONTENT_CHARS_MAX: usize = 3_000;
/// Lines that are taken in at once.
pub const LINES_MAX: usize = 1_000;

/// What became of lines that were to be taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenOut {
    /// How many are out.
    pub removed: usize,
    /// Positions, from 1, of lines that are sold, or kept for an order.
    pub taken: Vec<usize>,
    /// Positions, from 1, of lines that this product never had, or that are out already.
    pub unknown: Vec<usize>,
}

/// What became of a batch of stock lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// How many came in.
    pub added: usize,
    /// Positions, from 1, of lines that the shop holds or ever held.
    pub known: Vec<usize>,
    /// Positions, from 1, of lines that are too long.
    pub long: Vec<usize>,
}

/// Whether an item can be delivered in one message.
#[must_use]
pub fn fits(content: &str) -> bool {
    content.encode_utf16().count() <= CONTENT_CHARS_MAX
}

//! Items that are sold one by one: an account, a voucher, a file. Each is sold to one order, ever.
//! It keeps no file itself: Telegram does, and the shop remembers what Telegram calls it.

pub mod store;

use super::order::OrderId;

/// Bytes of one item of text, as UTF-8. Goods longer than a message are delivered in parts.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Words that come with a file, as Telegram counts them (UTF-16 units): with their frame they fit below it.
pub const FILE_WORDS_UNITS_MAX: usize = 600;
/// Characters of a file's name that are kept.
pub const FILE_NAME_CHARS_MAX: usize = 100;
/// Lines that are taken in at once.
pub const LINES_MAX: usize = 1_000;

/// What a customer gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Words to read and copy.
    Text(String),
    /// A file that Telegram keeps.
    File(File),
}

/// A file that Telegram keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What Telegram calls it.
    pub id: FileId,
    /// What its sender called it.
    pub name: String,
    /// The words that come with it; often empty.
    pub words: String,
}

/// Telegram's name of a file, by which it is sent. It is good for the bot that got it and for no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId(pub String);

/// Telegram's name of a file's content: the same for every bot and every copy; nothing can be sent by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUniqueId(pub String);

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

/// What became of a file that was to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAdded {
    /// It is in stock now.
    New,
    /// The shop holds or ever held it. Its newest name at Telegram is kept; the order that it is sold to, if any.
    Known(Option<OrderId>),
}

/// Whether a text may be an item.
#[must_use]
pub fn fits(content: &str) -> bool {
    content.len() <= TEXT_BYTES_MAX
}

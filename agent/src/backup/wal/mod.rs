//! The shop's write-ahead log, read from outside the bot's process: its format, its frames up to the last commit, and
//! who may start it anew.
//! It writes nothing into the shop's database, and believes no byte of the log that its checksums do not cover.

pub(crate) mod extent;
pub(crate) mod follow;
mod frame;
mod header;
pub(crate) mod reader;

pub(super) use reader::Position;

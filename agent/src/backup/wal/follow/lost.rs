//! Why a follower does not know any more what happened, in the words that the owner reads.
//! What is done about it is the recorder's.

use std::io;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::{
    backup::{log_holder::HeldForAnother, segment::TooLarge, wal::reader::ReadError},
    store::source::SourceError,
};

/// Why the follower does not know any more what happened.
#[derive(Debug, Error)]
pub enum Lost {
    /// The log was reset while nobody held it.
    #[error("the log was started anew by somebody else")]
    Reset,
    /// A published frame does not follow.
    #[error("{0}")]
    Broken(ReadError),
    /// The log's file is another one than SQLite has open here.
    #[error("the log's file was deleted or replaced under the running shop")]
    LogReplaced,
    /// The log's file holds nothing of what was written to it.
    #[error(
        "the log (-wal) was emptied or cut short under the running bot, and with it what was not in the database's file yet: systemctl stop \
         bot, and agent restore --latest"
    )]
    LogEmptied,
    /// The log's index is another one than is mapped here.
    #[error("the log's index (-shm) was deleted, and the shop uses a new one")]
    IndexReplaced,
    /// Somebody commits with an index of their own.
    #[error(
        "the log's index (-shm) was deleted under the running bot, whose commits nobody sees: systemctl restart bot"
    )]
    Untold,
    /// The database's file is another one than was opened.
    #[error("the database's file was replaced")]
    Replaced,
    /// Somebody writes to the log that lies here for a file that lay here before.
    #[error(transparent)]
    HeldForAnother(#[from] HeldForAnother),
    /// The database's file was written to, and the log was not copied into it.
    #[error("something was written over the database's file past SQLite, under the running shop")]
    Overwritten,
    /// Pages have another size than before.
    #[error(
        "the page size changed from {from} to {to} bytes: somebody ran VACUUM with another one, or this is another database. If \
         nobody did that on purpose, see with `bot check` what it holds"
    )]
    PageSize {
        /// Bytes in a page of the chain.
        from: u32,
        /// Bytes in a page now.
        to: u32,
    },
    /// One transaction changed more than is kept in memory.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// There is no file under the database's path.
    #[error("{0:#}")]
    Missing(anyhow::Error),
    /// It cannot be opened as what it should be.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The disk refuses.
    #[error("reading the log: {0}")]
    Io(#[from] io::Error),
}

impl Lost {
    /// Whether it passes by nothing but somebody's hand, for a database that was followed before. What the bot mends by
    /// itself when it is started, and what a disk, a lock or a right may give back, does not.
    pub(in crate::backup) fn stays(&self) -> bool {
        match self {
            Self::LogEmptied | Self::Untold | Self::HeldForAnother(_) | Self::Source(SourceError::Empty) => {
                true
            }
            Self::Missing(error) => {
                let found = error.downcast_ref::<io::Error>();
                found.is_none_or(|error| error.kind() == io::ErrorKind::NotFound)
            }
            Self::Source(SourceError::Sqlite(error)) => is_damage(error),
            // After these a recording begins anew at once.
            Self::Reset
            | Self::Broken(_)
            | Self::LogReplaced
            | Self::IndexReplaced
            | Self::Replaced
            | Self::Overwritten
            | Self::PageSize { .. }
            | Self::TooLarge(_) => false,
            Self::Source(SourceError::NoLog(_)) | Self::Io(_) => false,
        }
    }
}

/// Whether SQLite found the database damaged, or none at all.
#[must_use]
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

impl From<rusqlite::Error> for Lost {
    fn from(error: rusqlite::Error) -> Self {
        Self::Source(error.into())
    }
}

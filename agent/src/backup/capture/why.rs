//! Why a recording is begun anew, and why a lineage.
//! Reasons only: what is done about them is the beginning's.

use std::fmt;

use crate::{backup::wal::follow::Lost, store::interruptions::EventKind};

/// Why a recording is begun anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WhyAgain {
    /// What happened meanwhile is found by comparing pages.
    Resync(String),
    /// The same, and what the log does not explain was done to the file past SQLite.
    Overwritten(NewChain),
    /// The same, where a backup read something else than was followed.
    Contradicted(NewChain),
    /// Nothing proves that it is still the same database.
    NewChain(NewChain),
    /// The same, where the log that was read lies there no more.
    LogReplaced(NewChain),
    /// Another file lies in its place, unless the one before was put back.
    Replaced(NewChain),
    /// A remote holds commits that this server never wrote.
    Ahead(NewChain),
}

/// Why a lineage begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewChain {
    /// As what it is written down.
    pub kind: EventKind,
    /// In a sentence.
    pub detail: String,
    /// Whether somebody did something to the files: then the database may hold anything.
    pub is_file: bool,
}

impl NewChain {
    pub(super) fn of(kind: EventKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            is_file: false,
        }
    }
}

impl From<Lost> for NewChain {
    fn from(lost: Lost) -> Self {
        let kind = match lost {
            Lost::Replaced => EventKind::Replaced,
            _ => EventKind::NewChain,
        };
        Self {
            is_file: matches!(lost, Lost::Replaced | Lost::LogReplaced | Lost::Overwritten),
            ..Self::of(kind, lost.to_string())
        }
    }
}

impl fmt::Display for WhyAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resync(why) => f.write_str(why),
            Self::Overwritten(why)
            | Self::Contradicted(why)
            | Self::NewChain(why)
            | Self::LogReplaced(why)
            | Self::Replaced(why)
            | Self::Ahead(why) => f.write_str(&why.detail),
        }
    }
}

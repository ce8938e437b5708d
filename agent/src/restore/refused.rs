//! Why nothing was restored, and what there is instead of what was asked for.
//! Data: it looks for nothing, and promises no more than manifests and listings tell.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
    time::UnixMillis,
};
use thiserror::Error;

use super::beside::Beside;

/// Why nothing was restored. Nothing was changed in any case.
#[derive(Debug, Error)]
#[error("{reason}. Nothing was changed")]
pub struct Refused {
    /// What is wrong, with the object's name.
    pub reason: String,
    /// What to do instead.
    pub next: Next,
}

/// What there is instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This restore point is whole, as far as its manifest and the remotes' listings tell.
    Point {
        /// Its name.
        point: PointId,
        /// Where it lies beside what was asked for.
        beside: Option<Beside>,
    },
    /// Everything until this commit is whole.
    Commit {
        /// Its chain.
        chain: ChainId,
        /// The commit.
        commit: CommitNumber,
        /// About when the agent saw it.
        at: Option<UnixMillis>,
        /// Where it lies beside what was asked for.
        beside: Option<Beside>,
    },
    /// The same question, asked of this chain alone, has an answer.
    Chain(ChainId),
    /// The commit is in each of these chains, and was seen about then.
    Which(CommitNumber, Vec<(ChainId, UnixMillis)>),
    /// No other one on these remotes can be restored either.
    Nothing,
    /// None of them opens with this key.
    OtherKey,
    /// The same question has an answer once the owner vouches for one of these agents, by their fingerprints.
    Trust(Vec<String>),
    /// Something else, in a sentence.
    Advice(String),
}

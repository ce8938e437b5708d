//! What the spool had to drop before a remote had it, for good: a remote lacks these commits by no fault of its own.
//! It holds nothing of the objects themselves.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use rusqlite::{Row, Transaction, named_params};

use super::{
    Store,
    capture::{chain_from, commit_from},
};

/// Of what is in the spool through that number, the remote has all that was sent before.
const PUT: &str = "
    INSERT OR REPLACE INTO spool_drop (remote, chain, first_commit, last_commit, at)
    SELECT :remote, chain, min(first_commit), max(last_commit), :at FROM segment
    WHERE id <= :id AND id > coalesce((SELECT through_id FROM shipping WHERE remote = :remote), 0)
    GROUP BY chain";
const SELECT: &str = "
    SELECT chain, first_commit, last_commit FROM spool_drop WHERE remote = :remote ORDER BY chain, last_commit";

/// Commits in a row that were never sent to a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Their chain.
    pub chain: ChainId,
    /// The first one.
    pub first: CommitNumber,
    /// The last one.
    pub last: CommitNumber,
}

impl Store {
    /// All that the spool dropped before this remote had it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn never_sent(&self, remote: &str) -> rusqlite::Result<Vec<Dropped>> {
        let dropped = |row: &Row<'_>| {
            Ok(Dropped {
                chain: chain_from(row, 0)?,
                first: commit_from(row, 1)?,
                last: commit_from(row, 2)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(SELECT)?
                .query_map(named_params! {":remote": remote}, dropped)?
                .collect()
        })
    }
}

/// What waits for this remote is dropped through the object of this number. Before its shipping moves on.
pub(super) fn put(
    transaction: &Transaction<'_>,
    remote: &str,
    id: i64,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let row = named_params! {":remote": remote, ":id": id, ":at": at.0};
    transaction.execute(PUT, row).map(drop)
}

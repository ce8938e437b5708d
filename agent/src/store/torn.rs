//! Commits of which a comparison found no whole segment on a remote: what is promised of that remote ends before them,
//! until a point taken after them is there or a comparison finds them whole.
//! It decides nothing.

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::SegmentName,
    time::UnixMillis,
};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store,
    capture::{chain_from, commit_from, signed},
};

const SELECT: &str = "
    SELECT chain, first_commit, last_commit, torn_at FROM torn_commits
    WHERE remote = :remote ORDER BY chain, first_commit";
const CLEAR: &str = "DELETE FROM torn_commits WHERE remote = :remote";
const PUT: &str = "
    INSERT INTO torn_commits (remote, chain, first_commit, last_commit, torn_at)
    VALUES (:remote, :chain, :first, :last, :at)";
/// The first of them that lies after the newest whole point there, which ends what an older one tears.
const SELECT_FIRST: &str = "
    SELECT min(first_commit) FROM torn_commits
    WHERE remote = :remote AND chain = :chain AND last_commit > :point";

/// Commits in a row that a remote cannot give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Their chain.
    pub chain: ChainId,
    /// The first one.
    pub first: CommitNumber,
    /// The last one.
    pub last: CommitNumber,
    /// When that was seen first.
    pub at: UnixMillis,
}

impl Torn {
    /// Whether a segment holds any of them: it is one of those that are not whole, or they would not be torn.
    #[must_use]
    pub fn is_in(&self, segment: &SegmentName) -> bool {
        self.chain == segment.chain && self.first <= segment.last && segment.first <= self.last
    }
}

impl Store {
    /// What a remote cannot give, as the newest comparison found it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn torn(&self, remote: &str) -> rusqlite::Result<Vec<Torn>> {
        self.read(|connection| select(connection, remote))
    }

    /// Writes down what a comparison found torn on a remote: this, and from now on nothing else. What was torn before
    /// keeps its moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_torn(&self, remote: &str, torn: &[Torn]) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let before = select(transaction, remote)?;
            transaction.execute(CLEAR, named_params! {":remote": remote})?;
            for one in torn {
                let is_same =
                    |it: &&Torn| it.chain == one.chain && it.first <= one.last && one.first <= it.last;
                let since = before.iter().filter(is_same).map(|it| it.at).min();
                transaction.execute(
                    PUT,
                    named_params! {
                        ":remote": remote,
                        ":chain": one.chain.as_str(),
                        ":first": signed(one.first.get()),
                        ":last": signed(one.last.get()),
                        ":at": since.unwrap_or(one.at).0,
                    },
                )?;
            }
            Ok(())
        })
    }
}

/// The first commit after this one that the remote cannot give.
pub(super) fn first_after(
    connection: &Connection,
    remote: &str,
    chain: &ChainId,
    point: u64,
) -> rusqlite::Result<Option<u64>> {
    let row = named_params! {":remote": remote, ":chain": chain.as_str(), ":point": signed(point)};
    connection
        .prepare_cached(SELECT_FIRST)?
        .query_row(row, |row| row.get(0))
}

fn select(connection: &Connection, remote: &str) -> rusqlite::Result<Vec<Torn>> {
    let torn = |row: &Row<'_>| {
        Ok(Torn {
            chain: chain_from(row, 0)?,
            first: commit_from(row, 1)?,
            last: commit_from(row, 2)?,
            at: UnixMillis(row.get(3)?),
        })
    };
    connection
        .prepare_cached(SELECT)?
        .query_map(named_params! {":remote": remote}, torn)?
        .collect()
}

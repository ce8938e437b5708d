//! What the spool had to drop before a remote had it, or no longer had when the remote was added, for good: a remote lacks
//! these commits by no fault of its own.
//! It holds nothing of the objects themselves.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::{
    Store,
    capture::{SpooledSegment, chain_from, commit_from, signed},
};

/// Of what is in the spool through that number, the remote has all that was sent before, also before it was taken out and put
/// back. The time is that of the oldest: since then the remote lacks something.
const PUT: &str = "
    INSERT OR REPLACE INTO spool_drop (remote, chain, first_commit, last_commit, at)
    SELECT :remote, s.chain,
           max(min(s.first_commit), coalesce((SELECT b.commit_number + 1 FROM shipped_before b
                                              WHERE b.remote = :remote AND b.chain = s.chain), 0)) AS first,
           max(s.last_commit) AS last, min(min(s.first_at), :at)
    FROM segment s
    WHERE s.id <= :id AND s.id > coalesce((SELECT through_id FROM shipping WHERE remote = :remote), 0)
    GROUP BY s.chain HAVING first <= last";
/// One that was added later never gets what every other remote had before; one that was taken out and put back, what they
/// had meanwhile.
const PUT_BEFORE_FIRST: &str = "
    INSERT OR IGNORE INTO spool_drop (remote, chain, first_commit, last_commit, at)
    SELECT :remote, :chain, had.through + 1, :last, :at
    FROM (SELECT coalesce(max(commit_number), 0) AS through FROM shipped_before
          WHERE remote = :remote AND chain = :chain) AS had
    WHERE :last > max(had.through, 1)";
const IS_FIRST: &str = "SELECT NOT EXISTS (SELECT 1 FROM shipping WHERE remote = :remote AND through_id > 0)";
const FIRST_SPOOLED: &str = "SELECT chain, first_commit FROM segment ORDER BY id LIMIT 1";
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
    /// All that this remote was never sent: what the spool dropped, and what it no longer had when the remote was added.
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

/// Where this segment is the first one that goes to the remote, what lies before it in its chain never goes there; whether
/// it is the first one. Before its shipping moves on.
pub(super) fn put_before_first(
    transaction: &Transaction<'_>,
    remote: &str,
    segment: &SpooledSegment,
    at: UnixMillis,
) -> rusqlite::Result<bool> {
    let is_first = is_first(transaction, remote)?;
    if is_first {
        put_before(transaction, remote, (&segment.chain, segment.first), at)?;
    }
    Ok(is_first)
}

/// What waits for this remote is dropped through the object of this number. Before its shipping moves on.
pub(super) fn put(
    transaction: &Transaction<'_>,
    remote: &str,
    id: i64,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let of_first = |row: &Row<'_>| Ok((chain_from(row, 0)?, commit_from(row, 1)?));
    let first = transaction.query_row(FIRST_SPOOLED, [], of_first).optional()?;
    if let (Some((chain, first)), true) = (first, is_first(transaction, remote)?) {
        put_before(transaction, remote, (&chain, first), at)?;
    }
    let row = named_params! {":remote": remote, ":id": id, ":at": at.0};
    transaction.execute(PUT, row).map(drop)
}

/// Whether nothing went to the remote yet, since it was added or put back.
fn is_first(transaction: &Transaction<'_>, remote: &str) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached(IS_FIRST)?
        .query_row(named_params! {":remote": remote}, |row| row.get(0))
}

pub(super) fn put_before(
    transaction: &Transaction<'_>,
    remote: &str,
    (chain, first): (&ChainId, CommitNumber),
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let row = named_params! {
        ":remote": remote, ":chain": chain.as_str(), ":last": signed(first.get()) - 1, ":at": at.0,
    };
    transaction
        .prepare_cached(PUT_BEFORE_FIRST)?
        .execute(row)
        .map(drop)
}

//! Which remotes are configured: what is remembered of one that was taken out, and where one stands that is put back. It
//! holds what it held, and lacks what the others got meanwhile, from the moment in which the agent knows of it.
//! It asks no remote whether it still does.

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use crate::store::{
    Store,
    capture::{chain_from, commit_from, signed},
    drops,
};

const REMEMBER_OTHERS: &str = "
    INSERT OR REPLACE INTO shipped_before (remote, chain, commit_number, commit_at, shipped_at)
    SELECT remote, chain, commit_number, coalesce(commit_at, 0), coalesce(shipped_at, 0) FROM shipping
    WHERE chain IS NOT NULL AND remote NOT IN (SELECT value FROM json_each(:remotes))";
const FORGET_OTHERS: &str =
    "DELETE FROM shipping WHERE remote NOT IN (SELECT value FROM json_each(:remotes))";
/// All that is in the spool is sent to it once more: it tells for itself what it has. An older agent wrote down no times.
const PUT_BACK: &str = "
    INSERT INTO shipping (remote, chain, commit_number, commit_at, shipped_at)
    SELECT remote, chain, commit_number, coalesce(nullif(commit_at, 0), :at), nullif(shipped_at, 0) FROM shipped_before
    WHERE remote IN (SELECT value FROM json_each(:remotes)) AND remote NOT IN (SELECT remote FROM shipping)
    RETURNING remote";
/// The first commit of the chain that is followed which a remote that has taken nothing yet is sent.
const SELECT_NEXT: &str = "
    SELECT c.chain, coalesce((SELECT min(s.first_commit) FROM segment s WHERE s.chain = c.chain), c.commit_number + 1)
    FROM capture c";
const PUT_GAP_BEFORE: &str = "
    UPDATE shipping SET gap_chain = :chain, gap_commit = dropped.last, gap_at = :at
    FROM (SELECT max(last_commit) AS last FROM spool_drop
          WHERE remote = :remote AND chain = :chain AND last_commit < :first) AS dropped
    WHERE remote = :remote AND dropped.last IS NOT NULL";

impl Store {
    /// These are the remotes from now on. Others are forgotten, but not how far each was sent its chain; one that was
    /// forgotten so goes on from there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register_remotes(&self, remotes: &[String], at: UnixMillis) -> rusqlite::Result<()> {
        let remotes = serde_json::to_string(remotes).expect("names are plain data");
        let row = named_params! {":remotes": remotes};
        self.write(|transaction| {
            transaction.execute(REMEMBER_OTHERS, row)?;
            transaction.execute(FORGET_OTHERS, row)?;
            let back: rusqlite::Result<Vec<String>> = transaction
                .prepare(PUT_BACK)?
                .query_map(named_params! {":remotes": remotes, ":at": at.0}, |row| row.get(0))?
                .collect();
            back?
                .iter()
                .try_for_each(|remote| put_what_it_missed(transaction, remote, at))
        })
    }
}

fn put_what_it_missed(transaction: &Transaction<'_>, remote: &str, at: UnixMillis) -> rusqlite::Result<()> {
    let next = |row: &Row<'_>| Ok((chain_from(row, 0)?, commit_from(row, 1)?));
    let Some((chain, first)) = transaction.query_row(SELECT_NEXT, [], next).optional()? else {
        return Ok(());
    };
    drops::put_before(transaction, remote, (&chain, first), at)?;
    put_gap_before(transaction, remote, (&chain, first), at)
}

/// The remote stands behind what it was never sent before this first commit, at whatever time that turned out.
pub(super) fn put_gap_before(
    transaction: &Transaction<'_>,
    remote: &str,
    (chain, first): (&ChainId, CommitNumber),
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let row = named_params! {
        ":remote": remote, ":chain": chain.as_str(), ":first": signed(first.get()), ":at": at.0,
    };
    transaction.execute(PUT_GAP_BEFORE, row).map(drop)
}

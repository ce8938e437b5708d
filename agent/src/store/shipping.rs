//! How far each remote is behind the capture: what it holds, what waits for it, why it fails, and what went there in
//! each hour.
//! It ships nothing, and does not know what a remote is.

use std::time::Duration;

use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

mod failing;
mod registered;

use super::{
    Store,
    capture::{SpooledSegment, chain_from, commit_from, signed},
    drops,
    interruptions::{EventKind, put_event},
    restorable,
};

const SELECT_THROUGH: &str = "SELECT through_id FROM shipping WHERE remote = :remote";
const SELECT_LEAST: &str = "
    SELECT coalesce(min(coalesce(s.through_id, 0)), 0) FROM json_each(:remotes) AS r
    LEFT JOIN shipping s ON s.remote = r.value";
const PUT_SHIPPED: &str = "
    INSERT INTO shipping (remote, through_id, chain, commit_number, commit_at, shipped_at)
    VALUES (:remote, :id, :chain, :commit, :commit_at, :at)
    ON CONFLICT (remote) DO UPDATE SET through_id = :id, chain = :chain, commit_number = :commit,
        commit_at = :commit_at, shipped_at = :at, failing_since = NULL, error = NULL, unanswered_since = NULL";
const ADD_TO_HOUR: &str = "
    INSERT INTO shipped_hour (remote, hour, segments, commits, size_bytes)
    VALUES (:remote, :hour, :segments, :commits, :size)
    ON CONFLICT (remote, hour) DO UPDATE SET segments = segments + :segments, commits = commits + :commits,
        size_bytes = size_bytes + :size";
const PRUNE_HOURS: &str = "DELETE FROM shipped_hour WHERE hour < :oldest";
const PUT_GAP: &str = "
    INSERT INTO shipping (remote, through_id, gap_chain, gap_commit, gap_at) VALUES (:remote, :id, :chain, :commit, :at)
    ON CONFLICT (remote) DO UPDATE SET through_id = :id, gap_chain = :chain, gap_commit = :commit, gap_at = :at";
const SELECT_SHIPPING: &str = "
    SELECT h.remote, h.chain, h.commit_number, h.commit_at, h.shipped_at, h.failing_since, h.error, h.gap_chain,
           (SELECT coalesce(sum(s.last_commit - s.first_commit + 1), 0) FROM segment s WHERE s.id > h.through_id),
           (SELECT coalesce(sum(s.size_bytes), 0) FROM segment s WHERE s.id > h.through_id),
           (SELECT min(s.first_at) FROM segment s WHERE s.id > h.through_id), h.unanswered_since, h.gap_commit, h.gap_at
    FROM shipping h ORDER BY h.remote";
const SELECT_HOURS: &str = "
    SELECT remote, hour, segments, commits, size_bytes FROM shipped_hour WHERE hour >= :from ORDER BY hour, remote";
const HOUR_MS: i64 = 3_600_000;
/// Hours that are kept for charts: 400 days.
const HOURS_KEPT: i64 = 9_600;

/// How one remote is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipping {
    /// Its name.
    pub remote: String,
    /// The newest commit that it holds, with its lineage and when it was seen.
    pub holds: Option<(ChainId, CommitNumber, UnixMillis)>,
    /// When it last took something.
    pub shipped_at: Option<UnixMillis>,
    /// Since when it takes nothing, and what it says.
    pub failing: Option<(UnixMillis, String)>,
    /// Since when what was sent to it is without an answer; nothing while it answers within some seconds.
    pub unanswered_since: Option<UnixMillis>,
    /// The newest commit that will never be sent there, with its lineage and when that turned out: the spool dropped it, or
    /// had dropped it before the remote was added or put back. A restore point taken after that ends the gap.
    pub passed_by: Option<(ChainId, CommitNumber, UnixMillis)>,
    /// The newest commit that can be restored from it, when what follows that one in what it holds is missing or altered
    /// there, or was never sent.
    pub torn_after: Option<CommitNumber>,
    /// Commits behind its newest restore point that it will never be sent; 0 once another point has ended that.
    pub never_sent: u64,
    /// Commits that it lacks: those that wait for it, and those that it will never be sent.
    pub waiting_commits: u64,
    /// Bytes that wait for it.
    pub waiting_bytes: u64,
    /// When the oldest commit that waits for it was seen, or it was known before that some will never be sent there.
    pub waiting_since: Option<UnixMillis>,
}

impl Shipping {
    /// What this remote has taken of commits, of what is known of all of them.
    #[must_use]
    pub fn taken<'s>(all: &'s [Self], remote: &str) -> Option<(&'s ChainId, CommitNumber)> {
        let (chain, commit, _) = all.iter().find(|one| one.remote == remote)?.holds.as_ref()?;
        Some((chain, *commit))
    }

    /// The age of the oldest commit that the remote lacks; nothing when it has them all.
    #[must_use]
    pub fn waits(&self, now: UnixMillis) -> Duration {
        self.waiting_since
            .map_or(Duration::ZERO, |since| now.since(since))
    }
}

/// What one remote took in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedHour {
    /// The remote.
    pub remote: String,
    /// When the hour began.
    pub from: UnixMillis,
    /// Objects: segments, and what restore points consist of.
    pub objects: u64,
    /// Commits in the segments.
    pub commits: u64,
    /// Bytes in them.
    pub size_bytes: u64,
}

impl Store {
    /// The number of the last object that this remote has, or is beyond; 0 for one that never had any.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn shipped_through(&self, remote: &str) -> rusqlite::Result<i64> {
        self.read(|connection| {
            let row = connection
                .prepare_cached(SELECT_THROUGH)?
                .query_row(named_params! {":remote": remote}, |row| row.get(0))
                .optional()?;
            Ok(row.unwrap_or(0))
        })
    }

    /// The number through which every one of these remotes is done.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn shipped_everywhere_through(&self, remotes: &[String]) -> rusqlite::Result<i64> {
        let remotes = serde_json::to_string(remotes).expect("names are plain data");
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_LEAST)?
                .query_row(named_params! {":remotes": remotes}, |row| row.get(0))
        })
    }

    /// The remote holds these objects, the next ones in order, whole.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_shipped(
        &self,
        remote: &str,
        segments: &[SpooledSegment],
        at: UnixMillis,
    ) -> rusqlite::Result<()> {
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Ok(());
        };
        let commits = segments.iter().map(|one| one.last.get() - one.first.get() + 1);
        self.write(|transaction| {
            let is_first = drops::put_before_first(transaction, remote, first, at)?;
            transaction.prepare_cached(PUT_SHIPPED)?.execute(named_params! {
                ":remote": remote,
                ":id": last.id,
                ":chain": last.chain.as_str(),
                ":commit": signed(last.last.get()),
                ":commit_at": last.last_at.0,
                ":at": at.0,
            })?;
            if is_first {
                registered::put_gap_before(transaction, remote, (&first.chain, first.first), at)?;
            }
            let taken = Taken {
                objects: segments.len() as u64,
                commits: commits.sum(),
                size_bytes: segments.iter().map(|one| one.size_bytes).sum(),
            };
            add_to_hour(transaction, remote, at, &taken)
        })
    }

    /// The spool drops what these remotes lack, through this object.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_gap(
        &self,
        remotes: &[String],
        through: &SpooledSegment,
        at: UnixMillis,
        detail: &str,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            for remote in remotes {
                drops::put(transaction, remote, through.id, at)?;
                transaction.execute(
                    PUT_GAP,
                    named_params! {
                        ":remote": remote,
                        ":id": through.id,
                        ":chain": through.chain.as_str(),
                        ":commit": signed(through.last.get()),
                        ":at": at.0,
                    },
                )?;
            }
            put_event(transaction, at, EventKind::SpoolFull, detail)
        })
    }

    /// Every remote that something was tried with.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn shipping(&self) -> rusqlite::Result<Vec<Shipping>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(SELECT_SHIPPING)?;
            let all: rusqlite::Result<Vec<Shipping>> = statement.query_map([], shipping_from)?.collect();
            let mut all = all?;
            for one in &mut all {
                if let Some(behind) = restorable::behind(connection, one)? {
                    one.torn_after = Some(behind.after);
                    one.never_sent = behind.never_sent;
                    one.waiting_commits += behind.never_sent;
                    one.waiting_since = one.waiting_since.into_iter().chain(behind.since).min();
                }
            }
            Ok(all)
        })
    }

    /// What was shipped since that moment, hour by hour.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn shipped_hours(&self, from: UnixMillis) -> rusqlite::Result<Vec<ShippedHour>> {
        let from = named_params! {":from": from.0.div_euclid(HOUR_MS)};
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_HOURS)?
                .query_map(from, |row| {
                    Ok(ShippedHour {
                        remote: row.get(0)?,
                        from: UnixMillis(row.get::<_, i64>(1)?.saturating_mul(HOUR_MS)),
                        objects: row.get(2)?,
                        commits: row.get(3)?,
                        size_bytes: row.get(4)?,
                    })
                })?
                .collect()
        })
    }
}

/// What a remote took at once.
pub(super) struct Taken {
    pub objects: u64,
    pub commits: u64,
    pub size_bytes: u64,
}

/// The remote took a restore point, or a part of one.
pub(super) fn put_point_taken(
    transaction: &Transaction<'_>,
    remote: &str,
    at: UnixMillis,
    taken: &Taken,
) -> rusqlite::Result<()> {
    failing::end(transaction, remote)?;
    add_to_hour(transaction, remote, at, taken)
}

/// Counts it to its hour, and forgets the hours of long ago.
fn add_to_hour(
    transaction: &Transaction<'_>,
    remote: &str,
    at: UnixMillis,
    taken: &Taken,
) -> rusqlite::Result<()> {
    let hour = at.0.div_euclid(HOUR_MS);
    transaction.prepare_cached(ADD_TO_HOUR)?.execute(named_params! {
        ":remote": remote,
        ":hour": hour,
        ":segments": signed(taken.objects),
        ":commits": signed(taken.commits),
        ":size": signed(taken.size_bytes),
    })?;
    transaction
        .prepare_cached(PRUNE_HOURS)?
        .execute(named_params! {":oldest": hour - HOURS_KEPT})
        .map(drop)
}

/// A commit with its lineage and a time, from these columns.
fn stand_from(
    row: &Row<'_>,
    [chain, commit, at]: [usize; 3],
) -> rusqlite::Result<Option<(ChainId, CommitNumber, UnixMillis)>> {
    if row.get::<_, Option<String>>(chain)?.is_none() {
        return Ok(None);
    }
    let at = UnixMillis(row.get(at)?);
    Ok(Some((chain_from(row, chain)?, commit_from(row, commit)?, at)))
}

fn shipping_from(row: &Row<'_>) -> rusqlite::Result<Shipping> {
    let failing = match row.get::<_, Option<i64>>(5)? {
        None => None,
        Some(since) => Some((UnixMillis(since), row.get(6)?)),
    };
    Ok(Shipping {
        remote: row.get(0)?,
        holds: stand_from(row, [1, 2, 3])?,
        shipped_at: row.get::<_, Option<i64>>(4)?.map(UnixMillis),
        failing,
        passed_by: stand_from(row, [7, 12, 13])?,
        torn_after: None,
        never_sent: 0,
        waiting_commits: row.get(8)?,
        waiting_bytes: row.get(9)?,
        waiting_since: row.get::<_, Option<i64>>(10)?.map(UnixMillis),
        unanswered_since: row.get::<_, Option<i64>>(11)?.map(UnixMillis),
    })
}

//! How far the bot's incidents were read. The cursor moves in the transaction that queues their messages, so
//! that none is told twice and none is forgotten.
//! Of the incidents it keeps the kind and the moment of those that were told, for a week: they are rows of the shop.

use protocol::{incident::IncidentId, time::UnixMillis};
use rusqlite::{OptionalExtension, named_params};

use super::{
    Store,
    outbox::{self, Message, Rung},
};

const READ: &str = "SELECT last_id, last_at, told_until FROM incident_cursor";
const PUT: &str = "
    INSERT INTO incident_cursor (only_row, last_id, last_at, told_until) VALUES (1, :last_id, :last_at, :told_until)
    ON CONFLICT (only_row) DO UPDATE
        SET last_id = excluded.last_id, last_at = excluded.last_at, told_until = excluded.told_until";

const ADD: &str = "INSERT INTO report (at, kind) VALUES (:at, :kind)";
const PRUNE: &str = "DELETE FROM report WHERE at < :before";
const COUNT: &str =
    "SELECT kind, count(*) FROM report WHERE at > :since GROUP BY kind ORDER BY count(*) DESC, max(at) DESC";
/// When those of a kind went out or will, and how many they were.
const OF_LATE: &str = "
    SELECT count(*), max(not_before) FROM messages
    WHERE episode IS NULL AND runbook = :kind AND created_at > :since AND created_at <= :now";
const HOUR_MS: i64 = 3_600_000;
const KEPT_MS: i64 = 7 * 86_400_000;

/// A single event that the owner is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When the bot wrote it down.
    pub at: UnixMillis,
    /// Its kind: `dead_job`.
    pub kind: String,
    /// What the owner reads.
    pub message: Message,
}

/// The last incident that was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its number; 0 before the first.
    pub last_id: IncidentId,
    /// When the bot wrote it down.
    pub last_at: UnixMillis,
    /// After a rewind: incidents from before or at this moment were told already.
    pub told_until: Option<UnixMillis>,
}

impl Cursor {
    /// Before the first incident.
    pub const START: Self = Self {
        last_id: IncidentId(0),
        last_at: UnixMillis(0),
        told_until: None,
    };
}

impl Store {
    /// How far the incidents were read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn incident_cursor(&self) -> rusqlite::Result<Cursor> {
        let found = self.read(|connection| {
            let cursor = |row: &rusqlite::Row<'_>| {
                Ok(Cursor {
                    last_id: IncidentId(row.get(0)?),
                    last_at: UnixMillis(row.get(1)?),
                    told_until: row.get::<_, Option<i64>>(2)?.map(UnixMillis),
                })
            };
            connection.prepare_cached(READ)?.query_row([], cursor).optional()
        })?;
        Ok(found.unwrap_or(Cursor::START))
    }

    /// How many reports of each kind there were since that moment, the kind that has most first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reported(&self, since: UnixMillis) -> rusqlite::Result<Vec<(String, u64)>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(COUNT)?;
            let rows = statement.query_map(named_params! { ":since": since.0 }, |row| {
                let count: i64 = row.get(1)?;
                Ok((row.get(0)?, u64::try_from(count).unwrap_or(0)))
            })?;
            rows.collect()
        })
    }

    /// How many reports of a kind there were within the hour, and when the last of them was due; `None` where there was none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reported_of_late(
        &self,
        kind: &str,
        now: UnixMillis,
    ) -> rusqlite::Result<Option<(u32, UnixMillis)>> {
        let of = named_params! { ":kind": kind, ":now": now.0, ":since": now.0.saturating_sub(HOUR_MS) };
        self.read(|connection| {
            connection.prepare_cached(OF_LATE)?.query_row(of, |row| {
                let due_at: Option<i64> = row.get(1)?;
                let count = row.get(0)?;
                Ok(due_at.map(|due_at| (count, UnixMillis(due_at))))
            })
        })
    }

    /// Moves the cursor and queues the messages, or does neither.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn move_incident_cursor(
        &self,
        cursor: Cursor,
        reports: &[Report],
        ladder: &[Rung],
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.prepare_cached(PUT)?.execute(named_params! {
                ":last_id": cursor.last_id.0,
                ":last_at": cursor.last_at.0,
                ":told_until": cursor.told_until.map(|moment| moment.0),
            })?;
            let before = now.0.saturating_sub(KEPT_MS);
            transaction
                .prepare_cached(PRUNE)?
                .execute(named_params! { ":before": before })?;
            let mut add = transaction.prepare_cached(ADD)?;
            reports.iter().try_for_each(|report| {
                add.execute(named_params! { ":at": report.at.0, ":kind": report.kind })?;
                outbox::add(transaction, ladder, &report.message, now)
            })
        })
    }
}

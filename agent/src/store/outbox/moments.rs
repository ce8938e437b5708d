//! The clock was set: what waits to go out goes along, so that no message waits for a moment that comes an hour, or a year,
//! too late.
//! What has gone out keeps the moment that the owner read, and what waits for a morning that is near keeps that.
//! What was put off may go out earlier; it does not decide when.

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Row, Transaction, named_params};

use crate::store::{Store, alerts::severity_named};

/// Nothing came up after this moment. What was put off keeps its time, which is one of the owner's day, unless that is
/// further away than a day.
const MOVE_MESSAGES: &str = "
    UPDATE messages SET
        created_at = min(max(created_at + :step, 0), :now),
        since = min(max(since + :step, 0), :now),
        not_before = CASE
            WHEN not_before > created_at AND not_before <= min(max(created_at + :step, 0), :now) + 86400000
            THEN not_before
            ELSE min(max(created_at + :step, 0), :now) + not_before - created_at END
    WHERE id IN (SELECT message FROM deliveries WHERE sent_at IS NULL AND dropped_at IS NULL)";
const MOVE_DELIVERIES: &str = "
    UPDATE deliveries SET opened_at = min(max(opened_at + :step, 0), :now)
    WHERE sent_at IS NULL AND dropped_at IS NULL";

const PUT_OFF: &str = "
    SELECT m.id, m.runbook, m.severity, m.not_before FROM messages m
    WHERE m.episode IS NULL AND m.runbook IS NOT NULL AND m.not_before > :now
        AND EXISTS (SELECT 1 FROM deliveries d
                    WHERE d.message = m.id AND d.sent_at IS NULL AND d.dropped_at IS NULL)
    ORDER BY m.id LIMIT 1000";
const DUE_FROM: &str = "UPDATE messages SET not_before = :at WHERE id = :id";

/// A report that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// The message's number.
    pub message: i64,
    /// What kind of report it is.
    pub kind: String,
    /// How grave.
    pub severity: Severity,
    /// When it goes out.
    pub due_at: UnixMillis,
}

/// Moves what waits by as much as the clock was set, in milliseconds, to where it is this moment at most.
pub(in crate::store) fn stepped(
    transaction: &Transaction<'_>,
    step_ms: i64,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    for query in [MOVE_MESSAGES, MOVE_DELIVERIES] {
        transaction.execute(query, named_params! { ":step": step_ms, ":now": now.0 })?;
    }
    Ok(())
}

impl Store {
    /// The reports that are not due at this moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_off(&self, now: UnixMillis) -> rusqlite::Result<Vec<PutOff>> {
        let of = |row: &Row<'_>| {
            Ok(PutOff {
                message: row.get(0)?,
                kind: row.get(1)?,
                severity: severity_named(&row.get::<_, String>(2)?),
                due_at: UnixMillis(row.get(3)?),
            })
        };
        self.read(|connection| {
            let mut statement = connection.prepare_cached(PUT_OFF)?;
            statement
                .query_map(named_params! { ":now": now.0 }, of)?
                .collect()
        })
    }

    /// A report goes out at that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn due_from(&self, report: &PutOff, at: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let parameters = named_params! { ":id": report.message, ":at": at.0 };
            transaction.execute(DUE_FROM, parameters).map(drop)
        })
    }

    /// After a start: what came up in the future did so while the clock ran ahead, and waits from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn bring_outbox_back(&self, now: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| stepped(transaction, 0, now))
    }
}

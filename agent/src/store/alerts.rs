//! The alerts that are not quiet, one row each. A row and the message about it are written together.
//! What the columns mean, and when they may change, is the alert engine's to know.

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    Store,
    outbox::{self, Message},
};

const READ: &str = "SELECT key, rule, detail, since, rule_since, severity_told FROM alerts WHERE key = :key";
const READ_ALL: &str =
    "SELECT key, rule, detail, since, rule_since, severity_told FROM alerts ORDER BY since, key LIMIT 1000";
const PUT: &str = "
    INSERT INTO alerts (key, phase, rule, detail, since, rule_since, severity_told)
    VALUES (:key, :phase, :rule, :detail, :since, :rule_since, :severity_told)
    ON CONFLICT (key) DO UPDATE SET phase = excluded.phase, rule = excluded.rule, detail = excluded.detail,
        since = excluded.since, rule_since = excluded.rule_since, severity_told = excluded.severity_told";
const REMOVE: &str = "DELETE FROM alerts WHERE key = :key";

/// An alert that is not quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// What it is about.
    pub key: String,
    /// The rule's name.
    pub rule: String,
    /// What else is known.
    pub detail: String,
    /// Since when something is wrong.
    pub since: UnixMillis,
    /// Since when it is this rule.
    pub rule_since: UnixMillis,
    /// The loudest that the owner was told; `None` while it is pending.
    pub told: Option<Severity>,
}

/// What becomes of one alert.
pub struct Change {
    /// Its new row; `None` when it is quiet.
    pub row: Option<AlertRow>,
    /// What the owner is told of it.
    pub message: Option<Message>,
}

impl Store {
    /// Moves one alert and queues what there is to say of it to every chat, or does neither.
    /// Gives whether there was something to say.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn move_alert(
        &self,
        key: &str,
        chats: &[i64],
        now: UnixMillis,
        decide: impl FnOnce(Option<AlertRow>) -> Change,
    ) -> rusqlite::Result<bool> {
        // Read inside the transaction: a command run by hand may move the same alert.
        self.write(|transaction| {
            let before = read(transaction, key)?;
            let change = decide(before.clone());
            if change.row == before && change.message.is_none() {
                return Ok(false);
            }
            put(transaction, key, change.row.as_ref())?;
            change
                .message
                .iter()
                .try_for_each(|message| outbox::add(transaction, chats, message, now))?;
            Ok(change.message.is_some())
        })
    }

    /// Every alert that is not quiet, oldest first, at most 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn alerts(&self) -> rusqlite::Result<Vec<AlertRow>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_ALL)?
                .query_map([], from_row)?
                .collect()
        })
    }
}

fn read(connection: &Connection, key: &str) -> rusqlite::Result<Option<AlertRow>> {
    connection
        .prepare_cached(READ)?
        .query_row(named_params! { ":key": key }, from_row)
        .optional()
}

fn put(connection: &Connection, key: &str, row: Option<&AlertRow>) -> rusqlite::Result<()> {
    let Some(row) = row else {
        return connection
            .prepare_cached(REMOVE)?
            .execute(named_params! { ":key": key })
            .map(drop);
    };
    let phase = if row.told.is_some() { "firing" } else { "pending" };
    let mut statement = connection.prepare_cached(PUT)?;
    statement
        .execute(named_params! {
            ":key": key,
            ":phase": phase,
            ":rule": row.rule,
            ":detail": row.detail,
            ":since": row.since.0,
            ":rule_since": row.rule_since.0,
            ":severity_told": row.told.map(severity_name),
        })
        .map(drop)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    Ok(AlertRow {
        key: row.get(0)?,
        rule: row.get(1)?,
        detail: row.get(2)?,
        since: UnixMillis(row.get(3)?),
        rule_since: UnixMillis(row.get(4)?),
        told: row.get::<_, Option<String>>(5)?.map(|name| severity_named(&name)),
    })
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// The schema allows these three names only.
fn severity_named(name: &str) -> Severity {
    match name {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        _ => Severity::Critical,
    }
}

//! The alerts that are not quiet, one row each.
//! What the columns mean, and when they may change, is the alert engine's to know.

use std::collections::BTreeMap;

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Connection, Row, Transaction, named_params};

use super::{Store, episodes::EpisodeId};

const READ_ALL: &str = "
    SELECT key, rule, detail, value, since, rule_since, looks, good_looks, loudest, gravest, episode, held,
        gravest_since, told, away_since
    FROM alerts ORDER BY since, key LIMIT 1000";
const PUT: &str = "
    INSERT INTO alerts
        (key, phase, rule, detail, value, since, rule_since, looks, good_looks, loudest, gravest, episode, held,
         gravest_since, told, away_since)
    VALUES (:key, :phase, :rule, :detail, :value, :since, :rule_since, :looks, :good_looks, :loudest, :gravest,
            :episode, :held, :gravest_since, :told, :away_since)
    ON CONFLICT (key) DO UPDATE SET phase = excluded.phase, rule = excluded.rule, detail = excluded.detail,
        value = excluded.value, since = excluded.since, rule_since = excluded.rule_since, looks = excluded.looks,
        good_looks = excluded.good_looks, loudest = excluded.loudest, gravest = excluded.gravest, episode = excluded.episode,
        held = excluded.held, gravest_since = excluded.gravest_since, told = excluded.told,
        away_since = excluded.away_since";
const REMOVE: &str = "DELETE FROM alerts WHERE key = :key";

/// An alert that is not quiet.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// What it is about.
    pub key: String,
    /// The rule's name.
    pub rule: String,
    /// What else is known.
    pub detail: String,
    /// The last figure, in the unit of the rule's threshold.
    pub value: Option<f64>,
    /// Since when something is wrong.
    pub since: UnixMillis,
    /// Since when it is this rule.
    pub rule_since: UnixMillis,
    /// The last eight looks, the newest in the lowest bit; 1 is bad.
    pub looks: u8,
    /// Good looks in a row.
    pub good_looks: u32,
    /// The gravest that it has been; `None` while it is pending.
    pub loudest: Option<Severity>,
    /// The rule by which it was that; `None` while it is pending, and from an older program.
    pub gravest: Option<String>,
    /// Since when it is, or was, that; `None` like the rule itself.
    pub gravest_since: Option<UnixMillis>,
    /// What it was told with.
    pub episode: Option<EpisodeId>,
    /// Why it is not told although it is firing.
    pub held: Option<Held>,
    /// The rule by which a message, or the newest change of one, named it; `None` before the first.
    pub told: Option<String>,
    /// Since when it is away instead, as after a stop on purpose, and not for long enough to count as that.
    pub away_since: Option<UnixMillis>,
}

/// Why the owner is not told of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Something else that is wrong explains it.
    Explained,
    /// The owner wants to hear nothing of it for a while.
    Silenced,
    /// It can wait for the morning.
    QuietHours,
    /// It comes and goes, and the owner knows.
    Flapping,
}

impl Held {
    const ALL: [(&'static str, Self); 4] = [
        ("explained", Self::Explained),
        ("silenced", Self::Silenced),
        ("quiet_hours", Self::QuietHours),
        ("flapping", Self::Flapping),
    ];

    /// Its word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, held)| *held == self)
            .map_or("explained", |(name, _)| name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, held)| *held)
    }
}

impl Store {
    /// Every alert that is not quiet, oldest first, at most 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn alerts(&self) -> rusqlite::Result<Vec<AlertRow>> {
        self.read(read_all)
    }
}

pub(super) fn read_all(connection: &Connection) -> rusqlite::Result<Vec<AlertRow>> {
    connection
        .prepare_cached(READ_ALL)?
        .query_map([], from_row)?
        .collect()
}

pub(super) fn by_key(connection: &Connection) -> rusqlite::Result<BTreeMap<String, AlertRow>> {
    let rows = read_all(connection)?;
    Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
}

pub(super) fn put(transaction: &Transaction<'_>, row: &AlertRow) -> rusqlite::Result<()> {
    let phase = if row.loudest.is_some() {
        "firing"
    } else {
        "pending"
    };
    let mut statement = transaction.prepare_cached(PUT)?;
    statement
        .execute(named_params! {
            ":key": row.key,
            ":phase": phase,
            ":rule": row.rule,
            ":detail": row.detail,
            ":value": row.value,
            ":since": row.since.0,
            ":rule_since": row.rule_since.0,
            ":looks": row.looks,
            ":good_looks": row.good_looks,
            ":loudest": row.loudest.map(severity_name),
            ":gravest": row.gravest,
            ":episode": row.episode.map(|episode| episode.0),
            ":held": row.held.map(Held::name),
            ":gravest_since": row.gravest_since.map(|since| since.0),
            ":told": row.told,
            ":away_since": row.away_since.map(|since| since.0),
        })
        .map(drop)
}

pub(super) fn remove(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(REMOVE)?
        .execute(named_params! { ":key": key })
        .map(drop)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    Ok(AlertRow {
        key: row.get(0)?,
        rule: row.get(1)?,
        detail: row.get(2)?,
        value: row.get(3)?,
        since: UnixMillis(row.get(4)?),
        rule_since: UnixMillis(row.get(5)?),
        looks: row.get(6)?,
        good_looks: row.get(7)?,
        loudest: row.get::<_, Option<String>>(8)?.map(|name| severity_named(&name)),
        gravest: row.get(9)?,
        episode: row.get::<_, Option<i64>>(10)?.map(EpisodeId),
        held: row
            .get::<_, Option<String>>(11)?
            .and_then(|name| Held::named(&name)),
        gravest_since: row.get::<_, Option<i64>>(12)?.map(UnixMillis),
        told: row.get(13)?,
        away_since: row.get::<_, Option<i64>>(14)?.map(UnixMillis),
    })
}

/// Its word in the database.
#[must_use]
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// The schema allows these three names only.
pub(super) fn severity_named(name: &str) -> Severity {
    match name {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        _ => Severity::Critical,
    }
}

//! Episodes: what the owner has been told as one thing, and how often something came and went.
//! When a row may change is the alert engine's to know.

use std::collections::BTreeMap;

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Connection, Row, Transaction, named_params};
use serde::{Deserialize, Serialize};

use super::alerts::{severity_name, severity_named};

const READ_EPISODES: &str = "
    SELECT id, topic, lead_key, lead_rule, lead_detail, lead_value, lead_since, faults, due_at, severity, told_at,
           edits, acked_at, reminders, remind_at, acked_by, mended
    FROM episodes ORDER BY id LIMIT 1000";
const PUT_EPISODE: &str = "
    INSERT OR REPLACE INTO episodes
        (id, topic, lead_key, lead_rule, lead_detail, lead_value, lead_since, faults, due_at, severity, told_at,
         edits, acked_at, reminders, remind_at, acked_by, mended)
    VALUES (:id, :topic, :lead_key, :lead_rule, :lead_detail, :lead_value, :lead_since, :faults, :due_at, :severity,
            :told_at, :edits, :acked_at, :reminders, :remind_at, :acked_by, :mended)";
const REMOVE_EPISODE: &str = "DELETE FROM episodes WHERE id = :id";
const READ_FLOORS: &str = "
    SELECT key, rule, raised_at, raises, bad_at, loudest, flapping_since, episode, over_at, messages, began_at, hour_at,
           paced_until, unsaid, kinds
    FROM floors ORDER BY key LIMIT 1000";
const PUT_FLOOR: &str = "
    INSERT OR REPLACE INTO floors
        (key, rule, raised_at, raises, bad_at, loudest, flapping_since, episode, over_at, messages, began_at, hour_at,
         paced_until, unsaid, kinds)
    VALUES (:key, :rule, :raised_at, :raises, :bad_at, :loudest, :flapping_since, :episode, :over_at, :messages,
            :began_at, :hour_at, :paced_until, :unsaid, :kinds)";
const REMOVE_FLOOR: &str = "DELETE FROM floors WHERE key = :key";

/// An episode's number; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpisodeId(pub i64);

/// The alert that an episode's headline is about, as it was when it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// What it is about.
    pub key: String,
    /// The rule's name.
    pub rule: String,
    /// What else was known.
    pub detail: String,
    /// The figure, in the unit of the rule's threshold.
    pub value: Option<f64>,
    /// Since when.
    pub since: UnixMillis,
}

/// What the owner has been told as one thing, or will be at `due_at`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeRow {
    /// Its number.
    pub id: EpisodeId,
    /// What its alerts are about.
    pub topic: String,
    /// What its headline is about.
    pub lead: Lead,
    /// How many alerts it ever held.
    pub faults: u32,
    /// When its next message or edit is due; `None` when all is said.
    pub due_at: Option<UnixMillis>,
    /// The gravest that was told, and when it was last told in a message of its own.
    pub told: Option<(Severity, UnixMillis)>,
    /// How often the last message was edited.
    pub edits: u32,
    /// That an owner took it on.
    pub acked: Option<Acked>,
    /// How often it was told again.
    pub reminders: u32,
    /// When it will be told again.
    pub remind_at: Option<UnixMillis>,
    /// What was told with it and is over, while it goes on; the oldest first.
    pub mended: Vec<Mended>,
}

/// An alert that was told with others which go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    /// What it was about.
    pub key: String,
    /// The rule's name.
    pub rule: String,
    /// When it was over.
    pub at: UnixMillis,
}

/// That an owner took something on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    /// When.
    pub at: UnixMillis,
    /// Who, where there are several owners; only they read it.
    pub by: Option<String>,
}

/// How often it was what, by the rule's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(BTreeMap<String, u32>);

impl Kinds {
    /// It came once, as this.
    #[must_use]
    pub fn once(rule: &str) -> Self {
        let mut kinds = Self::default();
        kinds.add(rule);
        kinds
    }

    /// It came once more, as this.
    pub fn add(&mut self, rule: &str) {
        *self.0.entry(rule.to_owned()).or_default() += 1;
    }

    /// What was counted as one turned out to be the other.
    pub fn becomes(&mut self, before: &str, after: &str) {
        let Some(count) = self.0.get_mut(before) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.0.remove(before);
        }
        self.add(after);
    }

    /// Each with its count, the most frequent first.
    #[must_use]
    pub fn most_first(&self) -> Vec<(&str, u32)> {
        let mut all: Vec<(&str, u32)> = self
            .0
            .iter()
            .map(|(rule, count)| (rule.as_str(), *count))
            .collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }

    fn stored(&self) -> String {
        let line = |(rule, count): (&String, &u32)| format!("{rule} {count}");
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn read(stored: &str) -> Self {
        let of = |line: &str| {
            let (rule, count) = line.split_once(' ')?;
            let count = count.parse().ok().filter(|count| *count > 0)?;
            Some((rule.to_owned(), count))
        };
        Self(stored.lines().filter_map(of).collect())
    }
}

/// How often something came and went within the last hour.
#[derive(Clone, Debug, PartialEq)]
pub struct FloorRow {
    /// What it is about.
    pub key: String,
    /// What was wrong.
    pub rule: String,
    /// When it was last told as something new.
    pub raised_at: UnixMillis,
    /// How often it came since it was last calm.
    pub raises: u32,
    /// The same by what it was.
    pub kinds: Kinds,
    /// When it was last seen wrong, or ended.
    pub bad_at: UnixMillis,
    /// The gravest that was told.
    pub loudest: Severity,
    /// When the owner was last told that it comes and goes, and in which episode.
    pub flapping: Option<(UnixMillis, EpisodeId)>,
    /// When its message said that it is over, if nothing came since.
    pub over_at: Option<UnixMillis>,
    /// How many messages of its own it had since `hour_at`.
    pub messages: u32,
    /// Since when it comes and goes: since then `raises` is counted.
    pub began_at: UnixMillis,
    /// Since when `messages` are counted.
    pub hour_at: UnixMillis,
    /// How far the changes of its message are ahead of their pace.
    pub paced_until: UnixMillis,
    /// Whether its message does not show the last of it yet.
    pub unsaid: bool,
}

pub(super) fn episodes(connection: &Connection) -> rusqlite::Result<BTreeMap<EpisodeId, EpisodeRow>> {
    let mut statement = connection.prepare_cached(READ_EPISODES)?;
    let rows = statement.query_map([], episode_from)?;
    rows.map(|row| row.map(|row| (row.id, row))).collect()
}

pub(super) fn put_episode(transaction: &Transaction<'_>, row: &EpisodeRow) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(PUT_EPISODE)?;
    statement
        .execute(named_params! {
            ":id": row.id.0,
            ":topic": row.topic,
            ":lead_key": row.lead.key,
            ":lead_rule": row.lead.rule,
            ":lead_detail": row.lead.detail,
            ":lead_value": row.lead.value,
            ":lead_since": row.lead.since.0,
            ":faults": row.faults,
            ":due_at": row.due_at.map(|at| at.0),
            ":severity": row.told.map(|(severity, _)| severity_name(severity)),
            ":told_at": row.told.map(|(_, at)| at.0),
            ":edits": row.edits,
            ":acked_at": row.acked.as_ref().map(|acked| acked.at.0),
            ":acked_by": row.acked.as_ref().and_then(|acked| acked.by.as_ref()),
            ":reminders": row.reminders,
            ":remind_at": row.remind_at.map(|at| at.0),
            ":mended": serde_json::to_string(&row.mended).expect("a list of plain data"),
        })
        .map(drop)
}

pub(super) fn remove_episode(transaction: &Transaction<'_>, id: EpisodeId) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(REMOVE_EPISODE)?
        .execute(named_params! { ":id": id.0 })
        .map(drop)
}

pub(super) fn floors(connection: &Connection) -> rusqlite::Result<BTreeMap<String, FloorRow>> {
    let mut statement = connection.prepare_cached(READ_FLOORS)?;
    let rows = statement.query_map([], floor_from)?;
    rows.map(|row| row.map(|row| (row.key.clone(), row))).collect()
}

pub(super) fn put_floor(transaction: &Transaction<'_>, row: &FloorRow) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(PUT_FLOOR)?;
    statement
        .execute(named_params! {
            ":key": row.key,
            ":rule": row.rule,
            ":raised_at": row.raised_at.0,
            ":raises": row.raises,
            ":bad_at": row.bad_at.0,
            ":loudest": severity_name(row.loudest),
            ":flapping_since": row.flapping.map(|(since, _)| since.0),
            ":episode": row.flapping.map(|(_, episode)| episode.0),
            ":over_at": row.over_at.map(|at| at.0),
            ":messages": row.messages,
            ":began_at": row.began_at.0,
            ":hour_at": row.hour_at.0,
            ":paced_until": row.paced_until.0,
            ":unsaid": row.unsaid,
            ":kinds": row.kinds.stored(),
        })
        .map(drop)
}

pub(super) fn remove_floor(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(REMOVE_FLOOR)?
        .execute(named_params! { ":key": key })
        .map(drop)
}

fn moment(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(UnixMillis))
}

fn episode_from(row: &Row<'_>) -> rusqlite::Result<EpisodeRow> {
    let severity: Option<String> = row.get(9)?;
    let severity = severity.map(|name| severity_named(&name));
    let acked_by = row.get(15)?;
    Ok(EpisodeRow {
        id: EpisodeId(row.get(0)?),
        topic: row.get(1)?,
        lead: Lead {
            key: row.get(2)?,
            rule: row.get(3)?,
            detail: row.get(4)?,
            value: row.get(5)?,
            since: UnixMillis(row.get(6)?),
        },
        faults: row.get(7)?,
        due_at: moment(row, 8)?,
        told: severity.zip(moment(row, 10)?),
        edits: row.get(11)?,
        acked: moment(row, 12)?.map(|at| Acked { at, by: acked_by }),
        reminders: row.get(13)?,
        remind_at: moment(row, 14)?,
        // What does not read is a line less in a message.
        mended: serde_json::from_str(&row.get::<_, String>(16)?).unwrap_or_default(),
    })
}

fn floor_from(row: &Row<'_>) -> rusqlite::Result<FloorRow> {
    Ok(FloorRow {
        key: row.get(0)?,
        rule: row.get(1)?,
        raised_at: UnixMillis(row.get(2)?),
        raises: row.get(3)?,
        bad_at: UnixMillis(row.get(4)?),
        loudest: severity_named(&row.get::<_, String>(5)?),
        flapping: moment(row, 6)?.zip(row.get::<_, Option<i64>>(7)?.map(EpisodeId)),
        over_at: moment(row, 8)?,
        messages: row.get(9)?,
        began_at: UnixMillis(row.get(10)?),
        hour_at: UnixMillis(row.get(11)?),
        paced_until: UnixMillis(row.get(12)?),
        unsaid: row.get(13)?,
        kinds: Kinds::read(&row.get::<_, String>(14)?),
    })
}

//! What waits for one address, with what is known of it from the other ways, and what has arrived nowhere at all.
//! It says only that a message went another way and when; what is made of that is for who sends it.

use std::collections::BTreeMap;

use protocol::time::UnixMillis;
use rusqlite::{Row, named_params};

use super::{Address, DeliveryId, Message, There};
use crate::store::{Store, alerts::severity_named, episodes::EpisodeId};

const WAITING: &str = "
    SELECT d.id, m.alert_key, m.episode, m.runbook, m.severity, m.headline, m.text, m.loud, m.open, m.is_edit,
           m.follows_up, m.created_at, m.not_before, d.in_doubt, o.rung, o.sent_at, o.climbed,
           m.settles, m.in_passing, m.also, m.was,
           coalesce((SELECT max(iif(p.sent_at IS NOT NULL, 2, p.in_doubt)) FROM deliveries p
                     WHERE p.message = m.id AND p.place = d.place AND p.id <> d.id), 0) AS there,
           iif(d.climbed, d.opened_at, NULL) AS climbed_at, m.since
    FROM deliveries d JOIN messages m ON m.id = d.message
    LEFT JOIN deliveries o ON o.id =
        (SELECT id FROM deliveries WHERE message = m.id AND rung <> d.rung AND sent_at IS NOT NULL
             AND (d.chat_id = 0 OR chat_id IN (0, d.chat_id))
         ORDER BY sent_at, id LIMIT 1)
    WHERE d.rung = :rung AND d.chat_id = :chat_id AND d.sent_at IS NULL AND d.dropped_at IS NULL
        AND m.not_before <= :now
    ORDER BY there = 2, m.id LIMIT :limit";

const UNDELIVERED: &str = "
    SELECT m.episode, min(m.created_at), group_concat(DISTINCT d.rung || ': ' || d.why)
    FROM messages m JOIN deliveries d ON d.message = m.id
    WHERE m.episode IN (SELECT w.episode FROM messages w JOIN deliveries q ON q.message = w.id
                        WHERE q.sent_at IS NULL AND q.dropped_at IS NULL)
    GROUP BY m.episode HAVING max(d.sent_at IS NOT NULL) = 0";

/// A mark under a message that is out, and the word that what comes and goes is gone for a moment, tell nobody anything
/// that he has to know. What waits for the end of the night on purpose is late from then on.
const BACKLOG: &str = "
    SELECT count(*), count(*) FILTER (WHERE is_news), min(due_at) FILTER (WHERE is_news),
           min(due_at) FILTER (WHERE is_news AND severity = 'critical')
    FROM (SELECT m.id, max(m.created_at, m.not_before) AS due_at, m.severity,
                 m.not_before <= :now AND NOT (m.is_edit = 1 AND m.open = 0 AND (m.follows_up = 0 OR (m.in_passing = 1 AND m.loud = 0))) AS is_news
          FROM messages m) m
    WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.sent_at IS NULL AND d.dropped_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.sent_at IS NOT NULL)";

/// What has arrived somewhere, and waits for a place that has not got it.
const BEHIND: &str = "
    SELECT d.rung, d.chat_id, count(DISTINCT m.id) FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE d.sent_at IS NULL AND d.dropped_at IS NULL AND m.not_before <= :now
        AND NOT (m.is_edit = 1 AND m.open = 0 AND (m.follows_up = 0 OR (m.in_passing = 1 AND m.loud = 0)))
        AND EXISTS (SELECT 1 FROM deliveries s WHERE s.message = m.id AND s.sent_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM deliveries p
                        WHERE p.message = m.id AND p.place = d.place AND p.sent_at IS NOT NULL)
    GROUP BY d.place ORDER BY min(d.id)";

/// What has arrived nowhere yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that wait, and changes of messages.
    pub waiting: u64,
    /// How many of them the owner has not got in substance.
    pub untold: u64,
    /// Since when the oldest of these could have gone out.
    pub oldest_at: Option<UnixMillis>,
    /// Since when the oldest critical one of these could have gone out.
    pub critical_at: Option<UnixMillis>,
}

/// An episode of which nothing has arrived anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// When its first message came up.
    pub since: UnixMillis,
    /// Each way that was tried with what it said last; none before the first try.
    pub why: Option<String>,
}

/// A message that waits for one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: DeliveryId,
    /// What is to be said.
    pub message: Message,
    /// When the reason to say it came up: by that it is paced, and late. The owner reads [`Waiting::happened_at`].
    pub created_at: UnixMillis,
    /// When this way took it, where an earlier one had not taken it.
    pub climbed_at: Option<UnixMillis>,
    /// Whether an earlier attempt may have arrived.
    pub in_doubt: bool,
    /// What is known of it at its place from the other ways that lead there.
    pub there: There,
    /// Where it has arrived meanwhile, first: for whoever reads here, which another owner's chat is not.
    pub elsewhere: Option<Elsewhere>,
}

/// Another way by which a message has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The way's name.
    pub rung: String,
    /// When it took the message.
    pub sent_at: UnixMillis,
    /// Whether it was taken because an earlier way did not take the message.
    pub climbed: bool,
}

impl Waiting {
    /// Whether its place may have got it before.
    #[must_use]
    pub fn may_be_repeated(&self) -> bool {
        self.in_doubt || self.there == There::Perhaps
    }

    /// When that was which it tells, as far as that is known.
    #[must_use]
    pub fn happened_at(&self) -> UnixMillis {
        self.message.since.unwrap_or(self.created_at)
    }
}

impl Store {
    /// What has arrived nowhere yet, also what waits on purpose.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn backlog(&self) -> rusqlite::Result<Backlog> {
        self.late(UnixMillis(i64::MAX))
    }

    /// What has arrived nowhere yet; of what waits on purpose, as for the end of the night, the owner lacks nothing by now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn late(&self, now: UnixMillis) -> rusqlite::Result<Backlog> {
        self.read(|connection| {
            let now = named_params! {":now": now.0};
            connection.prepare_cached(BACKLOG)?.query_row(now, |row| {
                Ok(Backlog {
                    waiting: row.get(0)?,
                    untold: row.get(1)?,
                    oldest_at: row.get::<_, Option<i64>>(2)?.map(UnixMillis),
                    critical_at: row.get::<_, Option<i64>>(3)?.map(UnixMillis),
                })
            })
        })
    }

    /// How many messages that have arrived somewhere still wait for each place, by one way that leads there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn behind(&self, now: UnixMillis) -> rusqlite::Result<Vec<(Address, u64)>> {
        let place = |row: &Row<'_>| {
            let address = Address {
                rung: row.get(0)?,
                chat_id: row.get(1)?,
            };
            Ok((address, row.get(2)?))
        };
        self.read(|connection| {
            connection
                .prepare_cached(BEHIND)?
                .query_map(named_params! { ":now": now.0 }, place)?
                .collect()
        })
    }

    /// What has arrived nowhere, by episode.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn undelivered(&self) -> rusqlite::Result<BTreeMap<EpisodeId, Undelivered>> {
        let of = |row: &Row<'_>| {
            let undelivered = Undelivered {
                since: UnixMillis(row.get(1)?),
                why: row.get(2)?,
            };
            Ok((EpisodeId(row.get(0)?), undelivered))
        };
        self.read(|connection| {
            connection
                .prepare_cached(UNDELIVERED)?
                .query_map([], of)?
                .collect()
        })
    }

    /// What waits for one address and is due, oldest first, at most `limit`; last what its place has got by another way.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn waiting(&self, address: &Address, limit: u32, now: UnixMillis) -> rusqlite::Result<Vec<Waiting>> {
        self.read(|connection| {
            let parameters = named_params! {
                ":rung": address.rung, ":chat_id": address.chat_id, ":limit": limit, ":now": now.0,
            };
            connection
                .prepare_cached(WAITING)?
                .query_map(parameters, waiting_from)?
                .collect()
        })
    }
}

fn waiting_from(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: DeliveryId(row.get(0)?),
        message: Message {
            alert_key: row.get(1)?,
            episode: row.get::<_, Option<i64>>(2)?.map(EpisodeId),
            runbook: row.get(3)?,
            severity: severity_named(&row.get::<_, String>(4)?),
            headline: row.get(5)?,
            text: row.get(6)?,
            also: row.get::<_, String>(19)?.lines().map(str::to_owned).collect(),
            was: row.get(20)?,
            loud: row.get(7)?,
            open: row.get(8)?,
            is_edit: row.get(9)?,
            follows_up: row.get(10)?,
            settles: row.get(17)?,
            in_passing: row.get(18)?,
            since: row.get::<_, Option<i64>>("since")?.map(UnixMillis),
            not_before: Some(UnixMillis(row.get(12)?)),
            rungs: 1,
        },
        created_at: UnixMillis(row.get(11)?),
        climbed_at: row.get::<_, Option<i64>>("climbed_at")?.map(UnixMillis),
        in_doubt: row.get(13)?,
        there: There::numbered(row.get(21)?),
        elsewhere: elsewhere_from(row)?,
    })
}

fn elsewhere_from(row: &Row<'_>) -> rusqlite::Result<Option<Elsewhere>> {
    let Some(rung) = row.get(14)? else {
        return Ok(None);
    };
    Ok(Some(Elsewhere {
        rung,
        sent_at: UnixMillis(row.get(15)?),
        climbed: row.get(16)?,
    }))
}

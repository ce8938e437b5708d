//! The ways to the owner, in the order in which they are tried, and which of them a message takes.
//! It does not decide when the next one is tried: that is handed in.

use std::{collections::BTreeSet, time::Duration};

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Connection, Row, Transaction, named_params};

use super::{Address, DeliveryId, Message, add_delivery, addresses};
use crate::store::{Store, alerts::severity_named};

const WAYS_OF_EPISODE: &str = "
    SELECT d.rung, d.chat_id, max(d.sent_at IS NOT NULL OR d.in_doubt = 1)
    FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :id AND (d.sent_at IS NOT NULL OR d.in_doubt = 1 OR d.dropped_at IS NULL)
    GROUP BY d.rung, d.chat_id";
/// A way on which there was nothing to say was passed as well, and neither refuses nor takes.
const STUCK: &str = "
    SELECT m.id, m.severity, m.not_before, d.rung, d.opened_at, d.refused OR d.dropped_at IS NOT NULL,
           d.why IS NOT NULL OR d.dropped_at IS NOT NULL
    FROM messages m JOIN deliveries d ON d.message = m.id
    WHERE m.not_before <= :now
        AND m.id IN (SELECT message FROM deliveries WHERE sent_at IS NULL AND dropped_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM deliveries s WHERE s.message = m.id AND s.sent_at IS NOT NULL)
    ORDER BY m.id, d.id LIMIT 5000";
/// What has taken something since is not broken, in one of its chats at least.
const BROKEN: &str = "
    SELECT t.rung FROM channel_tests t WHERE t.ok = 0
        AND NOT EXISTS (SELECT 1 FROM deliveries s WHERE s.rung = t.rung AND s.sent_at > t.tested_at)
    UNION
    SELECT d.rung FROM deliveries d
    WHERE d.sent_at IS NULL AND d.dropped_at IS NULL AND d.why IS NOT NULL AND d.opened_at <= :before
        AND NOT EXISTS (SELECT 1 FROM deliveries s WHERE s.rung = d.rung AND s.sent_at > d.opened_at)";
/// Not where the way may have told what this goes on from: whoever read that is to read this too.
const DROP_DETOURS: &str = "
    UPDATE deliveries SET dropped_at = :now
    WHERE message = (SELECT message FROM deliveries WHERE id = :id)
        AND climbed = 1 AND in_doubt = 0 AND sent_at IS NULL AND dropped_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM messages m JOIN messages before ON before.episode = m.episode AND before.id < m.id
            JOIN deliveries told ON told.message = before.id
            WHERE m.id = deliveries.message AND told.rung = deliveries.rung AND told.chat_id = deliveries.chat_id
                AND (told.sent_at IS NOT NULL OR told.in_doubt = 1 OR told.dropped_at IS NULL))";
const WAITING_ADDRESSES: &str = "
    SELECT DISTINCT rung, chat_id FROM deliveries
    WHERE sent_at IS NULL AND dropped_at IS NULL";
const FORGET: &str = "
    UPDATE deliveries SET dropped_at = :now
    WHERE rung = :rung AND chat_id = :chat_id AND sent_at IS NULL AND dropped_at IS NULL";

const STRANDED: &str = "
    SELECT DISTINCT d.message FROM deliveries d
    WHERE d.dropped_at = :now AND NOT EXISTS
        (SELECT 1 FROM deliveries o WHERE o.message = d.message AND (o.sent_at IS NOT NULL OR o.dropped_at IS NULL))";

/// One way to the owner with the places that it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Its name.
    pub name: String,
    /// The chats, or chat 0 where it has none.
    pub chats: Vec<i64>,
}

/// A message that has arrived nowhere, and the ways that it has taken so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The message's number.
    pub message: i64,
    /// How grave.
    pub severity: Severity,
    /// Since when it may go out.
    pub since: UnixMillis,
    /// Each way with each place of it.
    pub ways: Vec<Taken>,
}

/// A way that a message has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The way's name.
    pub rung: String,
    /// From when on it may say it.
    pub opened_at: UnixMillis,
    /// Whether it refused, this message or another one.
    pub refused: bool,
    /// Whether the last try with this message failed.
    pub failed: bool,
}

/// A message takes another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climb {
    /// The message's number.
    pub message: i64,
    /// Which way, by its place in the ladder.
    pub rung: usize,
}

impl Rung {
    /// Each of its places, by this way.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.chats.iter().map(|chat_id| Address {
            rung: self.name.clone(),
            chat_id: *chat_id,
        })
    }
}

/// The first ways of a message, and whether each is only a detour: as many as it asks for, each on which its episode was
/// told before, and each on which that still waits, which needs neither once another way has told it.
pub(super) fn first_ways(
    connection: &Connection,
    ladder: &[Rung],
    message: &Message,
) -> rusqlite::Result<Vec<(Address, bool)>> {
    let count = usize::try_from(message.rungs.max(1)).unwrap_or(usize::MAX);
    let first = ladder.iter().take(count).flat_map(Rung::addresses);
    let mut ways: Vec<(Address, bool)> = first.map(|way| (way, false)).collect();
    let Some(episode) = message.episode else {
        return Ok(ways);
    };
    let known: Vec<Address> = ladder.iter().flat_map(Rung::addresses).collect();
    let mut statement = connection.prepare_cached(WAYS_OF_EPISODE)?;
    let mut rows = statement.query(named_params! { ":id": episode.0 })?;
    while let Some(row) = rows.next()? {
        let (rung, chat_id, was_told): (String, i64, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let way = Address { rung, chat_id };
        if known.contains(&way) && ways.iter().all(|(known, _)| *known != way) {
            ways.push((way, !was_told));
        }
    }
    Ok(ways)
}

/// It has arrived: what was to go another way only because this one was not known to work need not.
pub(super) fn drop_detours(
    transaction: &Transaction<'_>,
    id: DeliveryId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(DROP_DETOURS)?
        .execute(named_params! { ":id": id.0, ":now": now.0 })
        .map(drop)
}

impl Store {
    /// Lets messages that have arrived nowhere take the next ways that `decide` gives, and tells how many did.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn climb(
        &self,
        ladder: &[Rung],
        now: UnixMillis,
        decide: impl FnOnce(&[Stuck]) -> rusqlite::Result<Vec<Climb>>,
    ) -> rusqlite::Result<usize> {
        let stuck = self.read(|connection| stuck(connection, now))?;
        let climbs = if stuck.is_empty() {
            Vec::new()
        } else {
            decide(&stuck)?
        };
        if climbs.is_empty() {
            return Ok(0);
        }
        self.write(|transaction| {
            for climb in &climbs {
                for address in ladder.iter().skip(climb.rung).take(1).flat_map(Rung::addresses) {
                    add_delivery(transaction, climb.message, &address, true, now)?;
                }
            }
            Ok(climbs.len())
        })
    }

    /// The ways that are known as broken: the last test failed, or something that they did not take waits for so long.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn broken_ways(&self, waits: Duration, now: UnixMillis) -> rusqlite::Result<BTreeSet<String>> {
        let waits_ms = i64::try_from(waits.as_millis()).unwrap_or(i64::MAX);
        let before = now.0.saturating_sub(waits_ms);
        self.read(|connection| {
            connection
                .prepare_cached(BROKEN)?
                .query_map(named_params! { ":before": before }, |row| row.get(0))?
                .collect()
        })
    }

    /// Drops what waits for places that are not the owner's any more, and gives their number. What was to go to such places
    /// alone, and has arrived nowhere, goes the first way instead: an owner who corrects a chat has not been told.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_other_ways(&self, ladder: &[Rung], now: UnixMillis) -> rusqlite::Result<usize> {
        let known: Vec<Address> = ladder.iter().flat_map(Rung::addresses).collect();
        self.write(|transaction| {
            let waiting = addresses(transaction, WAITING_ADDRESSES, &[])?;
            let strangers = waiting.iter().filter(|address| !known.contains(address));
            let forget = |address: &Address| {
                let parameters =
                    named_params! { ":rung": address.rung, ":chat_id": address.chat_id, ":now": now.0 };
                transaction.execute(FORGET, parameters)
            };
            let forgotten = strangers.map(forget).sum::<rusqlite::Result<usize>>()?;
            if forgotten > 0 {
                turn_to_the_owner(transaction, ladder, now)?;
            }
            Ok(forgotten)
        })
    }
}

/// What was dropped at this moment and has no other way left takes the first one.
fn turn_to_the_owner(
    transaction: &Transaction<'_>,
    ladder: &[Rung],
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(STRANDED)?;
    let stranded = statement.query_map(named_params! { ":now": now.0 }, |row| row.get(0))?;
    let stranded: Vec<i64> = stranded.collect::<rusqlite::Result<_>>()?;
    for message in stranded {
        for address in ladder.iter().take(1).flat_map(Rung::addresses) {
            add_delivery(transaction, message, &address, false, now)?;
        }
    }
    Ok(())
}

fn stuck(connection: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<Stuck>> {
    let mut found: Vec<Stuck> = Vec::new();
    let mut statement = connection.prepare_cached(STUCK)?;
    let mut rows = statement.query(named_params! { ":now": now.0 })?;
    while let Some(row) = rows.next()? {
        let message: i64 = row.get(0)?;
        if found.last().is_none_or(|last| last.message != message) {
            found.push(Stuck {
                message,
                severity: severity_named(&row.get::<_, String>(1)?),
                since: UnixMillis(row.get(2)?),
                ways: Vec::new(),
            });
        }
        if let Some(last) = found.last_mut() {
            last.ways.push(way(row)?);
        }
    }
    Ok(found)
}

fn way(row: &Row<'_>) -> rusqlite::Result<Taken> {
    Ok(Taken {
        rung: row.get(3)?,
        opened_at: UnixMillis(row.get(4)?),
        refused: row.get(5)?,
        failed: row.get(6)?,
    })
}

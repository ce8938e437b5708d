//! Which earlier message of its episode a message goes on from, which one an edit changes, and what was told before.
//! Only messages of their own count for edits: one line of a summary cannot be changed alone.

use protocol::time::UnixMillis;
use rusqlite::{OptionalExtension, named_params};

use super::{Address, Message, Waiting};
use crate::store::Store;

const LAST_MESSAGE: &str = "
    SELECT d.message_id FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND d.chat_id = :chat_id AND d.message_id IS NOT NULL
    ORDER BY m.id DESC LIMIT 1";
const OWN_MESSAGE: &str = "
    SELECT d.message_id FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND m.open >= :open AND d.chat_id = :chat_id AND d.message_id IS NOT NULL
        AND d.in_summary = 0
    ORDER BY m.id DESC, d.message_id DESC LIMIT 1";
const IS_SUMMARY: &str = "
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE chat_id = :chat_id AND message_id = :message_id AND in_summary = 1)";
/// Of what was told of an episode at this place, the message that asks aside: the last that was or may have been, and the last
/// that certainly was.
const TOLD: &str = "
    WITH told AS (
        SELECT m.id, d.sent_at IS NOT NULL AS is_sure,
               CASE WHEN m.open = 1 THEN 'wrong' WHEN m.in_passing = 1 THEN 'paused' ELSE 'over' END AS said
        FROM deliveries d JOIN messages m ON m.id = d.message
        WHERE m.episode = :episode AND d.place = :place AND m.id <> (SELECT message FROM deliveries WHERE id = :row)
            AND (d.sent_at IS NOT NULL OR d.in_doubt = 1))
    SELECT (SELECT said FROM told ORDER BY id DESC LIMIT 1),
           (SELECT said FROM told WHERE is_sure ORDER BY id DESC LIMIT 1)";
/// What may have been told counts as well: on a way that loses its answers nothing else would. Rows of one message have one
/// moment.
const OF_LATE: &str = "
    WITH told AS (
        SELECT m.id, m.open = 1 AND m.is_edit = 0 AND m.follows_up = 1 AS reminds, coalesce(d.sent_at, m.created_at) AS at
        FROM messages m JOIN deliveries d ON d.message = m.id
        WHERE m.alert_key = :alert_key AND d.rung = :rung AND d.chat_id = :chat_id AND d.id <> :row
            AND (d.sent_at IS NOT NULL OR d.in_doubt = 1))
    SELECT count(DISTINCT at), coalesce((SELECT reminds FROM told ORDER BY id DESC LIMIT 1), 0)
    FROM told WHERE at > :since AND at <= :now";

const HOUR_MS: i64 = 3_600_000;

/// What one message says of its episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Something is wrong.
    Wrong,
    /// What comes and goes is well for the moment.
    Paused,
    /// It is over.
    Over,
}

/// What a place was told of an episode so far, beside the row that asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The last that it was told, or may have been.
    pub last: Option<Said>,
    /// The last that it certainly was.
    pub last_sure: Option<Said>,
}

/// What a way told about one alert within the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfLate {
    /// How many messages.
    pub count: u32,
    /// Whether the last of all was that it is wrong still, or graver: it has lasted.
    pub is_reminder: bool,
}

impl Said {
    fn named(name: &str) -> Option<Self> {
        match name {
            "wrong" => Some(Self::Wrong),
            "paused" => Some(Self::Paused),
            "over" => Some(Self::Over),
            _ => None,
        }
    }
}

impl Store {
    /// What was told of the row's episode at this way's place so far, by whatever way.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn told_there(&self, address: &Address, row: &Waiting) -> rusqlite::Result<Told> {
        let parameters = named_params! {
            ":row": row.id.0, ":episode": row.message.episode.map(|id| id.0), ":place": address.place(),
        };
        let said = |name: Option<String>| name.and_then(|name| Said::named(&name));
        self.read(|connection| {
            connection.prepare_cached(TOLD)?.query_row(parameters, |row| {
                Ok(Told {
                    last: said(row.get(0)?),
                    last_sure: said(row.get(1)?),
                })
            })
        })
    }

    /// What this way told within the hour about what the row is about, or may have told.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn told_of_late(
        &self,
        address: &Address,
        row: &Waiting,
        now: UnixMillis,
    ) -> rusqlite::Result<OfLate> {
        let parameters = named_params! {
            ":rung": address.rung, ":chat_id": address.chat_id, ":row": row.id.0,
            ":alert_key": row.message.alert_key, ":since": now.0.saturating_sub(HOUR_MS), ":now": now.0,
        };
        self.read(|connection| {
            connection.prepare_cached(OF_LATE)?.query_row(parameters, |row| {
                Ok(OfLate {
                    count: row.get(0)?,
                    is_reminder: row.get(1)?,
                })
            })
        })
    }

    /// Whether this message of the chat tells of several things at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_summary(&self, chat_id: i64, message_id: i64) -> rusqlite::Result<bool> {
        let parameters = named_params! { ":chat_id": chat_id, ":message_id": message_id };
        self.read(|connection| {
            connection
                .prepare_cached(IS_SUMMARY)?
                .query_row(parameters, |row| row.get(0))
        })
    }

    /// The message that this row replies to, if it follows one up that the chat has seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn message_to_reply_to(&self, chat_id: i64, message: &Message) -> rusqlite::Result<Option<i64>> {
        if !message.follows_up {
            return Ok(None);
        }
        self.read(|connection| {
            connection
                .prepare_cached(LAST_MESSAGE)?
                .query_row(
                    named_params! { ":episode": message.episode.map(|id| id.0), ":chat_id": chat_id },
                    |row| row.get(0),
                )
                .optional()
        })
    }

    /// The message that an edit changes, if the chat has one of its own for that episode: the last one, so that the last
    /// word is true, and for an edit that settles the last that told that something is wrong.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn message_to_edit(&self, chat_id: i64, message: &Message) -> rusqlite::Result<Option<i64>> {
        if !message.is_edit {
            return Ok(None);
        }
        let parameters = named_params! {
            ":episode": message.episode.map(|id| id.0), ":chat_id": chat_id, ":open": message.settles,
        };
        self.read(|connection| {
            connection
                .prepare_cached(OWN_MESSAGE)?
                .query_row(parameters, |row| row.get(0))
                .optional()
        })
    }
}

//! Which earlier message of its episode a message goes on from, and which one an edit changes.
//! Only messages of their own count for edits: one line of a summary cannot be changed alone.

use rusqlite::{OptionalExtension, named_params};

use super::{Address, Message};
use crate::store::Store;

const LAST_MESSAGE: &str = "
    SELECT d.message_id FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND d.chat_id = :chat_id AND d.message_id IS NOT NULL
    ORDER BY m.id DESC LIMIT 1";
const OWN_MESSAGE: &str = "
    SELECT d.message_id FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND m.open >= :open AND d.chat_id = :chat_id AND d.message_id IS NOT NULL
        AND d.in_summary = 0
    ORDER BY m.id DESC LIMIT 1";
const LAST_IS_OVER: &str = "
    SELECT m.open = 0 FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND d.rung = :rung AND d.chat_id = :chat_id
        AND (d.sent_at IS NOT NULL OR d.in_doubt = 1)
    ORDER BY m.id DESC LIMIT 1";

/// Here and below: what only may have arrived may be the very message that asks.
const IS_FIRST_PAUSE: &str = "
    SELECT coalesce(max(m.in_passing = 1 AND m.open = 0) = 0, 0) FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND d.rung = :rung AND d.chat_id = :chat_id AND d.sent_at IS NOT NULL";

const LAST_SENT_IS_PAUSE: &str = "
    SELECT m.in_passing = 1 AND m.open = 0 FROM deliveries d JOIN messages m ON m.id = d.message
    WHERE m.episode = :episode AND d.rung = :rung AND d.chat_id = :chat_id AND d.sent_at IS NOT NULL
    ORDER BY m.id DESC LIMIT 1";

impl Store {
    /// Whether the last that this way told of the message's episode is that it is well for a moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_paused_there(&self, address: &Address, message: &Message) -> rusqlite::Result<bool> {
        let parameters = named_params! {
            ":episode": message.episode.map(|id| id.0), ":rung": address.rung, ":chat_id": address.chat_id,
        };
        self.read(|connection| {
            let mut statement = connection.prepare_cached(LAST_SENT_IS_PAUSE)?;
            let found: Option<bool> = statement.query_row(parameters, |row| row.get(0)).optional()?;
            Ok(found.unwrap_or(false))
        })
    }

    /// Whether this way told of the message's episode, and never yet that it was well for a moment: what comes and goes is
    /// told there once as over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_first_pause(&self, address: &Address, message: &Message) -> rusqlite::Result<bool> {
        let parameters = named_params! {
            ":episode": message.episode.map(|id| id.0), ":rung": address.rung, ":chat_id": address.chat_id,
        };
        self.read(|connection| {
            connection
                .prepare_cached(IS_FIRST_PAUSE)?
                .query_row(parameters, |row| row.get(0))
        })
    }

    /// Whether the last that this way told of the message's episode, or may have told, is that it is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn was_told_over(&self, address: &Address, message: &Message) -> rusqlite::Result<bool> {
        let Some(episode) = message.episode else {
            return Ok(false);
        };
        self.read(|connection| {
            let parameters = named_params! {
                ":episode": episode.0, ":rung": address.rung, ":chat_id": address.chat_id,
            };
            let over = connection
                .prepare_cached(LAST_IS_OVER)?
                .query_row(parameters, |row| row.get(0))
                .optional()?;
            Ok(over.unwrap_or(false))
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

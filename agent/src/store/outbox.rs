//! What the owner must still be told: one row for each chat, from the transaction that found the reason until
//! the channel has said that it arrived.
//! It sends nothing, and never drops a row by itself for being old or for having failed often.

use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Store;

const ADD: &str = "
    INSERT INTO outbox (chat_id, alert_key, headline, text, follows_up, created_at)
    VALUES (:chat_id, :alert_key, :headline, :text, :follows_up, :created_at)";
const WAITING: &str = "
    SELECT id, alert_key, headline, text, follows_up, created_at, in_doubt FROM outbox
    WHERE chat_id = :chat_id AND sent_at IS NULL ORDER BY id LIMIT :limit";
const OPENED: &str = "UPDATE outbox SET in_doubt = 1 WHERE id = :id AND sent_at IS NULL";
const NOT_SENT: &str = "UPDATE outbox SET in_doubt = :in_doubt WHERE id = :id AND sent_at IS NULL";
const SENT: &str = "
    UPDATE outbox SET in_doubt = 0, sent_at = :now, message_id = :message_id WHERE id = :id AND sent_at IS NULL";
const LAST_MESSAGE: &str = "
    SELECT message_id FROM outbox
    WHERE chat_id = :chat_id AND alert_key = :alert_key AND id < :id AND sent_at IS NOT NULL
    ORDER BY id DESC LIMIT 1";
const BACKLOG: &str = "SELECT count(*), min(created_at) FROM outbox WHERE sent_at IS NULL";
const CHATS: &str = "SELECT DISTINCT chat_id FROM outbox WHERE sent_at IS NULL";
const FORGET_CHAT: &str = "DELETE FROM outbox WHERE chat_id = :chat_id AND sent_at IS NULL";
const PRUNE: &str = "DELETE FROM outbox WHERE sent_at < :before";

/// What is to be said, once, to every chat of the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub alert_key: String,
    /// Its one line in a summary.
    pub headline: String,
    /// All of it.
    pub text: String,
    /// Whether it goes on from the last message with this key, and is sent as a reply to it.
    pub follows_up: bool,
}

/// A row's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboxId(pub i64);

/// A message that waits for one chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: OutboxId,
    /// What is to be said.
    pub message: Message,
    /// When the reason came up.
    pub created_at: UnixMillis,
    /// Whether an earlier attempt may have arrived.
    pub in_doubt: bool,
}

/// What waits altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows that wait.
    pub waiting: u64,
    /// When the oldest of them came up.
    pub oldest_at: Option<UnixMillis>,
}

/// Queues one message to every chat, inside the caller's transaction.
pub(super) fn add(
    connection: &Connection,
    chats: &[i64],
    message: &Message,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(ADD)?;
    for chat in chats {
        statement.execute(named_params! {
            ":chat_id": chat,
            ":alert_key": message.alert_key,
            ":headline": message.headline,
            ":text": message.text,
            ":follows_up": message.follows_up,
            ":created_at": now.0,
        })?;
    }
    Ok(())
}

impl Store {
    /// What waits for one chat, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn waiting(&self, chat_id: i64, limit: u32) -> rusqlite::Result<Vec<Waiting>> {
        self.read(|connection| {
            let parameters = named_params! { ":chat_id": chat_id, ":limit": limit };
            connection
                .prepare_cached(WAITING)?
                .query_map(parameters, waiting_from)?
                .collect()
        })
    }

    /// A request with these rows is about to be opened: from now on they may have arrived.
    ///
    /// # Errors
    /// When the database refuses; then the request must not be opened.
    pub fn outbox_opened(&self, ids: &[OutboxId]) -> rusqlite::Result<()> {
        self.for_each(OPENED, ids)
    }

    /// The request failed. `in_doubt` keeps what was in doubt before it, or adds that this one may have arrived.
    ///
    /// # Errors
    /// When the database refuses; then the rows stay in doubt.
    pub fn outbox_not_sent(&self, rows: &[Waiting], in_doubt: bool) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(NOT_SENT)?;
            rows.iter().try_for_each(|row| {
                let in_doubt = in_doubt || row.in_doubt;
                statement
                    .execute(named_params! { ":id": row.id.0, ":in_doubt": in_doubt })
                    .map(drop)
            })
        })
    }

    /// The channel has taken these rows as this message.
    ///
    /// # Errors
    /// When the database refuses; then the rows stay in doubt and will be repeated, marked.
    pub fn outbox_sent(&self, ids: &[OutboxId], message_id: i64, now: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(SENT)?;
            ids.iter().try_for_each(|id| {
                let parameters = named_params! { ":id": id.0, ":now": now.0, ":message_id": message_id };
                statement.execute(parameters).map(drop)
            })
        })
    }

    /// The message that this row replies to, if it follows one up that the chat has seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn message_to_reply_to(&self, chat_id: i64, row: &Waiting) -> rusqlite::Result<Option<i64>> {
        if !row.message.follows_up {
            return Ok(None);
        }
        let parameters =
            named_params! { ":chat_id": chat_id, ":alert_key": row.message.alert_key, ":id": row.id.0 };
        let found: Option<Option<i64>> = self.read(|connection| {
            connection
                .prepare_cached(LAST_MESSAGE)?
                .query_row(parameters, |row| row.get(0))
                .optional()
        })?;
        Ok(found.flatten())
    }

    /// What waits altogether.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn backlog(&self) -> rusqlite::Result<Backlog> {
        self.read(|connection| {
            connection.prepare_cached(BACKLOG)?.query_row([], |row| {
                Ok(Backlog {
                    waiting: row.get(0)?,
                    oldest_at: row.get::<_, Option<i64>>(1)?.map(UnixMillis),
                })
            })
        })
    }

    /// Drops what waits for chats that are not the owner's any more, and gives their number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_other_chats(&self, owners: &[i64]) -> rusqlite::Result<usize> {
        self.write(|transaction| {
            let chats: Vec<i64> = transaction
                .prepare_cached(CHATS)?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let strangers = chats.iter().filter(|chat| !owners.contains(chat));
            strangers
                .map(|chat| transaction.execute(FORGET_CHAT, named_params! { ":chat_id": chat }))
                .sum()
        })
    }

    /// Removes what was sent before that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn prune_outbox(&self, before: UnixMillis) -> rusqlite::Result<usize> {
        self.write(|transaction| transaction.execute(PRUNE, named_params! { ":before": before.0 }))
    }

    fn for_each(&self, statement: &str, ids: &[OutboxId]) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(statement)?;
            ids.iter()
                .try_for_each(|id| statement.execute(named_params! { ":id": id.0 }).map(drop))
        })
    }
}

fn waiting_from(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: OutboxId(row.get(0)?),
        message: Message {
            alert_key: row.get(1)?,
            headline: row.get(2)?,
            text: row.get(3)?,
            follows_up: row.get(4)?,
        },
        created_at: UnixMillis(row.get(5)?),
        in_doubt: row.get(6)?,
    })
}

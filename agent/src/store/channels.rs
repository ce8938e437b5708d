//! How each way to the owner did: the daily tests, and how long messages took.
//! It tests nothing and judges nothing.

use std::time::Duration;

use protocol::time::UnixMillis;
use rusqlite::{Row, named_params};

use super::{
    Store,
    outbox::{Address, Rung},
};

const PUT_TEST: &str = "
    INSERT OR REPLACE INTO channel_tests (rung, tested_at, ok, said) VALUES (:rung, :tested_at, :ok, :said)";
/// It was taken after what these were refused for.
const NOT_REFUSING: &str = "
    UPDATE deliveries SET refused = 0
    WHERE refused = 1 AND rung = :rung AND sent_at IS NULL AND dropped_at IS NULL";
const READ_TESTS: &str = "SELECT rung, tested_at, ok, said FROM channel_tests ORDER BY rung";
const HAS_TAKEN: &str = "
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE rung = :rung AND chat_id = :chat_id AND sent_at > :after)";
const REFUSING: &str = "
    SELECT rung, chat_id, max(why) FROM deliveries
    WHERE refused = 1 AND sent_at IS NULL AND dropped_at IS NULL GROUP BY rung, chat_id HAVING max(why) IS NOT NULL";
const SERVICE: &str = "
    SELECT count(*), coalesce(max(first), 0) FROM (
        SELECT min(d.sent_at) - m.not_before AS first FROM messages m JOIN deliveries d ON d.message = m.id
        WHERE m.created_at > :after AND m.is_edit = 0 AND d.sent_at IS NOT NULL GROUP BY m.id)";
const ADD_RESTART: &str = "INSERT OR IGNORE INTO bot_restarts (at) VALUES (:at)";
const READ_RESTARTS: &str = "SELECT at FROM bot_restarts WHERE at > :after ORDER BY at LIMIT 1000";
const END_RESTART: &str = "UPDATE bot_restarts SET failed = :why, ended_at = :ended_at WHERE at = :at";
const HAS_ENDED: &str = "
    SELECT EXISTS (SELECT 1 FROM bot_restarts WHERE at = :at AND (ended_at IS NOT NULL OR failed IS NOT NULL))";
const READ_FAILED_RESTARTS: &str = "
    SELECT failed FROM bot_restarts WHERE at > :after AND failed IS NOT NULL ORDER BY at LIMIT 1000";
const PRUNE_RESTARTS: &str = "DELETE FROM bot_restarts WHERE at <= :before";

/// How a way did when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTest {
    /// The way's name.
    pub rung: String,
    /// When.
    pub tested_at: UnixMillis,
    /// Whether a message would have arrived.
    pub ok: bool,
    /// Why not.
    pub said: String,
}

/// How messages fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// How many arrived.
    pub arrived: u64,
    /// How long the slowest took to arrive anywhere.
    pub slowest: Duration,
}

impl Store {
    /// Writes a test's outcome down in the place of the one before. A way that was just there refuses nothing, as far as is
    /// known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_channel_test(&self, test: &ChannelTest) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let parameters = named_params! {
                ":rung": test.rung, ":tested_at": test.tested_at.0, ":ok": test.ok, ":said": test.said,
            };
            transaction.execute(PUT_TEST, parameters)?;
            if test.ok {
                transaction.execute(NOT_REFUSING, named_params! {":rung": test.rung})?;
            }
            Ok(())
        })
    }

    /// The last test of each way.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn channel_tests(&self) -> rusqlite::Result<Vec<ChannelTest>> {
        let test = |row: &Row<'_>| {
            Ok(ChannelTest {
                rung: row.get(0)?,
                tested_at: UnixMillis(row.get(1)?),
                ok: row.get(2)?,
                said: row.get(3)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(READ_TESTS)?
                .query_map([], test)?
                .collect()
        })
    }

    /// Whether every chat of this way has got a message since that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_taken(&self, rung: &Rung, after: UnixMillis) -> rusqlite::Result<bool> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(HAS_TAKEN)?;
            for chat_id in &rung.chats {
                let parameters = named_params! { ":rung": rung.name, ":chat_id": chat_id, ":after": after.0 };
                if !statement.query_row(parameters, |row| row.get(0))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// The places that refuse what waits for them, and what they say.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn refusing(&self) -> rusqlite::Result<Vec<(Address, String)>> {
        let place = |row: &Row<'_>| {
            let address = Address {
                rung: row.get(0)?,
                chat_id: row.get(1)?,
            };
            Ok((address, row.get(2)?))
        };
        self.read(|connection| {
            connection
                .prepare_cached(REFUSING)?
                .query_map([], place)?
                .collect()
        })
    }

    /// How the messages that came up after that moment fared.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn service(&self, after: UnixMillis) -> rusqlite::Result<Service> {
        self.read(|connection| {
            let service = |row: &Row<'_>| {
                let slowest_ms: i64 = row.get(1)?;
                Ok(Service {
                    arrived: row.get(0)?,
                    slowest: Duration::from_millis(u64::try_from(slowest_ms).unwrap_or(0)),
                })
            };
            connection
                .prepare_cached(SERVICE)?
                .query_row(named_params! { ":after": after.0 }, service)
        })
    }

    /// The agent begins to restart the bot at that moment; what is older than `before` is forgotten.
    ///
    /// # Errors
    /// When the database refuses; then the bot must not be restarted, or the budget would not hold.
    pub fn add_bot_restart(&self, at: UnixMillis, before: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(PRUNE_RESTARTS, named_params! { ":before": before.0 })?;
            transaction
                .execute(ADD_RESTART, named_params! { ":at": at.0 })
                .map(drop)
        })
    }

    /// That restart has ended, and why badly, if so.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn bot_restart_ended(
        &self,
        at: UnixMillis,
        why: Option<&str>,
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        let parameters = named_params! { ":at": at.0, ":why": why, ":ended_at": now.0 };
        self.write(|transaction| transaction.execute(END_RESTART, parameters).map(drop))
    }

    /// Whether the restart of that moment has ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_bot_restart_ended(&self, at: UnixMillis) -> rusqlite::Result<bool> {
        self.read(|connection| {
            connection
                .prepare_cached(HAS_ENDED)?
                .query_row(named_params! { ":at": at.0 }, |row| row.get(0))
        })
    }

    /// Why restarts after that moment failed, oldest first; those that did not are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn failed_bot_restarts(&self, after: UnixMillis) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_FAILED_RESTARTS)?
                .query_map(named_params! { ":after": after.0 }, |row| row.get(0))?
                .collect()
        })
    }

    /// When the agent restarted the bot, or tried to, after that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn bot_restarts(&self, after: UnixMillis) -> rusqlite::Result<Vec<UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_RESTARTS)?
                .query_map(named_params! { ":after": after.0 }, |row| {
                    Ok(UnixMillis(row.get(0)?))
                })?
                .collect()
        })
    }
}

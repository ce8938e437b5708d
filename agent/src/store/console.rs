//! What the console must not forget across a restart: how far the owner's messages were taken in, how many strangers
//! wrote and which of them were answered within the hour, which one-time password was the last, and whether wrong ones closed the door.
//! It keeps no word of any message.

use std::collections::BTreeMap;

use protocol::time::UnixMillis;
use rusqlite::{Row, named_params};

use super::Store;

const READ_NEXT: &str = "SELECT next_update FROM console";
const PUT_NEXT: &str = "UPDATE console SET next_update = :next";
const BEGIN: &str = "
    UPDATE console SET next_update = CASE WHEN bot = :bot THEN next_update ELSE 0 END, bot = :bot";
const READ_STRANGERS: &str = "SELECT strangers FROM console";
const ADD_STRANGER: &str = "UPDATE console SET strangers = strangers + 1";
const READ_ANSWERED: &str = "SELECT chat, at FROM stranger_answered";
const CLEAR_ANSWERED: &str = "DELETE FROM stranger_answered";
const ADD_ANSWERED: &str = "INSERT INTO stranger_answered (chat, at) VALUES (:chat, :at)";
const USE_STEP: &str = "UPDATE console SET totp_step = :step WHERE totp_step < :step";
const READ_LOCKS: &str = "SELECT chat, wrong, closed_until FROM door_locks ORDER BY chat LIMIT 1000";
const PUT_LOCK: &str = "
    INSERT OR REPLACE INTO door_locks (chat, wrong, closed_until) VALUES (:chat, :wrong, :closed_until)";

/// What the wrong codes of one owner have done to the door before dangerous commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoorLock {
    /// Wrong ones since the last right one.
    pub wrong: u32,
    /// Nothing dangerous before that moment.
    pub closed_until: Option<UnixMillis>,
}

impl Store {
    /// The first update that was not taken in yet; 0 before the first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_update(&self) -> rusqlite::Result<i64> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_NEXT)?
                .query_row([], |row| row.get(0))
        })
    }

    /// Remembers that everything before this update was taken in.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_next_update(&self, next: i64) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction
                .execute(PUT_NEXT, named_params! { ":next": next })
                .map(drop)
        })
    }

    /// Begins with the updates of this bot: anew when it is another one than before, which counts for itself.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn begin_updates(&self, bot: i64) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction
                .execute(BEGIN, named_params! { ":bot": bot })
                .map(drop)
        })
    }

    /// How many messages of strangers there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn strangers(&self) -> rusqlite::Result<i64> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_STRANGERS)?
                .query_row([], |row| row.get(0))
        })
    }

    /// Counts one more of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_stranger(&self) -> rusqlite::Result<()> {
        self.write(|transaction| transaction.execute(ADD_STRANGER, []).map(drop))
    }

    /// Which strangers got their sentence lately, and when.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn strangers_answered(&self) -> rusqlite::Result<BTreeMap<i64, UnixMillis>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(READ_ANSWERED)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, UnixMillis(row.get(1)?))))?;
            rows.collect()
        })
    }

    /// From now on it is these; there are never many.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn put_strangers_answered(&self, answered: &BTreeMap<i64, UnixMillis>) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(CLEAR_ANSWERED, [])?;
            let mut add = transaction.prepare_cached(ADD_ANSWERED)?;
            answered.iter().try_for_each(|(chat, at)| {
                add.execute(named_params! { ":chat": chat, ":at": at.0 })
                    .map(drop)
            })
        })
    }

    /// How the door before dangerous commands stands in each owner's chat from which wrong codes came.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn door_locks(&self) -> rusqlite::Result<BTreeMap<i64, DoorLock>> {
        let of = |row: &Row<'_>| {
            let lock = DoorLock {
                wrong: row.get(1)?,
                closed_until: row.get::<_, Option<i64>>(2)?.map(UnixMillis),
            };
            Ok((row.get(0)?, lock))
        };
        self.read(|connection| {
            connection
                .prepare_cached(READ_LOCKS)?
                .query_map([], of)?
                .collect()
        })
    }

    /// Keeps how it stands in that chat.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_door_lock(&self, chat: i64, lock: DoorLock) -> rusqlite::Result<()> {
        let closed_until = lock.closed_until.map(|until| until.0);
        let parameters = named_params! { ":chat": chat, ":wrong": lock.wrong, ":closed_until": closed_until };
        self.write(|transaction| transaction.execute(PUT_LOCK, parameters).map(drop))
    }

    /// Uses up the one-time password of that half minute, and all before it. `false` when it was used already.
    ///
    /// # Errors
    /// When the database refuses; then it counts as used.
    pub fn use_totp_step(&self, step: i64) -> rusqlite::Result<bool> {
        self.write(|transaction| {
            let changed = transaction.execute(USE_STEP, named_params! { ":step": step })?;
            Ok(changed == 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_for_one_bot_and_a_password_for_one_use() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.begin_updates(77).unwrap();
        store.put_next_update(500).unwrap();
        store.begin_updates(77).unwrap();
        assert_eq!(store.next_update().unwrap(), 500);
        store.begin_updates(78).unwrap();
        assert_eq!(store.next_update().unwrap(), 0);
        let accepted = [7, 7, 6, 8].map(|step| store.use_totp_step(step).unwrap());
        assert_eq!(accepted, [true, false, false, true]);
        store.add_stranger().unwrap();
        assert_eq!(store.strangers().unwrap(), 1);
    }
}

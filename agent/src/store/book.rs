//! The alert engine's whole memory, read and written as one: what is wrong, what was told, what is held back.
//! A change of it and the messages that follow from it are one transaction. It decides nothing itself.

use std::{collections::BTreeMap, sync::Arc};

use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use tokio::sync::watch;

use super::{
    Home, Store,
    alerts::{self, AlertRow, Held},
    episodes::{self, EpisodeId, EpisodeRow, FloorRow},
    outbox::{self, Message, Rung},
    places::Places,
};

const READ_VERSION: &str = "PRAGMA data_version";
const READ_SILENCES: &str = "SELECT id, scope, from_at, until_at FROM silences ORDER BY id LIMIT 1000";
const ADD_SILENCE: &str = "
    INSERT INTO silences (scope, from_at, until_at) VALUES (:scope, :from_at, :until_at)";
const MOVE_SILENCE: &str = "UPDATE silences SET from_at = :from_at, until_at = :until_at WHERE id = :id";
const REMOVE_SILENCE: &str = "DELETE FROM silences WHERE id = :id";
const READ_CLOCK: &str = "SELECT next_episode, digest_at FROM alert_clock";
const PUT_CLOCK: &str = "UPDATE alert_clock SET next_episode = :next_episode, digest_at = :digest_at";
const ADD_PAST: &str = "
    INSERT INTO past (key, rule, since, until, held) VALUES (:key, :rule, :since, :until, :held)";
const READ_PAST: &str = "
    SELECT key, rule, since, until, held FROM past WHERE until > :after ORDER BY until, id LIMIT 1000";
const PRUNE_PAST: &str = "DELETE FROM past WHERE until < :before";

/// A silence's number; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SilenceId(pub i64);

/// The owner wants to hear nothing of this until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// An alert's key, or `*` for everything: maintenance.
    pub scope: String,
    /// When it began.
    pub from: UnixMillis,
    /// When it ends by itself; at most seven days later.
    pub until: UnixMillis,
}

/// Something that was wrong and is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What it was about.
    pub key: String,
    /// The rule's name.
    pub rule: String,
    /// From when.
    pub since: UnixMillis,
    /// Until when.
    pub until: UnixMillis,
    /// Why the owner was not told, if so.
    pub held: Option<Held>,
}

/// The engine's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// What is not quiet, by key.
    pub alerts: BTreeMap<String, AlertRow>,
    /// What is told as one thing.
    pub episodes: BTreeMap<EpisodeId, EpisodeRow>,
    /// What came before, by key.
    pub floors: BTreeMap<String, FloorRow>,
    /// What the owner does not want to hear.
    pub silences: BTreeMap<SilenceId, Silence>,
    /// Silences that begin with this change.
    pub new_silences: Vec<Silence>,
    /// What ends with this change.
    pub new_past: Vec<Past>,
    /// By how much the clock was set since the last change: what waits to go out goes along.
    pub stepped_ms: i64,
    /// The number of the next episode.
    pub next_episode: i64,
    /// The last time of the daily digest that is done with.
    pub digest_at: Option<UnixMillis>,
    /// What lies where, as the configuration says.
    pub places: Arc<Places>,
}

impl Book {
    /// Nothing in it comes due with time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let (alerts, episodes) = (self.alerts.is_empty(), self.episodes.is_empty());
        alerts && episodes && self.floors.is_empty() && self.silences.is_empty()
    }
}

/// The book, and what SQLite said of the database when it was read.
pub(super) struct Remembered {
    /// Changes whenever somebody else commits. What this connection commits forgets the book itself.
    version: i64,
    book: Book,
}

/// As of when the database is: another one after every write, whoever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    others: i64,
    own: u64,
}

impl Store {
    /// As of when the database is.
    ///
    /// # Errors
    /// When it refuses.
    pub fn stamp(&self) -> rusqlite::Result<Stamp> {
        let home = self.lock();
        let mut version = home.connection.prepare_cached(READ_VERSION)?;
        Ok(Stamp {
            others: version.query_row([], |row| row.get(0))?,
            own: *home.writes.borrow(),
        })
    }

    /// Changes with every write of this process, from this call on.
    #[must_use]
    pub fn written(&self) -> watch::Receiver<u64> {
        self.lock().writes.subscribe()
    }

    /// Reads the whole book.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn book(&self) -> rusqlite::Result<Book> {
        self.look_at_book(Book::clone)
    }

    /// Looks at the book; it is read only when it may have changed. Whoever looks must not come back here meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn look_at_book<T>(&self, look: impl FnOnce(&Book) -> T) -> rusqlite::Result<T> {
        let mut home = self.lock();
        let Home {
            connection,
            book,
            places,
            ..
        } = &mut *home;
        // Before the reading: what is committed in between is read, and then once more.
        let version = connection
            .prepare_cached(READ_VERSION)?
            .query_row([], |row| row.get(0))?;
        let known = book.take().filter(|known| known.version == version);
        let known = match known {
            Some(known) => known,
            None => Remembered {
                version,
                book: read_at_once(connection, places)?,
            },
        };
        Ok(look(&book.insert(known).book))
    }

    /// Changes the book and queues the messages that follow, or does neither. Gives how many were queued.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn change_book(
        &self,
        ladder: &[Rung],
        now: UnixMillis,
        change: impl FnOnce(&mut Book) -> Vec<Message>,
    ) -> rusqlite::Result<usize> {
        // Read inside the transaction: a command run by hand may change it as well.
        let places = Arc::clone(&self.lock().places);
        self.write(|transaction| {
            let before = read(transaction, &places)?;
            let mut after = before.clone();
            let messages = change(&mut after);
            save(transaction, &before, &after)?;
            if after.stepped_ms != 0 {
                outbox::stepped(transaction, after.stepped_ms, now)?;
            }
            messages
                .iter()
                .try_for_each(|message| outbox::add(transaction, ladder, message, now))?;
            Ok(messages.len())
        })
    }

    /// What ended after that moment, oldest first, at most 1,000: for the digest and the charts.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn past(&self, after: UnixMillis) -> rusqlite::Result<Vec<Past>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_PAST)?
                .query_map(named_params! { ":after": after.0 }, past_from)?
                .collect()
        })
    }

    /// Forgets what ended before that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn prune_past(&self, before: UnixMillis) -> rusqlite::Result<usize> {
        self.write(|transaction| transaction.execute(PRUNE_PAST, named_params! { ":before": before.0 }))
    }
}

/// As it was at one moment: a command run by hand may change it between two looks.
fn read_at_once(connection: &mut Connection, places: &Arc<Places>) -> rusqlite::Result<Book> {
    let transaction = connection.transaction()?;
    let book = read(&transaction, places)?;
    transaction.commit()?;
    Ok(book)
}

fn read(connection: &Connection, places: &Arc<Places>) -> rusqlite::Result<Book> {
    let (next_episode, digest_at) = clock(connection)?;
    Ok(Book {
        alerts: alerts::by_key(connection)?,
        episodes: episodes::episodes(connection)?,
        floors: episodes::floors(connection)?,
        silences: silences(connection)?,
        new_silences: Vec::new(),
        new_past: Vec::new(),
        stepped_ms: 0,
        next_episode,
        digest_at,
        places: Arc::clone(places),
    })
}

fn clock(connection: &Connection) -> rusqlite::Result<(i64, Option<UnixMillis>)> {
    let found = connection
        .prepare_cached(READ_CLOCK)?
        .query_row([], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(UnixMillis)))
        })
        .optional()?;
    Ok(found.unwrap_or((1, None)))
}

/// Only what differs: most changes touch one row. Episodes first, because alerts name them.
fn save(transaction: &Transaction<'_>, before: &Book, after: &Book) -> rusqlite::Result<()> {
    for (_, row) in changed(&before.episodes, &after.episodes) {
        episodes::put_episode(transaction, row)?;
    }
    for (_, row) in changed(&before.alerts, &after.alerts) {
        alerts::put(transaction, row)?;
    }
    for key in gone(&before.alerts, &after.alerts) {
        alerts::remove(transaction, key)?;
    }
    for id in gone(&before.episodes, &after.episodes) {
        episodes::remove_episode(transaction, *id)?;
    }
    for (_, row) in changed(&before.floors, &after.floors) {
        episodes::put_floor(transaction, row)?;
    }
    for key in gone(&before.floors, &after.floors) {
        episodes::remove_floor(transaction, key)?;
    }
    for (id, silence) in changed(&before.silences, &after.silences) {
        transaction.prepare_cached(MOVE_SILENCE)?.execute(
            named_params! { ":id": id.0, ":from_at": silence.from.0, ":until_at": silence.until.0 },
        )?;
    }
    for id in gone(&before.silences, &after.silences) {
        transaction
            .prepare_cached(REMOVE_SILENCE)?
            .execute(named_params! { ":id": id.0 })?;
    }
    for silence in &after.new_silences {
        let mut statement = transaction.prepare_cached(ADD_SILENCE)?;
        statement.execute(
            named_params! { ":scope": silence.scope, ":from_at": silence.from.0, ":until_at": silence.until.0 },
        )?;
    }
    for past in &after.new_past {
        add_past(transaction, past)?;
    }
    if (before.next_episode, before.digest_at) != (after.next_episode, after.digest_at) {
        let digest_at = after.digest_at.map(|at| at.0);
        transaction
            .prepare_cached(PUT_CLOCK)?
            .execute(named_params! { ":next_episode": after.next_episode, ":digest_at": digest_at })?;
    }
    Ok(())
}

fn changed<'a, K: Ord, V: PartialEq>(
    before: &'a BTreeMap<K, V>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
}

fn gone<'a, K: Ord, V>(before: &'a BTreeMap<K, V>, after: &'a BTreeMap<K, V>) -> impl Iterator<Item = &'a K> {
    before.keys().filter(|key| !after.contains_key(*key))
}

fn silences(connection: &Connection) -> rusqlite::Result<BTreeMap<SilenceId, Silence>> {
    let mut statement = connection.prepare_cached(READ_SILENCES)?;
    let silence = |row: &Row<'_>| {
        let silence = Silence {
            scope: row.get(1)?,
            from: UnixMillis(row.get(2)?),
            until: UnixMillis(row.get(3)?),
        };
        Ok((SilenceId(row.get(0)?), silence))
    };
    statement.query_map([], silence)?.collect()
}

fn add_past(transaction: &Transaction<'_>, past: &Past) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(ADD_PAST)?;
    statement
        .execute(named_params! {
            ":key": past.key,
            ":rule": past.rule,
            ":since": past.since.0,
            ":until": past.until.0,
            ":held": past.held.map(Held::name),
        })
        .map(drop)
}

fn past_from(row: &Row<'_>) -> rusqlite::Result<Past> {
    Ok(Past {
        key: row.get(0)?,
        rule: row.get(1)?,
        since: UnixMillis(row.get(2)?),
        until: UnixMillis(row.get(3)?),
        held: row
            .get::<_, Option<String>>(4)?
            .and_then(|name| Held::named(&name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_changes_is_seen_by_who_looks_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let (agent, by_hand) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
        let number = |store: &Store| store.look_at_book(|book| book.next_episode).unwrap();
        let raise = |store: &Store| {
            let raise = |book: &mut Book| {
                book.next_episode += 1;
                Vec::new()
            };
            store.change_book(&[], UnixMillis(0), raise).unwrap()
        };
        let first = number(&agent);
        raise(&by_hand);
        assert_eq!((number(&agent), number(&agent)), (first + 1, first + 1));
        raise(&agent);
        assert_eq!((number(&agent), number(&by_hand)), (first + 2, first + 2));
        assert_eq!(agent.book().unwrap(), by_hand.book().unwrap());
    }
}

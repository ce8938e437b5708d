//! What the owner must still be told: from the transaction that found the reason until a channel has said that it
//! arrived. A message is a row, and so is each way that it goes.
//! It sends nothing, and never drops a message by itself for being old or for having failed often.

use protocol::{incident::Severity, time::UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, named_params};

use super::{Store, alerts::severity_name, episodes::EpisodeId};

mod ladder;
mod moments;
mod place;
mod thread;
mod unheard;
mod waiting;

pub use ladder::{Climb, Rung, Stuck, Taken};
pub use moments::PutOff;
pub(super) use moments::stepped;
pub use place::There;
pub use thread::{OfLate, Said, Told};
pub use waiting::{Backlog, Elsewhere, Undelivered, Waiting};

const ADD: &str = "
    INSERT INTO messages (alert_key, episode, runbook, severity, headline, text, also, was, loud, open, is_edit,
                          follows_up, settles, in_passing, created_at, not_before, since)
    VALUES (:alert_key, :episode, :runbook, :severity, :headline, :text, :also, :was, :loud, :open, :is_edit,
            :follows_up, :settles, :in_passing, :created_at, :not_before, :since)";
const ADD_DELIVERY: &str = "
    INSERT OR IGNORE INTO deliveries (message, rung, chat_id, place, opened_at, climbed, refused)
    VALUES (:message, :rung, :chat_id, :place, :now, :climbed,
            EXISTS (SELECT 1 FROM deliveries WHERE rung = :rung AND chat_id = :chat_id AND refused = 1
                        AND sent_at IS NULL AND dropped_at IS NULL))";
const OPENED: &str = "UPDATE deliveries SET in_doubt = 1 WHERE id = :id AND sent_at IS NULL";
const IS_HELD: &str = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = :id AND opened_at >= :until)";
const HOLD: &str = "UPDATE deliveries SET opened_at = :until WHERE id = :id AND sent_at IS NULL";
const NOT_SENT: &str = "
    UPDATE deliveries SET in_doubt = :in_doubt, why = :why WHERE id = :id AND sent_at IS NULL";
const REFUSES: &str = "
    UPDATE deliveries SET refused = :refused
    WHERE refused <> :refused AND rung = :rung AND chat_id = :chat_id AND sent_at IS NULL AND dropped_at IS NULL";
const TAKES: &str = "
    UPDATE deliveries SET refused = 0
    WHERE refused = 1 AND sent_at IS NULL AND dropped_at IS NULL
        AND (rung, chat_id) = (SELECT rung, chat_id FROM deliveries WHERE id = :id)";
/// Also what was dropped while its request was open: it has arrived.
const SENT: &str = "
    UPDATE deliveries SET in_doubt = 0, refused = 0, why = NULL, dropped_at = NULL, sent_at = :now, message_id = :message_id,
        in_summary = :in_summary
    WHERE id = :id AND sent_at IS NULL";
const NEEDLESS: &str = "UPDATE deliveries SET dropped_at = :now WHERE id = :id AND sent_at IS NULL";
const EDITABLE: &str = "
    SELECT m.id FROM messages m
    WHERE m.id = (SELECT max(id) FROM messages WHERE episode = :episode AND is_edit = 0 AND open = 1)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND (d.in_doubt = 1 OR d.sent_at IS NOT NULL))";
const REWRITE: &str = "
    UPDATE messages SET headline = :headline, text = :text, also = :also, since = :since WHERE id = :id";
const DROP_EDITS: &str = "
    UPDATE deliveries SET dropped_at = :now
    WHERE sent_at IS NULL AND dropped_at IS NULL
        AND message IN (SELECT id FROM messages WHERE episode = :episode AND is_edit = 1
                            AND NOT (in_passing = 1 AND open = 0 AND loud = 1))";
const PRUNE: &str = "
    DELETE FROM messages WHERE created_at < :before
        AND NOT EXISTS (SELECT 1 FROM deliveries d
                        WHERE d.message = messages.id AND d.sent_at IS NULL AND d.dropped_at IS NULL)";

/// What is to be said to the owner, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub alert_key: String,
    /// The episode that it belongs to; none for a report or a digest.
    pub episode: Option<EpisodeId>,
    /// The name of its entry in docs/RUNBOOK.
    pub runbook: Option<String>,
    /// How grave.
    pub severity: Severity,
    /// Its one line in a summary.
    pub headline: String,
    /// All of it.
    pub text: String,
    /// What else is wrong by it, a line each.
    pub also: Vec<String>,
    /// What is over by it, for whoever was never told that it began.
    pub was: Option<String>,
    /// Whether it rings.
    pub loud: bool,
    /// Whether the owner can acknowledge or silence what it is about.
    pub open: bool,
    /// Whether it takes the place of the episode's last message, where the way allows that.
    pub is_edit: bool,
    /// Whether it goes on from the episode's last message, and is sent as a reply to it. An edit that does is said as a
    /// message where no earlier one can be changed.
    pub follows_up: bool,
    /// Whether it marks the message that told of it, and not a later one that it is over.
    pub settles: bool,
    /// Whether it is one of many changes: a way that cannot change a message gets it only where it turns an end around.
    pub in_passing: bool,
    /// When that was which it tells, as the owner reads it: the beginning of a trouble, or its end. None where that is the
    /// moment at which it was queued.
    pub since: Option<UnixMillis>,
    /// Not before this moment; at once when none.
    pub not_before: Option<UnixMillis>,
    /// How many ways to the owner it takes at once, from the first on.
    pub rungs: u32,
}

/// One way to one place: a chat where the way has chats, else 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The way's name.
    pub rung: String,
    /// The chat.
    pub chat_id: i64,
}

/// A delivery's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// What is known of a request that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Whether it may have arrived. What was in doubt before stays so.
    pub in_doubt: bool,
    /// Whether the way says that it takes nothing at that address until the owner changes something.
    pub refused: bool,
    /// What the way said, short and without secrets.
    pub why: &'a str,
}

/// Queues one message, inside the caller's transaction.
pub(super) fn add(
    transaction: &Transaction<'_>,
    ladder: &[Rung],
    message: &Message,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let came_up_at = unheard::since(transaction, message, now)?;
    if let (true, Some(episode)) = (message.is_edit, message.episode)
        && rewritten(transaction, episode, message, now)?
    {
        return Ok(());
    }
    // The next way is not asked for patience that the first one had already.
    let due_at = match message.is_edit {
        true => now,
        false => came_up_at,
    };
    let mut statement = transaction.prepare_cached(ADD)?;
    let id = statement.insert(named_params! {
        ":alert_key": message.alert_key,
        ":episode": message.episode.map(|episode| episode.0),
        ":runbook": message.runbook,
        ":severity": severity_name(message.severity),
        ":headline": message.headline,
        ":text": message.text,
        ":also": message.also.join("\n"),
        ":was": message.was,
        ":loud": message.loud,
        ":open": message.open,
        ":is_edit": message.is_edit,
        ":follows_up": message.follows_up,
        ":settles": message.settles,
        ":in_passing": message.in_passing,
        ":created_at": came_up_at.0,
        ":not_before": message.not_before.unwrap_or(due_at).0,
        ":since": message.since.map(|since| since.0),
    })?;
    for (address, climbed) in ladder::first_ways(transaction, ladder, message)? {
        add_delivery(transaction, id, &address, climbed, due_at)?;
    }
    Ok(())
}

/// An edit of what has not gone out yet changes its words, but one of many changes is told by itself. One that has not gone out
/// itself is replaced, unless it is all that tells of something that nobody heard.
fn rewritten(
    transaction: &Transaction<'_>,
    episode: EpisodeId,
    message: &Message,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let parameters = named_params! { ":episode": episode.0, ":now": now.0 };
    transaction.prepare_cached(DROP_EDITS)?.execute(parameters)?;
    let editable: Option<i64> = transaction
        .prepare_cached(EDITABLE)?
        .query_row(named_params! { ":episode": episode.0 }, |row| row.get(0))
        .optional()?;
    let Some(id) = editable else { return Ok(false) };
    if (!message.open && message.follows_up) || (message.open && message.in_passing) {
        return Ok(false);
    }
    if !message.open {
        // The message that says so waits behind it: what comes first should read as it was.
        return Ok(true);
    }
    transaction.prepare_cached(REWRITE)?.execute(named_params! {
        ":id": id, ":headline": message.headline, ":text": message.text, ":also": message.also.join("\n"),
        ":since": message.since.map(|since| since.0),
    })?;
    Ok(true)
}

fn add_delivery(
    transaction: &Transaction<'_>,
    message: i64,
    address: &Address,
    climbed: bool,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(ADD_DELIVERY)?;
    statement
        .execute(named_params! {
            ":message": message,
            ":rung": address.rung,
            ":chat_id": address.chat_id,
            ":place": address.place(),
            ":now": now.0,
            ":climbed": climbed,
        })
        .map(drop)
}

impl Store {
    /// A request with these rows is about to be opened: from now on they may have arrived.
    ///
    /// # Errors
    /// When the database refuses; then the request must not be opened.
    pub fn delivery_opened(&self, rows: &[Waiting]) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(OPENED)?;
            rows.iter()
                .try_for_each(|row| statement.execute(named_params! { ":id": row.id.0 }).map(drop))
        })
    }

    /// This way says the row from that moment on and no sooner: its time begins then, and the next way waits for that.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_held(&self, row: &Waiting, until: UnixMillis) -> rusqlite::Result<()> {
        let parameters = named_params! { ":id": row.id.0, ":until": until.0 };
        let is_held: bool = self.read(|connection| {
            connection
                .prepare_cached(IS_HELD)?
                .query_row(parameters, |row| row.get(0))
        })?;
        match is_held {
            true => Ok(()),
            false => self.write(|transaction| transaction.execute(HOLD, parameters).map(drop)),
        }
    }

    /// The request with these rows failed. A way that refuses refuses whatever else waits for that address, and what comes
    /// until it answers otherwise: all of it may take its next way at once.
    ///
    /// # Errors
    /// When the database refuses; then the rows stay in doubt.
    pub fn delivery_failed(
        &self,
        address: &Address,
        rows: &[Waiting],
        failure: Failure<'_>,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.prepare_cached(REFUSES)?.execute(named_params! {
                ":rung": address.rung, ":chat_id": address.chat_id, ":refused": failure.refused,
            })?;
            let mut statement = transaction.prepare_cached(NOT_SENT)?;
            rows.iter().try_for_each(|row| {
                let in_doubt = failure.in_doubt || row.in_doubt;
                let parameters =
                    named_params! { ":id": row.id.0, ":in_doubt": in_doubt, ":why": failure.why };
                statement.execute(parameters).map(drop)
            })
        })
    }

    /// The channel has taken these rows, as this message where it has names for messages.
    ///
    /// # Errors
    /// When the database refuses; then the rows stay in doubt and will be repeated, marked.
    pub fn delivery_sent(
        &self,
        rows: &[Waiting],
        message_id: Option<i64>,
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(SENT)?;
            for row in rows {
                statement.execute(named_params! {
                    ":id": row.id.0, ":now": now.0, ":message_id": message_id, ":in_summary": rows.len() > 1,
                })?;
                ladder::drop_detours(transaction, row.id, now)?;
            }
            if let Some(row) = rows.first() {
                let mut statement = transaction.prepare_cached(TAKES)?;
                statement.execute(named_params! { ":id": row.id.0 })?;
            }
            Ok(())
        })
    }

    /// This row has nothing to say at its address. It was not sent, and does not count as sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_needless(&self, row: &Waiting, now: UnixMillis) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction
                .prepare_cached(NEEDLESS)?
                .execute(named_params! { ":id": row.id.0, ":now": now.0 })
                .map(drop)
        })
    }

    /// Removes what was sent and came up before that moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn prune_outbox(&self, before: UnixMillis) -> rusqlite::Result<usize> {
        self.write(|transaction| transaction.execute(PRUNE, named_params! { ":before": before.0 }))
    }
}

fn addresses(
    connection: &Connection,
    query: &str,
    parameters: &[(&str, &dyn ToSql)],
) -> rusqlite::Result<Vec<Address>> {
    let address = |row: &Row<'_>| {
        Ok(Address {
            rung: row.get(0)?,
            chat_id: row.get(1)?,
        })
    };
    connection
        .prepare_cached(query)?
        .query_map(parameters, address)?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Vec<Rung> {
        vec![Rung {
            name: "telegram".to_owned(),
            chats: vec![1],
        }]
    }

    fn message(episode: i64) -> Message {
        Message {
            alert_key: "bot/bot".to_owned(),
            episode: Some(EpisodeId(episode)),
            runbook: None,
            severity: Severity::Critical,
            headline: "a".to_owned(),
            text: "a".to_owned(),
            also: Vec::new(),
            was: None,
            loud: true,
            open: true,
            is_edit: false,
            follows_up: false,
            settles: false,
            in_passing: false,
            since: None,
            not_before: None,
            rungs: 1,
        }
    }

    #[test]
    fn when_it_was_is_kept_with_a_message_changes_with_its_words_and_goes_along_with_the_clock() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let now = UnixMillis(9_000);
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: 1,
        };
        let told = |store: &Store| {
            let rows = store.waiting(&address, 10, now).unwrap();
            let row = rows.last().unwrap();
            (rows.len(), row.message.since, row.created_at, row.happened_at())
        };
        let say = |since: i64, is_edit| {
            let message = Message {
                since: Some(UnixMillis(since)),
                is_edit,
                ..message(1)
            };
            store
                .write(|transaction| add(transaction, &ladder(), &message, now))
                .unwrap();
            told(&store)
        };
        let at = |since| (1, Some(UnixMillis(since)), now, UnixMillis(since));
        assert_eq!(say(2_000, false), at(2_000));
        assert_eq!(say(5_000, true), at(5_000), "headed by something else");
        store
            .write(|transaction| stepped(transaction, -1_000, now))
            .unwrap();
        assert_eq!(told(&store).1, Some(UnixMillis(4_000)));
        drop(store);
        // What an agent before it left waiting.
        let file = Connection::open(dir.path().join(crate::store::FILE_NAME)).unwrap();
        file.execute_batch("ALTER TABLE messages DROP COLUMN since; PRAGMA user_version = 52")
            .unwrap();
        drop(file);
        let store = Store::open(dir.path()).unwrap();
        let queued_at = UnixMillis(8_000);
        assert_eq!(told(&store), (1, None, queued_at, queued_at));
        store.bring_outbox_back(UnixMillis(7_000)).unwrap();
        assert_eq!(told(&store).1, None);
    }

    #[test]
    fn what_waits_for_the_morning_is_late_from_the_morning_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (night, morning) = (UnixMillis(1_000), UnixMillis(9_000));
        let deferred = Message {
            not_before: Some(morning),
            ..message(1)
        };
        store
            .write(|transaction| add(transaction, &ladder(), &deferred, night))
            .unwrap();
        let late = |now| store.late(now).map(|late| (late.untold, late.oldest_at)).unwrap();
        assert_eq!(late(UnixMillis(8_999)), (0, None));
        assert_eq!(late(morning), (1, Some(morning)));
        assert_eq!(store.backlog().unwrap().waiting, 1);
    }

    #[test]
    fn a_mark_and_a_moment_of_rest_wait_and_are_nothing_that_the_owner_has_not_got() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let now = UnixMillis(1_000);
        let say = |message: &Message| store.write(|transaction| add(transaction, &ladder(), message, now));
        let counts = || {
            let backlog = store.backlog().unwrap();
            (backlog.waiting, backlog.untold, backlog.critical_at.is_some())
        };
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: 1,
        };
        for episode in [1, 2, 3] {
            say(&message(episode)).unwrap();
        }
        assert_eq!(counts(), (3, 3, true));
        let rows = store.waiting(&address, 10, now).unwrap();
        store.delivery_sent(&rows, Some(7), now).unwrap();
        let goes_on = |episode| Message {
            open: false,
            is_edit: true,
            loud: false,
            ..message(episode)
        };
        let rests = Message {
            follows_up: true,
            in_passing: true,
            ..goes_on(2)
        };
        say(&goes_on(1)).unwrap();
        say(&rests).unwrap();
        assert_eq!(counts(), (2, 0, false));
        let is_over = Message {
            follows_up: true,
            ..goes_on(3)
        };
        say(&is_over).unwrap();
        assert_eq!(counts(), (3, 1, true));
    }

    #[test]
    fn what_was_dropped_while_its_request_was_open_and_arrived_counts_as_sent_and_so_does_all_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let now = UnixMillis(1_000);
        let say = |message: &Message| store.write(|transaction| add(transaction, &ladder(), message, now));
        let changes = |open| Message {
            open,
            is_edit: true,
            follows_up: true,
            in_passing: true,
            loud: false,
            ..message(1)
        };
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: 1,
        };
        say(&message(1)).unwrap();
        say(&changes(false)).unwrap();
        let rows = store.waiting(&address, 10, now).unwrap();
        assert_eq!(rows.len(), 2);
        store.delivery_opened(&rows).unwrap();
        say(&changes(true)).unwrap();
        assert_eq!(
            store.waiting(&address, 10, now).unwrap().len(),
            2,
            "the change is dropped"
        );
        store.delivery_sent(&rows, Some(7), now).unwrap();
        let waits = store.waiting(&address, 10, now).unwrap();
        assert!(waits.len() == 1 && waits[0].message.open, "{waits:?}");
        assert_eq!(
            store.told_there(&address, &waits[0]).unwrap().last_sure,
            Some(Said::Paused)
        );
    }

    #[test]
    fn what_may_have_been_told_counts_for_an_hour_and_nothing_of_a_clock_that_was_ahead() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: 1,
        };
        let pause = |episode, at_ms| {
            let message = Message {
                open: false,
                is_edit: true,
                follows_up: true,
                in_passing: true,
                ..message(episode)
            };
            let at = UnixMillis(at_ms);
            store
                .write(|transaction| add(transaction, &ladder(), &message, at))
                .unwrap();
            let rows = store.waiting(&address, 10, at).unwrap();
            rows.last().unwrap().clone()
        };
        let (first, second) = (pause(1, 1_000), pause(2, 2_000));
        let asks = pause(3, 3_000);
        let of_late = |at_ms| store.told_of_late(&address, &asks, UnixMillis(at_ms)).unwrap();
        let told = |at_ms| of_late(at_ms).count;
        store.delivery_opened(std::slice::from_ref(&asks)).unwrap();
        assert_eq!(told(3_000), 0, "neither itself nor what was not tried");
        store.delivery_opened(std::slice::from_ref(&first)).unwrap();
        assert_eq!(told(3_000), 1);
        store
            .delivery_sent(&[second], Some(7), UnixMillis(9_000))
            .unwrap();
        assert_eq!((told(3_000), told(9_000), told(3_605_000)), (1, 2, 1));
        assert!(!of_late(9_000).is_reminder);
        let reminder = Message {
            follows_up: true,
            ..message(4)
        };
        store
            .write(|transaction| add(transaction, &ladder(), &reminder, UnixMillis(9_500)))
            .unwrap();
        let rows = store.waiting(&address, 10, UnixMillis(9_500)).unwrap();
        let reminder = rows.last().cloned().unwrap();
        store
            .delivery_sent(&[reminder], Some(8), UnixMillis(9_500))
            .unwrap();
        assert!(of_late(9_500).is_reminder);
    }

    #[test]
    fn what_takes_the_place_of_something_unheard_came_up_when_that_did() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let address = Address {
            rung: "telegram".to_owned(),
            chat_id: 1,
        };
        let say = |open, at| {
            let message = Message {
                open,
                is_edit: at > 0,
                ..message(1)
            };
            store
                .write(|transaction| add(transaction, &ladder(), &message, UnixMillis(at)))
                .unwrap();
            let rows = store.waiting(&address, 10, UnixMillis(at)).unwrap();
            rows.last().map(|row| row.created_at.0)
        };
        say(true, 0);
        let rows = store.waiting(&address, 10, UnixMillis(0)).unwrap();
        store.delivery_sent(&rows, Some(7), UnixMillis(0)).unwrap();
        assert_eq!(say(true, 5_000), Some(5_000));
        assert_eq!(say(true, 65_000), Some(5_000), "it is the same that goes on");
        assert_eq!(say(false, 70_000), Some(70_000), "its end");
        assert_eq!(say(true, 80_000), Some(80_000), "once more");
        assert_eq!(say(true, 140_000), Some(80_000));
    }
}

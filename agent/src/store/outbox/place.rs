//! Where a way ends. Several ways may lead to one chat of one bot: what one of them has delivered there has the same number
//! for all, and is not said again by another one.
//! It sends nothing, and asks no way.

use protocol::time::UnixMillis;
use rusqlite::named_params;

use super::{Address, Waiting};
use crate::store::Store;

const TAKES: &str = "
    UPDATE deliveries SET refused = 0
    WHERE refused = 1 AND rung = :rung AND chat_id = :chat_id AND sent_at IS NULL AND dropped_at IS NULL";
const IS_THERE: &str = "
    UPDATE deliveries SET dropped_at = :now, there_at = :now WHERE id = :id AND sent_at IS NULL AND dropped_at IS NULL";
const WAS_THERE: &str = "
    SELECT EXISTS (SELECT 1 FROM deliveries WHERE rung = :rung AND there_at > :after AND there_at <= :now)";

/// What is known of a message at its place from the other ways that lead there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum There {
    /// None of them has brought it.
    #[default]
    Not,
    /// One of them has opened a request with it, and nobody knows what came of that.
    Perhaps,
    /// One of them has brought it.
    Surely,
}

impl There {
    pub(super) fn numbered(number: i64) -> Self {
        match number {
            0 => Self::Not,
            1 => Self::Perhaps,
            _ => Self::Surely,
        }
    }
}

impl Address {
    /// Where it ends. All ways that have chats are the one bot's, whose chat is one place by whatever road; a way of a bot
    /// with another token would end elsewhere. What has no chats is a place by itself.
    #[must_use]
    pub fn place(&self) -> String {
        match self.chat_id {
            0 => self.rung.clone(),
            chat_id => format!("chat {chat_id}"),
        }
    }
}

impl Store {
    /// This way was asked and is there. Its place has got these rows by another way: they wait no more. They do not count as
    /// sent by this one, which has shown only that it can be asked.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_was_there(
        &self,
        address: &Address,
        rows: &[Waiting],
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let way = named_params! { ":rung": address.rung, ":chat_id": address.chat_id };
            transaction.prepare_cached(TAKES)?.execute(way)?;
            let mut statement = transaction.prepare_cached(IS_THERE)?;
            rows.iter().try_for_each(|row| {
                let parameters = named_params! { ":id": row.id.0, ":now": now.0 };
                statement.execute(parameters).map(drop)
            })
        })
    }

    /// Whether this way was asked after that moment, with what its place had got already, and was there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn was_there(&self, rung: &str, after: UnixMillis, now: UnixMillis) -> rusqlite::Result<bool> {
        self.read(|connection| {
            connection.prepare_cached(WAS_THERE)?.query_row(
                named_params! { ":rung": rung, ":after": after.0, ":now": now.0 },
                |row| row.get(0),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::incident::Severity;

    use super::*;
    use crate::store::{
        episodes::EpisodeId,
        outbox::{Message, Rung, Said, add},
    };

    const NOW: UnixMillis = UnixMillis(1_000);
    const OWNERS: [i64; 2] = [1, 2];

    fn message() -> Message {
        Message {
            alert_key: "bot/bot".to_owned(),
            episode: Some(EpisodeId(1)),
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
            rungs: 3,
        }
    }

    fn way(rung: &str, chat_id: i64) -> Address {
        Address {
            rung: rung.to_owned(),
            chat_id,
        }
    }

    /// Two roads to both owners' chats, and a way without chats.
    fn ladder() -> Vec<Rung> {
        let rung = |name: &str, chats: &[i64]| Rung {
            name: name.to_owned(),
            chats: chats.to_vec(),
        };
        vec![
            rung("telegram", &OWNERS),
            rung("second", &OWNERS),
            rung("push", &[0]),
        ]
    }

    /// Where one message waits on every way.
    struct Desk {
        store: Store,
        _dir: tempfile::TempDir,
    }

    impl Desk {
        fn open() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let desk = Self {
                store: Store::open(dir.path()).unwrap(),
                _dir: dir,
            };
            desk.say(&message());
            desk
        }

        fn say(&self, message: &Message) {
            let said = |transaction: &rusqlite::Transaction<'_>| add(transaction, &ladder(), message, NOW);
            self.store.write(said).unwrap();
        }

        fn waits(&self, address: &Address) -> Vec<Waiting> {
            self.store.waiting(address, 10, NOW).unwrap()
        }

        fn there(&self, address: &Address) -> Vec<There> {
            self.waits(address).iter().map(|row| row.there).collect()
        }
    }

    #[test]
    fn what_one_road_brought_to_a_chat_is_there_for_the_other_one_and_nowhere_else() {
        let desk = Desk::open();
        let rows = desk.waits(&way("second", 1));
        desk.store.delivery_opened(&rows).unwrap();
        assert_eq!(desk.there(&way("telegram", 1)), [There::Perhaps]);
        assert_eq!(desk.there(&way("second", 1)), [There::Not], "it is its own doubt");
        desk.store.delivery_sent(&rows, Some(7), NOW).unwrap();
        assert_eq!(desk.there(&way("telegram", 1)), [There::Surely]);
        let elsewhere = [way("telegram", 2), way("second", 2), way("push", 0)];
        assert!(elsewhere.iter().all(|way| desk.there(way) == [There::Not]));
        // What comes next is to be said, and stands before what is only waited with.
        let over = Message {
            open: false,
            is_edit: true,
            follows_up: true,
            ..message()
        };
        desk.say(&over);
        let waits = desk.waits(&way("telegram", 1));
        assert_eq!(
            (waits[0].there, waits[1].there),
            (There::Not, There::Surely),
            "{waits:?}"
        );
        let told = |rung: &str, chat_id| {
            let way = way(rung, chat_id);
            let waits = desk.waits(&way);
            let over = waits.iter().find(|row| !row.message.open).unwrap();
            desk.store.told_there(&way, over).unwrap().last_sure
        };
        assert_eq!(
            (told("telegram", 1), told("telegram", 2)),
            (Some(Said::Wrong), None)
        );
        let edits = |chat_id| desk.store.message_to_edit(chat_id, &over).unwrap();
        assert_eq!((edits(1), edits(2)), (Some(7), None));
    }

    #[test]
    fn that_it_went_another_way_is_known_of_what_reached_the_same_owner_and_not_of_another_ones_chat() {
        let desk = Desk::open();
        let elsewhere = |address: &Address| {
            let other = desk.waits(address).remove(0).elsewhere;
            other.map(|other| other.rung)
        };
        let brought = desk.waits(&way("second", 1));
        desk.store.delivery_sent(&brought, Some(7), NOW).unwrap();
        assert_eq!(elsewhere(&way("telegram", 2)), None);
        assert_eq!(elsewhere(&way("push", 0)), Some("second".to_owned()));
        let pushed = desk.waits(&way("push", 0));
        desk.store.delivery_sent(&pushed, None, NOW).unwrap();
        assert_eq!(elsewhere(&way("telegram", 2)), Some("push".to_owned()));
    }

    #[test]
    fn of_two_copies_in_one_chat_the_later_one_is_changed() {
        let desk = Desk::open();
        let (direct, second) = (desk.waits(&way("telegram", 1)), desk.waits(&way("second", 1)));
        desk.store.delivery_opened(&direct).unwrap();
        desk.store.delivery_sent(&second, Some(8), NOW).unwrap();
        desk.store.delivery_sent(&direct, Some(9), NOW).unwrap();
        let change = Message {
            is_edit: true,
            ..message()
        };
        assert_eq!(desk.store.message_to_edit(1, &change).unwrap(), Some(9));
    }

    #[test]
    fn a_way_counts_as_broken_until_it_is_there_and_then_has_taken_nothing() {
        let desk = Desk::open();
        let direct = way("telegram", 1);
        let rows = desk.waits(&direct);
        let failure = crate::store::outbox::Failure {
            in_doubt: false,
            refused: true,
            why: "no line",
        };
        desk.store.delivery_failed(&direct, &rows, failure).unwrap();
        let brought = desk.waits(&way("second", 1));
        desk.store.delivery_sent(&brought, Some(7), NOW).unwrap();
        let is_broken = || {
            let broken = desk.store.broken_ways(Duration::ZERO, NOW).unwrap();
            broken.contains("telegram")
        };
        let was_there = |after| desk.store.was_there("telegram", UnixMillis(after), NOW).unwrap();
        assert!(is_broken() && !was_there(0));
        assert_eq!(desk.store.refusing().unwrap().len(), 1);
        let known = desk.waits(&direct);
        desk.store.delivery_was_there(&direct, &known, NOW).unwrap();
        assert!(!is_broken() && desk.waits(&direct).is_empty());
        assert!(desk.store.refusing().unwrap().is_empty());
        assert!(was_there(NOW.0 - 1) && !was_there(NOW.0));
        let rung = &Rung {
            chats: vec![1],
            ..ladder().remove(0)
        };
        assert!(!desk.store.has_taken(rung, UnixMillis(0)).unwrap());
    }
}

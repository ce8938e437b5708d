//! What a way has probably taken, since it answered all else: how often the answer was lost, and when the message is sent
//! again. It outlives the process.
//! What it means for who sends is not known here.

use protocol::time::UnixMillis;
use rusqlite::{Row, named_params};

use super::{Address, DeliveryId};
use crate::store::Store;

const SELECT: &str = "
    SELECT id, lost_answers, again_at, lost_by FROM deliveries
    WHERE rung = :rung AND chat_id = :chat_id AND lost_answers > 0 AND sent_at IS NULL AND dropped_at IS NULL";
const FORGET: &str = "
    UPDATE deliveries SET lost_answers = 0, again_at = NULL, lost_by = NULL
    WHERE rung = :rung AND chat_id = :chat_id AND lost_answers > 0";
const PUT: &str =
    "UPDATE deliveries SET lost_answers = :count, again_at = :again_at, lost_by = :by WHERE id = :id";

/// One message whose answers were lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAnswers {
    /// Its row.
    pub id: DeliveryId,
    /// How often.
    pub count: u32,
    /// Not again before this.
    pub again_at: UnixMillis,
    /// Where the way ended that lost them.
    pub by: String,
}

impl Store {
    /// What is known of the messages that wait for this address.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lost_answers(&self, address: &Address) -> rusqlite::Result<Vec<LostAnswers>> {
        let lost = |row: &Row<'_>| {
            Ok(LostAnswers {
                id: DeliveryId(row.get(0)?),
                count: row.get(1)?,
                again_at: UnixMillis(row.get::<_, Option<i64>>(2)?.unwrap_or(0)),
                by: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(SELECT)?
                .query_map(
                    named_params! {":rung": address.rung, ":chat_id": address.chat_id},
                    lost,
                )?
                .collect()
        })
    }

    /// From now on it is this, and nothing else, that is known of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_lost_answers(&self, address: &Address, all: &[LostAnswers]) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction
                .prepare_cached(FORGET)?
                .execute(named_params! {":rung": address.rung, ":chat_id": address.chat_id})?;
            let mut statement = transaction.prepare_cached(PUT)?;
            all.iter().try_for_each(|lost| {
                let row = named_params! {
                    ":id": lost.id.0, ":count": lost.count, ":again_at": lost.again_at.0, ":by": lost.by,
                };
                statement.execute(row).map(drop)
            })
        })
    }
}

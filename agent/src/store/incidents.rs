//! How far the bot's incidents were read. The cursor moves in the transaction that queues their messages, so
//! that none is told twice and none is forgotten.
//! It does not keep the incidents: they are rows of the shop.

use protocol::{incident::IncidentId, time::UnixMillis};
use rusqlite::{OptionalExtension, named_params};

use super::{
    Store,
    outbox::{self, Message, Rung},
};

const READ: &str = "SELECT last_id, last_at, told_until FROM incident_cursor";
const PUT: &str = "
    INSERT INTO incident_cursor (only_row, last_id, last_at, told_until) VALUES (1, :last_id, :last_at, :told_until)
    ON CONFLICT (only_row) DO UPDATE
        SET last_id = excluded.last_id, last_at = excluded.last_at, told_until = excluded.told_until";

/// The last incident that was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its number; 0 before the first.
    pub last_id: IncidentId,
    /// When the bot wrote it down.
    pub last_at: UnixMillis,
    /// After a rewind: incidents from before or at this moment were told already.
    pub told_until: Option<UnixMillis>,
}

impl Cursor {
    /// Before the first incident.
    pub const START: Self = Self {
        last_id: IncidentId(0),
        last_at: UnixMillis(0),
        told_until: None,
    };
}

impl Store {
    /// How far the incidents were read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn incident_cursor(&self) -> rusqlite::Result<Cursor> {
        let found = self.read(|connection| {
            let cursor = |row: &rusqlite::Row<'_>| {
                Ok(Cursor {
                    last_id: IncidentId(row.get(0)?),
                    last_at: UnixMillis(row.get(1)?),
                    told_until: row.get::<_, Option<i64>>(2)?.map(UnixMillis),
                })
            };
            connection.prepare_cached(READ)?.query_row([], cursor).optional()
        })?;
        Ok(found.unwrap_or(Cursor::START))
    }

    /// Moves the cursor and queues the messages, or does neither.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn move_incident_cursor(
        &self,
        cursor: Cursor,
        messages: &[Message],
        ladder: &[Rung],
        now: UnixMillis,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.prepare_cached(PUT)?.execute(named_params! {
                ":last_id": cursor.last_id.0,
                ":last_at": cursor.last_at.0,
                ":told_until": cursor.told_until.map(|moment| moment.0),
            })?;
            messages
                .iter()
                .try_for_each(|message| outbox::add(transaction, ladder, message, now))
        })
    }
}

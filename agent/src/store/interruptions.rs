//! What interrupted the capture of commits, and whether it stands still at this moment: rows for whoever tells the owner.
//! It holds nothing of the shop, and decides nothing.

use protocol::{chain::ChainId, time::UnixMillis};
use rusqlite::{OptionalExtension, Transaction, named_params};

use super::{Store, capture::signed};

const INSERT_EVENT: &str = "INSERT INTO capture_event (at, kind, detail) VALUES (:at, :kind, :detail)";
const PRUNE_EVENTS: &str = "
    DELETE FROM capture_event WHERE id <= (SELECT max(id) FROM capture_event) - :kept";
const SELECT_EVENTS: &str = "SELECT at, kind, detail FROM capture_event ORDER BY id DESC LIMIT :most";
const SET_FAULT: &str = "
    INSERT INTO capture_fault (only_row, since, detail, stays) VALUES (1, :since, :detail, :stays)
    ON CONFLICT (only_row) DO UPDATE SET detail = excluded.detail, stays = excluded.stays";
const CLEAR_FAULT: &str = "DELETE FROM capture_fault";
const SELECT_FAULT: &str = "SELECT since, detail, stays FROM capture_fault";
const SELECT_BEGINNING: &str = "
    SELECT kind, detail FROM capture_event WHERE kind IN ('begun', 'new_chain', 'replaced', 'restored') ORDER BY id DESC LIMIT 1";
/// Events that are kept: years of a healthy capture.
const EVENTS_KEPT: i64 = 1_000;

/// What interrupted the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The very first lineage began: nothing was interrupted.
    Begun,
    /// Continuity could not be proven: a new lineage began, which needs a full restore point.
    NewChain,
    /// Another file lies under the database's name, or another state was put into it: a new lineage began.
    Replaced,
    /// `agent restore` put another file under the database's name: a new lineage began, as the owner wanted it.
    Restored,
    /// What happened while nobody followed is in one step: single commits of that time cannot be restored.
    Resync,
    /// The same, and definitions changed in it within one release of the shop's program: by hand, by VACUUM, or because
    /// another state was put in.
    Redefined,
    /// What was committed while the agent did not run carries the moment of its return.
    CaughtUp,
    /// Another file lies under the database's name, or something wrote to it past SQLite, and it holds all that was followed:
    /// the lineage was kept.
    Unharmed,
    /// The spool had no room: some remote lacks some segments for good.
    SpoolFull,
}

/// One interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureEvent {
    /// When.
    pub at: UnixMillis,
    /// What, by the name of its [`EventKind`].
    pub kind: String,
    /// Why, in a sentence.
    pub detail: String,
}

/// Why the capture stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFault {
    /// Since when.
    pub since: UnixMillis,
    /// Why, in a sentence.
    pub detail: String,
    /// Whether no waiting mends it.
    pub stays: bool,
}

impl EventKind {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::NewChain => "new_chain",
            Self::Replaced => "replaced",
            Self::Restored => "restored",
            Self::Resync => "resync",
            Self::Redefined => "redefined",
            Self::CaughtUp => "caught_up",
            Self::Unharmed => "unharmed",
            Self::SpoolFull => "spool_full",
        }
    }
}

impl Store {
    /// The newest interruptions, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn capture_events(&self, most: usize) -> rusqlite::Result<Vec<CaptureEvent>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_EVENTS)?
                .query_map(named_params! {":most": signed(most as u64)}, |row| {
                    Ok(CaptureEvent {
                        at: UnixMillis(row.get(0)?),
                        kind: row.get(1)?,
                        detail: row.get(2)?,
                    })
                })?
                .collect()
        })
    }

    /// Why the chain began that is captured, if it is this one, and if that was because another file, or another state of
    /// it, lay in the place of the database.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn replaced(&self, chain: &ChainId) -> rusqlite::Result<Option<String>> {
        if self.capture_state()?.is_none_or(|state| state.chain != *chain) {
            return Ok(None);
        }
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        let begun = self.read(|connection| {
            connection
                .prepare_cached(SELECT_BEGINNING)?
                .query_row([], read)
                .optional()
        })?;
        let replaced = begun.filter(|(kind, _)| kind == EventKind::Replaced.name());
        Ok(replaced.map(|(_, why)| why))
    }

    /// Says that the capture stands still since then, and why; `None` that it does not. The first moment of a fault is
    /// kept for as long as it lasts.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_capture_fault(&self, fault: Option<&CaptureFault>) -> rusqlite::Result<()> {
        self.write(|transaction| match fault {
            Some(fault) => transaction
                .execute(
                    SET_FAULT,
                    named_params! {":since": fault.since.0, ":detail": fault.detail, ":stays": fault.stays},
                )
                .map(drop),
            None => transaction.execute(CLEAR_FAULT, []).map(drop),
        })
    }

    /// Since when the capture stands still, and why; `None` when it does not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn capture_fault(&self) -> rusqlite::Result<Option<CaptureFault>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(CaptureFault {
                since: UnixMillis(row.get(0)?),
                detail: row.get(1)?,
                stays: row.get(2)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_FAULT)?
                .query_row([], read)
                .optional()
        })
    }
}

pub(super) fn put_event(
    transaction: &Transaction<'_>,
    at: UnixMillis,
    kind: EventKind,
    detail: &str,
) -> rusqlite::Result<()> {
    let row = named_params! {":at": at.0, ":kind": kind.name(), ":detail": detail};
    transaction.execute(INSERT_EVENT, row)?;
    transaction.execute(PRUNE_EVENTS, named_params! {":kept": EVENTS_KEPT})?;
    Ok(())
}

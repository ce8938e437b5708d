//! What a comparison wrote down of another server that writes to a remote as this one, and which points are this one's own.
//! It decides nothing about what that means.

use std::time::Duration;

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Store,
    rehearsal::{Kind, Rehearsal},
};

/// Under this name a row holds it.
pub const TWIN: &str = "twin";
const KNOWS_POINT: &str = "SELECT EXISTS (SELECT 1 FROM restore_point WHERE point = :point)";
/// What it wrote tells of it for so long: longer than from one daily backup to the next.
pub const STANDS: Duration = Duration::from_secs(26 * 3_600);

/// Another server that writes as this one does: two shops sell one stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// When it last wrote, as names claim.
    pub at: UnixMillis,
    /// Whether this server cannot have written that itself, also not before it was put back to an earlier state.
    pub is_proven: bool,
    /// What it wrote, in a sentence.
    pub detail: String,
}

impl Store {
    /// Whether this restore point is written down.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn knows_point(&self, point: &PointId) -> rusqlite::Result<bool> {
        let of = named_params! {":point": point.as_str()};
        self.read(|connection| {
            connection
                .prepare_cached(KNOWS_POINT)?
                .query_row(of, |row| row.get(0))
        })
    }

    /// The one that the newest comparison of this remote found that got a list, if any.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn twin(&self, remote: &str) -> rusqlite::Result<Option<Twin>> {
        let seen = self.last_seen(Kind::Sample, remote)?;
        let seen = seen.and_then(|seen| serde_json::from_str(&seen).ok());
        Ok(seen.and_then(|seen: Value| Twin::in_row(&seen)))
    }
}

impl Rehearsal {
    /// The one that a comparison found, if any.
    #[must_use]
    pub fn twin(&self) -> Option<Twin> {
        let seen: Value = serde_json::from_str(&self.seen).ok()?;
        Twin::in_row(&seen)
    }
}

impl Twin {
    /// Whether that is of the last day.
    #[must_use]
    pub fn stands(&self, now: UnixMillis) -> bool {
        now.since(self.at) < STANDS
    }

    /// In a sentence, with what to do.
    #[must_use]
    pub fn told(&self) -> String {
        format!(
            "TWO SERVERS SEEM TO RUN THIS SHOP, and to sell one stock: {}. Stop the bot and the agent on the one that is not \
             to run",
            self.detail
        )
    }

    /// The one that such a row holds.
    #[must_use]
    pub fn in_row(seen: &Value) -> Option<Self> {
        serde_json::from_value(seen[TWIN].clone()).ok()
    }
}

//! What a comparison wrote down of another server that writes to a remote as this one, and which points are this one's own.
//! It decides nothing about what that means.

use std::time::Duration;

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Store, rehearsal::Kind};

/// Under this name a row holds it.
pub const TWIN: &str = "twin";
/// Under this name a row says whether others write there too, so that nobody can tell whose a point is.
pub const SHARED: &str = "shared";
/// The kind of its alerts, each about a remote.
pub const TWINS: &str = "twin";
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

/// What the newest comparison of a remote that got a list says.
#[derive(Clone, Debug, Default)]
pub struct SeenThere {
    /// Who writes there as this server does.
    pub twin: Option<Twin>,
    /// Whether others write there too.
    pub is_shared: bool,
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

    /// What the newest comparison of this remote found that got a list; `None` before the first one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn seen_there(&self, remote: &str) -> rusqlite::Result<Option<SeenThere>> {
        let seen = self.last_seen(Kind::Sample, remote)?;
        Ok(seen.map(|seen| {
            let seen: Value = serde_json::from_str(&seen).unwrap_or_default();
            SeenThere {
                twin: serde_json::from_value(seen[TWIN].clone()).ok(),
                is_shared: seen[SHARED].as_bool().unwrap_or(false),
            }
        }))
    }

    /// Who writes there as this server does, as the newest comparison found.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn twin(&self, remote: &str) -> rusqlite::Result<Option<Twin>> {
        Ok(self.seen_there(remote)?.and_then(|seen| seen.twin))
    }

    /// The same, where it is of the last day.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn told_twin(&self, remote: &str, now: UnixMillis) -> rusqlite::Result<Option<Twin>> {
        Ok(self.twin(remote)?.filter(|twin| twin.stands(now)))
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
        let unless = match self.is_proven {
            true => "",
            false => ", unless this server itself took it before it was put back to an earlier state",
        };
        format!(
            "TWO SERVERS SEEM TO RUN THIS SHOP, and to sell one stock: {}{unless}. Stop the bot and the agent on the one that is \
             not to run",
            self.detail
        )
    }
}

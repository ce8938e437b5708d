//! How fresh each remote is: the newest restore point that it holds whole, as far as this agent knows.
//! It asks no remote. What a clock that ran ahead has dated in the future is no point's age, and neither is what SQLite
//! found damaged; no manifest is read as long as nothing is.

use std::{collections::BTreeMap, time::Duration};

use protocol::time::UnixMillis;
use rusqlite::named_params;

use super::Store;

/// SQLite takes `point` from the row that holds the maximum.
const NEWEST: &str = "
    SELECT c.remote, c.point, max(p.taken_at) FROM restore_point_copy c JOIN restore_point p ON p.point = c.point
    WHERE c.lost_at IS NULL AND p.taken_at <= :latest
        AND NOT EXISTS (SELECT 1 FROM restore_point d WHERE d.damage IS NOT NULL
            AND (+d.point = p.point OR +d.point = json_extract(p.manifest, '$.base.point')))
    GROUP BY c.remote ORDER BY c.remote";

const READ_BACK: &str = "SELECT remote, max(verified_at) FROM restore_point_copy GROUP BY remote";
const AHEAD: &str = "SELECT point FROM restore_point WHERE taken_at > :latest ORDER BY point";
/// A clock that is set by the network may step so far; what is dated further ahead was taken by one that was wrong.
const AHEAD_MAX: Duration = Duration::from_secs(300);

/// The latest moment that a restore point can have been taken at.
#[must_use]
pub fn latest(now: UnixMillis) -> UnixMillis {
    now.plus(AHEAD_MAX)
}

/// The newest restore point of one remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The remote's name.
    pub remote: String,
    /// The point's name.
    pub point: String,
    /// The moment that its database stands at.
    pub taken_at: UnixMillis,
}

impl Store {
    /// The restore points that are dated in the future, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn points_ahead(&self, now: UnixMillis) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(AHEAD)?
                .query_map(named_params! {":latest": latest(now).0}, |row| row.get(0))?
                .collect()
        })
    }

    /// When each remote last gave a restore point back whole.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn read_back_at(&self) -> rusqlite::Result<BTreeMap<String, UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(READ_BACK)?
                .query_map([], |row| Ok((row.get(0)?, UnixMillis(row.get(1)?))))?
                .collect()
        })
    }

    /// The newest restore point of a sound database of each remote that has any, by the remotes' names.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn freshness(&self, now: UnixMillis) -> rusqlite::Result<Vec<Freshness>> {
        self.read(|connection| {
            let newest = |row: &rusqlite::Row<'_>| {
                Ok(Freshness {
                    remote: row.get(0)?,
                    point: row.get(1)?,
                    taken_at: UnixMillis(row.get(2)?),
                })
            };
            connection
                .prepare_cached(NEWEST)?
                .query_map(named_params! {":latest": latest(now).0}, newest)?
                .collect()
        })
    }
}

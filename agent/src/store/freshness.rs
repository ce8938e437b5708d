//! How fresh each remote is: the newest restore point that it holds whole, as far as this agent knows.
//! It reads no manifest and asks no remote.

use protocol::time::UnixMillis;

use super::Store;

/// SQLite takes `point` from the row that holds the maximum.
const NEWEST: &str = "
    SELECT c.remote, c.point, max(p.taken_at) FROM restore_point_copy c JOIN restore_point p ON p.point = c.point
    WHERE c.lost_at IS NULL GROUP BY c.remote ORDER BY c.remote";

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
    /// The newest restore point of each remote that has any, by the remotes' names.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn freshness(&self) -> rusqlite::Result<Vec<Freshness>> {
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
                .query_map([], newest)?
                .collect()
        })
    }
}

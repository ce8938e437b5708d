//! The times in which the capture did not follow the shop, from its last sign to its return.
//! It knows nothing of what was committed in them.

use protocol::time::UnixMillis;
use rusqlite::named_params;

use super::Store;

const INSERT: &str = "INSERT INTO absence (from_at, until_at) VALUES (:from_at, :until_at)";
const PRUNE: &str = "DELETE FROM absence WHERE id <= (SELECT max(id) FROM absence) - 1000";
const SELECT: &str = "SELECT from_at, until_at FROM absence ORDER BY id";

impl Store {
    /// Writes one down; the oldest of a thousand goes.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_absence(&self, from: UnixMillis, until: UnixMillis) -> rusqlite::Result<()> {
        let row = [from.0, until.0.max(from.0)];
        self.write(|transaction| {
            transaction.execute(INSERT, named_params! {":from_at": row[0], ":until_at": row[1]})?;
            transaction.execute(PRUNE, []).map(drop)
        })
    }

    /// All that are known, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn absences(&self) -> rusqlite::Result<Vec<(UnixMillis, UnixMillis)>> {
        self.read(|connection| {
            let row = |row: &rusqlite::Row<'_>| Ok((UnixMillis(row.get(0)?), UnixMillis(row.get(1)?)));
            connection.prepare_cached(SELECT)?.query_map([], row)?.collect()
        })
    }
}

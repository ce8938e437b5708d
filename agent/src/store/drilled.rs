//! How each remote's rehearsals stand: when one passed last, and what the newest one found.
//! It writes nothing; see `rehearsal` for that.

use protocol::time::UnixMillis;

use super::Store;

const READ: &str = "
    SELECT r.remote, max(CASE WHEN r.fault IS NULL THEN r.ended_at END),
           (SELECT n.fault FROM rehearsal n
            WHERE n.kind = 'drill' AND n.remote = r.remote AND json_extract(n.seen, '$.unreached') IS NOT 1
                AND json_extract(n.seen, '$.unopened') IS NOT 1 AND json_extract(n.seen, '$.unasked') IS NOT 1
            ORDER BY n.id DESC LIMIT 1)
    FROM rehearsal r WHERE r.kind = 'drill' GROUP BY r.remote ORDER BY r.remote";

/// The rehearsals of one remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drilled {
    /// The remote's name.
    pub remote: String,
    /// When the last one that passed ended.
    pub passed_at: Option<UnixMillis>,
    /// What the newest one that came about found wrong; `None` when it passed, or there was none.
    pub fault: Option<String>,
}

impl Store {
    /// Every remote that was ever rehearsed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drilled(&self) -> rusqlite::Result<Vec<Drilled>> {
        self.read(|connection| {
            let one = |row: &rusqlite::Row<'_>| {
                Ok(Drilled {
                    remote: row.get(0)?,
                    passed_at: row.get::<_, Option<i64>>(1)?.map(UnixMillis),
                    fault: row.get(2)?,
                })
            };
            connection.prepare_cached(READ)?.query_map([], one)?.collect()
        })
    }
}

//! What a database's first page counts of its definitions, as the capture wrote it down.
//! It knows no page.

use rusqlite::Row;

/// What the first page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Changes to the definitions, by SQLite: whatever puts another state into the database through it raises that.
    pub changes: u32,
    /// The release of the tables, by the shop's program; `None` where an earlier agent wrote it down.
    pub release: Option<u32>,
}

impl Defined {
    /// Of two columns, from this one on.
    pub(super) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Self>> {
        let (changes, release): (Option<u32>, _) = (row.get(at)?, row.get(at + 1)?);
        Ok(changes.map(|changes| Self { changes, release }))
    }
}

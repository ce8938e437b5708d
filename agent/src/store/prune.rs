//! What retention has marked for deletion on each remote, and points that are gone from one.
//! It decides nothing.

use std::collections::BTreeMap;

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::named_params;

use super::Store;

const SELECT_MARKS: &str = "SELECT object, marked_at FROM prune_mark WHERE remote = :remote";
const DELETE_MARKS: &str = "DELETE FROM prune_mark WHERE remote = :remote";
const INSERT_MARK: &str =
    "INSERT INTO prune_mark (remote, object, marked_at) VALUES (:remote, :object, :marked_at)";
const DELETE_COPY: &str = "DELETE FROM restore_point_copy WHERE point = :point AND remote = :remote";
const DELETE_POINTS: &str = "
    DELETE FROM restore_point WHERE point NOT IN (SELECT point FROM restore_point_copy)
    AND rowid < (SELECT max(rowid) FROM restore_point)";

impl Store {
    /// What is marked on a remote, and since when.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn prune_marks(&self, remote: &str) -> rusqlite::Result<BTreeMap<String, UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_MARKS)?
                .query_map(named_params! {":remote": remote}, |row| {
                    Ok((row.get(0)?, UnixMillis(row.get(1)?)))
                })?
                .collect()
        })
    }

    /// Replaces a remote's marks.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_prune_marks(
        &self,
        remote: &str,
        marks: &BTreeMap<String, UnixMillis>,
    ) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(DELETE_MARKS, named_params! {":remote": remote})?;
            let mut insert = transaction.prepare_cached(INSERT_MARK)?;
            for (object, at) in marks {
                insert.execute(named_params! {":remote": remote, ":object": object, ":marked_at": at.0})?;
            }
            Ok(())
        })
    }

    /// A remote does not hold a point any more. A point that no remote holds is forgotten, but for the last one, which
    /// the next manifest refers to.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_copy(&self, point: &PointId, remote: &str) -> rusqlite::Result<()> {
        self.write(|transaction| {
            transaction.execute(
                DELETE_COPY,
                named_params! {":point": point.as_str(), ":remote": remote},
            )?;
            transaction.execute(DELETE_POINTS, [])?;
            Ok(())
        })
    }
}

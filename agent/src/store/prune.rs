//! What retention has marked for deletion on each remote, how far it may have deleted, and points that are gone from one.
//! It decides nothing.

use std::collections::BTreeMap;

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::{OptionalExtension, named_params};

use super::Store;

const SELECT_MARKS: &str = "SELECT object, marked_at FROM prune_mark WHERE remote = :remote";
const DELETE_MARKS: &str = "DELETE FROM prune_mark WHERE remote = :remote";
const INSERT_MARK: &str =
    "INSERT INTO prune_mark (remote, object, marked_at) VALUES (:remote, :object, :marked_at)";
/// Of a clock that ran ahead nothing follows once it is right again.
const PUT_LET_GO: &str = "
    INSERT INTO let_go (remote, until) VALUES (:remote, :until)
    ON CONFLICT (remote) DO UPDATE SET until = CASE WHEN until > :now THEN :until ELSE max(until, :until) END";
const SELECT_LET_GO: &str = "SELECT until FROM let_go WHERE remote = :remote";
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

    /// What lies before this moment on a remote, and is restored from no point that must stay, may be gone from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_let_go(&self, remote: &str, until: UnixMillis, now: UnixMillis) -> rusqlite::Result<()> {
        let row = named_params! {":remote": remote, ":until": until.0, ":now": now.0};
        self.write(|transaction| transaction.execute(PUT_LET_GO, row).map(drop))
    }

    /// The latest such moment; `None` where nothing was ever let go.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn let_go_until(&self, remote: &str) -> rusqlite::Result<Option<UnixMillis>> {
        let of = named_params! {":remote": remote};
        let until = self.read(|connection| {
            connection
                .prepare_cached(SELECT_LET_GO)?
                .query_row(of, |row| row.get(0))
                .optional()
        })?;
        Ok(until.map(UnixMillis))
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

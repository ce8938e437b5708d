//! What is forgotten of a remote whose place is another one from now on, because its owner said so: what this server knew to
//! be there would be missed for ever.
//! And whether there is anything to forget.
//! It touches nothing on a remote, and forgets no restore point: only that it was there.

use std::collections::BTreeSet;

use protocol::object_key::PointId;
use rusqlite::named_params;

use super::Store;

const FORGET_COPIES: &str = "
    DELETE FROM restore_point_copy WHERE remote = :remote AND point NOT IN (SELECT value FROM json_each(:points))";
const FORGET_SHIPPED: &str = "
    UPDATE shipping SET chain = NULL, commit_number = NULL, commit_at = NULL, shipped_at = NULL WHERE remote = :remote";
const FORGET_BEFORE: &str = "DELETE FROM shipped_before WHERE remote = :remote";
const FORGET_TORN: &str = "DELETE FROM torn_commits WHERE remote = :remote";

const SELECT_WRITTEN: &str = "
    SELECT EXISTS (SELECT 1 FROM shipped_hour WHERE remote = :remote)
        OR EXISTS (SELECT 1 FROM restore_point_copy WHERE remote = :remote)
        OR EXISTS (SELECT 1 FROM shipping WHERE remote = :remote AND chain IS NOT NULL)
        OR EXISTS (SELECT 1 FROM shipped_before WHERE remote = :remote)";

impl Store {
    /// Whether the remote ever took anything, or is known to hold something.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn was_written_to(&self, remote: &str) -> rusqlite::Result<bool> {
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_WRITTEN)?
                .query_row(named_params! {":remote": remote}, |row| row.get(0))
        })
    }

    /// From now on the remote holds none but these points of what it held.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_other_copies(&self, remote: &str, points: &BTreeSet<PointId>) -> rusqlite::Result<()> {
        let points = serde_json::to_string(points).expect("names are plain data");
        self.write(|transaction| {
            let row = named_params! {":remote": remote, ":points": points};
            transaction.execute(FORGET_COPIES, row).map(drop)
        })
    }

    /// From now on the remote holds none of the commits that it acknowledged; what is sent to it goes on where it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_acknowledged(&self, remote: &str) -> rusqlite::Result<()> {
        self.write(|transaction| {
            let row = named_params! {":remote": remote};
            transaction.execute(FORGET_SHIPPED, row)?;
            transaction.execute(FORGET_BEFORE, row)?;
            transaction.execute(FORGET_TORN, row).map(drop)
        })
    }
}

//! Copies of restore points that a comparison found missing or altered on a remote: no backup stands on one of them, and
//! none counts as held, until a comparison finds it whole again.
//! It decides nothing, and forgets no copy: what is wrong must still be missed.

use std::collections::BTreeSet;

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::named_params;

use super::Store;

const MARK: &str = "
    UPDATE restore_point_copy SET lost_at = :at
    WHERE remote = :remote AND lost_at IS NULL AND point IN (SELECT value FROM json_each(:points))";
const CLEAR: &str = "
    UPDATE restore_point_copy SET lost_at = NULL
    WHERE remote = :remote AND lost_at IS NOT NULL AND point NOT IN (SELECT value FROM json_each(:points))";

impl Store {
    /// Writes down which points' copies a comparison found lost on a remote: these, and from now on no other one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_lost(&self, remote: &str, points: &BTreeSet<PointId>, at: UnixMillis) -> rusqlite::Result<()> {
        let points = serde_json::to_string(points).expect("names are plain data");
        self.write(|transaction| {
            transaction.execute(CLEAR, named_params! {":remote": remote, ":points": points})?;
            let row = named_params! {":remote": remote, ":points": points, ":at": at.0};
            transaction.execute(MARK, row).map(drop)
        })
    }
}

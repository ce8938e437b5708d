//! Restore points that were taken of a database which SQLite found damaged, and the newest that was not.
//! It decides nothing; a delta is as damaged as the full point under it.

use protocol::{object_key::PointId, time::UnixMillis};
use rusqlite::{OptionalExtension, named_params};

use super::{Store, freshness::latest};

const NEWEST_SOUND: &str = "
    SELECT p.point FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    WHERE p.taken_at <= :latest AND p.damage IS NULL AND base.damage IS NULL
    ORDER BY p.taken_at DESC LIMIT 1";
const DAMAGED: &str = "
    SELECT p.point FROM restore_point p
    LEFT JOIN restore_point base ON base.point = json_extract(p.manifest, '$.base.point')
    WHERE (p.damage IS NOT NULL OR base.damage IS NOT NULL)
        AND EXISTS (SELECT 1 FROM restore_point_copy c WHERE c.point = p.point)
    ORDER BY p.taken_at";

impl Store {
    /// The newest point that a remote holds whole, of a database in which SQLite found nothing wrong.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_sound_point(&self, now: UnixMillis) -> rusqlite::Result<Option<PointId>> {
        let until = named_params! {":latest": latest(now).0};
        let found = self.read(|connection| {
            connection
                .query_row(NEWEST_SOUND, until, |row| row.get::<_, String>(0))
                .optional()
        })?;
        Ok(found.and_then(|point| PointId::parse(&point).ok()))
    }

    /// The names of the points of a damaged database that are on a remote, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn points_damaged(&self) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(DAMAGED)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }
}

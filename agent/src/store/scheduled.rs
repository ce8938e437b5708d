//! Which restore points count for the schedule and for the age of the backups: those of a database in which SQLite found
//! nothing wrong, and for the schedule those that were meant for every remote.
//! It takes none, and does not know when the next one is due.

use std::collections::BTreeSet;

use protocol::{chain::ChainId, time::UnixMillis};
use rusqlite::{OptionalExtension, named_params};

use super::{Store, freshness::latest};

const NEWEST_SOUND: &str = "
    SELECT p.taken_at FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    WHERE p.taken_at <= :latest
        AND NOT EXISTS (SELECT 1 FROM restore_point d WHERE d.damage IS NOT NULL
            AND (+d.point = p.point OR +d.point = json_extract(p.manifest, '$.base.point')))
    ORDER BY p.taken_at DESC LIMIT 1";
const NEWEST_FOR_ALL: &str = "
    SELECT p.taken_at FROM restore_point p JOIN restore_point_copy c ON c.point = p.point AND c.lost_at IS NULL
    WHERE p.taken_at <= :latest AND p.is_for_all = 1
        AND NOT EXISTS (SELECT 1 FROM restore_point d WHERE d.damage IS NOT NULL
            AND (+d.point = p.point OR +d.point = json_extract(p.manifest, '$.base.point')))
        AND (:any OR json_extract(p.manifest, '$.base') IS NULL)
    ORDER BY p.taken_at DESC LIMIT 1";
/// By what ever got there: what a remote has lost since is another matter.
const GOT_NEWEST: &str = "
    SELECT DISTINCT c.remote FROM restore_point p JOIN restore_point_copy c ON c.point = p.point
    WHERE p.rowid >= (SELECT max(rowid) FROM restore_point
        WHERE is_for_all = 1 AND json_extract(manifest, '$.chain') = :chain)";
const HAS_NEWEST: &str = "
    SELECT 1 FROM restore_point WHERE is_for_all = 1 AND json_extract(manifest, '$.chain') = :chain";

impl Store {
    /// Those of the remotes that did not get the newest point of this chain which was meant for all, nor one after it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn missed_newest(
        &self,
        chain: &ChainId,
        remotes: &BTreeSet<String>,
    ) -> rusqlite::Result<BTreeSet<String>> {
        let of_it = named_params! {":chain": chain.as_str()};
        self.read(|connection| {
            if !connection.prepare_cached(HAS_NEWEST)?.exists(of_it)? {
                return Ok(BTreeSet::new());
            }
            let got: rusqlite::Result<BTreeSet<String>> = connection
                .prepare_cached(GOT_NEWEST)?
                .query_map(of_it, |row| row.get(0))?
                .collect();
            Ok(remotes - &got?)
        })
    }

    /// The moment of the newest point of a sound database that a remote holds whole, and that is not dated in the future.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_sound_at(&self, now: UnixMillis) -> rusqlite::Result<Option<UnixMillis>> {
        let until = named_params! {":latest": latest(now).0};
        self.read(|connection| {
            let mut statement = connection.prepare_cached(NEWEST_SOUND)?;
            statement
                .query_row(until, |row| row.get(0))
                .optional()
                .map(|at| at.map(UnixMillis))
        })
    }

    /// The same of those that were meant for every remote; of full ones alone unless a delta does as well.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_for_all_at(
        &self,
        now: UnixMillis,
        delta_counts: bool,
    ) -> rusqlite::Result<Option<UnixMillis>> {
        let wanted = named_params! {":latest": latest(now).0, ":any": delta_counts};
        self.read(|connection| {
            let mut statement = connection.prepare_cached(NEWEST_FOR_ALL)?;
            statement
                .query_row(wanted, |row| row.get(0))
                .optional()
                .map(|at| at.map(UnixMillis))
        })
    }
}

//! The ring of five-minute figures: eight days, in which each slot is written over in its turn.
//! It knows no series; what they mean is the watch's matter.

use std::time::Duration;

use protocol::time::UnixMillis;
use rusqlite::named_params;

use super::Store;

/// What one row covers.
pub const SLOT: Duration = Duration::from_secs(300);
/// Eight days of slots: a week to compare with, and a day beside it.
pub const SLOTS: i64 = 2304;
/// More series than any shop's server has; what is beyond is not kept.
pub const SERIES_MAX: usize = 200;
const SLOT_MS: i64 = 300_000;

const EMPTY_SLOT: &str = "DELETE FROM sample WHERE slot = :slot AND at <> :at";
const PUT: &str = "
    INSERT INTO sample (slot, series, at, mean, least, most) VALUES (:slot, :series, :at, :mean, :least, :most)
    ON CONFLICT (slot, series) DO UPDATE
        SET at = excluded.at, mean = excluded.mean, least = excluded.least, most = excluded.most";
const READ: &str = "
    SELECT at, mean, least, most FROM sample WHERE series = :series AND at >= :from AND at <= :to ORDER BY at";
const MOMENTS: &str = "SELECT DISTINCT at FROM sample ORDER BY at";
const NAMES: &str = "SELECT DISTINCT series FROM sample ORDER BY series LIMIT 200";

/// What a series was like for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When that while began.
    pub at: UnixMillis,
    /// The mean of its figures.
    pub mean: f64,
    /// The least of them.
    pub least: f64,
    /// The most of them.
    pub most: f64,
    /// Whether an agent began with it: just before nothing was measured.
    pub begins: bool,
}

/// Whether what was gathered since then was begun in the middle of a slot.
#[must_use]
pub fn begins(since: UnixMillis) -> bool {
    since != slot_start(since)
}

/// The beginning of the slot that holds a moment.
#[must_use]
pub fn slot_start(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0.div_euclid(SLOT_MS) * SLOT_MS)
}

impl Store {
    /// Writes the points of the slot that holds this moment, each with its series' name, in one transaction: those of an
    /// agent that began in its middle are of that moment. What the slot held eight days ago is gone then.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub fn put_samples(&self, at: UnixMillis, points: &[(String, Point)]) -> rusqlite::Result<()> {
        let slot = at.0.div_euclid(SLOT_MS).rem_euclid(SLOTS);
        self.write(|transaction| {
            transaction
                .prepare_cached(EMPTY_SLOT)?
                .execute(named_params! { ":slot": slot, ":at": at.0 })?;
            let mut put = transaction.prepare_cached(PUT)?;
            for (series, point) in points.iter().take(SERIES_MAX) {
                put.execute(named_params! {
                    ":slot": slot,
                    ":series": series,
                    ":at": at.0,
                    ":mean": point.mean,
                    ":least": point.least,
                    ":most": point.most,
                })?;
            }
            Ok(())
        })
    }

    /// The beginning of every slot in which this agent looked at anything, oldest first: between two that do not follow
    /// each other it did not run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sampled_slots(&self) -> rusqlite::Result<Vec<UnixMillis>> {
        self.read(|connection| {
            connection
                .prepare_cached(MOMENTS)?
                .query_map([], |row| row.get(0).map(|at| slot_start(UnixMillis(at))))?
                .collect()
        })
    }

    /// The five-minute points of a series that begin within these moments, oldest first, at most eight days of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn samples(&self, series: &str, from: UnixMillis, to: UnixMillis) -> rusqlite::Result<Vec<Point>> {
        self.read(|connection| {
            let point = |row: &rusqlite::Row<'_>| {
                let at = UnixMillis(row.get(0)?);
                Ok(Point {
                    at,
                    begins: begins(at),
                    mean: row.get(1)?,
                    least: row.get(2)?,
                    most: row.get(3)?,
                })
            };
            connection
                .prepare_cached(READ)?
                .query_map(
                    named_params! { ":series": series, ":from": from.0, ":to": to.0 },
                    point,
                )?
                .collect()
        })
    }

    /// The names of the series of which anything is kept, at most [`SERIES_MAX`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn series(&self) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            connection
                .prepare_cached(NAMES)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_795_338_000_000);

    fn point(at: UnixMillis, mean: f64) -> Point {
        Point {
            at,
            begins: false,
            mean,
            least: mean,
            most: mean,
        }
    }

    #[test]
    fn a_slot_is_written_over_after_eight_days_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for slot in 0..i32::try_from(SLOTS).unwrap() + 2 {
            let at = START.plus(SLOT * u32::try_from(slot).unwrap());
            store
                .put_samples(
                    at,
                    &[("load_1".to_owned(), point(slot_start(at), f64::from(slot)))],
                )
                .unwrap();
        }
        let kept = store
            .samples("load_1", UnixMillis(0), UnixMillis(i64::MAX))
            .unwrap();
        assert_eq!(kept.len(), 2304);
        assert_eq!((kept[0].mean, kept[2303].mean), (2.0, 2305.0));
        assert_eq!(store.series().unwrap(), ["load_1"]);
        let hour = store.samples("load_1", kept[2].at, kept[13].at).unwrap();
        assert_eq!(hour.len(), 12);
    }

    #[test]
    fn a_series_that_ended_does_not_outlive_its_slot() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store
            .put_samples(START, &[("old".to_owned(), point(START, 1.0))])
            .unwrap();
        let later = START.plus(SLOT * 2304);
        store
            .put_samples(later, &[("new".to_owned(), point(later, 1.0))])
            .unwrap();
        assert_eq!(store.series().unwrap(), ["new"]);
    }
}

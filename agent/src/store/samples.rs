//! The ring of five-minute figures: eight days, in which each slot is written over in its turn.
//! It knows no series; what they mean is the watch's matter.

use std::{collections::BTreeMap, time::Duration};

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
/// Of whole slots, since those are what the rows are ordered by: a day is an eighth of the table.
const READ: &str = "
    SELECT series, at, mean, least, most FROM sample
    WHERE slot BETWEEN :low AND :high AND series >= :first AND series < :end AND at BETWEEN :from AND :to";
const MOMENTS: &str = "SELECT DISTINCT at FROM sample ORDER BY at";

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
        let mut found = self.between((series, &format!("{series}\0")), from, to)?;
        Ok(found.remove(series).unwrap_or_default())
    }

    /// The same of every series whose name begins so, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn samples_of(
        &self,
        prefix: &str,
        from: UnixMillis,
        to: UnixMillis,
    ) -> rusqlite::Result<BTreeMap<String, Vec<Point>>> {
        self.between((prefix, &format!("{prefix}{}", char::MAX)), from, to)
    }

    fn between(
        &self,
        (first, end): (&str, &str),
        from: UnixMillis,
        to: UnixMillis,
    ) -> rusqlite::Result<BTreeMap<String, Vec<Point>>> {
        let mut found: BTreeMap<String, Vec<Point>> = BTreeMap::new();
        self.read(|connection| {
            let mut read = connection.prepare_cached(READ)?;
            for (low, high) in slots(from, to) {
                let mut rows = read.query(named_params! {
                    ":low": low, ":high": high, ":first": first, ":end": end, ":from": from.0, ":to": to.0,
                })?;
                while let Some(row) = rows.next()? {
                    let (series, at) = (row.get_ref(0)?.as_str()?, UnixMillis(row.get(1)?));
                    let point = Point {
                        at,
                        begins: begins(at),
                        mean: row.get(2)?,
                        least: row.get(3)?,
                        most: row.get(4)?,
                    };
                    match found.get_mut(series) {
                        Some(points) => points.push(point),
                        None => drop(found.insert(series.to_owned(), vec![point])),
                    }
                }
            }
            Ok(())
        })?;
        // A whole ring begins somewhere in its middle.
        found
            .values_mut()
            .for_each(|points| points.sort_unstable_by_key(|point| point.at));
        Ok(found)
    }
}

/// The slots of these moments, as one or two stretches of the ring.
fn slots(from: UnixMillis, to: UnixMillis) -> Vec<(i64, i64)> {
    let (first, last) = (from.0.div_euclid(SLOT_MS), to.0.div_euclid(SLOT_MS));
    let (low, high) = (first.rem_euclid(SLOTS), last.rem_euclid(SLOTS));
    match (last.saturating_sub(first) >= SLOTS, low <= high) {
        (true, _) => vec![(0, SLOTS - 1)],
        (false, true) => vec![(low, high)],
        (false, false) => vec![(low, SLOTS - 1), (0, high)],
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
        let hour = store.samples("load_1", kept[2].at, kept[13].at).unwrap();
        assert_eq!(hour.len(), 12);
        // Wherever a stretch lies in the ring, it comes whole and in order.
        for first in (0..2290).step_by(37) {
            let part = &kept[first..first + 14];
            let read = store.samples("load_1", part[0].at, part[13].at.plus(Duration::from_secs(299)));
            assert_eq!(read.unwrap(), part, "from {first} on");
        }
    }

    #[test]
    fn series_that_begin_alike_are_read_at_once_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let names = ["disk:", "disk:/", "disk:/var", "disk", "diskette", "a"];
        let points = names.map(|name| (name.to_owned(), point(START, 1.0)));
        store.put_samples(START, &points).unwrap();
        let found = store.samples_of("disk:", START, START).unwrap();
        assert_eq!(Vec::from_iter(found.keys()), ["disk:", "disk:/", "disk:/var"]);
        assert_eq!(store.samples("disk", START, START).unwrap().len(), 1);
        assert!(store.samples("dis", START, START).unwrap().is_empty());
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
        let all = store.samples_of("", UnixMillis(0), UnixMillis(i64::MAX)).unwrap();
        assert_eq!(Vec::from_iter(all.keys()), ["new"]);
    }
}

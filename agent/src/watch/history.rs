//! What was measured: each figure of the last hour in memory, five-minute means of eight days in the agent's database.
//! It writes once in five minutes, so that watching wears out no disk. It draws nothing and judges nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::time::UnixMillis;

use super::probe::Sample;
use crate::store::{
    Store,
    samples::{Point, SERIES_MAX, SLOT, begins, slot_start},
};

/// For how long each single figure is kept.
pub const FINE_FOR: Duration = Duration::from_secs(3600);
/// An hour at the usual cycle of five seconds; a shorter cycle keeps less of the past.
const FINE_MAX: usize = 720;
const SECOND_MS: i64 = 1_000;

/// The measurements of this agent. Cheap to clone.
#[derive(Clone)]
pub struct History {
    store: Arc<Store>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    series: BTreeMap<String, Series>,
    /// The five minutes that are gathered, by their beginning, and since when they are: an agent starts in the middle.
    slot: Option<(UnixMillis, UnixMillis)>,
}

struct Series {
    fine: VecDeque<Fine>,
    gathered: Option<Gathered>,
}

/// One figure, as small as a picture allows: there are thousands in memory.
#[derive(Clone, Copy)]
struct Fine {
    /// Whole seconds since 1970.
    second: u32,
    /// Seven digits are enough for a picture.
    value: f32,
}

#[derive(Clone, Copy)]
struct Gathered {
    sum: f64,
    count: u32,
    least: f64,
    most: f64,
}

impl History {
    /// The measurements that this database keeps, and those to come.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            inner: Arc::default(),
        }
    }

    /// Takes in what was measured. At the end of five minutes their means are written, in one transaction.
    ///
    /// # Errors
    /// When the agent's database refuses; those five minutes are missing from the past then, and nothing else is.
    pub fn add(&self, at: UnixMillis, samples: &[Sample]) -> rusqlite::Result<()> {
        let done = {
            let mut inner = self.lock();
            let done = inner.turn_to(at);
            samples.iter().for_each(|sample| inner.add(at, sample));
            done
        };
        match done {
            Some((since, points)) => self.store.put_samples(since, &points),
            None => Ok(()),
        }
    }

    /// A series between two moments, oldest first. Of at most an hour each single figure that is in memory, and before the
    /// first of them, which is of the agent's start at the earliest, the means of five minutes; of longer the means of five
    /// minutes, of which the newest may still be growing, and the newest single figure: whoever reads what is now must not
    /// read a mean.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn read(&self, series: &str, from: UnixMillis, to: UnixMillis) -> rusqlite::Result<Vec<Point>> {
        let fine = match to.since(from) <= FINE_FOR {
            true => self.lock().fine(series, from, to),
            false => Vec::new(),
        };
        if let Some(first) = fine.first().map(|first| first.at) {
            return self.with_means_before(series, (from, first), fine);
        }
        let means = self.store.samples(series, slot_start(from), to)?;
        Ok(self.with_newest(series, means, (from, to)))
    }

    /// The same of every series whose name begins so and of which anything is known then, by name.
    ///
    /// # Errors
    /// As [`History::read`].
    pub fn read_all(
        &self,
        prefix: &str,
        from: UnixMillis,
        to: UnixMillis,
    ) -> rusqlite::Result<BTreeMap<String, Vec<Point>>> {
        let mut found = self.store.samples_of(prefix, slot_start(from), to)?;
        for name in self.measured() {
            if name.starts_with(prefix) {
                found.entry(name).or_default();
            }
        }
        for (name, points) in &mut found {
            *points = match to.since(from) <= FINE_FOR {
                true => self.read(name, from, to)?,
                false => self.with_newest(name, std::mem::take(points), (from, to)),
            };
        }
        found.retain(|_, points| !points.is_empty());
        Ok(found)
    }

    /// Behind means of five minutes those that still grow, and the newest single figure.
    fn with_newest(
        &self,
        series: &str,
        mut means: Vec<Point>,
        (from, to): (UnixMillis, UnixMillis),
    ) -> Vec<Point> {
        let inner = self.lock();
        let newest = inner.series.get(series).and_then(|series| series.fine.back());
        let since = inner.growing(series).chain(newest.map(|fine| fine.point()));
        means.extend(since.filter(|point| point.at >= from && point.at <= to));
        means
    }

    /// The same figures, and the means of what was whole before the first of them.
    fn with_means_before(
        &self,
        series: &str,
        (from, first): (UnixMillis, UnixMillis),
        mut fine: Vec<Point>,
    ) -> rusqlite::Result<Vec<Point>> {
        let is_covered = self.lock().reaches_back_to(series, from);
        if is_covered {
            return Ok(fine);
        }
        let mut points = self.store.samples(series, slot_start(from), first)?;
        points.retain(|mean| mean.at < first);
        points.append(&mut fine);
        Ok(points)
    }

    /// The newest figure of a series.
    #[must_use]
    pub fn latest(&self, series: &str) -> Option<(UnixMillis, f64)> {
        let inner = self.lock();
        let newest = inner.series.get(series)?.fine.back()?;
        Some((newest.at(), f64::from(newest.value)))
    }

    /// The names of every series that was measured since the agent's start, in order.
    #[must_use]
    pub fn measured(&self) -> Vec<String> {
        self.lock().series.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is whole before anything in it can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Begins another five minutes, and gives what the last ones came to since when.
    fn turn_to(&mut self, at: UnixMillis) -> Option<(UnixMillis, Vec<(String, Point)>)> {
        let slot = slot_start(at);
        let (known, since) = *self.slot.get_or_insert((slot, at));
        if known == slot {
            return None;
        }
        self.slot = Some((slot, slot));
        let points = self
            .series
            .iter_mut()
            .filter_map(|(name, series)| {
                let gathered = series.gathered.take()?;
                Some((name.clone(), gathered.point(since)))
            })
            .collect();
        // Who said nothing for an hour is not there any more.
        self.series.retain(|_, series| {
            series
                .fine
                .back()
                .is_some_and(|last| slot.since(last.at()) < FINE_FOR)
        });
        Some((since, points))
    }

    fn add(&mut self, at: UnixMillis, sample: &Sample) {
        if self.series.len() >= SERIES_MAX && !self.series.contains_key(&sample.series) {
            return;
        }
        let series = self
            .series
            .entry(sample.series.clone())
            .or_insert_with(Series::new);
        series.push(Fine::new(at, sample.value));
        let gathered = series.gathered.get_or_insert(Gathered {
            sum: 0.0,
            count: 0,
            least: sample.value,
            most: sample.value,
        });
        gathered.sum += sample.value;
        gathered.count += 1;
        gathered.least = gathered.least.min(sample.value);
        gathered.most = gathered.most.max(sample.value);
    }

    /// The single figures of that time that are in memory.
    fn fine(&self, series: &str, from: UnixMillis, to: UnixMillis) -> Vec<Point> {
        let fine = self
            .series
            .get(series)
            .into_iter()
            .flat_map(|series| &series.fine);
        let within = fine.filter(|fine| fine.at() >= from && fine.at() <= to);
        within.map(|fine| fine.point()).collect()
    }

    fn reaches_back_to(&self, series: &str, from: UnixMillis) -> bool {
        let first = self.series.get(series).and_then(|series| series.fine.front());
        first.is_some_and(|first| first.at() <= from)
    }

    fn growing(&self, series: &str) -> impl Iterator<Item = Point> {
        let gathered = self.series.get(series).and_then(|series| series.gathered);
        gathered
            .zip(self.slot)
            .map(|(gathered, (_, since))| gathered.point(since))
            .into_iter()
    }
}

impl Series {
    /// Its room is taken once: what grows by doubling leaves holes behind.
    fn new() -> Self {
        Self {
            fine: VecDeque::with_capacity(FINE_MAX),
            gathered: None,
        }
    }

    /// After a clock that was set back, what was is later than what is, and is let go.
    fn push(&mut self, newest: Fine) {
        if self.fine.back().is_some_and(|last| newest.second < last.second) {
            self.fine.clear();
        }
        while self.fine.len() >= FINE_MAX
            || self
                .fine
                .front()
                .is_some_and(|first| newest.at().since(first.at()) > FINE_FOR)
        {
            self.fine.pop_front();
        }
        self.fine.push_back(newest);
    }
}

impl Fine {
    fn new(at: UnixMillis, value: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "a figure for charts")]
        let value = value as f32;
        // Before 1970 and after 2106 every figure is of one moment.
        let second = u32::try_from(at.0.div_euclid(SECOND_MS)).unwrap_or(0);
        Self { second, value }
    }

    fn at(self) -> UnixMillis {
        UnixMillis(i64::from(self.second) * SECOND_MS)
    }

    fn point(self) -> Point {
        let value = f64::from(self.value);
        Point {
            at: self.at(),
            begins: false,
            mean: value,
            least: value,
            most: value,
        }
    }
}

impl Gathered {
    fn point(self, at: UnixMillis) -> Point {
        Point {
            at,
            begins: begins(at),
            // Rounding may carry a mean of equal figures beyond them.
            mean: (self.sum / f64::from(self.count)).clamp(self.least, self.most),
            least: self.least,
            most: self.most,
        }
    }
}

/// What one row of the past covers, for those who draw it.
pub const STEP: Duration = SLOT;

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_795_338_000_000);

    fn filled(seconds: u64) -> (tempfile::TempDir, History) {
        let dir = tempfile::tempdir().unwrap();
        let history = History::new(Arc::new(Store::open(dir.path()).unwrap()));
        for second in (0..seconds).step_by(5) {
            let sample = Sample {
                series: "load_1".to_owned(),
                value: f64::from(u32::try_from(second / 300).unwrap()),
            };
            history
                .add(START.plus(Duration::from_secs(second)), &[sample])
                .unwrap();
        }
        (dir, history)
    }

    #[test]
    fn the_last_hour_is_whole_and_what_was_before_is_five_minute_means() {
        let (_dir, history) = filled(2 * 3600);
        let end = START.plus(Duration::from_secs(7199));
        let fine = history
            .read("load_1", START.plus(Duration::from_secs(3605)), end)
            .unwrap();
        assert_eq!(fine.len(), 719);
        let coarse = history.read("load_1", START, end).unwrap();
        assert_eq!(
            coarse.len(),
            25,
            "the five minutes that still grow are there too, and what is now"
        );
        assert_eq!((coarse[1].mean, coarse[24].mean), (1.0, 23.0));
        assert_eq!(coarse[24].at, START.plus(Duration::from_secs(7195)));
        assert_eq!(history.latest("load_1").unwrap().1, 23.0);
    }

    #[test]
    fn half_an_hour_after_a_restart_is_as_fine_as_memory_has_it_and_means_before_that() {
        let (dir, history) = filled(3600);
        drop(history);
        let history = History::new(Arc::new(Store::open(dir.path()).unwrap()));
        let at = |second: u64| START.plus(Duration::from_secs(second));
        for second in (3700..4000).step_by(5) {
            let series = "load_1".to_owned();
            history.add(at(second), &[Sample { series, value: 9.0 }]).unwrap();
        }
        let read = history.read("load_1", at(2200), at(4000)).unwrap();
        let seconds: Vec<i64> = read.iter().map(|point| (point.at.0 - START.0) / 1000).collect();
        assert_eq!(seconds[..5], [2100, 2400, 2700, 3000, 3700]);
        assert_eq!(seconds.len(), 4 + 60, "{seconds:?}");
    }

    #[test]
    fn after_a_restart_the_past_is_still_there() {
        let (dir, history) = filled(3600);
        drop(history);
        let history = History::new(Arc::new(Store::open(dir.path()).unwrap()));
        assert_eq!(
            history.read("load_1", START, UnixMillis(i64::MAX)).unwrap().len(),
            11
        );
        let all = history.read_all("load", START, UnixMillis(i64::MAX)).unwrap();
        assert_eq!(all["load_1"].len(), 11);
        assert!(history.measured().is_empty());
    }

    #[test]
    fn what_an_agent_gathers_that_starts_in_the_middle_of_five_minutes_is_of_that_moment() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let watched = |from: u64, to: u64, value: f64| {
            let history = History::new(Arc::clone(&store));
            for second in (from..to).step_by(5) {
                let series = "load_1".to_owned();
                let at = START.plus(Duration::from_secs(second));
                history.add(at, &[Sample { series, value }]).unwrap();
            }
            let read = history.read("load_1", START, UnixMillis(i64::MAX)).unwrap();
            let seconds = |point: &Point| (point.at.0 - START.0) / 1000;
            read.iter().map(seconds).collect::<Vec<_>>()
        };
        watched(0, 700, 1.0);
        let before = [0, 300];
        assert_eq!(watched(720, 800, 5.0), [&before[..], &[720, 795]].concat());
        assert_eq!(
            watched(820, 1300, 5.0),
            [&before[..], &[820, 900, 1200, 1295]].concat()
        );
        let slots = store.sampled_slots().unwrap();
        assert!(slots.iter().all(|slot| slot_start(*slot) == *slot), "{slots:?}");
    }

    #[test]
    fn memory_is_bounded_in_figures_and_in_series() {
        let (_dir, history) = filled(3 * 3600);
        for number in 0..300 {
            let sample = Sample {
                series: format!("series_{number}"),
                value: 1.0,
            };
            history
                .add(START.plus(Duration::from_secs(3 * 3600)), &[sample])
                .unwrap();
        }
        let inner = history.lock();
        assert_eq!(inner.series.len(), SERIES_MAX);
        assert!(inner.series["load_1"].fine.len() <= FINE_MAX);
    }
}

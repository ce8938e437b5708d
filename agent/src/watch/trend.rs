//! How fast something grows: the median of the slopes between all pairs of points (Theil and Sen). One step, such as
//! an upgrade that fetches half a gigabyte, does not move it; a leak does.
//! Pure. It forecasts nothing: that is the caller's, who knows the room that is left.

use std::{collections::VecDeque, time::Duration};

use protocol::time::UnixMillis;

/// Points at even distance, a bounded past of them.
#[derive(Clone, Debug)]
pub struct Trend {
    /// One point for each of these.
    step: Duration,
    /// How far back it remembers.
    window: Duration,
    points: VecDeque<Point>,
}

/// The mean of what was seen within one step.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: UnixMillis,
    sum: f64,
    count: u32,
}

impl Point {
    fn mean(self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

impl Trend {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(step: Duration, window: Duration) -> Self {
        Self {
            step,
            window,
            points: VecDeque::new(),
        }
    }

    /// Takes in one figure. One from before the last, after the clock was set back, begins the past anew.
    pub fn push(&mut self, at: UnixMillis, value: f64) {
        if self.points.back().is_some_and(|last| at < last.at) {
            self.points.clear();
        }
        match self.points.back_mut() {
            Some(last) if at.since(last.at) < self.step => {
                last.sum += value;
                last.count += 1;
            }
            _ => self.points.push_back(Point {
                at,
                sum: value,
                count: 1,
            }),
        }
        let (window, step) = (self.window, self.step);
        while self
            .points
            .front()
            .is_some_and(|first| at.since(first.at) > window + step)
        {
            self.points.pop_front();
        }
    }

    /// What was seen last, as the mean of its step.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.points.back().map(|point| point.mean())
    }

    /// The largest that was seen within the window.
    #[must_use]
    pub fn peak(&self) -> Option<f64> {
        self.points.iter().map(|point| point.mean()).reduce(f64::max)
    }

    /// The mean over the newest `over`; `None` until that much of the past is known, and when more than half of it is
    /// missing.
    #[must_use]
    pub fn mean(&self, over: Duration) -> Option<f64> {
        let recent = self.recent(over)?;
        let count = u32::try_from(recent.len()).unwrap_or(u32::MAX);
        Some(recent.iter().map(|point| point.mean()).sum::<f64>() / f64::from(count))
    }

    /// Growth in units an hour over the newest `over`; `None` until that much of the past is known, and when more than
    /// half of it is missing.
    #[must_use]
    pub fn per_hour(&self, over: Duration) -> Option<f64> {
        median_slope(&self.recent(over)?)
    }

    fn recent(&self, over: Duration) -> Option<Vec<Point>> {
        let last = self.points.back()?;
        let recent: Vec<Point> = self
            .points
            .iter()
            .copied()
            .filter(|point| last.at.since(point.at) <= over)
            .collect();
        let span = last.at.since(recent.first()?.at);
        let expected = over.as_millis() / self.step.as_millis().max(1);
        let enough = span + self.step >= over && (recent.len() as u128) * 2 >= expected;
        enough.then_some(recent)
    }
}

fn median_slope(points: &[Point]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (first, later) in points
        .iter()
        .enumerate()
        .flat_map(|(index, first)| points[index + 1..].iter().map(move |later| (first, later)))
    {
        let hours = later.at.since(first.at).as_secs_f64() / 3600.0;
        if hours > 0.0 {
            slopes.push((later.mean() - first.mean()) / hours);
        }
    }
    let middle = slopes.len() / 2;
    if slopes.is_empty() {
        return None;
    }
    let (_, median, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(300);
    const HOURS_3: Duration = Duration::from_secs(3 * 3600);

    fn trend(value: impl Fn(i64) -> f64, steps: i64) -> Trend {
        let mut trend = Trend::new(STEP, HOURS_3);
        for step in 0..steps {
            trend.push(UnixMillis(step * 300_000), value(step));
        }
        trend
    }

    #[test]
    fn steady_growth_is_measured_and_one_step_is_not_growth() {
        let leak = trend(|step| 100.0 + step as f64, 37);
        assert!((leak.per_hour(HOURS_3).unwrap() - 12.0).abs() < 1e-9);
        let upgrade = trend(|step| if step < 9 { 0.0 } else { 500.0 }, 37);
        assert_eq!(upgrade.per_hour(HOURS_3), Some(0.0));
    }

    #[test]
    fn too_little_of_the_past_gives_no_growth() {
        assert_eq!(trend(|_| 1.0, 20).per_hour(HOURS_3), None);
        let mut gap = Trend::new(STEP, HOURS_3);
        gap.push(UnixMillis(0), 1.0);
        gap.push(UnixMillis(3 * 3_600_000), 9.0);
        assert_eq!(
            gap.per_hour(HOURS_3),
            None,
            "two points say nothing of what was between them"
        );
    }

    #[test]
    fn a_clock_that_was_set_back_begins_the_past_anew() {
        let mut trend = trend(|_| 1.0, 37);
        trend.push(UnixMillis(0), 5.0);
        assert_eq!((trend.last(), trend.peak()), (Some(5.0), Some(5.0)));
    }

    #[test]
    fn the_past_is_bounded() {
        assert!(trend(|_| 1.0, 5_000).points.len() <= 38);
    }
}

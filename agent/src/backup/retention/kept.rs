//! Which points the rules keep, and what else stays for their sake.
//! Pure. What becomes of single objects is decided elsewhere.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
    time::UnixMillis,
};

use super::{Point, Question, Verdict, calendar, is_future, is_whole};
use crate::backup::own::Other;

/// So many full points that were read back stay, whatever the rules say.
const FULL_POINTS_MIN: usize = 2;

/// The points that stay, and from where on segments do.
pub(super) struct Kept {
    pub points: BTreeMap<PointId, String>,
    /// The newest of them, before any is added for another's sake.
    pub newest: Option<PointId>,
    /// Every commit after this moment can be restored.
    pub window_start: UnixMillis,
    /// Whether that moment is one that the owner configured.
    pub has_window: bool,
    /// The newest point before the window: segments of its chain are needed from its commit on.
    pub anchor: Option<(ChainId, CommitNumber)>,
    /// Who else writes there.
    pub others: Vec<Other>,
}

impl Kept {
    pub fn choose(question: &Question<'_>, here: &[(&Point, UnixMillis)], now: UnixMillis) -> Self {
        let mut counted: Vec<(&Point, UnixMillis)> = here
            .iter()
            .filter(|(point, at)| {
                point.is_verified
                    && !point.is_damaged
                    && !is_future((point, *at), now)
                    && is_whole(question, here, point)
            })
            .copied()
            .collect();
        newest_first(&mut counted);
        let window_start = question.retention.window_start(now);
        let mut points = calendar::keep(&counted, question.retention, question.timezone, window_start);
        if let Some((newest, _)) = counted.first() {
            points
                .entry(newest.id.clone())
                .or_insert_with(|| "the newest point that was read back".to_owned());
        }
        let anchor = counted
            .iter()
            .find(|(_, at)| *at <= window_start)
            .or(counted.last());
        if let Some((point, _)) = anchor {
            points
                .entry(point.id.clone())
                .or_insert_with(|| "the start of keep_within is restored from it".to_owned());
        }
        let full = counted.iter().filter(|(point, _)| point.base.is_none());
        for (point, _) in full.take(FULL_POINTS_MIN) {
            points
                .entry(point.id.clone())
                .or_insert_with(|| format!("one of the {FULL_POINTS_MIN} newest full points"));
        }
        for (point, _) in &counted {
            if let (true, Some(base)) = (points.contains_key(&point.id), &point.base) {
                points
                    .entry(base.clone())
                    .or_insert_with(|| format!("{} stands on it", point.id));
            }
        }
        let mut kept = Self {
            newest: points.keys().next_back().cloned(),
            points,
            window_start,
            has_window: !question.retention.keep_within.is_zero(),
            anchor: anchor.map(|(point, _)| (point.chain.clone(), point.commit)),
            others: question.own.others_in(question.listed),
        };
        kept.add_split(question, here, (&counted, now));
        kept
    }

    /// Keeps what is left of points that no remote holds whole, and that the rules would keep were they whole here: together
    /// with what is left elsewhere they may still be. In the rules they stand in for no point that is whole.
    fn add_split(
        &mut self,
        question: &Question<'_>,
        here: &[(&Point, UnixMillis)],
        (counted, now): (&[(&Point, UnixMillis)], UnixMillis),
    ) {
        let counts = |point: &Point| counted.iter().any(|(other, _)| other.id == point.id);
        let is_split = |(point, at): (&Point, UnixMillis)| {
            point.is_split && !point.is_damaged && !is_future((point, at), now) && !counts(point)
        };
        let mut wanted: Vec<(&Point, UnixMillis)> = here
            .iter()
            .filter(|it| is_split(**it))
            .chain(counted)
            .copied()
            .collect();
        newest_first(&mut wanted);
        let rules = (question.retention, question.timezone);
        let by_rules = calendar::keep(&wanted, rules.0, rules.1, self.window_start);
        for (point, _) in wanted.iter().filter(|it| is_split(**it)) {
            let Some(rules) = by_rules.get(&point.id) else {
                continue;
            };
            let reason =
                format!("{rules}; it is whole on no remote, and another may hold what this one lacks");
            self.points.entry(point.id.clone()).or_insert(reason);
            if let Some(base) = &point.base {
                self.points
                    .entry(base.clone())
                    .or_insert_with(|| format!("{} stands on it", point.id));
            }
        }
    }

    /// Keeps the full points under deltas whose manifest stays; whether there were more than before.
    pub fn add_bases(&mut self, question: &Question<'_>, verdicts: &[Verdict]) -> bool {
        let stay: BTreeSet<&str> = verdicts
            .iter()
            .filter(|it| it.keep)
            .map(|it| it.key.as_str())
            .collect();
        let before = self.points.len();
        for point in question.points {
            if let (Some(base), true) = (&point.base, stay.contains(point.manifest.as_str())) {
                self.points
                    .entry(base.clone())
                    .or_insert_with(|| format!("{} stands on it", point.id));
            }
        }
        self.points.len() > before
    }
}

fn newest_first(points: &mut [(&Point, UnixMillis)]) {
    points.sort_by_key(|(point, at)| (Reverse(*at), Reverse(point.id.clone())));
}

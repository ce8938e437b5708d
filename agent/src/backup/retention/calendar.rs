//! restic's words: everything within a time, then the newest of each hour, day, week, month and year.
//! Pure, and it knows no object.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned, tz::TimeZone};
use protocol::{object_key::PointId, time::UnixMillis};

use super::Point;
use crate::config::Retention;

/// The points that a rule keeps, with the rule. `newest_first` are those that count.
pub(super) fn keep(
    newest_first: &[(&Point, UnixMillis)],
    retention: Retention,
    timezone: &TimeZone,
    window_start: UnixMillis,
) -> BTreeMap<PointId, String> {
    let mut kept: BTreeMap<PointId, Vec<&str>> = BTreeMap::new();
    if !retention.keep_within.is_zero() {
        for (point, at) in newest_first {
            if *at >= window_start {
                kept.entry(point.id.clone()).or_default().push("keep_within");
            }
        }
    }
    for (word, count, bucket) in rules(retention) {
        let (mut left, mut last) = (count, None);
        for (point, at) in newest_first {
            let found = local(*at, timezone).map(|at| bucket(&at));
            if left > 0 && found != last {
                left -= 1;
                last = found;
                kept.entry(point.id.clone()).or_default().push(word);
            }
        }
    }
    kept.into_iter()
        .map(|(point, words)| (point, words.join(", ")))
        .collect()
}

type Bucket = fn(&Zoned) -> (i16, i16);

fn rules(retention: Retention) -> [(&'static str, u32, Bucket); 5] {
    let week = |at: &Zoned| {
        let week = at.date().iso_week_date();
        (week.year(), i16::from(week.week()))
    };
    [
        ("hourly", retention.hourly, |at| {
            (at.year(), at.day_of_year() * 24 + i16::from(at.hour()))
        }),
        ("daily", retention.daily, |at| (at.year(), at.day_of_year())),
        ("weekly", retention.weekly, week),
        ("monthly", retention.monthly, |at| {
            (at.year(), i16::from(at.month()))
        }),
        ("yearly", retention.yearly, |at| (at.year(), 0)),
    ]
}

fn local(at: UnixMillis, timezone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at.0).ok()?.to_zoned(timezone.clone()))
}

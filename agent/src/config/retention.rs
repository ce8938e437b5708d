//! `[retention]`: which restore points are kept, in restic's words.
//! Which ones these are is not decided here.

use std::time::Duration;

use protocol::{
    settings::{Faults, Section},
    time::UnixMillis,
};

const KEEP_WITHIN_MAX: Duration = Duration::from_secs(3600 * 24 * 36_500);
const COUNT_MAX: i64 = 10_000;

/// What is kept on every remote. All of it together: a point that one rule keeps is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Every point and every commit this far back.
    pub keep_within: Duration,
    /// The newest point of each of so many hours.
    pub hourly: u32,
    /// The same of days.
    pub daily: u32,
    /// The same of weeks, from Monday.
    pub weekly: u32,
    /// The same of months.
    pub monthly: u32,
    /// The same of years.
    pub yearly: u32,
}

impl Retention {
    /// Where what `keep_within` keeps begins.
    #[must_use]
    pub fn window_start(&self, now: UnixMillis) -> UnixMillis {
        let within = i64::try_from(self.keep_within.as_millis()).unwrap_or(i64::MAX);
        UnixMillis(now.0.saturating_sub(within))
    }
}

pub(super) fn read(top: &mut Section, faults: &mut Faults) -> Option<Retention> {
    let mut section = top.section_if_any("retention", faults)?;
    let mut count = |key: &str| {
        let found = section.integer_if_any(key, 0, COUNT_MAX, faults);
        found.and_then(|found| u32::try_from(found).ok()).unwrap_or(0)
    };
    let counts = ["hourly", "daily", "weekly", "monthly", "yearly"].map(&mut count);
    let keep_within = section.duration_if_any("keep_within", Duration::ZERO, KEEP_WITHIN_MAX, faults);
    section.finish(faults);
    let [hourly, daily, weekly, monthly, yearly] = counts;
    if counts.iter().all(|count| *count == 0) && keep_within.unwrap_or_default().is_zero() {
        faults.add(
            "[retention] keeps nothing: set keep_within, hourly, daily, weekly, monthly or yearly, or leave the section out",
        );
    }
    Some(Retention {
        keep_within: keep_within.unwrap_or_default(),
        hourly,
        daily,
        weekly,
        monthly,
        yearly,
    })
}

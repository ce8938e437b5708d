//! `[retention]`: which restore points are kept, in restic's words.
//! Which ones these are is not decided here.

use std::time::Duration;

use protocol::{
    settings::{Faults, Section},
    time::UnixMillis,
};

const YEARS_MAX: u64 = 100;
const HOURS_MAX: u64 = YEARS_MAX * 366 * 24;
/// Units and their hours, in the order in which they may follow each other. Years and months are the longest that the
/// calendar has: what is kept is never less than it would say.
const UNITS: [(char, u64); 4] = [('y', 366 * 24), ('m', 31 * 24), ('d', 24), ('h', 1)];
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
    let before = faults.count();
    let mut count = |key: &str| {
        let found = section.integer_if_any(key, 0, COUNT_MAX, faults);
        found.and_then(|found| u32::try_from(found).ok()).unwrap_or(0)
    };
    let counts = ["hourly", "daily", "weekly", "monthly", "yearly"].map(&mut count);
    let within = section.text_if_any("keep_within", faults);
    // That it is empty is said already.
    let within = within.filter(|within| !within.trim().is_empty());
    let keep_within = within.as_deref().map(keep_within).transpose();
    let keep_within = keep_within.unwrap_or_else(|why| {
        faults.add(format!("{} {why}", section.name("keep_within")));
        None
    });
    section.finish(faults);
    let [hourly, daily, weekly, monthly, yearly] = counts;
    // What could not be read was to keep something.
    let is_read = faults.count() == before;
    if is_read && keep_within.is_none() && counts.iter().all(|count| *count == 0) {
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

/// As restic writes it: `7d`, `36h`, `1y6m`, `2y5m7d3h`, where `m` is months.
fn keep_within(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "is \"{text}\"; write how far back everything is kept as restic does, in years, months, days and hours in this \
             order: \"7d\", \"36h\", \"6m\" (months) or \"1y6m\", up to \"{YEARS_MAX}y\""
        )
    };
    let (mut hours, mut rest) = (0_u64, text);
    for (unit, hours_each) in UNITS {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        if let Some(behind) = behind.strip_prefix(unit) {
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let more = number.checked_mul(hours_each);
            hours = more.and_then(|more| hours.checked_add(more)).ok_or_else(wrong)?;
            rest = behind;
        }
    }
    let is_read = rest.is_empty() && (1..=HOURS_MAX).contains(&hours);
    is_read
        .then(|| Duration::from_secs(hours * 3_600))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_kept_as_far_back_as_restic_would_read_it_and_never_less() {
        let days = |text: &str| keep_within(text).map(|found| found.as_secs() / 86_400);
        assert_eq!(days("7d"), Ok(7));
        assert_eq!(days("48h"), Ok(2));
        assert_eq!(days("6m"), Ok(186), "months, and not minutes");
        assert_eq!(days("1y"), Ok(366));
        assert_eq!(days("2y5m7d24h"), Ok(2 * 366 + 5 * 31 + 7 + 1));
        assert_eq!(days("100y"), Ok(36_600));
    }

    #[test]
    fn what_keeps_nothing_or_is_no_such_time_is_refused_with_what_is_allowed() {
        for wrong in [
            "",
            "0s",
            "0d",
            "30s",
            "7",
            "d",
            "1d1y",
            "-1d",
            "101y",
            "99999999999999999999y",
        ] {
            let said = keep_within(wrong).unwrap_err();
            assert!(said.contains("\"7d\"") && said.contains("\"1y6m\""), "{said}");
        }
    }
}

//! When the next backup is due. Pure: the schedule is in the owner's time zone, and `now` is an argument.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};
use jiff::{Timestamp, civil, tz::TimeZone};
use protocol::time::UnixMillis;

use crate::config::Config;

/// The first moment of the schedule after `now`; `None` when there is none any more.
///
/// The schedule's clock is the owner's: cron is asked in local time as if it were UTC, and the answer is placed in
/// the zone. In the hour that a zone skips, the backup comes an hour later; in one that it repeats, once.
#[must_use]
pub fn next_after(schedule: &cron::Schedule, zone: &TimeZone, now: UnixMillis) -> Option<UnixMillis> {
    let local = zone.to_datetime(Timestamp::from_millisecond(now.0).ok()?);
    let next = schedule.after(&to_chrono(local)?).next()?;
    let zoned = from_chrono(next.naive_utc())?.to_zoned(zone.clone()).ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

/// When the first of the two schedules wants a backup.
#[must_use]
pub fn next_of(config: &Config, now: UnixMillis) -> Option<UnixMillis> {
    let schedules = [&config.backup.snapshot, &config.backup.delta].into_iter();
    let next = schedules.filter_map(|schedule| next_after(schedule, &config.owner.timezone, now));
    next.min()
}

fn to_chrono(local: civil::DateTime) -> Option<DateTime<Utc>> {
    let number = |part: i8| u32::try_from(part).ok();
    let date = NaiveDate::from_ymd_opt(
        i32::from(local.year()),
        number(local.month())?,
        number(local.day())?,
    )?;
    let time = date.and_hms_opt(
        number(local.hour())?,
        number(local.minute())?,
        number(local.second())?,
    )?;
    Some(time.and_utc())
}

fn from_chrono(local: NaiveDateTime) -> Option<civil::DateTime> {
    let number = |part: u32| i8::try_from(part).ok();
    civil::DateTime::new(
        i16::try_from(local.year()).ok()?,
        number(local.month())?,
        number(local.day())?,
        number(local.hour())?,
        number(local.minute())?,
        number(local.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn millis(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_schedule_runs_by_the_owners_clock() {
        let schedule = cron::Schedule::from_str("0 0 */6 * * *").unwrap();
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let next = next_after(&schedule, &jakarta, millis("2026-11-22T09:14:00.5Z"));
        assert_eq!(next, Some(millis("2026-11-22T11:00:00Z")), "18:00 in Jakarta");
        assert_eq!(
            next_after(&schedule, &jakarta, next.unwrap()),
            Some(millis("2026-11-22T17:00:00Z"))
        );
    }
}

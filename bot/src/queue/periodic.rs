//! Jobs that come again by the clock on the shop's wall. Pure: which moments are due, and when the next one is.
//! A cron line has a field for seconds: "0 17 * * * *" is seventeen minutes past every hour.

use std::{iter, str::FromStr, time::Duration};

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate};
use jiff::{Timestamp, civil, tz::TimeZone};
use protocol::time::UnixMillis;

use super::NewJob;

/// A moment is not missed as long as it is acted on within this time.
const LATE_MAX: Duration = Duration::from_secs(60);
/// Missed moments that are made up for at most; of more than that the oldest are let go.
const ALL_MAX: usize = 100;

/// What becomes of moments that passed while nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// Nothing.
    Skip,
    /// One run makes up for all of them.
    Once,
    /// Each gets its run, the oldest first, at most a hundred.
    All,
}

/// A job that comes again and again.
#[derive(Clone, Debug)]
pub struct Periodic {
    /// Its name in the database; never changed, for rows carry it.
    pub name: &'static str,
    /// When.
    pub schedule: cron::Schedule,
    /// What becomes of missed moments.
    pub missed: Missed,
    /// The job; when it is to run is set for each moment.
    pub job: NewJob,
}

impl Periodic {
    /// A job by a cron line with seconds.
    ///
    /// # Errors
    /// When the line is none.
    pub fn new(name: &'static str, line: &str, missed: Missed, job: NewJob) -> Result<Self> {
        let schedule = cron::Schedule::from_str(line)
            .with_context(|| format!("reading the schedule \"{line}\" of the periodic job '{name}'"))?;
        Ok(Self {
            name,
            schedule,
            missed,
            job,
        })
    }

    /// The moments after `last` that are to be acted on at `now`, oldest first.
    #[must_use]
    pub fn due(&self, zone: &TimeZone, last: UnixMillis, now: UnixMillis) -> Vec<UnixMillis> {
        let passed = self.passed(zone, now).take_while(|tick| *tick > last);
        let mut due: Vec<UnixMillis> = match self.missed {
            Missed::Skip => passed
                .take(1)
                .filter(|tick| now.since(*tick) <= LATE_MAX)
                .collect(),
            Missed::Once => passed.take(1).collect(),
            Missed::All => passed.take(ALL_MAX).collect(),
        };
        due.reverse();
        due
    }

    /// The newest moment that has come, where a new periodic job begins to count.
    #[must_use]
    pub fn newest(&self, zone: &TimeZone, now: UnixMillis) -> Option<UnixMillis> {
        self.passed(zone, now).next()
    }

    /// The first moment after `now`; `None` when there is none any more.
    #[must_use]
    pub fn next(&self, zone: &TimeZone, now: UnixMillis) -> Option<UnixMillis> {
        let local = local(zone, now)?;
        self.schedule
            .after(&local)
            .find_map(|tick| placed(zone, tick).filter(|tick| *tick > now))
    }

    /// The moments until `now`, newest first. cron is asked in local time as if it were UTC, and its answer is
    /// placed in the zone: a moment in an hour that the zone skips comes an hour later, one in an hour that it
    /// repeats comes once.
    fn passed(&self, zone: &TimeZone, now: UnixMillis) -> impl Iterator<Item = UnixMillis> {
        // cron looks strictly before a whole second.
        let from = local(zone, now.plus(Duration::from_secs(1)));
        let mut earlier = from.map(|from| self.schedule.after_owned(from));
        iter::from_fn(move || earlier.as_mut()?.next_back())
            .filter_map(|tick| placed(zone, tick))
            .filter(move |tick| *tick <= now)
    }
}

fn local(zone: &TimeZone, at: UnixMillis) -> Option<DateTime<chrono::Utc>> {
    let local = zone.to_datetime(Timestamp::from_millisecond(at.0).ok()?);
    let part = |part: i8| u32::try_from(part).ok();
    let date = NaiveDate::from_ymd_opt(i32::from(local.year()), part(local.month())?, part(local.day())?)?;
    let time = date.and_hms_opt(part(local.hour())?, part(local.minute())?, part(local.second())?)?;
    Some(time.and_utc())
}

fn placed(zone: &TimeZone, local: DateTime<chrono::Utc>) -> Option<UnixMillis> {
    let as_if_utc = Timestamp::from_second(local.timestamp()).ok()?;
    let civil: civil::DateTime = TimeZone::UTC.to_datetime(as_if_utc);
    Some(UnixMillis(
        civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{Priority, QueueName, Unique};

    fn every(line: &str, missed: Missed) -> Periodic {
        let job = NewJob {
            queue: QueueName::UPKEEP,
            kind: "test",
            payload: String::new(),
            priority: Priority::UPKEEP,
            run_at: UnixMillis(0),
            unique: Unique::No,
        };
        Periodic::new("test", line, missed, job).unwrap()
    }

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn jakarta() -> TimeZone {
        TimeZone::get("Asia/Jakarta").unwrap()
    }

    #[test]
    fn moments_go_by_the_shops_clock() {
        let daily = every("0 30 3 * * *", Missed::Skip);
        let now = at("2026-11-22T09:14:00.5Z");
        assert_eq!(
            daily.next(&jakarta(), now),
            Some(at("2026-11-22T20:30:00Z")),
            "half past three in Jakarta"
        );
        assert_eq!(daily.newest(&jakarta(), now), Some(at("2026-11-21T20:30:00Z")));
    }

    #[test]
    fn a_moment_is_due_from_its_first_millisecond_on() {
        let hourly = every("0 0 * * * *", Missed::Skip);
        let (before, on) = (at("2026-11-22T08:59:59.999Z"), at("2026-11-22T09:00:00Z"));
        let last = at("2026-11-22T08:00:00Z");
        assert!(hourly.due(&jakarta(), last, before).is_empty());
        assert_eq!(hourly.due(&jakarta(), last, on), [on]);
        assert!(hourly.due(&jakarta(), on, on).is_empty());
    }

    #[test]
    fn missed_moments_are_skipped_or_made_up_for_once_or_each() {
        let (last, now) = (at("2026-11-22T00:00:00Z"), at("2026-11-22T05:30:00Z"));
        let due = |missed| every("0 0 * * * *", missed).due(&jakarta(), last, now);
        assert!(due(Missed::Skip).is_empty());
        assert_eq!(due(Missed::Once), [at("2026-11-22T05:00:00Z")]);
        let all = due(Missed::All);
        assert_eq!(
            (all.len(), all[0], all[4]),
            (5, at("2026-11-22T01:00:00Z"), at("2026-11-22T05:00:00Z"))
        );
    }

    #[test]
    fn a_long_absence_is_not_made_up_for_without_end() {
        let minutely = every("0 * * * * *", Missed::All);
        let due = minutely.due(&jakarta(), at("2025-01-01T00:00:00Z"), at("2026-11-22T05:30:00Z"));
        assert_eq!(due.len(), ALL_MAX);
        assert_eq!(due[ALL_MAX - 1], at("2026-11-22T05:30:00Z"));
    }

    #[test]
    fn an_hour_that_comes_twice_has_its_moment_once() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let nightly = every("0 30 2 * * *", Missed::All);
        let due = nightly.due(&berlin, at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z"));
        assert_eq!(due, [at("2026-10-25T00:30:00Z")]);
        let next = nightly.next(&berlin, at("2026-10-25T00:30:00Z"));
        assert_eq!(next, Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_name() {
        let job = every("0 0 * * * *", Missed::Skip).job;
        let refused = Periodic::new("test", "every day", Missed::Skip, job).unwrap_err();
        assert!(refused.to_string().contains("'test'"), "{refused}");
    }
}

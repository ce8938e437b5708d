//! When the owner sleeps and when the owner reads: quiet hours and the time of the daily digest, on the owner's clock.
//! Pure; days on which a clock is set forward or back are the time zone's own affair.

use jiff::{Timestamp, ToSpan, Zoned, civil::Time, tz::TimeZone};
use protocol::time::UnixMillis;

use crate::config::Config;

/// The owner's day.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Whose clock.
    pub timezone: TimeZone,
    /// From when until when only what is critical may ring; it may go past midnight.
    pub quiet_hours: Option<(Time, Time)>,
    /// When the daily digest is due.
    pub digest_at: Time,
}

impl Calendar {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            timezone: config.owner.timezone.clone(),
            quiet_hours: config.owner.quiet_hours,
            digest_at: config.owner.digest_at,
        }
    }

    /// The end of the quiet hours that this moment is in; `None` outside of them.
    #[must_use]
    pub fn quiet_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        let (from, to) = self.quiet_hours?;
        let here = self.here(now);
        let time = here.time();
        let is_quiet = if from <= to {
            from <= time && time < to
        } else {
            from <= time || time < to
        };
        if !is_quiet {
            return None;
        }
        let days = if time < to { 0 } else { 1 };
        let day = here.date().checked_add(days.days()).ok()?;
        moment(&self.timezone, day, to)
    }

    /// The last time at or before this moment at which the digest was due.
    #[must_use]
    pub fn digest_due(&self, now: UnixMillis) -> Option<UnixMillis> {
        let today = self.here(now).date();
        // By moments and not by what the clock shows, which leaves an hour out once a year and shows one twice.
        let due = |days: i64| {
            moment(
                &self.timezone,
                today.checked_sub(days.days()).ok()?,
                self.digest_at,
            )
        };
        due(0).filter(|due| *due <= now).or_else(|| due(1))
    }

    fn here(&self, now: UnixMillis) -> Zoned {
        Timestamp::from_millisecond(now.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.timezone.clone())
    }
}

fn moment(timezone: &TimeZone, day: jiff::civil::Date, time: Time) -> Option<UnixMillis> {
    let zoned = day.to_datetime(time).to_zoned(timezone.clone()).ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn calendar(from: Time, to: Time) -> Calendar {
        Calendar {
            timezone: TimeZone::get("Asia/Jakarta").unwrap(),
            quiet_hours: Some((from, to)),
            digest_at: time(8, 0, 0, 0),
        }
    }

    #[test]
    fn quiet_hours_may_go_past_midnight() {
        let night = calendar(time(22, 0, 0, 0), time(6, 0, 0, 0));
        let morning = Some(at("2026-11-22T23:00:00Z"));
        assert_eq!(night.quiet_until(at("2026-11-22T14:59:59Z")), None);
        assert_eq!(night.quiet_until(at("2026-11-22T15:00:00Z")), morning);
        assert_eq!(night.quiet_until(at("2026-11-22T20:00:00Z")), morning);
        assert_eq!(night.quiet_until(at("2026-11-22T23:00:00Z")), None);
        let siesta = calendar(time(13, 0, 0, 0), time(15, 0, 0, 0));
        assert_eq!(
            siesta.quiet_until(at("2026-11-22T07:00:00Z")),
            Some(at("2026-11-22T08:00:00Z"))
        );
        assert_eq!(siesta.quiet_until(at("2026-11-22T15:00:00Z")), None);
    }

    #[test]
    fn the_digest_is_due_once_a_day() {
        let calendar = calendar(time(22, 0, 0, 0), time(6, 0, 0, 0));
        let due = |text| calendar.digest_due(at(text)).unwrap();
        assert_eq!(due("2026-11-22T00:59:59Z"), at("2026-11-21T01:00:00Z"));
        assert_eq!(due("2026-11-22T01:00:00Z"), at("2026-11-22T01:00:00Z"));
        assert_eq!(due("2026-11-23T00:59:59Z"), at("2026-11-22T01:00:00Z"));
    }

    #[test]
    fn an_hour_that_is_left_out_or_comes_twice_makes_no_second_digest_and_none_that_is_yet_to_come() {
        let calendar = Calendar {
            timezone: TimeZone::get("Europe/Berlin").unwrap(),
            digest_at: time(2, 30, 0, 0),
            quiet_hours: None,
        };
        let due = |text| calendar.digest_due(at(text)).unwrap();
        let (before, forward) = (at("2027-03-27T01:30:00Z"), at("2027-03-28T01:30:00Z"));
        assert_eq!(due("2027-03-28T01:00:00Z"), before);
        assert_eq!(
            [due("2027-03-28T01:30:00Z"), due("2027-03-28T23:00:00Z")],
            [forward; 2]
        );
        let back = at("2027-10-31T00:30:00Z");
        assert_eq!(
            [due("2027-10-31T00:30:00Z"), due("2027-10-31T01:15:00Z")],
            [back; 2]
        );
    }
}

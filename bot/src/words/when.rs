//! Moments as people read them, in the shop's time zone.
//! It reads no clock.

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use protocol::time::UnixMillis;

/// The time of day, with the zone's own name: `09:14 WIB`.
#[must_use]
pub fn clock(at: UnixMillis, timezone: &TimeZone) -> String {
    local(at, timezone).strftime("%H:%M %Z").to_string()
}

/// Day and time: `22/11/2026 09:14 WIB`.
#[must_use]
pub fn day_and_clock(at: UnixMillis, timezone: &TimeZone) -> String {
    local(at, timezone).strftime("%d/%m/%Y %H:%M %Z").to_string()
}

/// Reads what a person types as a day and a time of day in the zone: `22-11-2026 19:30`; also `22/11/2026 19.30`.
/// `None` where it is none, or where the zone's clock jumps over that moment.
#[must_use]
pub fn read(text: &str, timezone: &TimeZone) -> Option<UnixMillis> {
    let (day, time) = text.trim().split_once(char::is_whitespace)?;
    let plain = format!(
        "{} {}",
        day.replace(['/', '.'], "-"),
        time.trim().replace('.', ":")
    );
    let civil = DateTime::strptime("%d-%m-%Y %H:%M", plain).ok()?;
    let zoned = timezone.to_ambiguous_zoned(civil).unambiguous().ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

/// A moment that no calendar holds is shown as 1970 rather than not at all.
fn local(at: UnixMillis, timezone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at.0)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(timezone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_shops_own() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let at = UnixMillis(1_795_313_640_000);
        assert_eq!(clock(at, &jakarta), "09:14 WIB");
        assert_eq!(day_and_clock(at, &jakarta), "22/11/2026 09:14 WIB");
        assert_eq!(clock(UnixMillis(i64::MAX), &jakarta), "07:00 WIB");
    }

    #[test]
    fn a_time_is_read_as_people_type_it() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let moment = UnixMillis(1_795_313_640_000);
        for typed in ["22-11-2026 09:14", " 22/11/2026  09.14 ", "22.11.2026 9:14"] {
            assert_eq!(read(typed, &jakarta), Some(moment), "{typed}");
        }
        for wrong in [
            "",
            "besok",
            "22-11-2026",
            "31-02-2026 10:00",
            "22-11-2026 24:01",
            "2026-11-22 09:14",
        ] {
            assert_eq!(read(wrong, &jakarta), None, "{wrong}");
        }
    }
}

//! Moments as people read them, in the shop's time zone.
//! It reads no clock.

use jiff::{Timestamp, Zoned, tz::TimeZone};
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
}

//! A moment as the owner reads it, on the owner's clock; whatever writes to the owner asks here.
//! It knows no sentence.

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;

/// `2026-11-22 09:14:05 WIB`: to the second, with the zone's name.
#[must_use]
pub fn told(at: UnixMillis, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at.0) {
        Ok(timestamp) => timestamp
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        Err(_) => "a moment out of range".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_on_the_owners_clock_and_one_out_of_range_as_that() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        assert_eq!(
            told(UnixMillis(1_795_313_645_000), &jakarta),
            "2026-11-22 09:14:05 WIB"
        );
        assert_eq!(told(UnixMillis(i64::MAX), &jakarta), "a moment out of range");
    }
}

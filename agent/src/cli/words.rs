//! How moments, durations and sizes are told to a person.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use protocol::{chain::ChainId, time::UnixMillis};

use crate::config::moment;

/// Hex digits of a chain's name that a person reads and types: four thousand million chains.
const CHAIN_CHARS: usize = 8;

/// `2026-11-22 09:14:05 WIB`, in the owner's time zone.
#[must_use]
pub fn moment(at: UnixMillis, zone: &TimeZone) -> String {
    moment::told(at, zone)
}

/// The same of a moment that may lie after this one: no clock that is right has shown that yet.
#[must_use]
pub fn moment_by(at: UnixMillis, zone: &TimeZone, ahead: UnixMillis) -> String {
    match at > ahead {
        true => format!("{} (not come yet: the clock was wrong)", moment(at, zone)),
        false => moment(at, zone),
    }
}

/// RFC 3339 in UTC, for scripts.
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at.0)
        .map(|timestamp| timestamp.to_string())
        .unwrap_or_default()
}

/// The largest two units: `3 h 12 min`.
#[must_use]
pub fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// `12.3 MiB`.
#[must_use]
pub fn size(size_bytes: u64) -> String {
    indicatif::HumanBytes(size_bytes).to_string()
}

/// `1 point`, `2 points`.
#[must_use]
pub fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// As much of a chain's name as tells it from every other one.
#[must_use]
pub fn chain(chain: &ChainId) -> &str {
    &chain.as_str()[..CHAIN_CHARS]
}

/// What is known of commits that nobody captured, `when` being since when; `None` where the shop's log tells that there is none.
pub fn uncaptured(commits: Option<u64>, when: &str) -> Option<String> {
    match commits {
        Some(0) => None,
        Some(number) => Some(format!(
            "{} {when} {} in its log on this server alone",
            count(number, "commit"),
            if number == 1 { "is" } else { "are" }
        )),
        None => Some(format!("what was committed {when}, if anything, is on no remote")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [0, 1, 2].map(|number| count(number, "point")),
            ["0 points", "1 point", "2 points"]
        );
    }

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let told = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(
            [told(5), told(65), told(3_720), told(90_000)],
            ["5 s", "1 min 5 s", "1 h 2 min", "1 d 1 h"]
        );
    }
}

//! Which moment is meant, as an owner writes it. Pure.
//! It does not know what there is.

use std::str::FromStr;

use jiff::{Timestamp, civil, tz::TimeZone};
use protocol::{chain::CommitNumber, object_key::PointId, time::UnixMillis};

/// Which moment is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The newest.
    Latest,
    /// The last commit that the agent had seen by this moment. When there is nothing from before it, a point taken within
    /// the same second counts.
    At(UnixMillis),
    /// This one, and nothing after it.
    Point(PointId),
    /// The database right after this commit.
    Commit(CommitNumber),
}

impl Selection {
    /// The moment after which nothing is wanted, when it is one.
    #[must_use]
    pub fn moment(&self) -> Option<UnixMillis> {
        match self {
            Self::At(moment) => Some(*moment),
            Self::Latest | Self::Point(_) | Self::Commit(_) => None,
        }
    }
}

/// Reads a moment: RFC 3339, or `2026-11-22 09:14[:05]` in the owner's time zone.
///
/// # Errors
/// A sentence when it is neither, or when the zone's clock showed that time never or twice.
pub fn parse_moment(text: &str, zone: &TimeZone) -> Result<UnixMillis, String> {
    let text = text.trim();
    if let Ok(timestamp) = Timestamp::from_str(text) {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let forms = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
    ];
    let local = forms.iter().find_map(|form| civil::DateTime::strptime(form, text).ok()).ok_or_else(|| {
        let short: String = text.chars().take(60).collect();
        format!("'{short}' is no moment; write '2026-11-22 09:14', '2026-11-22 09:14:05' or 2026-11-22T02:14:05Z")
    })?;
    match zone.to_ambiguous_zoned(local).unambiguous() {
        Ok(zoned) => Ok(UnixMillis(zoned.timestamp().as_millisecond())),
        Err(_) => Err(format!(
            "the clock of {} showed {local} never or twice, since it was put forward or back; write the moment with \
             its offset, for example {local}+07:00",
            zone.iana_name().unwrap_or("the owner's time zone")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_moment_without_an_offset_is_in_the_owners_time_zone() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let wanted = Ok(millis("2026-11-22T02:14:00Z"));
        for text in [
            "2026-11-22 09:14",
            "2026-11-22 09:14:00",
            "2026-11-22T02:14:00Z",
            "2026-11-22T09:14:00+07:00",
        ] {
            assert_eq!(parse_moment(text, &jakarta), wanted, "{text}");
        }
    }

    #[test]
    fn a_moment_that_never_was_or_was_twice_is_refused() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for text in [
            "2026-03-29 02:30",
            "2026-10-25 02:30",
            "yesterday",
            "2026-13-01 00:00",
            "",
        ] {
            assert!(parse_moment(text, &berlin).is_err(), "{text} was accepted");
        }
    }
}

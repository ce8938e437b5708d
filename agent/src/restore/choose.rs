//! Which moment is meant, as an owner writes it. Pure.
//! It does not know what there is.

use std::str::FromStr;

use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, Offset, TimeZone},
};
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

/// The zones of Indonesia and the world's own, as this program and everybody there writes them, in hours from UTC.
const ZONES: [(&str, i8); 4] = [("WIB", 7), ("WITA", 8), ("WIT", 9), ("UTC", 0)];

/// Reads a moment: RFC 3339, or `2026-11-22 09:14[:05[.5]]` in the owner's time zone or in the one whose word follows.
///
/// # Errors
/// A sentence when it is neither, or when the zone's clock showed that time never or twice.
pub fn parse_moment(text: &str, zone: &TimeZone) -> Result<UnixMillis, String> {
    let text = text.trim();
    if let Ok(timestamp) = Timestamp::from_str(text) {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let named = text
        .rsplit_once(' ')
        .and_then(|(time, word)| in_zone(local(time.trim_end())?, word, zone));
    if let Some(timestamp) = named {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let local = local(text).ok_or_else(|| {
        let short: String = text.chars().take(60).collect();
        format!(
            "'{short}' is no moment; write '2026-11-22 09:14' or '2026-11-22 09:14:05', which is read in the owner's time \
             zone {}, or '2026-11-22 09:14:05 WIB' (WITA, WIT, UTC), or 2026-11-22T02:14:05Z",
            name_of(zone)
        )
    })?;
    match zone.to_ambiguous_zoned(local).unambiguous() {
        Ok(zoned) => Ok(UnixMillis(zoned.timestamp().as_millisecond())),
        Err(_) => Err(format!(
            "the clock of {} showed {local} never or twice, since it was put forward or back; write the moment with \
             its offset, for example {local}+07:00",
            name_of(zone)
        )),
    }
}

fn name_of(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("of this machine")
}

fn local(text: &str) -> Option<civil::DateTime> {
    let forms = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
    ];
    forms
        .iter()
        .find_map(|form| civil::DateTime::strptime(form, text).ok())
}

/// The moment at which the clock showed this and called itself so: the owner's first, since two zones may share a word.
fn in_zone(local: civil::DateTime, word: &str, zone: &TimeZone) -> Option<Timestamp> {
    let offsets = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            vec![before, after]
        }
    };
    let mut own = offsets
        .into_iter()
        .filter_map(|offset| offset.to_timestamp(local).ok());
    let own = own.find(|at| zone.to_offset_info(*at).abbreviation().eq_ignore_ascii_case(word));
    own.or_else(|| {
        let (_, hours) = ZONES
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word))?;
        Offset::from_hours(hours).ok()?.to_timestamp(local).ok()
    })
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
    fn a_part_of_a_second_is_read_in_every_form() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let wanted = Ok(millis("2026-11-22T02:14:05.5Z"));
        for text in [
            "2026-11-22 09:14:05.5",
            "2026-11-22T09:14:05.500",
            "2026-11-22 09:14:05.5009 WIB",
            "2026-11-22T02:14:05.5Z",
        ] {
            assert_eq!(parse_moment(text, &jakarta), wanted, "{text}");
        }
        for text in ["2026-11-22 09:14:05.", "2026-11-22 09:14.5"] {
            assert!(parse_moment(text, &jakarta).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_read_as_this_program_prints_it() {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        for (name, text, wanted) in [
            ("Asia/Jakarta", "2026-11-27 18:14:36 WIB", "2026-11-27T11:14:36Z"),
            ("Asia/Jakarta", "2026-11-27 18:14 wita", "2026-11-27T10:14:00Z"),
            ("Asia/Makassar", "2026-11-27 18:14:36 WIT", "2026-11-27T09:14:36Z"),
            ("Europe/Berlin", "2026-11-27 18:14:36 UTC", "2026-11-27T18:14:36Z"),
            // A word tells apart what the clock showed twice.
            (
                "Europe/Berlin",
                "2026-10-25 02:30:00 CEST",
                "2026-10-25T00:30:00Z",
            ),
            ("Europe/Berlin", "2026-10-25 02:30:00 CET", "2026-10-25T01:30:00Z"),
            // Zones without a word of their own are printed as numbers.
            ("Asia/Tashkent", "2026-11-27 18:14:36 +05", "2026-11-27T13:14:36Z"),
        ] {
            assert_eq!(
                parse_moment(text, &zone(name)),
                Ok(millis(wanted)),
                "{text} in {name}"
            );
            let at = Timestamp::from_millisecond(millis(wanted).0)
                .unwrap()
                .to_zoned(zone(name));
            let printed = at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
            assert_eq!(
                parse_moment(&printed, &zone(name)),
                Ok(millis(wanted)),
                "{printed}"
            );
        }
        for text in [
            "2026-11-27 18:14:36 CEST",
            "2026-11-27 18:14:36 XYZ",
            "kemarin WIB",
        ] {
            let told = parse_moment(text, &zone("Asia/Jakarta")).unwrap_err();
            assert!(told.contains("Asia/Jakarta"), "{told}");
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

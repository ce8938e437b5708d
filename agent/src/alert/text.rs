//! Small things about text for the owner: moments, durations, figures, and lengths as Telegram counts them.
//! Pure; it knows no alert and no sentence.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use protocol::{incident::Severity, time::UnixMillis};

use super::{rule::Unit, words::phrases};
use crate::config::{Language, moment};

/// A moment on the owner's clock, to the second, with the zone's name.
#[must_use]
pub fn moment(timezone: &TimeZone, at: UnixMillis) -> String {
    moment::told(at, timezone)
}

/// What ends at that moment, as it is stored: with the moment in UTC.
#[must_use]
pub fn dated(name: &str, at: UnixMillis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{name}, {}", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// The same on the owner's clock; what has no moment behind it stays as it is.
pub(super) fn on_the_clock(timezone: &TimeZone, dated: &str) -> String {
    let read = dated
        .rsplit_once(", ")
        .and_then(|(name, at)| Some((name, at.parse::<Timestamp>().ok()?)));
    read.map_or_else(
        || dated.to_owned(),
        |(name, at)| format!("{name} ({})", moment(timezone, UnixMillis(at.as_millisecond()))),
    )
}

/// That something ends in so many seconds, or that it has ended and how long ago.
pub(super) fn ends(language: Language, left_s: Option<f64>) -> String {
    let [some_time, ahead, past] = phrases(language).ends;
    let value = |left_s: f64| figure(language, Unit::Seconds, left_s.abs());
    match left_s {
        None => some_time.to_owned(),
        Some(left_s) if left_s < 0.0 => past.replace("{value}", &value(left_s)),
        Some(left_s) => ahead.replace("{value}", &value(left_s)),
    }
}

/// A moment that is read beside another one: the time alone where both are on the same day.
pub(super) fn moment_beside(timezone: &TimeZone, at: UnixMillis, other: UnixMillis) -> String {
    let (shown, other) = (moment(timezone, at), moment(timezone, other));
    match (
        shown.split(' ').collect::<Vec<_>>().as_slice(),
        other.split(' ').next(),
    ) {
        ([day, time, ..], Some(other)) if *day == other => (*time).to_owned(),
        _ => shown,
    }
}

/// The largest unit that is not zero and the one below it: nobody needs the seconds of a day.
#[must_use]
pub fn duration(language: Language, lasted: Duration) -> String {
    let seconds = lasted.as_secs();
    let numbers = [
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ];
    let units = phrases(language).units;
    let parts: Vec<String> = numbers
        .iter()
        .zip(units)
        .skip_while(|(number, _)| **number == 0)
        .take(2)
        .filter(|(number, _)| **number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if parts.is_empty() {
        format!("0{}", units[3])
    } else {
        parts.join(" ")
    }
}

/// A figure as the owner reads it.
pub(super) fn figure(language: Language, unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => format!("{value:.0} %"),
        Unit::Bytes if value.abs() >= 1e9 => {
            let told = format!("{:.1} GB", value / 1e9);
            match language {
                Language::Id => told.replace('.', ","),
                Language::En => told,
            }
        }
        Unit::Bytes => format!("{:.0} MB", value / 1e6),
        Unit::Seconds => duration(language, Duration::try_from_secs_f64(value).unwrap_or_default()),
        Unit::Count => format!("{value:.0}"),
    }
}

/// Whole, with dots between the thousands, as in Indonesia.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push('.');
        }
        shown.push(digit);
    }
    format!("{}{shown}", if number < 0 { "-" } else { "" })
}

/// Money as Indonesia writes it.
#[must_use]
pub fn rupiah(sum: i64) -> String {
    format!("Rp{}", grouped(sum)).replace("Rp-", "-Rp")
}

/// Without control characters other than ends of lines.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .filter(|char| *char == '\n' || !char.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A sentence whose end could not be filled in ends before it.
pub(super) fn whole(sentence: &str) -> String {
    match sentence.trim_end().strip_suffix(':') {
        Some(rest) => format!("{rest}."),
        None => sentence.trim_end().to_owned(),
    }
}

/// In one line, at most so many UTF-16 units.
pub(super) fn one_line(text: &str, units_max: usize) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), units_max)
}

/// What somebody calls himself, for reading: in one line, without control characters.
#[must_use]
pub fn short(name: &str, units_max: usize) -> String {
    one_line(&printable(name), units_max)
}

/// As many of the first lines as fit into so many units, and one for how many more there are.
#[must_use]
pub fn fitting(mut lines: Vec<String>, units_max: usize) -> Vec<String> {
    const MORE_UNITS: usize = 8;
    let cost = |line: &String| units(line) + 1;
    if lines.iter().map(cost).sum::<usize>() <= units_max {
        return lines;
    }
    let mut left = units_max.saturating_sub(MORE_UNITS);
    let fits = |line: &&String| {
        let room = left.checked_sub(cost(line));
        left = room.unwrap_or(0);
        room.is_some()
    };
    let shown = lines.iter().take_while(fits).count();
    let more = lines.len() - shown;
    lines.truncate(shown);
    lines.extend((units_max >= MORE_UNITS).then(|| format!("+{more}")));
    lines
}

/// At most so many UTF-16 units, which is how Telegram counts.
pub(super) fn cut(text: &str, units_max: usize) -> String {
    if units(text) <= units_max {
        return text.to_owned();
    }
    let mut left = units_max.saturating_sub(1);
    let fits = |char: &char| {
        let room = left.checked_sub(char.len_utf16());
        left = room.unwrap_or(0);
        room.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Its length as Telegram counts it.
#[must_use]
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// How grave it is, at a glance.
pub(super) fn icon(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "🔵",
        Severity::Warning => "🟡",
        Severity::Critical => "🔴",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_carry_their_unit() {
        let shown = [
            (Unit::Percent, 91.6),
            (Unit::Bytes, 2.5e9),
            (Unit::Bytes, 3.2e7),
            (Unit::Seconds, 90.0),
            (Unit::Count, 3.0),
        ]
        .map(|(unit, value)| figure(Language::En, unit, value));
        assert_eq!(shown, ["92 %", "2.5 GB", "32 MB", "1 min 30 s", "3"]);
        assert_eq!(figure(Language::Id, Unit::Bytes, 2.5e9), "2,5 GB");
    }

    #[test]
    fn what_ends_says_whether_and_when_on_the_owners_clock() {
        let said = |left_s| ends(Language::En, left_s);
        assert_eq!(said(Some(-53.0 * 86_400.0)), "ended 53 d ago");
        assert_eq!(said(Some(90_000.0)), "ends in 1 d 1 h");
        assert_eq!(said(None), "ends");
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let stored = dated("shop.example", UnixMillis(1_795_338_000_000));
        assert_eq!(
            on_the_clock(&zone, &stored),
            "shop.example (2026-11-22 17:00:00 WITA)"
        );
        assert_eq!(on_the_clock(&zone, "shop.example"), "shop.example");
    }

    #[test]
    fn a_sentence_that_nothing_was_filled_into_ends_before_it() {
        assert_eq!(whole("The test failed: no answer "), "The test failed: no answer");
        assert_eq!(whole("The test failed: "), "The test failed.");
    }

    #[test]
    fn money_has_dots_between_its_thousands_and_its_sign_in_front() {
        let shown = [0, 999, 1_250_000, -15_000].map(rupiah);
        assert_eq!(shown, ["Rp0", "Rp999", "Rp1.250.000", "-Rp15.000"]);
    }

    #[test]
    fn durations_name_their_two_largest_units() {
        let shown = [0, 59, 60, 3_600, 3_661, 90_000].map(|s| duration(Language::Id, Duration::from_secs(s)));
        assert_eq!(
            shown,
            [
                "0 detik",
                "59 detik",
                "1 menit",
                "1 jam",
                "1 jam 1 menit",
                "1 hari 1 jam"
            ]
        );
    }
}

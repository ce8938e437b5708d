//! Which figures and moments stand at an axis, and how they are written.
//! Pure; it draws nothing.

use std::time::Duration;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use protocol::time::UnixMillis;

use crate::{config::Language, watch::space::as_df_tells};

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// 0 to 100, or more.
    Percent,
    /// The same of what is full by so much, as df tells it.
    Filled,
    /// Bytes, in decimal units.
    Bytes,
    /// Seconds, in the largest unit that fits.
    Seconds,
    /// How many.
    Count,
    /// Whole rupiah.
    Rupiah,
    /// In the currency of a provider's prices, with cents.
    Price,
}

/// Between two marks at most about this many pixels of a panel; see [`ticks`].
const TICKS: f64 = 4.0;
const SECOND_STEPS: [f64; 16] = [
    1.0,
    5.0,
    15.0,
    30.0,
    60.0,
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
];
const MINUTE_MS: i64 = 60_000;
const DAY_S: f64 = 86_400.0;
const HOUR_S: f64 = 3_600.0;

/// Round figures from zero to the first one that is not below `most`.
#[must_use]
pub(super) fn ticks(figure: Figure, most: f64) -> Vec<f64> {
    let step = step(figure, most.max(f64::MIN_POSITIVE) / TICKS);
    let mut ticks = vec![0.0];
    let mut at = 0.0;
    // The step is at least a fifth of `most`, so this ends.
    while at < most && ticks.len() < 12 {
        at += step;
        ticks.push(at);
    }
    ticks
}

fn step(figure: Figure, least: f64) -> f64 {
    match figure {
        Figure::Percent | Figure::Filled if least > 20.0 => 25.0,
        Figure::Seconds => SECOND_STEPS
            .into_iter()
            .find(|step| *step >= least)
            .unwrap_or_else(|| decimal_step(least)),
        Figure::Count | Figure::Rupiah => decimal_step(least).max(1.0),
        Figure::Percent | Figure::Filled | Figure::Bytes | Figure::Price => decimal_step(least),
    }
}

fn decimal_step(least: f64) -> f64 {
    let unit = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|part| part * unit)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * unit)
}

/// A figure in few letters, as the language writes it.
#[must_use]
pub fn label(language: Language, figure: Figure, value: f64) -> String {
    let (money, time) = match language {
        Language::Id => (
            &[("jt", 1e6), ("rb", 1e3)],
            (&[("hari", DAY_S), ("jam", HOUR_S), ("mnt", 60.0)], " dtk"),
        ),
        Language::En => (
            &[("M", 1e6), ("k", 1e3)],
            (&[("d", DAY_S), ("h", HOUR_S), ("min", 60.0)], " s"),
        ),
    };
    let with_unit = |units: &[(&str, f64)], smallest| with_unit(value, units, smallest);
    let told = match figure {
        Figure::Percent => format!("{} %", short(value)),
        Figure::Filled => format!("{:.0} %", as_df_tells(value)),
        Figure::Count => short(value),
        Figure::Bytes => with_unit(&[("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)], " B"),
        Figure::Rupiah => format!("Rp{}", with_unit(money, "")),
        Figure::Price if value.abs() < 100.0 => format!("{value:.2}"),
        Figure::Price => with_unit(money, ""),
        Figure::Seconds => with_unit(time.0, time.1),
    };
    match language {
        Language::Id => told.replace('.', ","),
        Language::En => told,
    }
}

/// A length of time: up to two days in hours.
#[must_use]
pub fn span_label(language: Language, span: Duration) -> String {
    let [day, hour, minute] = match language {
        Language::Id => ["hari", "jam", "menit"],
        Language::En => ["d", "h", "min"],
    };
    let (hours, minutes) = (span.as_secs() / 3600, span.as_secs() / 60 % 60);
    let of = |count: u64, unit: &str, rest: u64, smaller: &str| match rest {
        0 => format!("{count} {unit}"),
        rest => format!("{count} {unit} {rest} {smaller}"),
    };
    match hours {
        0 => format!("{minutes} {minute}"),
        1..=48 => of(hours, hour, minutes, minute),
        _ => of(hours / 24, day, hours % 24, hour),
    }
}

fn with_unit(value: f64, units: &[(&str, f64)], smallest: &str) -> String {
    match units.iter().find(|(_, size)| value.abs() >= *size) {
        Some((name, size)) => format!("{} {name}", short(value / size)),
        None => format!("{}{smallest}", short(value)),
    }
}

fn short(value: f64) -> String {
    let text = if value.abs() < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// The moments at an axis on the owner's clock, with what is written there: hours, or days.
#[must_use]
pub(super) fn moments(timezone: &TimeZone, from: UnixMillis, to: UnixMillis) -> Vec<(UnixMillis, String)> {
    let span_min = (to.0 - from.0) / MINUTE_MS;
    let (step_minutes, format) = match (span_min / 60, span_min) {
        (_, ..=5) => (1, "%H:%M"),
        (_, ..=14) => (2, "%H:%M"),
        (_, ..=40) => (5, "%H:%M"),
        (..=1, _) => (15, "%H:%M"),
        (2..=3, _) => (30, "%H:%M"),
        (4..=12, _) => (120, "%H:%M"),
        (13..=36, _) => (360, "%H:%M"),
        (37..=100, _) => (1_440, "%d/%m"),
        _ => (2_880, "%d/%m"),
    };
    let zoned = |at: UnixMillis| {
        Timestamp::from_millisecond(at.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(timezone.clone())
    };
    let Ok(mut at) = zoned(from).start_of_day() else {
        return Vec::new();
    };
    let mut moments = Vec::new();
    while at.timestamp().as_millisecond() <= to.0 && moments.len() < 50 {
        let moment = UnixMillis(at.timestamp().as_millisecond());
        if moment >= from {
            moments.push((moment, at.strftime(format).to_string()));
        }
        // Days may have 23 or 25 hours; their marks stay at midnight.
        let next = if step_minutes >= 1_440 {
            at.checked_add((step_minutes / 1_440).days())
        } else {
            at.checked_add(step_minutes.minutes())
        };
        match next {
            Ok(next) => at = next,
            Err(_) => break,
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * MINUTE_MS;

    #[test]
    fn ticks_are_round_and_reach_the_top() {
        assert_eq!(ticks(Figure::Percent, 100.0), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(Figure::Count, 3.0), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(
            ticks(Figure::Seconds, 20_000.0),
            [0.0, 7_200.0, 14_400.0, 21_600.0]
        );
        assert_eq!(ticks(Figure::Rupiah, 0.0).len(), 1);
        for most in [1e-9, 0.3, 7.0, 99.0, 1e12] {
            assert!(*ticks(Figure::Bytes, most).last().unwrap() >= most, "{most}");
        }
    }

    #[test]
    fn figures_are_short() {
        let figures = [
            (Figure::Percent, 8.1),
            (Figure::Bytes, 2.5e9),
            (Figure::Rupiah, 1_250_000.0),
            (Figure::Rupiah, 25_000.0),
            (Figure::Seconds, 5_400.0),
            (Figure::Count, 0.0),
            (Figure::Price, 0.031),
            (Figure::Price, 12_000.0),
            (Figure::Seconds, 90.0),
            (Figure::Seconds, 2.5),
        ];
        let shown = |language| figures.map(|(figure, value)| label(language, figure, value));
        assert_eq!(
            shown(Language::En),
            [
                "8.1 %", "2.5 GB", "Rp1.2 M", "Rp25 k", "1.5 h", "0", "0.03", "12 k", "1.5 min", "2.5 s"
            ]
        );
        assert_eq!(
            shown(Language::Id),
            [
                "8,1 %", "2,5 GB", "Rp1,2 jt", "Rp25 rb", "1,5 jam", "0", "0,03", "12 rb", "1,5 mnt",
                "2,5 dtk"
            ]
        );
        let spans = [600, 3 * 3600, 8 * 86_400].map(Duration::from_secs);
        assert_eq!(
            spans.map(|span| span_label(Language::Id, span)),
            ["10 menit", "3 jam", "8 hari"]
        );
        assert_eq!(
            spans.map(|span| span_label(Language::En, span)),
            ["10 min", "3 h", "8 d"]
        );
    }

    #[test]
    fn moments_stand_at_whole_hours_of_the_owner() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let at = |hours: i64| UnixMillis(1_795_338_000_000 + hours * HOUR_MS);
        let day: Vec<String> = moments(&jakarta, at(0), at(24))
            .into_iter()
            .map(|moment| moment.1)
            .collect();
        assert_eq!(day, ["18:00", "00:00", "06:00", "12:00"]);
        let week = moments(&jakarta, at(0), at(24 * 7));
        // However short the window and wherever it lies, its marks say when it was.
        for minutes in 1..=120 {
            for begin in 0..30 {
                let from = UnixMillis(at(0).0 + begin * 60_000 + 1);
                let marks = moments(&jakarta, from, UnixMillis(from.0 + minutes * 60_000)).len();
                assert!((1..=8).contains(&marks), "{minutes} from {begin}: {marks}");
            }
        }
        assert_eq!((week.len(), week[0].1.as_str()), (3, "24/11"));
    }
}

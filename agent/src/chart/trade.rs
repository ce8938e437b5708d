//! Orders and money by the hour, against the same hours a week ago.
//! The totals are the bot's own; what they are made of is not known here.

use protocol::{health::HourTotals, time::UnixMillis};

use super::{Dot, Figure, Hue, Marks, Panel, Shape, Subject, resources::Gathered, scale, words::Words};
use crate::{config::Language, store::Store};

const WEEK_MS: i64 = 7 * 86_400_000;
const HOUR_MS: i64 = 3_600_000;

pub(super) fn chart(store: &Store, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let first = first_hour(from, now);
    let totals = store.hours(first, now)?;
    let before = store.hours(UnixMillis(first.0 - WEEK_MS), UnixMillis(now.0 - WEEK_MS))?;
    let panel = |title: &str, figure, of: fn(&HourTotals) -> f64| {
        let dots: Vec<Dot> = totals.iter().map(|hour| (hour.hour, of(hour))).collect();
        Panel {
            about: Subject::Trade,
            incidents: Vec::new(),
            title: title.to_owned(),
            figure,
            at_least: 1.0,
            marks: vec![
                Marks {
                    name: named((words.language, words.now), figure, totals.iter().map(of).sum()),
                    hue: Hue::Main,
                    shape: Shape::Bars,
                    number: None,
                    range: None,
                    dots,
                },
                Marks {
                    name: named(
                        (words.language, words.last_week),
                        figure,
                        before.iter().map(of).sum(),
                    ),
                    hue: Hue::Second,
                    shape: Shape::Steps,
                    number: None,
                    range: None,
                    dots: steps(&before, of, now),
                },
            ],
            limits: Vec::new(),
            rest: None,
        }
    };
    let panels = vec![
        panel(words.orders, Figure::Count, |hour| count(hour.placed)),
        panel(words.money, Figure::Rupiah, |hour| rupiah(hour.paid_rupiah)),
    ];
    Ok((words.trade, panels, now))
}

/// The first hour that counts: one that began within the time, as everywhere that the last hours are summed. A picture of less
/// than two hours has none of those, and begins with the hour that ran.
fn first_hour(from: UnixMillis, now: UnixMillis) -> UnixMillis {
    let is_short = now.0.saturating_sub(from.0) < 2 * HOUR_MS;
    let begins = if is_short {
        from.0
    } else {
        from.0.saturating_add(HOUR_MS - 1)
    };
    UnixMillis(begins.div_euclid(HOUR_MS) * HOUR_MS)
}

/// The name with the sum of all hours.
fn named((language, name): (Language, &str), figure: Figure, sum: f64) -> String {
    format!("{name}: {}", scale::label(language, figure, sum))
}

/// A week ago as steps over the present hours; hours in which nothing happened are zero.
fn steps(before: &[HourTotals], of: fn(&HourTotals) -> f64, now: UnixMillis) -> Vec<Dot> {
    let mut dots: Vec<Dot> = Vec::new();
    let mut end = None;
    for hour in before {
        let from = hour.hour.0.saturating_add(WEEK_MS);
        if end != Some(from) {
            dots.extend(end.map(|end| (UnixMillis(end), 0.0)));
            dots.push((UnixMillis(from), 0.0));
        }
        dots.push((UnixMillis(from), of(hour)));
        dots.push((UnixMillis(from.saturating_add(HOUR_MS)), of(hour)));
        end = Some(from.saturating_add(HOUR_MS));
    }
    dots.extend(end.map(|end| (UnixMillis(end), 0.0)));
    // A week ago the present hour has ended; here it has not.
    let last = dots.iter().rfind(|dot| dot.0 <= now).map(|dot| (now, dot.1));
    let is_cut = dots.last().is_some_and(|dot| dot.0 > now);
    dots.retain(|dot| dot.0 <= now);
    dots.extend(last.filter(|_| is_cut));
    dots
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn count(orders: u64) -> f64 {
    orders as f64
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn rupiah(sum: i64) -> f64 {
    sum as f64
}

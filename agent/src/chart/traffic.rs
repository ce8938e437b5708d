//! Bytes and requests that went to each remote by the hour, and what a month costs as things stood then.
//! It shows as many remotes as there are colours; the console's words and the status page's table name all of them.

use protocol::time::UnixMillis;

use super::{
    Dot, Figure, HUES, Hue, Marks, Panel, Shape, Subject,
    picture::Sources,
    resources::{self, Gathered},
    scale,
    words::Words,
};
use crate::{
    config::Language,
    store::shipping::ShippedHour,
    traffic::{self, DAY, Priced, REQUESTS_AN_OBJECT},
};

const HOUR_MS: i64 = 3_600_000;

pub(super) fn chart(sources: &Sources, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    // What a month costs is reckoned from the writes of the day before.
    let before = UnixMillis(from.0.saturating_sub(i64::try_from(DAY.as_millis()).unwrap_or(0)));
    let hours = sources.store.shipped_hours(before)?;
    let first = UnixMillis(from.0.div_euclid(HOUR_MS) * HOUR_MS);
    let shown = || sources.remotes.iter().zip(HUES);
    let panel = |title: &str, figure, at_least, of: fn(&ShippedHour) -> f64| {
        let marks = |(one, hue): (&Priced, Hue)| {
            let own = hours
                .iter()
                .filter(|hour| hour.remote == one.remote && hour.from >= first);
            flow(
                words.language,
                (&one.remote, hue),
                figure,
                own.map(|hour| (hour.from, of(hour))).collect(),
                now,
            )
        };
        Panel {
            about: Subject::Shipping,
            incidents: Vec::new(),
            title: title.to_owned(),
            figure,
            at_least,
            marks: shown().map(marks).collect(),
            limits: Vec::new(),
            rest: None,
        }
    };
    let mut panels = vec![
        panel(words.bytes, Figure::Bytes, 1e3, |hour| float(hour.size_bytes)),
        panel(words.requests, Figure::Count, 4.0, |hour| {
            float(hour.objects.saturating_mul(REQUESTS_AN_OBJECT))
        }),
    ];
    if sources.remotes.iter().any(Priced::is_known) {
        let mut marks = Vec::new();
        for (one, hue) in shown() {
            let dots = within(traffic::costs(&sources.store, one, &hours, now)?, from);
            let mut line = resources::line(words.language, Figure::Price, (&one.remote, hue), dots);
            line.shape = Shape::Steps;
            marks.push(line);
        }
        panels.push(Panel {
            about: Subject::Shipping,
            incidents: Vec::new(),
            title: words.cost.to_owned(),
            figure: Figure::Price,
            at_least: 0.04,
            marks,
            limits: Vec::new(),
            rest: None,
        });
    }
    Ok((words.traffic, panels, now))
}

/// The first remote's hours are bars and the others' lines of steps across them. The name ends with the sum.
fn flow(
    language: Language,
    (remote, hue): (&str, Hue),
    figure: Figure,
    hours: Vec<Dot>,
    now: UnixMillis,
) -> Marks {
    let sum: f64 = hours.iter().map(|hour| hour.1).sum();
    let name = format!("{remote}: {}", scale::label(language, figure, sum));
    let (shape, dots) = match hue {
        Hue::Main => (Shape::Bars, hours),
        Hue::Second | Hue::Third | Hue::Fourth | Hue::Fifth | Hue::Sixth => {
            (Shape::Steps, steps(&hours, now))
        }
    };
    Marks {
        name,
        hue,
        shape,
        number: None,
        range: None,
        dots,
    }
}

/// Hours in which nothing went there are zero; the one that still runs has not ended.
fn steps(hours: &[Dot], now: UnixMillis) -> Vec<Dot> {
    let mut dots: Vec<Dot> = Vec::new();
    for (from, value) in hours {
        let end = UnixMillis(from.0.saturating_add(HOUR_MS));
        match dots.last_mut() {
            // The fall to zero that ended the hour before is none.
            Some(last) if last.0 == *from => last.1 = *value,
            _ => dots.extend([(*from, 0.0), (*from, *value)]),
        }
        match end > now {
            true => dots.push((now, *value)),
            false => dots.extend([(end, *value), (end, 0.0)]),
        }
    }
    dots
}

/// The cost is known from comparison to comparison: the last one before the picture begins at its left edge.
fn within(costs: Vec<Dot>, from: UnixMillis) -> Vec<Dot> {
    let before = costs
        .iter()
        .rev()
        .find(|cost| cost.0 < from)
        .map(|cost| (from, cost.1));
    let shown = costs.into_iter().filter(|cost| cost.0 >= from);
    let mut dots: Vec<Dot> = before.into_iter().collect();
    for (at, cost) in shown {
        dots.extend(dots.last().map(|last| (at, last.1)));
        dots.push((at, cost));
    }
    dots
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> UnixMillis {
        UnixMillis(hour * HOUR_MS)
    }

    #[test]
    fn quiet_hours_between_steps_are_zero() {
        let hours = [(at(1), 5.0), (at(2), 7.0), (at(9), 1.0)];
        let dots = steps(&hours, at(12));
        let expected = [
            (1, 0.0),
            (1, 5.0),
            (2, 5.0),
            (2, 7.0),
            (3, 7.0),
            (3, 0.0),
            (9, 0.0),
            (9, 1.0),
            (10, 1.0),
            (10, 0.0),
        ];
        assert_eq!(dots, expected.map(|(hour, value)| (at(hour), value)));
        let half_past = UnixMillis(at(9).0 + HOUR_MS / 2);
        assert_eq!(
            steps(&hours, half_past).last(),
            Some(&(half_past, 1.0)),
            "no step into the future"
        );
    }

    #[test]
    fn a_cost_of_before_the_picture_holds_until_the_next_one() {
        let costs = vec![(at(1), 1.0), (at(2), 2.0), (at(9), 3.0)];
        let expected = [(at(5), 2.0), (at(9), 2.0), (at(9), 3.0)];
        assert_eq!(within(costs, at(5)), expected);
        assert_eq!(within(Vec::new(), at(5)), []);
    }
}

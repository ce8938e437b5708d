//! The figures of a picture in words, which are there before the picture is drawn.
//! It measures nothing, and draws nothing.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{
    answer::{joined, size},
    words::words,
};
use crate::{
    chart::{
        self, Figure, Shape,
        picture::{self, Picture},
        scale::label,
    },
    config::Language,
    overview::Desk,
    traffic::{self, Traffic},
};

/// All of them.
///
/// # Errors
/// When the agent's database refuses.
pub(super) fn of(desk: &Desk, picture: Picture, span: Duration, now: UnixMillis) -> anyhow::Result<String> {
    let words = words(desk.voice.language);
    let chart = picture::gather(&desk.sources(), picture, span, now)?;
    let mut lines = vec![chart.title.clone()];
    for panel in &chart.panels {
        let drawn = panel.marks.iter().filter(|marks| marks.shape != Shape::Forecast);
        lines.extend(drawn.filter_map(|marks| told(desk.voice.language, panel, marks)));
        lines.extend(panel.rest.clone());
    }
    if chart
        .panels
        .iter()
        .flat_map(|panel| &panel.marks)
        .any(chart::Marks::is_of_means)
    {
        lines.push(words.of_means.to_owned());
    }
    if picture == Picture::Traffic {
        lines.extend(traffic(desk, now)?);
    }
    if lines.len() == 1 {
        lines.push(words.no_figures.to_owned());
    }
    Ok(joined(lines))
}

/// A line for each remote, also for those that the picture has no colour for.
fn traffic(desk: &Desk, now: UnixMillis) -> rusqlite::Result<Vec<String>> {
    let words = words(desk.voice.language);
    let one = |one: Traffic| {
        let cost = match (one.cost_a_month, one.is_priced) {
            (Some(cost), _) => words
                .cost
                .replace("{cost}", &label(desk.voice.language, Figure::Price, cost)),
            (None, true) => words.no_cost_yet.to_owned(),
            (None, false) => words.no_price.to_owned(),
        };
        words
            .traffic
            .replace("{day}", &size(desk.voice.language, one.day.bytes))
            .replace("{day_requests}", &one.day.requests.to_string())
            .replace("{week}", &size(desk.voice.language, one.week.bytes))
            .replace("{week_requests}", &one.week.requests.to_string())
            .replace("{cost}", &cost)
            .replace("{remote}", &one.remote)
    };
    let found = traffic::look(&desk.store, &desk.remotes, now)?;
    Ok(found.into_iter().map(one).collect())
}

fn told(language: Language, panel: &chart::Panel, marks: &chart::Marks) -> Option<String> {
    let values = || marks.dots.iter().map(|dot| dot.1);
    let newest = values().next_back()?;
    // A dot may be a mean: the highest is of the single figures behind it.
    let (least, most) = marks
        .range
        .unwrap_or_else(|| (values().fold(newest, f64::min), values().fold(newest, f64::max)));
    let shown = |value| label(language, panel.figure, value);
    let words = words(language);
    let by_the_hour = panel.marks.iter().any(|marks| marks.shape == Shape::Bars);
    let sentence = match marks.shape {
        // What is now is half an hour's, and the hours in which nothing happened are not among them.
        _ if by_the_hour => words.hourly,
        Shape::Stems => words.sizes,
        _ => words.figures,
    };
    // Behind a name stands its newest figure, which is told anyway; or the sum, which is not.
    let name = match by_the_hour {
        true => marks.name.clone(),
        false => named(
            &panel.title,
            marks.name.strip_suffix(&shown(newest)).unwrap_or(&marks.name),
        ),
    };
    let filled = sentence
        .replace("{title}", &panel.title)
        .replace("{now}", &shown(newest))
        .replace("{least}", &shown(least))
        .replace("{most}", &shown(most));
    Some(filled.replace("{name}", &name))
}

fn named(title: &str, name: &str) -> String {
    match name.trim() {
        "" => title.to_owned(),
        name => format!("{title} ({name})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Hue, Marks, Panel, Subject};

    fn said(shapes: [Shape; 2], figure: Figure) -> Vec<String> {
        let marks = |shape: Shape| Marks {
            name: "last week: 9".to_owned(),
            hue: Hue::Main,
            shape,
            number: None,
            range: None,
            dots: vec![(UnixMillis(1), 3.0), (UnixMillis(2), 0.0)],
        };
        let panel = Panel {
            about: Subject::Trade,
            incidents: Vec::new(),
            title: "Orders per hour".to_owned(),
            figure,
            at_least: 1.0,
            marks: shapes.map(marks).to_vec(),
            limits: Vec::new(),
            rest: None,
        };
        let all = panel.marks.iter();
        all.filter_map(|marks| told(Language::En, &panel, marks))
            .collect()
    }

    #[test]
    fn what_is_counted_by_the_hour_is_told_by_its_sum_and_never_as_what_is_now() {
        let hourly = said([Shape::Bars, Shape::Steps], Figure::Count);
        let line = "Orders per hour – last week: 9 in all, at most 3 in one hour";
        assert_eq!(hourly, [line, line]);
        let measured = said([Shape::Line, Shape::Stems], Figure::Count);
        assert!(measured[0].contains("now 0"), "{measured:?}");
        assert!(measured[1].contains("newest 0"), "{measured:?}");
    }
}

//! Disks, memory and processor over time, with the lines at which alerts begin and the forecast of a full disk.
//! The figures are the probes'; nothing is computed here.

use protocol::time::UnixMillis;

use super::{
    BREAK, Dot, Figure, Hue, Marks, Panel, Shape, Subject, disks, picture::Sources, scale, words::Words,
};
use crate::{alert::rule::Rule, config::Language, store::samples::Point};

/// What a chart is made of: its title, its panels, and its right edge.
pub(super) type Gathered = anyhow::Result<(&'static str, Vec<Panel>, UnixMillis)>;

pub(super) fn all(sources: &Sources, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let (disk, to) = disks::panel(sources, words, from, now)?;
    let panels = vec![
        disk,
        memory(sources, words, from, now)?,
        processor(sources, words, from, now)?,
    ];
    Ok((words.resources, panels, to))
}

pub(super) fn disk_chart(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> Gathered {
    let (panel, to) = disks::panel(sources, words, from, now)?;
    Ok((words.disk, vec![panel], to))
}

pub(super) fn memory_chart(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> Gathered {
    let bot = Panel {
        about: Subject::BotMemory,
        incidents: Vec::new(),
        title: words.bot_memory.to_owned(),
        figure: Figure::Bytes,
        at_least: 1e6,
        marks: vec![measured(
            sources,
            "bot_memory_bytes",
            Figure::Bytes,
            ("", Hue::Main),
            from,
            now,
        )?],
        limits: Vec::new(),
        rest: None,
    };
    let panels = vec![memory(sources, words, from, now)?, bot];
    Ok((words.memory, panels, now))
}

pub(super) fn processor_chart(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> Gathered {
    Ok((words.processor, vec![processor(sources, words, from, now)?], now))
}

fn memory(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<Panel> {
    let marks = vec![measured(
        sources,
        "memory_used_percent",
        Figure::Percent,
        ("", Hue::Main),
        from,
        now,
    )?];
    Ok(percent(
        Subject::Memory,
        words.memory,
        marks,
        limits(&[Rule::MemoryLow]),
    ))
}

fn processor(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<Panel> {
    let line = |series: &str, name: &str, hue: Hue| {
        measured(sources, series, Figure::Percent, (name, hue), from, now)
    };
    let mut second = line("cpu_iowait_percent", words.iowait, Hue::Second)?;
    second.shape = Shape::Outline;
    let marks = vec![line("cpu_busy_percent", "", Hue::Main)?, second];
    Ok(percent(Subject::Processor, words.processor, marks, Vec::new()))
}

pub(super) fn percent(about: Subject, title: &str, marks: Vec<Marks>, limits: Vec<f64>) -> Panel {
    Panel {
        about,
        incidents: Vec::new(),
        title: title.to_owned(),
        figure: Figure::Percent,
        at_least: 100.0,
        marks,
        limits,
        rest: None,
    }
}

/// A line whose name ends with its newest figure.
pub(super) fn line(language: Language, figure: Figure, (name, hue): (&str, Hue), dots: Vec<Dot>) -> Marks {
    let newest = dots
        .last()
        .map_or(String::new(), |dot| scale::label(language, figure, dot.1));
    Marks {
        name: format!("{name} {newest}").trim().to_owned(),
        hue,
        shape: Shape::Line,
        number: None,
        range: None,
        dots,
    }
}

/// The line of a series that was measured, which knows the highest and the lowest single figure too.
fn measured(
    sources: &Sources,
    series: &str,
    figure: Figure,
    (name, hue): (&str, Hue),
    from: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<Marks> {
    let (dots, range) = ranged(&points(sources, series, from, now)?);
    Ok(Marks {
        range,
        ..line(sources.language, figure, (name, hue), dots)
    })
}

pub(super) fn points(
    sources: &Sources,
    series: &str,
    from: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<Vec<Point>> {
    sources.history.read(series, from, now)
}

/// What is drawn of points, and the least and the most of all the figures behind them: a point may be a mean of many.
pub(super) fn ranged(points: &[Point]) -> (Vec<Dot>, Option<(f64, f64)>) {
    let range = points.iter().fold(None, |range: Option<(f64, f64)>, point| {
        let (least, most) = range.unwrap_or((point.least, point.most));
        Some((least.min(point.least), most.max(point.most)))
    });
    (dots_of(points, |point| point.mean), range)
}

/// What is drawn of points, with a break before each with which an agent began.
pub(super) fn dots_of(points: &[Point], value: fn(&Point) -> f64) -> Vec<Dot> {
    let mut dots = Vec::with_capacity(points.len());
    for point in points {
        if point.begins && !dots.is_empty() {
            dots.push((point.at, BREAK));
        }
        dots.push((point.at, value(point)));
    }
    dots
}

pub(super) fn limits(rules: &[Rule]) -> Vec<f64> {
    let line = |rule: &Rule| Some(rule.spec().threshold?.raise);
    rules.iter().filter_map(line).collect()
}

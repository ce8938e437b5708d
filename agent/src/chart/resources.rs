//! Disks, memory and processor over time, with the lines at which alerts begin and the forecast of a full disk.
//! The figures are the probes'; nothing is computed here but where the forecast ends.

use protocol::time::UnixMillis;

use super::{Dot, Figure, Hue, Marks, Panel, Shape, picture::Sources, scale, words::Words};
use crate::alert::rule::Rule;

/// What a chart is made of: its title, its panels, and its right edge.
pub(super) type Gathered = anyhow::Result<(&'static str, Vec<Panel>, UnixMillis)>;

/// Disks that one panel shows; more than two colours would not be told apart.
const DISKS_MAX: usize = 2;
const DISK_USED: &str = "disk_used_percent:";
/// A forecast that the newest look did not repeat is over.
const FORECAST_FRESH_MS: i64 = 900_000;

pub(super) fn all(sources: &Sources, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let (disk, to) = disk(sources, words, from, now)?;
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
    let (panel, to) = disk(sources, words, from, now)?;
    Ok((words.disk, vec![panel], to))
}

pub(super) fn memory_chart(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> Gathered {
    let dots = dots(sources, "bot_memory_bytes", from, now)?;
    let bot = Panel {
        title: words.bot_memory.to_owned(),
        figure: Figure::Bytes,
        at_least: 1e6,
        marks: vec![line(Figure::Bytes, "", Hue::Main, dots)],
        limits: Vec::new(),
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

fn disk(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<(Panel, UnixMillis)> {
    let names = sources.history.series()?;
    let places = names.iter().filter_map(|name| name.strip_prefix(DISK_USED));
    let (mut marks, mut forecasts, mut to) = (Vec::new(), Vec::new(), now);
    for (place, hue) in places.take(DISKS_MAX).zip([Hue::Main, Hue::Second]) {
        let dots = dots(sources, &format!("{DISK_USED}{place}"), from, now)?;
        let full_in_h = sources.history.latest(&format!("disk_full_in_hours:{place}"));
        let fresh = full_in_h.filter(|(at, _)| now.0 - at.0 < FORECAST_FRESH_MS);
        if let (Some((_, hours)), Some((_, used))) = (fresh, dots.last()) {
            let line = forecast(from, now, *used, hours);
            to = to.max(line[1].0);
            forecasts.push(Marks {
                name: words.forecast.to_owned(),
                hue,
                shape: Shape::Forecast,
                dots: line.to_vec(),
            });
        }
        let mut used = line(Figure::Percent, place, hue, dots);
        if hue != Hue::Main {
            used.shape = Shape::Outline;
        }
        marks.push(used);
    }
    marks.extend(forecasts);
    let limits = limits(&[Rule::DiskLow, Rule::DiskFull]);
    Ok((percent(words.disk, marks, limits), to))
}

/// A straight line from now towards the moment at which the disk is full, for at most a third of the picture.
fn forecast(from: UnixMillis, now: UnixMillis, used: f64, full_in_h: f64) -> [Dot; 2] {
    let longest_h = hours(now.0 - from.0) / 3.0;
    let shown_h = full_in_h.clamp(0.0, longest_h);
    let reached = used + (100.0 - used) * (shown_h / full_in_h.max(f64::MIN_POSITIVE)).min(1.0);
    #[allow(clippy::cast_possible_truncation, reason = "at most a few days")]
    let until = UnixMillis(now.0 + (shown_h * 3_600_000.0) as i64);
    [(now, used), (until, reached)]
}

fn memory(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<Panel> {
    let used = dots(sources, "memory_used_percent", from, now)?;
    let marks = vec![line(Figure::Percent, "", Hue::Main, used)];
    Ok(percent(words.memory, marks, limits(&[Rule::MemoryLow])))
}

fn processor(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<Panel> {
    let busy = dots(sources, "cpu_busy_percent", from, now)?;
    let waiting = dots(sources, "cpu_iowait_percent", from, now)?;
    let mut second = line(Figure::Percent, "iowait", Hue::Second, waiting);
    second.shape = Shape::Outline;
    let marks = vec![line(Figure::Percent, "", Hue::Main, busy), second];
    Ok(percent(words.processor, marks, Vec::new()))
}

fn percent(title: &str, marks: Vec<Marks>, limits: Vec<f64>) -> Panel {
    Panel {
        title: title.to_owned(),
        figure: Figure::Percent,
        at_least: 100.0,
        marks,
        limits,
    }
}

/// A line whose name ends with its newest figure.
pub(super) fn line(figure: Figure, name: &str, hue: Hue, dots: Vec<Dot>) -> Marks {
    let newest = dots
        .last()
        .map_or(String::new(), |dot| scale::label(figure, dot.1));
    Marks {
        name: format!("{name} {newest}").trim().to_owned(),
        hue,
        shape: Shape::Line,
        dots,
    }
}

fn dots(sources: &Sources, series: &str, from: UnixMillis, now: UnixMillis) -> rusqlite::Result<Vec<Dot>> {
    let points = sources.history.read(series, from, now)?;
    Ok(points.iter().map(|point| (point.at, point.mean)).collect())
}

fn limits(rules: &[Rule]) -> Vec<f64> {
    let line = |rule: &Rule| Some(rule.spec().threshold?.raise);
    rules.iter().filter_map(line).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a length of time for a picture")]
fn hours(span_ms: i64) -> f64 {
    span_ms as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_ends_where_the_disk_is_full_or_the_picture_would_be_mostly_future() {
        let now = UnixMillis(24 * 3_600_000);
        let [from, to] = forecast(UnixMillis(0), now, 80.0, 4.0);
        assert_eq!((from, to), ((now, 80.0), (UnixMillis(28 * 3_600_000), 100.0)));
        let [_, to] = forecast(UnixMillis(0), now, 80.0, 16.0);
        assert_eq!(to, (UnixMillis(32 * 3_600_000), 90.0));
    }
}

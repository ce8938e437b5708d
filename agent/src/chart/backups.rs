//! How large each restore point is, how far each remote was behind the shop at every moment, and how old the newest
//! point was.
//! What the agent remembers of its points, not what the remotes hold: `agent list` asks them.

use protocol::time::UnixMillis;

use super::{
    Dot, Figure, HUES, Hue, Marks, Panel, Shape, Subject,
    picture::Sources,
    resources::{self, Gathered},
    words::Words,
};
use crate::{
    store::{samples::Point, sizes::PointLine},
    watch::shipping_lag::SERIES,
};

/// Points on one picture.
const POINTS_MAX: usize = 400;
/// What the bot waits for a payment to be off the machine before it goes on without.
const WAIT_S: f64 = 2.0;

pub(super) fn chart(sources: &Sources, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let lines = sources.store.point_lines(POINTS_MAX, now)?;
    let taken: Vec<UnixMillis> = lines.iter().map(|line| line.taken_at).collect();
    let age = resources::line(
        words.language,
        Figure::Seconds,
        ("", Hue::Main),
        ages(&taken, from, now),
    );
    let panels = vec![
        sizes(words, &lines, from),
        lag(sources, words, from, now)?,
        Panel {
            about: Subject::Points,
            incidents: Vec::new(),
            title: words.age.to_owned(),
            figure: Figure::Seconds,
            at_least: 60.0,
            marks: vec![age],
            limits: Vec::new(),
            rest: None,
        },
    ];
    Ok((words.backups, panels, now))
}

pub(super) fn lag_chart(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> Gathered {
    Ok((words.lag, vec![lag(sources, words, from, now)?], now))
}

fn sizes(words: &Words, lines: &[PointLine], from: UnixMillis) -> Panel {
    let marks = |name: &str, hue, is_delta: bool| {
        let wanted = lines
            .iter()
            .filter(|line| line.is_delta == is_delta && line.taken_at >= from);
        let dots = wanted
            .map(|line| (line.taken_at, figure(line.size_bytes)))
            .collect();
        let mut marks = resources::line(words.language, Figure::Bytes, (name, hue), dots);
        marks.shape = Shape::Stems;
        marks
    };
    Panel {
        about: Subject::Points,
        incidents: Vec::new(),
        title: words.size.to_owned(),
        figure: Figure::Bytes,
        at_least: 1e3,
        marks: vec![
            marks(words.full, Hue::Main, false),
            marks(words.delta, Hue::Second, true),
        ],
        limits: Vec::new(),
        rest: None,
    }
}

/// The worst of each stretch: a mean over five minutes would hide every second of it.
pub(super) fn lag(
    sources: &Sources,
    words: &Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<Panel> {
    let measured = sources.history.read_all(SERIES, from, now)?;
    let remotes: Vec<(&str, &Vec<Point>)> = measured
        .iter()
        .map(|(name, points)| (&name[SERIES.len()..], points))
        // One that was taken away is not behind any more.
        .filter(|(name, _)| sources.remotes.iter().any(|one| one.remote == *name))
        .collect();
    let mut marks: Vec<Marks> = Vec::new();
    // Two are told apart by their shape.
    let is_numbered = remotes.len() > 2;
    for (((remote, points), hue), number) in remotes.into_iter().zip(HUES).zip(1..) {
        let dots = resources::dots_of(points, |point| point.most);
        let mut line = resources::line(words.language, Figure::Seconds, (remote, hue), dots);
        if hue != Hue::Main {
            line.shape = Shape::Outline;
        }
        line.number = is_numbered.then_some(number);
        marks.push(line);
    }
    Ok(Panel {
        about: Subject::Shipping,
        incidents: Vec::new(),
        title: words.lag.to_owned(),
        figure: Figure::Seconds,
        at_least: WAIT_S,
        marks,
        limits: vec![WAIT_S],
        rest: None,
    })
}

/// Rises from each point to the next one; in steps that a line is drawn across.
fn ages(taken: &[UnixMillis], from: UnixMillis, now: UnixMillis) -> Vec<Dot> {
    let step_ms = ((now.0 - from.0) / 200).max(1);
    let mut dots = Vec::new();
    for (index, since) in taken.iter().enumerate() {
        let until = taken.get(index + 1).copied().unwrap_or(now);
        let mut at = since.0.max(from.0);
        while at < until.0 {
            dots.push((UnixMillis(at), seconds(at - since.0)));
            at += step_ms;
        }
        if until >= from {
            dots.push((until, seconds(until.0 - since.0)));
        }
    }
    dots
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn seconds(span_ms: i64) -> f64 {
    span_ms as f64 / 1_000.0
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn figure(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_falls_to_nothing_with_each_point_and_rises_between() {
        let at = |hours: i64| UnixMillis(hours * 3_600_000);
        let dots = ages(&[at(0), at(6)], at(2), at(8));
        assert_eq!(dots[0], (at(2), 7_200.0));
        let most = dots.iter().map(|dot| dot.1).fold(0.0, f64::max);
        assert_eq!(most, 21_600.0);
        assert_eq!(dots.last(), Some(&(at(8), 7_200.0)));
        assert!(dots.len() < 250);
    }
}

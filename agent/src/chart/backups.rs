//! How large each restore point is, and how old the newest one was at every moment.
//! What the agent remembers of its points, not what the remotes hold: `agent list` asks them.

use protocol::time::UnixMillis;

use super::{
    Dot, Figure, Hue, Marks, Panel, Shape,
    resources::{self, Gathered},
    words::Words,
};
use crate::store::Store;

/// Points on one picture.
const POINTS_MAX: usize = 400;

pub(super) fn chart(store: &Store, words: &'static Words, from: UnixMillis, now: UnixMillis) -> Gathered {
    let sizes: Vec<Dot> = store
        .point_sizes(POINTS_MAX)?
        .into_iter()
        .map(|(at, bytes)| (at, figure(bytes)))
        .collect();
    let within: Vec<Dot> = sizes.iter().copied().filter(|dot| dot.0 >= from).collect();
    let taken: Vec<UnixMillis> = sizes.iter().map(|dot| dot.0).collect();
    let mut size = resources::line(Figure::Bytes, "", Hue::Main, within);
    size.shape = Shape::Stems;
    let age = resources::line(Figure::Seconds, "", Hue::Main, ages(&taken, from, now));
    let panel = |title: &str, figure, at_least, marks: Marks| Panel {
        title: title.to_owned(),
        figure,
        at_least,
        marks: vec![marks],
        limits: Vec::new(),
    };
    let panels = vec![
        panel(words.size, Figure::Bytes, 1e3, size),
        panel(words.age, Figure::Seconds, 60.0, age),
    ];
    Ok((words.backups, panels, now))
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

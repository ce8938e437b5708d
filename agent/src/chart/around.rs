//! What stands around the panels: what the shades mean, above them, and the moments below.
//! It knows no panel.

use protocol::time::UnixMillis;

use super::{
    Chart,
    canvas::{Align, Area, Canvas, Spot},
    draw::{LETTERS, RIGHT, width, x_of},
    font,
    legend::SAMPLE,
    scale,
    theme::Theme,
};

/// What the shades mean, where there are some: right of the title.
pub(super) fn shades(canvas: &mut Canvas, chart: &Chart, theme: Theme) {
    let is_seen = |(since, until): &(UnixMillis, UnixMillis)| *until >= chart.from && *since <= chart.to;
    if !chart
        .panels
        .iter()
        .flat_map(|panel| &panel.incidents)
        .any(is_seen)
    {
        return;
    }
    let right = width() - RIGHT;
    let sample = Area {
        left: right - font::width(chart.shaded, LETTERS) - SAMPLE,
        top: 30.0,
        right: right - font::width(chart.shaded, LETTERS) - 8.0,
        bottom: 45.0,
    };
    canvas.fill(sample, theme.incident(), 0.75);
    let place = Spot {
        x: sample.right + 8.0,
        y: 43.0,
    };
    canvas.text(chart.shaded, LETTERS, place, Align::Left, theme.quiet_letters());
}

/// What stands under the lowest panel.
pub(super) fn moments(canvas: &mut Canvas, chart: &Chart, top: f32, theme: Theme) {
    for (at, label) in scale::moments(&chart.timezone, chart.from, chart.to) {
        let x = x_of(chart.from, chart.to, at);
        let half = font::width(&label, LETTERS) / 2.0;
        let x = x.clamp(half, width() - half - 4.0);
        let place = Spot { x, y: top + 30.0 };
        canvas.text(&label, LETTERS, place, Align::Middle, theme.quiet_letters());
    }
}

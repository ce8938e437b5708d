//! Where everything of a chart goes on its picture. Made for a phone: letters are a fortieth of the width.
//! It changes no figure; what does not fit between the axes is cut off at them.

use protocol::time::UnixMillis;

use super::{
    Chart, Dot, Marks, Panel, Shape, Theme,
    canvas::{Align, Area, Canvas, Spot},
    font, scale,
};

const WIDTH: usize = 900;
const HEAD: f32 = 54.0;
const PANEL: f32 = 286.0;
const FOOT: f32 = 44.0;
const LEFT: f32 = 108.0;
const RIGHT: f32 = 24.0;
/// Room above a panel's axes for its name and legend.
const CAPTION: f32 = 66.0;
const LETTERS: f32 = 23.0;
const HEADLINE: f32 = 31.0;
const LINE: f32 = 2.6;
/// A line is not drawn across a longer time without figures, unless the whole picture is so coarse.
const GAP_MS: i64 = 900_000;
const HOUR_MS: i64 = 3_600_000;

/// One panel's axes.
struct Axes<'a> {
    panel: &'a Panel,
    from: UnixMillis,
    to: UnixMillis,
    area: Area,
    ticks: Vec<f64>,
}

/// The whole picture.
pub(super) fn chart(chart: &Chart, theme: Theme) -> Canvas {
    #[allow(clippy::cast_precision_loss, reason = "at most a handful")]
    let height = HEAD + FOOT + PANEL * chart.panels.len() as f32;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small whole number"
    )]
    let mut canvas = Canvas::new(WIDTH, height as usize, theme.ground());
    let place = Spot { x: 24.0, y: 43.0 };
    canvas.text(&chart.title, HEADLINE, place, Align::Left, theme.letters());
    let mut top = HEAD;
    for panel in &chart.panels {
        let axes = Axes::new(chart, panel, top + CAPTION, top + PANEL);
        axes.ground(&mut canvas, chart, theme);
        axes.marks(&mut canvas, theme);
        axes.limits(&mut canvas, theme);
        axes.caption(&mut canvas, chart.nothing, theme);
        top += PANEL;
    }
    moments(&mut canvas, chart, top, theme);
    canvas
}

/// What stands under the lowest panel.
fn moments(canvas: &mut Canvas, chart: &Chart, top: f32, theme: Theme) {
    for (at, label) in scale::moments(&chart.timezone, chart.from, chart.to) {
        let x = x_of(chart.from, chart.to, at);
        let half = font::width(&label, LETTERS) / 2.0;
        let x = x.clamp(half, width() - half - 4.0);
        let place = Spot { x, y: top + 30.0 };
        canvas.text(&label, LETTERS, place, Align::Middle, theme.quiet_letters());
    }
}

impl<'a> Axes<'a> {
    fn new(chart: &Chart, panel: &'a Panel, top: f32, bottom: f32) -> Self {
        let figures = panel.marks.iter().flat_map(|marks| &marks.dots);
        let most = figures
            .map(|dot| dot.1)
            .filter(|value| value.is_finite())
            .fold(panel.at_least, f64::max);
        Self {
            panel,
            from: chart.from,
            to: chart.to,
            area: Area {
                left: LEFT,
                top,
                right: width() - RIGHT,
                bottom,
            },
            ticks: scale::ticks(panel.figure, most),
        }
    }

    fn ground(&self, canvas: &mut Canvas, chart: &Chart, theme: Theme) {
        for (since, until) in &chart.incidents {
            if *until < self.from || *since > self.to {
                continue;
            }
            let (left, right) = (self.x(*since), self.x(*until));
            let band = Area {
                left,
                // Ten seconds without the bot are to be seen, too.
                right: right.max(left + 3.0).min(self.area.right),
                ..self.area
            };
            canvas.fill(band, theme.incident(), 0.75);
        }
        for tick in &self.ticks {
            let y = self.y(*tick);
            let line = Area {
                top: y,
                bottom: y + 1.0,
                ..self.area
            };
            canvas.fill(line, theme.grid(), 1.0);
            let place = Spot {
                x: self.area.left - 12.0,
                y: y + 8.0,
            };
            let label = scale::label(self.panel.figure, *tick);
            canvas.text(&label, LETTERS, place, Align::Right, theme.quiet_letters());
        }
    }

    fn marks(&self, canvas: &mut Canvas, theme: Theme) {
        for marks in &self.panel.marks {
            let ink = theme.hue(marks.hue);
            match marks.shape {
                Shape::Line => {
                    self.tint(canvas, &marks.dots, theme, marks);
                    self.line(canvas, marks, |canvas, from, to| canvas.line(from, to, LINE, ink));
                }
                Shape::Outline | Shape::Steps => {
                    self.line(canvas, marks, |canvas, from, to| canvas.line(from, to, LINE, ink));
                }
                Shape::Forecast => self.line(canvas, marks, |canvas, from, to| {
                    canvas.dashes(from, to, LINE, 3.5, ink);
                }),
                Shape::Bars => self.bars(canvas, marks, HOUR_MS, theme),
                Shape::Stems => self.bars(canvas, marks, 0, theme),
            }
        }
    }

    fn line(&self, canvas: &mut Canvas, marks: &Marks, mut draw: impl FnMut(&mut Canvas, Spot, Spot)) {
        let is_whole = matches!(marks.shape, Shape::Forecast | Shape::Steps);
        for pair in marks.dots.windows(2) {
            if is_whole || self.is_joined(pair[0], pair[1]) {
                draw(canvas, self.spot(pair[0]), self.spot(pair[1]));
            }
        }
        if let [dot] = marks.dots.as_slice() {
            let spot = self.spot(*dot);
            draw(
                canvas,
                spot,
                Spot {
                    x: spot.x + 3.0,
                    ..spot
                },
            );
        }
    }

    fn tint(&self, canvas: &mut Canvas, dots: &[Dot], theme: Theme, marks: &Marks) {
        let mut left = self.area.left;
        for pair in dots.windows(2) {
            let (from, to) = (self.spot(pair[0]), self.spot(pair[1]));
            left = left.max(from.x.round());
            while left < to.x.round() {
                let share = ((left - from.x) / (to.x - from.x)).clamp(0.0, 1.0);
                let column = Area {
                    left,
                    right: left + 1.0,
                    top: from.y + (to.y - from.y) * share,
                    bottom: self.area.bottom,
                };
                if self.is_joined(pair[0], pair[1]) {
                    canvas.fill(column, theme.hue(marks.hue), 0.125);
                }
                left += 1.0;
            }
        }
    }

    fn bars(&self, canvas: &mut Canvas, marks: &Marks, lasts_ms: i64, theme: Theme) {
        for dot in &marks.dots {
            if dot.0.0.saturating_add(lasts_ms) < self.from.0 || dot.0 > self.to {
                continue;
            }
            let left = self.x(dot.0);
            let right = self.x(UnixMillis(dot.0.0.saturating_add(lasts_ms)));
            let bar = Area {
                left: left + 1.0,
                right: (right - 2.0).max(left + 4.0),
                top: self.y(dot.1),
                bottom: self.area.bottom,
            };
            canvas.fill(bar, theme.hue(marks.hue), 0.875);
        }
    }

    fn limits(&self, canvas: &mut Canvas, theme: Theme) {
        let top = self.ticks.last().copied().unwrap_or_default();
        for limit in self.panel.limits.iter().filter(|limit| **limit <= top) {
            let y = self.y(*limit);
            let from = Spot { x: self.area.left, y };
            let to = Spot {
                x: self.area.right,
                y,
            };
            canvas.dashes(from, to, 1.6, 9.0, theme.limit());
        }
    }

    /// The panel's name, then each line's with its newest figure.
    fn caption(&self, canvas: &mut Canvas, nothing: &str, theme: Theme) {
        let y = self.area.top - 26.0;
        let mut x = 24.0;
        let title = Spot { x, y };
        canvas.text(
            &self.panel.title,
            LETTERS + 1.0,
            title,
            Align::Left,
            theme.letters(),
        );
        x += font::width(&self.panel.title, LETTERS + 1.0) + 26.0;
        let known = self.panel.marks.iter().filter(|marks| !marks.dots.is_empty());
        for marks in known.clone() {
            let ink = theme.hue(marks.hue);
            let (from, to) = (
                Spot { x, y: y - 8.0 },
                Spot {
                    x: x + 22.0,
                    y: y - 8.0,
                },
            );
            if marks.shape == Shape::Forecast {
                canvas.dashes(from, to, LINE, 3.5, ink);
            } else {
                canvas.line(from, to, LINE + 1.0, ink);
            }
            x += 32.0;
            let place = Spot { x, y };
            canvas.text(&marks.name, LETTERS, place, Align::Left, theme.quiet_letters());
            x += font::width(&marks.name, LETTERS) + 22.0;
        }
        if known.count() == 0 {
            let place = Spot {
                x: f32::midpoint(self.area.left, self.area.right),
                y: f32::midpoint(self.area.top, self.area.bottom),
            };
            canvas.text(nothing, LETTERS, place, Align::Middle, theme.quiet_letters());
        }
    }

    fn is_joined(&self, before: Dot, after: Dot) -> bool {
        let longest = GAP_MS.max(self.to.0.saturating_sub(self.from.0) / 40);
        after.0.0.saturating_sub(before.0.0) <= longest
    }

    fn spot(&self, dot: Dot) -> Spot {
        Spot {
            x: self.x(dot.0),
            y: self.y(dot.1),
        }
    }

    fn x(&self, at: UnixMillis) -> f32 {
        x_of(self.from, self.to, at)
    }

    fn y(&self, value: f64) -> f32 {
        let top = self
            .ticks
            .last()
            .copied()
            .unwrap_or_default()
            .max(f64::MIN_POSITIVE);
        #[allow(clippy::cast_possible_truncation, reason = "a share of 1")]
        let share = (value / top).clamp(0.0, 1.0) as f32;
        self.area.bottom - share * (self.area.bottom - self.area.top)
    }
}

fn x_of(from: UnixMillis, to: UnixMillis, at: UnixMillis) -> f32 {
    let span = to.0.saturating_sub(from.0).max(1);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a share of 1, for a picture"
    )]
    let share = (at.0.saturating_sub(from.0) as f64 / span as f64).clamp(0.0, 1.0) as f32;
    LEFT + share * (width() - RIGHT - LEFT)
}

#[allow(clippy::cast_precision_loss, reason = "a small whole number")]
fn width() -> f32 {
    WIDTH as f32
}

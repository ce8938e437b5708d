//! Where everything of a chart goes on its picture. Made for a phone: letters are a fortieth of the width.
//! It changes no figure; what does not fit between the axes is cut off at them.

use protocol::time::UnixMillis;

use super::{
    Chart, Dot, Marks, Panel, Shape, Theme, around,
    canvas::{Align, Area, Canvas, Ink, Spot},
    legend::{SAMPLE, TITLE_X, entries, extra_rows},
    runs::runs,
    scale,
};

pub(super) const WIDTH: usize = 900;
const HEAD: f32 = 54.0;
const PANEL: f32 = 286.0;
const FOOT: f32 = 44.0;
const LEFT: f32 = 108.0;
pub(super) const RIGHT: f32 = 24.0;
/// Room above a panel's axes for its name and legend.
const CAPTION: f32 = 66.0;
/// From one row of names to the next.
const ROW: f32 = 31.0;
pub(super) const LETTERS: f32 = 23.0;
const HEADLINE: f32 = 31.0;
/// Pixels between two dots of a line.
const APART: f32 = 4.0;
const LINE: f32 = 2.6;
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
    let height = HEAD + FOOT + chart.panels.iter().map(height_of).sum::<f32>();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small whole number"
    )]
    let mut canvas = Canvas::new(WIDTH, height as usize, theme.ground());
    let place = Spot { x: 24.0, y: 43.0 };
    canvas.text(&chart.title, HEADLINE, place, Align::Left, theme.letters());
    around::shades(&mut canvas, chart, theme);
    let mut top = HEAD;
    for panel in &chart.panels {
        let bottom = top + height_of(panel);
        let axes = Axes::new(chart, panel, bottom - PANEL + CAPTION, bottom);
        axes.ground(&mut canvas, chart, theme);
        axes.marks(&mut canvas, theme);
        axes.limits(&mut canvas, theme);
        axes.numbers(&mut canvas, theme);
        axes.caption(&mut canvas, chart.nothing, theme);
        top = bottom;
    }
    around::moments(&mut canvas, chart, top, theme);
    canvas
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
        for (since, until) in &self.panel.incidents {
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
            let label = scale::label(chart.language, self.panel.figure, *tick);
            canvas.text(&label, LETTERS, place, Align::Right, theme.quiet_letters());
        }
    }

    fn marks(&self, canvas: &mut Canvas, theme: Theme) {
        for marks in &self.panel.marks {
            let ink = theme.hue(marks.hue);
            match marks.shape {
                Shape::Line => {
                    let runs = self.runs(marks);
                    self.tint(canvas, &runs, ink);
                    self.line(&runs, |from, to| canvas.line(from, to, LINE, ink));
                }
                Shape::Outline | Shape::Steps => {
                    self.line(&self.runs(marks), |from, to| canvas.line(from, to, LINE, ink));
                }
                Shape::Forecast => self.line(&self.runs(marks), |from, to| {
                    canvas.dashes(from, to, LINE, 3.5, ink);
                }),
                Shape::Bars => self.bars(canvas, marks, HOUR_MS, theme),
                Shape::Stems => self.bars(canvas, marks, 0, theme),
            }
        }
    }

    /// The stretches of a line, with as many dots as are drawn.
    fn runs(&self, marks: &Marks) -> Vec<Vec<Dot>> {
        let drawn = |run: &[Dot]| match marks.shape {
            Shape::Line | Shape::Outline => self.thinned(run),
            Shape::Forecast | Shape::Steps | Shape::Bars | Shape::Stems => run.to_vec(),
        };
        runs(marks).into_iter().map(drawn).collect()
    }

    fn line(&self, runs: &[Vec<Dot>], mut draw: impl FnMut(Spot, Spot)) {
        for run in runs {
            for pair in run.windows(2) {
                draw(self.spot(pair[0]), self.spot(pair[1]));
            }
            if let [dot] = &**run {
                let from = self.spot(*dot);
                let x = from.x + 3.0;
                draw(from, Spot { x, ..from });
            }
        }
    }

    /// The dots that a telephone shows apart: of each few pixels the highest, which is the worst, and both ends as they are.
    fn thinned(&self, run: &[Dot]) -> Vec<Dot> {
        let column = |dot: &Dot| (self.x(dot.0) / APART).floor();
        let few = run.chunk_by(|one, next| column(one).total_cmp(&column(next)).is_eq());
        let worst = few.filter_map(|few| few.iter().max_by(|one, other| one.1.total_cmp(&other.1)));
        let mut dots: Vec<Dot> = run
            .first()
            .into_iter()
            .chain(worst)
            .chain(run.last())
            .copied()
            .collect();
        dots.dedup();
        dots
    }

    fn tint(&self, canvas: &mut Canvas, runs: &[Vec<Dot>], ink: Ink) {
        for pair in runs.iter().flat_map(|run| run.windows(2)) {
            let (from, to) = (self.spot(pair[0]), self.spot(pair[1]));
            let mut left = self.area.left.max(from.x.round());
            while left < to.x.round() {
                let share = ((left - from.x) / (to.x - from.x)).clamp(0.0, 1.0);
                let column = Area {
                    left,
                    right: left + 1.0,
                    top: from.y + (to.y - from.y) * share,
                    bottom: self.area.bottom,
                };
                canvas.fill(column, ink, 0.125);
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

    /// Each line's number on it, further left each time: lines that lie on each other are told apart there.
    fn numbers(&self, canvas: &mut Canvas, theme: Theme) {
        for marks in &self.panel.marks {
            let Some(number) = marks.number.filter(|_| !marks.dots.is_empty()) else {
                continue;
            };
            let back = marks.dots.len() * usize::from(number) / 14;
            let dot = marks.dots[(marks.dots.len() - 1).saturating_sub(back)];
            if dot.1.is_nan() {
                continue;
            }
            let spot = self.spot(dot);
            let box_around = Area {
                left: spot.x - 9.0,
                top: spot.y - 12.0,
                right: spot.x + 9.0,
                bottom: spot.y + 12.0,
            };
            canvas.fill(box_around, theme.ground(), 1.0);
            let place = Spot {
                x: spot.x,
                y: spot.y + 8.0,
            };
            canvas.text(
                &number.to_string(),
                LETTERS,
                place,
                Align::Middle,
                theme.hue(marks.hue),
            );
        }
    }

    /// The panel's name, then each line's with its newest figure, in as many rows as they take.
    fn caption(&self, canvas: &mut Canvas, nothing: &str, theme: Theme) {
        let entries = entries(self.panel);
        let top = self.area.top - 26.0 - ROW * extra_rows(self.panel);
        let title = Spot { x: TITLE_X, y: top };
        canvas.text(
            &self.panel.title,
            LETTERS + 1.0,
            title,
            Align::Left,
            theme.letters(),
        );
        for entry in &entries {
            let (x, y) = (entry.x, top + ROW * entry.row);
            let Some(marks) = entry.marks else {
                let place = Spot { x, y };
                canvas.text(&entry.name, LETTERS, place, Align::Left, theme.quiet_letters());
                continue;
            };
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
            let place = Spot { x: x + SAMPLE, y };
            canvas.text(&entry.name, LETTERS, place, Align::Left, theme.quiet_letters());
        }
        if entries.is_empty() {
            let place = Spot {
                x: f32::midpoint(self.area.left, self.area.right),
                y: f32::midpoint(self.area.top, self.area.bottom),
            };
            canvas.text(nothing, LETTERS, place, Align::Middle, theme.quiet_letters());
        }
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

/// With its caption.
fn height_of(panel: &Panel) -> f32 {
    PANEL + ROW * extra_rows(panel)
}

pub(super) fn x_of(from: UnixMillis, to: UnixMillis, at: UnixMillis) -> f32 {
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
pub(super) fn width() -> f32 {
    WIDTH as f32
}

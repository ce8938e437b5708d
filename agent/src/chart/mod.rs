//! Pictures for the owner: what a chart holds, and its PNG. Pure Rust with a font of its own; a few dozen milliseconds.
//! It decides nothing: thresholds come from the rules, incidents from the alerts, figures from those who measured.

use jiff::tz::TimeZone;
use protocol::time::UnixMillis;

use crate::{config::Language, watch::history::STEP};

mod around;
pub mod backups;
mod canvas;
mod day;
mod disks;
mod draw;
mod font;
mod legend;
pub mod picture;
pub mod resources;
mod runs;
pub mod scale;
mod theme;
pub mod trade;
pub mod traffic;
mod words;

pub use scale::Figure;
use theme::HUES;
pub use theme::{Hue, Theme};

/// A moment and a figure.
pub type Dot = (UnixMillis, f64);
/// In the place of a figure: what is drawn begins anew there.
pub const BREAK: f64 = f64::NAN;

/// One picture: panels above each other, over the same time.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it is about.
    pub title: String,
    /// The left edge.
    pub from: UnixMillis,
    /// The right edge; after the present where there is a forecast.
    pub to: UnixMillis,
    /// One to four.
    pub panels: Vec<Panel>,
    /// What a shade means, in words.
    pub shaded: &'static str,
    /// Said in a panel that knows nothing.
    pub nothing: &'static str,
    /// In which language its figures are written.
    pub language: Language,
    /// Whose clock.
    pub timezone: TimeZone,
}

/// One pair of axes; the left one begins at zero.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is about.
    pub about: Subject,
    /// When something was wrong that concerns that: shaded.
    pub incidents: Vec<(UnixMillis, UnixMillis)>,
    /// What its figures are about.
    pub title: String,
    /// What they are.
    pub figure: Figure,
    /// The axis reaches at least to here.
    pub at_least: f64,
    /// What is drawn, the first lowest.
    pub marks: Vec<Marks>,
    /// Where alerts begin.
    pub limits: Vec<f64>,
    /// What has no line of its own, by name with its newest figure.
    pub rest: Option<String>,
}

/// What a panel is about: an alert shades what it concerns, and nothing beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The disks.
    Disk,
    /// The machine's memory.
    Memory,
    /// The bot's memory.
    BotMemory,
    /// The processor.
    Processor,
    /// Orders and money.
    Trade,
    /// Restore points.
    Points,
    /// What goes to the remotes all the time.
    Shipping,
}

/// One thing that is drawn.
#[derive(Clone, Debug)]
pub struct Marks {
    /// Its name in the legend; the newest figure stands behind it.
    pub name: String,
    /// Its colour.
    pub hue: Hue,
    /// How it is drawn.
    pub shape: Shape,
    /// Stands on the line and before its name, where there are many.
    pub number: Option<u8>,
    /// The least and the most of the single figures, where each dot is a mean of many.
    pub range: Option<(f64, f64)>,
    /// Oldest first.
    pub dots: Vec<Dot>,
}

/// How figures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line, and what lies below it tinted; broken where nothing was measured for long.
    Line,
    /// As a line, without a tint.
    Outline,
    /// A line that is never broken.
    Steps,
    /// A dotted line: nobody knows yet.
    Forecast,
    /// A bar an hour.
    Bars,
    /// A thin bar each.
    Stems,
}

impl Marks {
    /// Whether a dot of it is a mean of five minutes rather than a single figure.
    #[must_use]
    pub fn is_of_means(&self) -> bool {
        let is_step = |pair: &[Dot]| pair[1].0.since(pair[0].0).abs_diff(STEP) <= STEP / 50;
        self.range.is_some() && self.dots.windows(2).any(is_step)
    }
}

impl Chart {
    /// Draws it. Takes a few dozen milliseconds of a processor and about four megabytes while it does.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn png(&self, theme: Theme) -> anyhow::Result<Vec<u8>> {
        draw::chart(self, theme).png()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const START: UnixMillis = UnixMillis(1_795_338_000_000);

    fn busy() -> Chart {
        let minute = |minute: i64| UnixMillis(START.0 + minute * 60_000);
        let wave = |minute: i64, level: f64| {
            let turn = f64::from(i32::try_from(minute).unwrap()) / 97.0;
            (
                UnixMillis(START.0 + minute * 60_000),
                level + 9.0 * turn.sin() + 3.0 * (turn * 13.0).sin(),
            )
        };
        let panel = |title: &str, level: f64| Panel {
            about: Subject::Disk,
            incidents: vec![(minute(500), minute(560))],
            title: title.to_owned(),
            figure: Figure::Percent,
            at_least: 100.0,
            marks: vec![Marks {
                name: "used".to_owned(),
                hue: Hue::Main,
                shape: Shape::Line,
                number: None,
                range: None,
                dots: (0..1440).map(|minute| wave(minute, level)).collect(),
            }],
            limits: vec![90.0, 95.0],
            rest: None,
        };
        Chart {
            title: "Resources · 24 h".to_owned(),
            from: minute(0),
            to: minute(1440),
            panels: vec![
                panel("Disk", 70.0),
                panel("Memory", 50.0),
                panel("Processor", 20.0),
            ],
            shaded: "an alert stood",
            nothing: "nothing",
            language: Language::En,
            timezone: TimeZone::UTC,
        }
    }

    #[test]
    fn a_full_picture_is_small_and_quick() {
        for theme in [Theme::Light, Theme::Dark] {
            let before = Instant::now();
            let png = busy().png(theme).unwrap();
            eprintln!("{} bytes in {:?}", png.len(), before.elapsed());
            assert!(png.starts_with(b"\x89PNG"));
            assert!(png.len() < 100_000, "{} bytes", png.len());
        }
    }

    #[test]
    fn a_picture_of_nothing_and_one_of_nonsense_are_drawn_too() {
        let mut chart = busy();
        chart.panels[0].marks[0].dots.clear();
        chart.panels[1].marks[0].dots = vec![(START, 1e300), (UnixMillis(0), -1e300), (START, f64::MAX)];
        chart.panels[0].incidents = vec![(UnixMillis(i64::MIN), UnixMillis(i64::MAX))];
        assert!(chart.png(Theme::Light).is_ok());
        chart.to = chart.from;
        assert!(chart.png(Theme::Dark).is_ok());
    }
}

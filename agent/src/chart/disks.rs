//! Every watched disk in one panel, the fullest first: a line with a number each, the forecast dotted, and by name those
//! that one panel cannot show.
//! It measures nothing.

use protocol::time::UnixMillis;

use super::{
    Dot, Figure, HUES, Hue, Marks, Panel, Shape, Subject,
    picture::Sources,
    resources::{limits, line, percent, ranged},
    scale,
    words::Words,
};
use crate::{alert::rule::Rule, config::Language};

/// Those that are named below it.
const REST_MAX: usize = 4;
/// The last part of a mount point is what tells it from others.
const NAME_CHARS_MAX: usize = 18;
const DISK_USED: &str = "disk_used_percent:";
/// A forecast that the newest look did not repeat is over.
const FORECAST_FRESH_MS: i64 = 60_000;

/// One disk: where it is mounted, and what is known of it within the picture.
struct Disk {
    place: String,
    dots: Vec<Dot>,
    range: Option<(f64, f64)>,
}

impl Disk {
    fn newest(&self) -> f64 {
        self.dots.last().map_or(0.0, |dot| dot.1)
    }
}

/// The panel, and until when it reaches.
pub(super) fn panel(
    sources: &Sources,
    words: &'static Words,
    from: UnixMillis,
    now: UnixMillis,
) -> anyhow::Result<(Panel, UnixMillis)> {
    let disks = known(sources, from, now)?;
    let (mut marks, mut forecasts, mut to) = (Vec::new(), Vec::new(), now);
    let is_alone = disks.len() == 1;
    for (at, (disk, hue)) in disks.iter().zip(HUES).enumerate() {
        if let Some(line) = forecast_of(sources, disk, from, now) {
            to = to.max(line[1].0);
            forecasts.push(Marks {
                name: words.forecast.to_owned(),
                hue,
                shape: Shape::Forecast,
                number: None,
                range: None,
                dots: line.to_vec(),
            });
        }
        let mut used = line(
            words.language,
            Figure::Filled,
            (&short(&disk.place), hue),
            disk.dots.clone(),
        );
        used.range = disk.range;
        used.number = u8::try_from(at + 1).ok().filter(|_| !is_alone);
        if hue != Hue::Main {
            used.shape = Shape::Outline;
        }
        marks.push(used);
    }
    // One entry says what a dotted line is.
    for forecast in forecasts.iter_mut().skip(1) {
        forecast.name.clear();
    }
    marks.extend(forecasts);
    let limits = limits(&[Rule::DiskLow, Rule::DiskFull]);
    let mut panel = percent(Subject::Disk, words.disk, marks, limits);
    panel.figure = Figure::Filled;
    panel.rest = rest(words.language, disks.get(HUES.len()..).unwrap_or_default());
    Ok((panel, to))
}

/// Those of which anything is known within the picture, the fullest first.
fn known(sources: &Sources, from: UnixMillis, now: UnixMillis) -> anyhow::Result<Vec<Disk>> {
    let mut disks = Vec::new();
    for (name, points) in sources.history.read_all(DISK_USED, from, now)? {
        let (dots, range) = ranged(&points);
        let place = name[DISK_USED.len()..].to_owned();
        disks.push(Disk { place, dots, range });
    }
    disks.sort_by(|a, b| b.newest().total_cmp(&a.newest()).then(a.place.cmp(&b.place)));
    Ok(disks)
}

fn rest(language: Language, disks: &[Disk]) -> Option<String> {
    let named = disks.iter().take(REST_MAX);
    let named: Vec<String> = named
        .map(|disk| {
            format!(
                "{} {}",
                short(&disk.place),
                scale::label(language, Figure::Filled, disk.newest())
            )
        })
        .collect();
    let more = disks.len().saturating_sub(REST_MAX);
    let more = if more > 0 {
        format!(" +{more}")
    } else {
        String::new()
    };
    (!named.is_empty()).then(|| format!("+ {}{more}", named.join(", ")))
}

fn short(place: &str) -> String {
    let count = place.chars().count();
    if count <= NAME_CHARS_MAX {
        return place.to_owned();
    }
    let end: String = place.chars().skip(count + 2 - NAME_CHARS_MAX).collect();
    format!("..{end}")
}

fn forecast_of(sources: &Sources, disk: &Disk, from: UnixMillis, now: UnixMillis) -> Option<[Dot; 2]> {
    let (at, hours) = sources
        .history
        .latest(&format!("disk_full_in_hours:{}", disk.place))?;
    let (_, used) = disk.dots.last().filter(|_| now.0 - at.0 < FORECAST_FRESH_MS)?;
    Some(forecast(from, now, *used, hours))
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

    #[test]
    fn a_long_mount_point_keeps_its_end_and_those_without_a_line_are_named() {
        assert_eq!(short("/srv/backups/of/the/shop"), "..kups/of/the/shop");
        assert_eq!(short("/var"), "/var");
        let disks: Vec<Disk> = (0..6)
            .map(|number| Disk {
                place: format!("/mnt/{number}"),
                dots: vec![(UnixMillis(0), 40.0)],
                range: None,
            })
            .collect();
        assert_eq!(
            rest(Language::En, &disks).unwrap(),
            "+ /mnt/0 40 %, /mnt/1 40 %, /mnt/2 40 %, /mnt/3 40 % +2"
        );
        assert_eq!(rest(Language::En, &[]), None);
    }
}

//! What `/backups` answers: how far each remote is, the rehearsals, the newest restore points and a calendar of the
//! weeks before.
//! It asks no remote: `agent list` on the server does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{
    answer::{joined, size},
    words::{Words, words},
};
use crate::{
    alert::message::{duration, in_words, moment},
    overview::{Desk, Overview},
    store::{drilled::Drilled, freshness::Freshness, sizes::PointLine},
};

/// Points that are told one by one.
const POINTS_TOLD: usize = 8;
/// Days of the calendar.
const DAYS_TOLD: usize = 14;
const FAULT_CHARS_MAX: usize = 200;

/// What one day has.
#[derive(Default)]
struct Day {
    full: u32,
    deltas: u32,
    size_bytes: u64,
    is_drilled: bool,
}

/// All of it.
#[must_use]
pub(super) fn backups(desk: &Desk, overview: &Overview) -> String {
    let words = words(desk.voice.language);
    let mut lines = remotes(desk, overview);
    lines.extend(drills(desk, overview));
    if overview.points.is_empty() {
        return joined(lines);
    }
    lines.push(format!("\n{}", words.points));
    for point in overview.points.iter().take(POINTS_TOLD) {
        lines.push(format!(
            "{} {}  {}{}",
            sign(point),
            moment(&desk.voice.timezone, point.taken_at),
            size(desk.voice.language, point.size_bytes),
            marks(point)
        ));
    }
    lines.push(words.legend.to_owned());
    lines.push(format!("\n{}", words.calendar));
    lines.extend(calendar(desk, &overview.points));
    joined(lines)
}

/// A line for each remote: its newest point, and what of the commits after it is not there yet. Those that hold none are
/// named as well, and those that are not configured any more as such.
pub(super) fn remotes(desk: &Desk, overview: &Overview) -> Vec<String> {
    let words = words(desk.voice.language);
    if overview.fresh.is_empty() {
        return vec![words.no_backup.to_owned()];
    }
    let configured = &desk.rehearsed.remotes;
    let line = |fresh: &Freshness| {
        let age = duration(desk.voice.language, overview.at.since(fresh.taken_at));
        let told = words
            .backup_age
            .replace("{remote}", &fresh.remote)
            .replace("{age}", &age);
        match configured.contains(&fresh.remote) {
            true => format!("{told}{}", commits(desk, overview, &fresh.remote)),
            false => format!("{told}; {}", words.remote_gone),
        }
    };
    let is_empty = |name: &&String| overview.fresh.iter().all(|fresh| fresh.remote != **name);
    let empty = configured.iter().filter(is_empty);
    let empty = empty.map(|name| words.remote_empty.replace("{remote}", name));
    overview.fresh.iter().map(line).chain(empty).collect()
}

fn commits(desk: &Desk, overview: &Overview, remote: &str) -> String {
    let words = words(desk.voice.language);
    let Some(one) = overview.shipping.iter().find(|one| one.remote == remote) else {
        return String::new();
    };
    if let Some(after) = one.torn_after {
        return format!("; {}", words.commits_torn.replace("{commit}", &after.to_string()));
    }
    if one.waiting_commits == 0 {
        return format!("; {}", words.commits_all);
    }
    let behind = words
        .commits_behind
        .replace("{count}", &one.waiting_commits.to_string())
        .replace("{lag}", &duration(desk.voice.language, one.waits(overview.at)));
    format!("; {behind}")
}

/// A line for each remote's rehearsals, and when the next is due.
pub(super) fn drills(desk: &Desk, overview: &Overview) -> Vec<String> {
    let words = words(desk.voice.language);
    let mut lines: Vec<String> = overview
        .drills
        .iter()
        .map(|one| drill(desk, words, overview.at, one))
        .collect();
    if let Some(due) = overview.drill_due.filter(|_| !lines.is_empty()) {
        lines.push(
            words
                .drill_next
                .replace("{at}", &moment(&desk.voice.timezone, due)),
        );
    }
    lines
}

fn drill(desk: &Desk, words: &Words, now: UnixMillis, one: &Drilled) -> String {
    let passed = one
        .passed_at
        .map(|at| duration(desk.voice.language, now.since(at)));
    let sentence = match (&one.fault, &passed) {
        (Some(_), Some(_)) => words.drill_bad,
        (Some(_), None) => words.drill_never_passed,
        (None, Some(_)) => words.drill_ok,
        (None, None) => words.drill_never,
    };
    let why = one.fault.as_deref().unwrap_or_default();
    let why: String = in_words(desk.voice.language, why)
        .chars()
        .take(FAULT_CHARS_MAX)
        .collect();
    sentence
        .replace("{remote}", &one.remote)
        .replace("{age}", passed.as_deref().unwrap_or("–"))
        .replace("{why}", &why)
}

fn sign(point: &PointLine) -> &'static str {
    if point.is_delta { "△" } else { "■" }
}

fn marks(point: &PointLine) -> String {
    let mut marks = String::new();
    if point.is_damaged {
        marks += " ✗";
    } else if point.copies > 0 {
        marks += " ✓";
    }
    if point.is_drilled {
        marks += " ★";
    }
    marks
}

/// Newest day first.
fn calendar(desk: &Desk, points: &[PointLine]) -> Vec<String> {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    for point in points {
        let at = Timestamp::from_millisecond(point.taken_at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = at
            .to_zoned(desk.voice.timezone.clone())
            .strftime("%Y-%m-%d")
            .to_string();
        let day = days.entry(day).or_default();
        *(if point.is_delta {
            &mut day.deltas
        } else {
            &mut day.full
        }) += 1;
        day.size_bytes += point.size_bytes;
        day.is_drilled |= point.is_drilled;
    }
    let line = |(name, day): (&String, &Day)| {
        let star = if day.is_drilled { " ★" } else { "" };
        format!(
            "{name}  ■ {}  △ {}  {}{star}",
            day.full,
            day.deltas,
            size(desk.voice.language, day.size_bytes)
        )
    };
    days.iter().rev().take(DAYS_TOLD).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_of_a_damaged_database_has_its_mark_and_not_the_one_of_a_good_copy() {
        let mut point = PointLine {
            taken_at: UnixMillis(0),
            size_bytes: 1,
            is_delta: true,
            copies: 2,
            is_drilled: false,
            is_damaged: false,
        };
        assert_eq!(marks(&point), " ✓");
        point.is_damaged = true;
        assert_eq!(marks(&point), " ✗");
        for language in [crate::config::Language::Id, crate::config::Language::En] {
            let legend = words(language).legend;
            assert!(legend.contains('✗'), "{legend}");
        }
    }
}

//! What the console answers to commands that only tell: status, alerts, runbook.
//! It makes texts and changes nothing.

use protocol::time::UnixMillis;

use super::{
    backups, runbook,
    words::{Words, words},
};
use crate::{
    alert::{
        buttons,
        channels::Button,
        message::{explained, fitting, moment, rupiah, unit_in_words, units},
    },
    chart::{Figure, scale::label},
    config::Language,
    overview::{Desk, Open, Overview},
    store::episodes::EpisodeId,
};

/// Telegram takes 4,096 UTF-16 units.
const TEXT_UNITS_MAX: usize = 4_000;
/// Alerts that `/status` names.
const FEW: usize = 5;
const LINES_MAX: usize = 30;

/// How everything stands, in a few lines.
#[must_use]
pub fn status(desk: &Desk, overview: &Overview) -> String {
    let words = words(desk.voice.language);
    let mut lines = vec![match overview.open.len() {
        0 => unsure(words, overview).unwrap_or_else(|| words.well.to_owned()),
        count => words.wrong.replace("{count}", &count.to_string()),
    }];
    lines.extend(overview.open.iter().take(FEW).map(|open| open.headline.clone()));
    let more = overview.open.len().saturating_sub(FEW);
    lines.extend((more > 0).then(|| format!("+{more} · /alerts")));
    lines.extend(reported(words.reported, overview));
    lines.extend(maintenance(desk, overview));
    let paused = overview
        .health
        .as_ref()
        .is_some_and(|health| health.trade.sales_paused);
    let paused = if paused {
        format!(", {}", words.paused)
    } else {
        String::new()
    };
    lines.push(format!("Bot: {}{paused}", words.bot(overview.bot)));
    lines.extend(unit(desk, overview));
    lines.push(
        words
            .today
            .replace("{orders}", &overview.day.0.to_string())
            .replace("{money}", &rupiah(overview.day.1)),
    );
    if let Some(health) = &overview.health {
        let jobs = health.queue.ready + health.queue.inbox + health.queue.sends;
        lines.push(
            words
                .queues
                .replace("{unpaid}", &health.trade.awaiting_payment.to_string())
                .replace("{refunds}", &health.trade.refunds_due.to_string())
                .replace("{jobs}", &jobs.to_string()),
        );
    }
    lines.push(machine(desk.voice.language, overview));
    lines.extend(backups::remotes(desk, overview));
    lines.extend(backups::drills(desk, overview));
    if overview.waiting > 0 {
        lines.push(words.waiting.replace("{count}", &overview.waiting.to_string()));
    }
    lines.extend(overview.unwatched.clone());
    joined(lines)
}

/// Whoever reads that all is well must not read of something else a line below.
fn unsure(words: &Words, overview: &Overview) -> Option<String> {
    let what = overview.unsure(words.bot(overview.bot))?;
    Some(words.unsure.replace("{what}", &what))
}

/// Single events have no end that could be waited for: whoever reads that all is well must know of them.
fn reported(sentence: &str, overview: &Overview) -> Option<String> {
    let total: u64 = overview.reported.iter().map(|kind| kind.count).sum();
    let kinds = overview.reported.iter().take(FEW);
    let kinds: Vec<String> = kinds
        .map(|kind| format!("{} ×{}", kind.title, kind.count))
        .collect();
    let told = format!(
        "{}: {}",
        sentence.replace("{count}", &total.to_string()),
        kinds.join(", ")
    );
    (total > 0).then_some(told)
}

/// Whoever reads that all is well must know that nothing would be told.
fn maintenance(desk: &Desk, overview: &Overview) -> Option<String> {
    let (_, until) = overview.silences.iter().find(|(scope, _)| scope.is_none())?;
    let everything = words(desk.voice.language).everything;
    Some(format!(
        "🔕 {everything} → {}",
        moment(&desk.voice.timezone, *until)
    ))
}

/// What systemd says of the bot, and what the kernel counts of its memory.
fn unit(desk: &Desk, overview: &Overview) -> Option<String> {
    let state = overview.unit.as_ref()?;
    let memory = overview.unit_bytes.map_or("–".to_owned(), |held| {
        label(desk.voice.language, Figure::Bytes, held)
    });
    let sentence = words(desk.voice.language).unit;
    let filled = sentence
        .replace("{unit}", &desk.voice.unit)
        .replace("{state}", &unit_in_words(desk.voice.language, state));
    Some(filled.replace("{memory}", &memory))
}

/// Of several disks the fullest, by name.
fn machine(language: Language, overview: &Overview) -> String {
    let percent =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| label(language, Figure::Percent, value));
    let fullest = overview
        .disks
        .iter()
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let mut disk = fullest.map_or("–".to_owned(), |disk| label(language, Figure::Filled, disk.1));
    if let Some((place, _)) = fullest.filter(|_| overview.disks.len() > 1) {
        disk += &format!(" ({place})");
    }
    words(language)
        .machine
        .replace("{memory}", &percent(overview.memory))
        .replace("{processor}", &percent(overview.processor))
        .replace("{disk}", &disk)
}

/// What is wrong, and what is silenced.
#[must_use]
pub fn alerts(desk: &Desk, overview: &Overview) -> String {
    let words = words(desk.voice.language);
    let at = |at: UnixMillis| moment(&desk.voice.timezone, at);
    let told = |open: &Open| {
        let mut notes = words.since.replace("{at}", &at(open.since));
        if let Some(acked) = &open.acked {
            notes += &format!(", {}", words.taken_on(acked));
        }
        if let Some(held) = &open.held {
            notes += &format!(", {held}");
        }
        let cause = open.cause.as_ref().map(|cause| format!("\n   {cause}"));
        format!(
            "{}{}\n   {notes}\n   /silence 2h {} · /runbook {}",
            open.headline,
            cause.unwrap_or_default(),
            open.key,
            open.rule
        )
    };
    let mut below = Vec::new();
    if overview.open.is_empty() {
        below.push(unsure(words, overview).unwrap_or_else(|| words.nothing_open.to_owned()));
    }
    if !overview.silences.is_empty() {
        below.push(format!("\n{}", words.silenced));
    }
    for (scope, until) in overview.silences.iter().take(LINES_MAX) {
        below.push(format!(
            "{} → {}",
            scope.as_deref().unwrap_or(words.everything),
            at(*until)
        ));
    }
    // Whoever reads that nothing is wrong must know what nobody looks at.
    below.extend(overview.unwatched.as_ref().map(|line| format!("\n⚪ {line}")));
    let mut lines = beside(overview.open.iter().map(told).collect(), &below);
    lines.append(&mut below);
    joined(lines)
}

/// As many of the first as fit into one message with what stands below them, and how many more there are.
fn beside(lines: Vec<String>, below: &[String]) -> Vec<String> {
    let below = below.iter().map(|line| units(line) + 1).sum();
    fitting(lines, TEXT_UNITS_MAX.saturating_sub(below))
}

/// Under the list of what is wrong: a row for each that was told and that nobody has taken on, gravest first.
pub(super) fn take_on(desk: &Desk, overview: &Overview) -> Vec<Vec<Button>> {
    let told = overview.open.iter().filter_map(|open| {
        let episode = open.episode?;
        let row = buttons::row(desk.voice.language, &open.headline, episode, Some(open.rule));
        open.acked.is_none().then_some((episode, row))
    });
    let mut rows: Vec<(EpisodeId, Vec<Button>)> = Vec::new();
    for (episode, row) in told {
        // What was told with another is taken on with it.
        if !rows.iter().any(|(known, _)| *known == episode) {
            rows.push((episode, row));
        }
    }
    rows.into_iter()
        .map(|(_, row)| row)
        .take(buttons::ROWS_MAX)
        .collect()
}

/// What docs/RUNBOOK says; an owner who does not read English has it in short first.
#[must_use]
pub fn runbook(desk: &Desk, name: Option<&str>) -> String {
    let words = words(desk.voice.language);
    match name {
        None => {
            let names: Vec<&str> = runbook::names().collect();
            joined(vec![words.entries.to_owned(), names.join(" ")])
        }
        Some(name) => match runbook::entry(name) {
            Some(text) => joined(entry(desk, name, text)),
            None => no_entry(words, name),
        },
    }
}

/// Names that hold the one that was typed are offered in its place.
fn no_entry(words: &Words, name: &str) -> String {
    let near: Vec<&str> = runbook::names().filter(|known| known.contains(name)).collect();
    match near.is_empty() {
        true => words.no_entry.to_owned(),
        false => words.near_entries.replace("{names}", &near.join(" ")),
    }
}

fn entry(desk: &Desk, name: &str, text: &str) -> Vec<String> {
    let title = format!("📖 {name}\n");
    let text = text.to_owned();
    let in_short = match desk.voice.language {
        Language::En => None,
        Language::Id => explained(&desk.voice, name),
    };
    match in_short {
        None => vec![title, text],
        Some(short) => {
            let heading = words(desk.voice.language).in_english;
            vec![title, short, format!("\n{heading}\n"), text]
        }
    }
}

/// Bytes for reading.
#[must_use]
pub fn size(language: Language, bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "for reading")]
    label(language, Figure::Bytes, bytes as f64)
}

/// In one message, cut where Telegram would.
pub(super) fn joined(lines: Vec<String>) -> String {
    in_one_message(&lines.join("\n"))
}

/// The same of a text.
pub(super) fn in_one_message(text: &str) -> String {
    let mut left = TEXT_UNITS_MAX;
    let fits = |char: &char| {
        let room = left.checked_sub(char.len_utf16());
        left = room.unwrap_or(0);
        room.is_some()
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_what_stands_below_is_whole() {
        let below = vec!["\n⚪ not watched".repeat(20)];
        for count in [0, 1, 10, 60] {
            let lines: Vec<String> = (0..count)
                .map(|number| format!("🔴 {number} {}", "x".repeat(120)))
                .collect();
            let shown = beside(lines.clone(), &below);
            let all = [shown.clone(), below.clone()].concat().join("\n");
            assert!(all.encode_utf16().count() <= TEXT_UNITS_MAX, "{count}");
            let whole = shown.iter().filter(|line| lines.contains(line)).count();
            let more = shown.last().and_then(|line| line.strip_prefix('+'));
            let more: usize = more.map_or(0, |more| more.parse().unwrap());
            assert_eq!(whole + more, count);
            assert_eq!(more > 0, count == 60);
        }
    }
}

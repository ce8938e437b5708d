//! The daily digest: what still stands, what came and went, what is silenced, how old the backups are, whether every
//! way to the owner works, and how fast messages were. Its coming is itself a sign that the agent lives.
//! Pure: everything that it tells is handed in.

use std::cmp::Reverse;

use protocol::{incident::Severity, time::UnixMillis};

use super::{
    engine::Fault,
    message::{HEADLINE_UNITS_MAX, TEXT_UNITS_MAX, Voice, duration, in_words, moment, named},
    named as lists,
    rehearsal::asked::Unanswered,
    reports::Reported,
    text::{cut, one_line, rupiah},
    words::{DigestPhrases, digest_phrases},
};
use crate::store::{
    book::{Book, Past},
    channels::{ChannelTest, Service},
    drilled::Drilled,
    freshness::Freshness,
    outbox::Message,
};

/// What a digest is about: nothing that can be wrong.
pub const KEY: &str = "digest/daily";
/// Lines of one part.
const LINES_MAX: usize = 12;
/// What is told of one fault.
const FAULT_UNITS_MAX: usize = 200;

/// What the digest is made from.
pub struct Day<'a> {
    /// From when on it tells.
    pub since: UnixMillis,
    /// What is wrong, held back and silenced.
    pub book: &'a Book,
    /// What the bot reported within a day, by kind.
    pub reported: &'a [Reported],
    /// What ended since the last digest.
    pub past: &'a [Past],
    /// Each remote's newest restore point.
    pub fresh: &'a [Freshness],
    /// How the rehearsals of each remote stand.
    pub drilled: &'a [Drilled],
    /// When the next rehearsal is due; `None` where nothing can be rehearsed.
    pub drill_due: Option<UnixMillis>,
    /// Where the backups stand, to be kept outside of every remote.
    pub anchor: Option<String>,
    /// The last test of each way.
    pub tests: &'a [ChannelTest],
    /// The ways that were asked for a test within the day and have not answered.
    pub unanswered: &'a [Unanswered],
    /// What is not watched, in one line.
    pub unwatched: Option<String>,
    /// Orders placed and rupiah that came in within a day.
    pub trade: (u64, i64),
    /// How messages fared since the last digest.
    pub service: Service,
}

/// The digest in words.
#[must_use]
pub fn of_day(voice: &Voice, day: &Day<'_>, now: UnixMillis) -> Message {
    let phrases = digest_phrases(voice.language);
    let mut text = format!("{} {}", phrases.headline, moment(&voice.timezone, now));
    let standing = open(voice, day.book);
    part(&mut text, phrases.open, phrases.nothing_open, standing);
    part(&mut text, phrases.reported, "", reported(day.reported));
    text += &phrases
        .trade
        .replace("{orders}", &day.trade.0.to_string())
        .replace("{money}", &rupiah(day.trade.1));
    text += &day
        .unwatched
        .as_ref()
        .map_or_else(String::new, |line| format!("\n\n⚪ {line}"));
    let since = moment(&voice.timezone, day.since);
    let title = phrases.past.replace("{since}", &since);
    part(&mut text, &title, "", past(voice, day.past));
    let silences = silences(voice, phrases, day.book, now);
    part(&mut text, phrases.silences, "", silences);
    let fresh = backups(voice, day.fresh, now);
    part(&mut text, phrases.backups, phrases.no_backup, fresh);
    let drilled = drills(voice, day.drilled, now);
    part(&mut text, phrases.drills, phrases.no_drill, drilled);
    if let Some(due) = day.drill_due {
        let due = moment(&voice.timezone, due);
        text += &format!("\n{}", phrases.drill_next.replace("{at}", &due));
    }
    part(
        &mut text,
        phrases.anchor,
        "",
        day.anchor.iter().cloned().collect(),
    );
    let tests = ways(voice, phrases, day);
    part(&mut text, phrases.ways, phrases.no_test, tests);
    let slowest = duration(voice.language, day.service.slowest);
    let service = match day.service.arrived {
        0 => phrases.no_service,
        _ => phrases.service,
    };
    text += &service
        .replace("{since}", &since)
        .replace("{count}", &day.service.arrived.to_string())
        .replace("{slowest}", &slowest);
    Message {
        alert_key: KEY.to_owned(),
        episode: None,
        runbook: None,
        severity: Severity::Info,
        headline: one_line(phrases.headline, HEADLINE_UNITS_MAX),
        text: cut(&text, TEXT_UNITS_MAX),
        also: Vec::new(),
        was: None,
        loud: false,
        open: false,
        is_edit: false,
        follows_up: false,
        settles: false,
        in_passing: false,
        since: None,
        not_before: None,
        rungs: 1,
    }
}

fn part(text: &mut String, title: &str, when_empty: &str, lines: Vec<String>) {
    if lines.is_empty() {
        if !when_empty.is_empty() {
            *text += &format!("\n\n{when_empty}");
        }
        return;
    }
    *text += &format!("\n\n{title}:");
    for line in lines.iter().take(LINES_MAX) {
        *text += &format!("\n{line}");
    }
    if lines.len() > LINES_MAX {
        *text += &format!("\n+{}", lines.len() - LINES_MAX);
    }
}

/// The gravest first, since a long list is cut off; of equals the oldest.
fn open(voice: &Voice, book: &Book) -> Vec<String> {
    let firing = book.alerts.values().filter(|row| row.loudest.is_some());
    let mut faults: Vec<Fault> = firing.filter_map(Fault::of).collect();
    faults.sort_by_key(|fault| (Reverse(fault.rule.severity()), fault.since));
    faults
        .into_iter()
        .map(|fault| {
            format!(
                "{} ({})",
                named(voice, &fault),
                moment(&voice.timezone, fault.since)
            )
        })
        .collect()
}

fn reported(kinds: &[Reported]) -> Vec<String> {
    let line = |kind: &Reported| format!("{} ×{}", kind.title, kind.count);
    kinds.iter().map(line).collect()
}

/// As it began.
fn past(voice: &Voice, past: &[Past]) -> Vec<String> {
    let mut past: Vec<&Past> = past.iter().collect();
    past.sort_by_key(|past| past.since);
    let line = |past: &&Past| {
        let what = lists::past(voice, past);
        let lasted = duration(voice.language, past.until.since(past.since));
        let held = past.held.map_or(String::new(), |held| {
            format!(" ({})", lists::was_held(voice, held))
        });
        format!("{}: {what}, {lasted}{held}", moment(&voice.timezone, past.since))
    };
    past.iter().map(line).collect()
}

fn silences(voice: &Voice, phrases: &DigestPhrases, book: &Book, now: UnixMillis) -> Vec<String> {
    let standing = book.silences.values().filter(|silence| silence.until > now);
    standing
        .map(|silence| {
            let what = lists::scope(voice, book, &silence.scope);
            let what = what.as_deref().unwrap_or(phrases.everything);
            format!("{what} → {}", moment(&voice.timezone, silence.until))
        })
        .collect()
}

fn backups(voice: &Voice, fresh: &[Freshness], now: UnixMillis) -> Vec<String> {
    fresh
        .iter()
        .map(|fresh| {
            format!(
                "{}: {}",
                fresh.remote,
                duration(voice.language, now.since(fresh.taken_at))
            )
        })
        .collect()
}

fn drills(voice: &Voice, drilled: &[Drilled], now: UnixMillis) -> Vec<String> {
    let line = |one: &Drilled| {
        let age = one.passed_at.map(|at| duration(voice.language, now.since(at)));
        let age = age.as_deref().unwrap_or("–");
        match &one.fault {
            None => format!("✅ {}: {age}", one.remote),
            Some(fault) => {
                let fault = one_line(&in_words(voice.language, fault), FAULT_UNITS_MAX);
                format!("🔴 {}: {age} ({fault})", one.remote)
            }
        }
    };
    drilled.iter().map(line).collect()
}

/// What an older test said of a way counts no more where the new one has no answer.
fn ways(voice: &Voice, phrases: &DigestPhrases, day: &Day<'_>) -> Vec<String> {
    let said = |test: &ChannelTest| in_words(voice.language, &test.said);
    let tested = day
        .tests
        .iter()
        .filter(|test| !day.unanswered.iter().any(|way| way.rung == test.rung));
    let tested = tested.map(|test| match test.ok {
        true if test.said.is_empty() => format!("✅ {}", test.rung),
        true => format!("⚪ {}: {} ({})", test.rung, phrases.strange, said(test)),
        false => format!("🟡 {}: {} ({})", test.rung, phrases.broken, said(test)),
    });
    let unanswered = day.unanswered.iter().map(|way| match &way.failed_once {
        Some(said) => {
            let said = in_words(voice.language, said);
            format!("🟡 {}: {} ({said})", way.rung, phrases.failed_once)
        }
        None => format!("⚪ {}: {}", way.rung, phrases.unanswered),
    });
    tested.chain(unanswered).collect()
}

//! What is told in whose message: an alert belongs with those of its topic, and with what it is the cause of or comes of,
//! where both come together. Then the owner's telephone rings once, and the message is changed.
//! It changes nothing and says nothing.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{Fault, floor, hold, members, storm::HEARD_WITHIN};
use crate::{
    alert::{
        role::Role,
        rule::{Rule, Severity},
    },
    store::{
        alerts::{AlertRow, Held},
        book::Book,
        episodes::{EpisodeId, EpisodeRow},
    },
};

/// What comes later than this after a message is news of its own.
pub(super) const JOIN_WINDOW: Duration = Duration::from_secs(300);
/// What comes of a told trouble and is graver is news of its own later than this after its message: the owner who heard
/// that one has not read it yet.
const OUTCOME_WINDOW: Duration = Duration::from_secs(60);

/// How long something that has a possible cause, and is not critical, waits for that cause to show itself. What is
/// critical is told at once: a cause that is seen later changes its message.
const CAUSE_WAIT: Duration = Duration::from_secs(60);

/// What failed for a disk that was not there is made up for once it is back, by whoever saw it: that has this long.
const MADE_UP_WITHIN: Duration = Duration::from_secs(300);

/// Where an alert is told.
pub(super) enum Home {
    /// With what it is the cause of, or comes of: that message is wrong without it.
    WithKin(EpisodeId),
    /// With others of its topic.
    WithTopic(EpisodeId),
    /// In a message of its own.
    Alone,
}

/// Finds it. What only the owner can go on from hides in no other's message.
pub(super) fn home(book: &Book, fault: &Fault, topic: &str, now: UnixMillis) -> Home {
    if fault.rule.spec().is_owners {
        return Home::Alone;
    }
    let newest_first = || book.episodes.values().rev();
    let has_kin = |episode: &&EpisodeRow| is_told_with_kin(book, episode, fault, now);
    if let Some(episode) = newest_first().find(has_kin) {
        return Home::WithKin(episode.id);
    }
    let of_topic = newest_first().find(|episode| episode.topic == topic && takes(book, episode, fault, now));
    of_topic.map_or(Home::Alone, |episode| Home::WithTopic(episode.id))
}

/// Disks of different roles have different causes and mean different things: none hides behind another's message.
pub(super) fn topic_of(fault: &Fault) -> String {
    let topic = fault.rule.spec().topic;
    match Role::of_key(&fault.key) {
        Role::Shop => format!("{topic:?}"),
        other => format!("{topic:?} {other:?}"),
    }
}

/// Whether the message of its topic tells it too. A change of a message rings nowhere: a warning is told so only where that
/// message has just rung, or is about as much and its storm goes on. What is critical rings there by itself, and what is
/// less than a warning nowhere.
fn takes(book: &Book, episode: &EpisodeRow, fault: &Fault, now: UnixMillis) -> bool {
    let Some((told, told_at)) = episode.told else {
        return true;
    };
    if is_taken_on(episode) {
        return false;
    }
    let (age, severity) = (now.since(told_at), fault.rule.severity());
    let needs_sound = severity == Severity::Warning && severity <= told;
    let is_heard = age < HEARD_WITHIN || is_of_storm(book, episode, fault.rule);
    age < JOIN_WINDOW && (!needs_sound || is_heard)
}

/// Whether it is one more of those that its message has not named yet: they come of one thing.
fn is_of_storm(book: &Book, episode: &EpisodeRow, rule: Rule) -> bool {
    let is_one = |row: &AlertRow| row.told.is_none() && row.rule == rule.name();
    members(book, episode.id).into_iter().any(is_one)
}

fn is_told_with_kin(book: &Book, episode: &EpisodeRow, fault: &Fault, now: UnixMillis) -> bool {
    let Some((_, told_at)) = episode.told else {
        return false;
    };
    let age = now.since(told_at);
    !floor::is_flapping(book, episode.id)
        && !is_taken_on(episode)
        && age < JOIN_WINDOW
        && members(book, episode.id)
            .into_iter()
            .filter_map(|row| Some((row, Rule::named(&row.rule)?)))
            .any(|(row, rule)| is_cause(book, fault, row, rule) || is_outcome(fault, row, rule, age))
}

/// Whether an owner has read it and said so: whoever did knows of nothing that comes after.
fn is_taken_on(episode: &EpisodeRow) -> bool {
    episode.told.is_some() && episode.acked.is_some()
}

/// Whether it was there when the other one was told, and only seen later.
fn is_cause(book: &Book, fault: &Fault, row: &AlertRow, rule: Rule) -> bool {
    let spec = fault.rule.spec();
    let explains = hold::explains(book, (&fault.key, fault.rule), (&row.key, rule));
    let is_source = rule.spec().beside.contains(&fault.rule) && hold::is_there(&fault.key, &row.key, rule);
    (explains || is_source) && fault.since <= row.since.plus(spec.seen_within)
}

/// Whether it came of what was told a moment ago.
fn is_outcome(fault: &Fault, row: &AlertRow, rule: Rule, told_ago: Duration) -> bool {
    let comes_of = fault.rule.spec().beside.contains(&rule);
    comes_of && hold::is_there(&row.key, &fault.key, fault.rule) && told_ago < OUTCOME_WINDOW
}

/// How long an alert waits for its cause. What was held back for another may be mending at this moment.
pub(super) fn cause_wait(book: &Book, key: &str) -> Duration {
    let row = book.alerts.get(key);
    let Some((row, rule)) = row.and_then(|row| Some((row, Rule::named(&row.rule)?))) else {
        return Duration::ZERO;
    };
    let spec = rule.spec();
    if rule == Rule::BackupFailed && row.held == Some(Held::Explained) {
        return MADE_UP_WITHIN;
    }
    let has_waited = spec.is_tried && row.held != Some(Held::Explained);
    match rule.severity() {
        _ if has_waited || !hold::has_possible_cause(book, key, rule) => Duration::ZERO,
        Severity::Critical => Duration::ZERO,
        Severity::Info | Severity::Warning => CAUSE_WAIT,
    }
}

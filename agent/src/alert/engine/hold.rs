//! What keeps an alert that counts from the owner: something that explains it, a silence, or the night.
//! Holding suppresses that something is told; never that it is over once it was told.

use std::{path::Path, time::Duration};

use protocol::{incident::Severity, time::UnixMillis};

use super::{Fault, episode, members};
use crate::{
    alert::{
        calendar::Calendar,
        role::Role,
        rule::{Rule, Topic, object_of},
    },
    store::{
        alerts::{AlertRow, Held},
        book::{Book, Silence},
        episodes::EpisodeId,
    },
};

/// The scope of a silence over everything.
pub const MAINTENANCE: &str = "*";
/// No silence is longer: what nobody hears for a week is forgotten.
const SILENCE_MAX: Duration = Duration::from_secs(7 * 86_400);

/// The owner wants to hear nothing of this scope for so long; at most seven days, at least a second.
pub fn silence(book: &mut Book, scope: &str, lasts: Duration, now: UnixMillis) -> UnixMillis {
    let until = now.plus(lasts.clamp(Duration::from_secs(1), SILENCE_MAX));
    book.silences.retain(|_, silence| silence.scope != scope);
    book.new_silences.retain(|silence| silence.scope != scope);
    book.new_silences.push(Silence {
        scope: scope.to_owned(),
        from: now,
        until,
    });
    until
}

/// Why this alert is not told at this moment, if so.
pub(super) fn reason(book: &Book, calendar: &Calendar, key: &str, now: UnixMillis) -> Option<Held> {
    let row = book.alerts.get(key)?;
    let rule = Rule::named(&row.rule)?;
    if is_explained(book, key, rule) {
        return Some(Held::Explained);
    }
    if is_silenced(book, key, now) {
        return Some(Held::Silenced);
    }
    let severity = row.loudest.unwrap_or(rule.severity());
    let may_wait = severity < Severity::Critical && calendar.quiet_until(now).is_some();
    may_wait.then_some(Held::QuietHours)
}

/// Until when nothing rings of an episode that was told: as long as all that is graver than what was told, or heads it now,
/// is silenced or can wait for the morning.
pub(super) fn quiet_until(
    book: &Book,
    calendar: &Calendar,
    id: EpisodeId,
    lead: &Fault,
    now: UnixMillis,
) -> Option<UnixMillis> {
    let (told, _) = book.episodes.get(&id)?.told?;
    let rings = |row: &&AlertRow| row.loudest > Some(told) || row.key == lead.key;
    let quiet = |row: &AlertRow| {
        let severity = row.loudest.unwrap_or(told);
        let silent = silences(book, &row.key, now).map(|silence| silence.until).max();
        let night = calendar.quiet_until(now);
        silent.max(night.filter(|_| severity < Severity::Critical))
    };
    members(book, id)
        .into_iter()
        .filter(rings)
        .map(quiet)
        .min()
        .flatten()
}

/// Whether something else that is wrong, or about to be, is the cause.
pub(super) fn is_explained(book: &Book, key: &str, rule: Rule) -> bool {
    book.alerts
        .values()
        .filter(|other| other.key != key)
        .filter_map(|other| Some((other, Rule::named(&other.rule)?)))
        .any(|(other, root)| explains(book, (&other.key, root), (key, rule)))
}

/// Whether a root is the cause of something. The trouble of a disk that is not the shop's explains what lies there, and
/// nothing of another disk; a disk that a remote does not lie on is no cause for that remote.
pub(super) fn explains(book: &Book, (root_key, root): (&str, Rule), (key, rule): (&str, Rule)) -> bool {
    let lies_there = !(is_of_mount(root) && is_of_remote(rule))
        || book
            .places
            .lies_on(object_of(key), Path::new(object_of(root_key)));
    rule.is_under(root) && lies_there && is_there(root_key, key, rule)
}

/// Whether anything that can be the cause of it is watched: a remote that is no folder on such a disk waits for none.
pub(super) fn has_possible_cause(book: &Book, key: &str, rule: Rule) -> bool {
    let is_watched = !is_of_remote(rule) || book.places.is_watched(object_of(key));
    let mut roots = rule.spec().roots.iter();
    roots.any(|root| is_watched || !is_of_mount(*root))
}

/// About a disk that is not there, which its key names.
fn is_of_mount(rule: Rule) -> bool {
    matches!(rule, Rule::DiskMissing | Rule::DiskGone)
}

/// About what gets to one remote, which its key names.
fn is_of_remote(rule: Rule) -> bool {
    matches!(rule, Rule::BackupFailed | Rule::RemoteBehind)
}

/// Whether what is wrong in one place can be the cause of something in another. Of disks none is the cause of another's.
pub(super) fn is_there(root_key: &str, key: &str, rule: Rule) -> bool {
    match (Role::of_key(root_key), rule.spec().topic) {
        _ if rule.is_of_disk() => object_of(root_key) == object_of(key),
        (Role::Remote, Topic::Backup) if rule.is_of_own_disk() => false,
        (Role::Shop, _)
        | (Role::State, Topic::Agent | Topic::Backup)
        | (Role::Remote, Topic::Backup)
        | (Role::Logs, Topic::Logs) => true,
        (Role::State | Role::Remote | Role::Logs | Role::Named, _) => object_of(root_key) == object_of(key),
    }
}

/// Whether the owner does not want to hear of it at this moment.
#[must_use]
pub fn is_silenced(book: &Book, key: &str, now: UnixMillis) -> bool {
    silences(book, key, now).next().is_some()
}

fn silences<'a>(book: &'a Book, key: &'a str, now: UnixMillis) -> impl Iterator<Item = &'a Silence> {
    let all = book.silences.values().chain(&book.new_silences);
    all.filter(move |silence| silence.until > now && (silence.scope == MAINTENANCE || silence.scope == key))
}

/// A cause has shown itself: what follows from it and has not been told yet need not be.
pub(super) fn swallow(book: &mut Book, root_key: &str, root: Rule) {
    let explained: Vec<(String, EpisodeId)> = book
        .alerts
        .values()
        .filter(|row| follows(book, (root_key, root), row))
        .filter_map(|row| Some((row.key.clone(), row.episode?)))
        .filter(|(_, id)| {
            book.episodes
                .get(id)
                .is_some_and(|episode| episode.told.is_none())
        })
        .collect();
    for (key, id) in explained {
        if let Some(row) = book.alerts.get_mut(&key) {
            row.episode = None;
            row.held = Some(Held::Explained);
        }
        episode::shrink(book, id);
    }
}

/// A cause takes the message of what follows from it, which says that alone from now on: the rest is held like what comes
/// after a cause. What is critical stays in it, since the owner was called for that. Gives the message's episode.
pub(super) fn take_over(book: &mut Book, id: EpisodeId, root: &Fault) -> EpisodeId {
    let held: Vec<String> = members(book, id)
        .into_iter()
        .filter(|row| row.loudest < Some(Severity::Critical))
        .filter(|row| follows(book, (&root.key, root.rule), row))
        .map(|row| row.key.clone())
        .collect();
    for key in &held {
        if let Some(row) = book.alerts.get_mut(key) {
            (row.episode, row.held, row.told) = (None, Some(Held::Explained), None);
        }
    }
    if let Some(episode) = book.episodes.get_mut(&id) {
        let held = u32::try_from(held.len()).unwrap_or(u32::MAX);
        episode.faults = episode.faults.saturating_sub(held);
    }
    id
}

fn follows(book: &Book, root: (&str, Rule), row: &AlertRow) -> bool {
    Rule::named(&row.rule).is_some_and(|rule| explains(book, root, (&row.key, rule)))
}

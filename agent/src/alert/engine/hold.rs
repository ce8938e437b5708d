//! What keeps an alert that counts from the owner: something that explains it, a silence, the night, or that it comes
//! and goes. Holding suppresses that something is told; never that it is over once it was told.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{FLAP_STANDS, FLAP_WINDOW, Fault, Kind, Notice, episode, rule_of};
use crate::{
    alert::{calendar::Calendar, rule::Rule},
    store::{
        alerts::Held,
        book::{Book, Silence},
        episodes::{EpisodeId, FloorRow},
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
    let is_known = book
        .floors
        .get(key)
        .is_some_and(|floor| floor.flapping.is_some() && severity <= floor.loudest);
    if is_known && now.since(row.since) < FLAP_STANDS {
        return Some(Held::Flapping);
    }
    let may_wait = severity < Severity::Critical && calendar.quiet_until(now).is_some();
    may_wait.then_some(Held::QuietHours)
}

/// Whether something else that is wrong, or about to be, is the cause.
pub(super) fn is_explained(book: &Book, key: &str, rule: Rule) -> bool {
    book.alerts
        .values()
        .filter(|other| other.key != key)
        .filter_map(|other| Rule::named(&other.rule))
        .any(|root| rule.is_under(root))
}

pub(super) fn is_silenced(book: &Book, key: &str, now: UnixMillis) -> bool {
    let silences = book.silences.values().chain(&book.new_silences);
    silences
        .filter(|silence| silence.until > now)
        .any(|silence| silence.scope == MAINTENANCE || silence.scope == key)
}

/// A cause has shown itself: what follows from it and has not been told yet need not be.
pub(super) fn swallow(book: &mut Book, root: Rule) {
    let explained: Vec<(String, EpisodeId)> = book
        .alerts
        .values()
        .filter(|row| Rule::named(&row.rule).is_some_and(|rule| rule.is_under(root)))
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

/// The one message about something that is back within the hour; `None` when it is new, or known to come and go.
pub(super) fn begins_to_flap(book: &mut Book, key: &str, now: UnixMillis) -> Option<Notice> {
    let lead = Fault::of(book.alerts.get(key)?)?;
    let severity = book.alerts.get(key)?.loudest.unwrap_or(lead.rule.severity());
    let floor = book.floors.get_mut(key)?;
    if floor.flapping.is_some() || now.since(floor.bad_at) >= FLAP_WINDOW || severity > floor.loudest {
        return None;
    }
    let episode = EpisodeId(book.next_episode);
    book.next_episode += 1;
    floor.raises += 1;
    floor.bad_at = now;
    floor.flapping = Some((now, episode));
    Some(Notice {
        kind: Kind::Flapping { raises: floor.raises },
        episode,
        severity,
        lead,
        others: Vec::new(),
        faults: 1,
        acked_at: None,
        rungs: 1,
        loud: severity > Severity::Info,
    })
}

/// It is told: from now on its return within the hour is no news.
pub(super) fn count(book: &mut Book, key: &str, now: UnixMillis) {
    let Some(rule) = rule_of(book, key) else { return };
    let severity = rule.severity();
    let floor = book.floors.entry(key.to_owned()).or_insert(FloorRow {
        key: key.to_owned(),
        rule: String::new(),
        raised_at: now,
        raises: 0,
        bad_at: now,
        loudest: severity,
        flapping: None,
    });
    rule.name().clone_into(&mut floor.rule);
    floor.raised_at = now;
    floor.bad_at = now;
    floor.raises += 1;
    floor.loudest = floor.loudest.max(severity);
}

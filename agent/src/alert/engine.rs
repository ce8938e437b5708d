//! From what is wrong to what the owner is told: what explains what, what is told together, what waits, what is said
//! again. The table of stages, in order: a look moves its alert (`state`); what is raised may be held; what is not
//! held joins an episode; an episode speaks when it is due.
//! Pure: it changes the book that it is given. The caller stores the book and queues the messages in one transaction,
//! or does neither.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{
    calendar::Calendar,
    rule::{AlertKey, Observation, Rule, judge},
    state::{State, Trouble, Turn, step},
};
use crate::store::{
    alerts::{AlertRow, Held},
    book::{Book, Past},
    episodes::EpisodeId,
};

mod done;
mod episode;
mod floor;
mod follow;
mod hold;
mod kin;
mod lead;
mod notice;
mod rekey;
mod stepped;
mod storm;
mod tick;

pub use done::{Done, tell_done, well_again};
use episode::End;
pub use floor::CRITICAL_STANDS;
pub use hold::{MAINTENANCE, is_silenced, silence};
pub use notice::{Fault, Kind, Notice, Times};
pub use rekey::rekey;
pub use stepped::{after_start, stepped};
pub use storm::told_by;
pub use tick::{acknowledge, tick};

/// Who is back within this time was here before: it comes and goes.
pub const FLAP_WINDOW: Duration = Duration::from_secs(3600);
/// What is less than critical, comes and goes, and then stays for so long is told in a message again.
pub const FLAP_STANDS: Duration = Duration::from_secs(900);

/// Takes in what a probe saw of one key.
#[must_use]
pub fn observe(
    book: &mut Book,
    calendar: &Calendar,
    key: &AlertKey,
    seen: Observation,
    now: UnixMillis,
) -> Vec<Notice> {
    let row = book.alerts.get(key.as_str()).cloned();
    let before = row.as_ref().and_then(state_of).unwrap_or(State::Quiet);
    let firing = match &before {
        State::Firing { trouble, .. } => Some(trouble.rule),
        State::Quiet | State::Pending(_) => None,
    };
    let counted = match &before {
        State::Firing { loudest, .. } => Some(*loudest),
        State::Quiet | State::Pending(_) => None,
    };
    let (after, turn) = step(before, judge(firing, seen), now);
    put(book, key, row.as_ref(), after);
    let notices = match turn {
        Turn::Same => follow::correct(book, calendar, key.as_str(), now),
        Turn::Raised => raised(book, calendar, key.as_str(), now),
        Turn::Worse => worse(book, calendar, key.as_str(), counted, now),
        Turn::Cleared(trouble) => cleared(book, row, trouble, now),
    };
    follow::told(book, notices)
}

/// Ends an alert about something that the configuration does not name any more: nobody would ever see it well.
#[must_use]
pub fn withdraw(book: &mut Book, key: &str, now: UnixMillis) -> Vec<Notice> {
    let Some(row) = book.alerts.remove(key) else {
        return Vec::new();
    };
    // What was never told is in the digest at least.
    book.new_past.extend(row.held.map(|held| Past {
        key: row.key.clone(),
        rule: row.rule.clone(),
        since: row.since,
        until: now,
        held: Some(held),
    }));
    match (row.episode, Fault::of(&row)) {
        (Some(id), Some(fault)) => episode::leave(book, id, fault, End::Withdrawn, now),
        _ => Vec::new(),
    }
}

fn raised(book: &mut Book, calendar: &Calendar, key: &str, now: UnixMillis) -> Vec<Notice> {
    let Some(rule) = rule_of(book, key) else {
        return Vec::new();
    };
    floor::came(book, key, rule);
    episode::is_back(book, key, now);
    hold::swallow(book, key, rule);
    tell_or_hold(book, calendar, key, now)
}

/// The one door to the owner for an alert that counts and is not told.
fn tell_or_hold(book: &mut Book, calendar: &Calendar, key: &str, now: UnixMillis) -> Vec<Notice> {
    match hold::reason(book, calendar, key, now) {
        // The night holds what would ring, and no change of a message.
        Some(Held::QuietHours) if floor::is_in_place(book, key, now) => {}
        Some(held) => {
            set_held(book, key, Some(held));
            return Vec::new();
        }
        None => {}
    }
    let is_alone = !floor::is_of_storm(book, key, now);
    if let Some(told) = is_alone.then(|| floor::tell_return(book, key, now)).flatten() {
        return told;
    }
    let wait = kin::cause_wait(book, key);
    let wait = match is_alone {
        true => wait,
        false => wait.max(floor::must_last(book, key, now)),
    };
    let replaced = floor::count(book, key, now);
    set_held(book, key, None);
    let mut notices = episode::join(book, calendar, key, wait, now);
    notices.extend(replaced);
    notices
}

fn worse(
    book: &mut Book,
    calendar: &Calendar,
    key: &str,
    counted: Option<Rule>,
    now: UnixMillis,
) -> Vec<Notice> {
    if let Some(counted) = counted {
        floor::became(book, key, counted);
    }
    let Some(row) = book.alerts.get(key) else {
        return Vec::new();
    };
    match row.episode {
        Some(id) => episode::hasten(book, calendar, id, now),
        None => tell_or_hold(book, calendar, key, now),
    }
}

fn cleared(book: &mut Book, row: Option<AlertRow>, trouble: Trouble, now: UnixMillis) -> Vec<Notice> {
    let Some(row) = row else { return Vec::new() };
    book.new_past.push(Past {
        key: row.key.clone(),
        rule: trouble.rule.name().to_owned(),
        since: trouble.since,
        until: now,
        held: row.held,
    });
    if let Some(floor) = book.floors.get_mut(&row.key) {
        floor.bad_at = now;
    }
    let fault = Fault::from_trouble(&row.key, &trouble);
    let Some(id) = row.episode else {
        return Vec::new();
    };
    if row.told.is_some() {
        episode::mended(book, id, &fault, now);
    }
    episode::leave(book, id, fault, End::Mended, now)
}

fn set_held(book: &mut Book, key: &str, held: Option<Held>) {
    if let Some(row) = book.alerts.get_mut(key) {
        row.held = held;
    }
}

fn rule_of(book: &Book, key: &str) -> Option<Rule> {
    Rule::named(&book.alerts.get(key)?.rule)
}

/// Firing alerts of an episode, oldest first.
fn members(book: &Book, id: EpisodeId) -> Vec<&AlertRow> {
    let mut found: Vec<&AlertRow> = book
        .alerts
        .values()
        .filter(|row| row.episode == Some(id))
        .collect();
    found.sort_by_key(|row| row.since);
    found
}

/// `None` for a rule that this program does not know, which only an older one meets: it counts as quiet.
fn state_of(row: &AlertRow) -> Option<State> {
    let trouble = Trouble {
        rule: Rule::named(&row.rule)?,
        detail: row.detail.clone(),
        value: row.value,
        since: row.since,
        rule_since: row.rule_since,
        looks: row.looks,
        good_looks: row.good_looks,
        away_since: row.away_since,
    };
    Some(match row.loudest {
        None => State::Pending(trouble),
        Some(_) => {
            let loudest = row.gravest.as_deref().and_then(Rule::named);
            State::Firing {
                loudest: loudest.unwrap_or(trouble.rule),
                loudest_since: row.gravest_since.unwrap_or(row.since),
                trouble,
            }
        }
    })
}

/// What it was told with, or why it is held, stays as it was until somebody decides.
fn put(book: &mut Book, key: &AlertKey, before: Option<&AlertRow>, state: State) {
    let (trouble, loudest): (Trouble, Option<(Rule, UnixMillis)>) = match state {
        State::Quiet => {
            book.alerts.remove(key.as_str());
            return;
        }
        State::Pending(trouble) => (trouble, None),
        State::Firing {
            trouble,
            loudest,
            loudest_since,
        } => (trouble, Some((loudest, loudest_since))),
    };
    let row = AlertRow {
        key: key.to_string(),
        rule: trouble.rule.name().to_owned(),
        detail: trouble.detail,
        value: trouble.value,
        since: trouble.since,
        rule_since: trouble.rule_since,
        looks: trouble.looks,
        good_looks: trouble.good_looks,
        loudest: loudest.map(|(rule, _)| rule.severity()),
        gravest: loudest.map(|(rule, _)| rule.name().to_owned()),
        gravest_since: loudest.map(|(_, since)| since),
        episode: before.and_then(|row| row.episode),
        held: before.and_then(|row| row.held),
        told: before.and_then(|row| row.told.clone()),
        away_since: trouble.away_since,
    };
    book.alerts.insert(row.key.clone(), row);
}

#[cfg(test)]
mod tests;

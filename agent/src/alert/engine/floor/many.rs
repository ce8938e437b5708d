//! What comes back with many of its kind, as with a line that comes and goes: one message each time for all of them, and
//! three within the hour.
//! It only looks: the floor counts, and says it.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{FLAP_STANDS, Fault, MESSAGES_MAX, Times, is_in_place, is_next_hour, returned, said::counted};
use crate::{
    alert::engine::{episode, storm::HEARD_WITHIN},
    store::{book::Book, episodes::FloorRow},
};

/// Whether others of its kind came a moment ago, or came with it the last time and are well again as it was, and it would be
/// told in a message of its own: it is one of many that come of one thing, and is told with them like what is new.
pub(in crate::alert::engine) fn is_of_storm(book: &Book, key: &str, now: UnixMillis) -> bool {
    let Some(row) = book.alerts.get(key) else {
        return false;
    };
    let came_at = |floor: &FloorRow| {
        floor
            .flapping
            .map_or(floor.raised_at, |(at, _)| at.max(floor.raised_at))
    };
    let before = book.floors.get(key).map(came_at);
    let is_together =
        |one: UnixMillis, other: UnixMillis| one.since(other).max(other.since(one)) < HEARD_WITHIN;
    let came_with_it = |floor: &FloorRow| {
        !book.alerts.contains_key(&floor.key)
            && before.is_some_and(|before| is_together(before, came_at(floor)))
    };
    let is_other = |floor: &FloorRow| {
        let came_now = now.since(came_at(floor)) < HEARD_WITHIN;
        floor.key != key && floor.rule == row.rule && (came_now || came_with_it(floor))
    };
    !is_in_place(book, key, now) && book.floors.values().any(is_other)
}

/// How often what heads a message of many came, where it was nothing else before: it is told like what is new, and is not.
pub(super) fn again(book: &Book, lead: &Fault) -> Option<Times> {
    let times = book.floors.get(&lead.key).map(counted)?;
    let is_same = times.kinds.iter().all(|(rule, _)| *rule == lead.rule);
    (times.count > 1 && is_same).then_some(Times {
        is_in_place: false,
        ..times
    })
}

/// How long what comes back with many must last before a message tells it that is more than the hour may have.
pub(in crate::alert::engine) fn must_last(book: &Book, key: &str, now: UnixMillis) -> Duration {
    let returned = book.alerts.get(key).and_then(|row| returned(book, row));
    let is_spent = |floor: &FloorRow| floor.messages >= MESSAGES_MAX && !is_next_hour(floor, now);
    match returned.filter(|(floor, _)| is_spent(floor)) {
        None => Duration::ZERO,
        Some((_, Severity::Critical)) => episode::REMIND_FIRST,
        Some((_, Severity::Info | Severity::Warning)) => FLAP_STANDS,
    }
}

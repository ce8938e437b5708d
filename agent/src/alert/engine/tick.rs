//! What happens because time passes: silences end, held alerts are let go, episodes speak, reminders come due, and what
//! came and went is over for now. And what the owner does: take something on.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{
    Kind, Notice,
    episode::{REMIND_FIRST, join, speak_if_due},
    floor, follow, hold,
    kin::cause_wait,
    lead::standing,
    members, set_held, tell_or_hold,
};
use crate::{
    alert::{calendar::Calendar, rule::Rule},
    store::{
        alerts::AlertRow,
        book::Book,
        episodes::{Acked, EpisodeId},
    },
};

/// However long it lasts, a reminder comes at least once a day.
pub(super) const REMIND_MOST: Duration = Duration::from_secs(86_400);

/// Everything that is due at this moment.
#[must_use]
pub fn tick(book: &mut Book, calendar: &Calendar, now: UnixMillis) -> Vec<Notice> {
    book.silences.retain(|_, silence| silence.until > now);
    let mut notices = let_go(book, calendar, now);
    let ids: Vec<EpisodeId> = book.episodes.keys().copied().collect();
    for id in ids {
        if members(book, id).is_empty() {
            // Only a rule that this program does not know any more leaves an episode without alerts.
            book.episodes.remove(&id);
            continue;
        }
        notices.extend(speak_if_due(book, calendar, id, now));
        notices.extend(remind_if_due(book, id, now));
    }
    notices.extend(floor::tick(book, calendar, now));
    follow::told(book, notices)
}

/// The owner has taken it on: no more reminders, and the live message says so, or the first one will. What that message
/// does not name yet the owner has not read: it is told in one of its own. `None` when it is over already.
#[must_use]
pub fn acknowledge(
    book: &mut Book,
    calendar: &Calendar,
    id: EpisodeId,
    by: Option<String>,
    now: UnixMillis,
) -> Option<Vec<Notice>> {
    standing(book, id)?;
    let unread = take_out_unread(book, id);
    let mut notices = taken_on(book, id, by, now)?;
    for key in unread {
        let wait = cause_wait(book, &key);
        notices.extend(join(book, calendar, &key, wait, now));
    }
    Some(follow::told(book, notices))
}

fn taken_on(book: &mut Book, id: EpisodeId, by: Option<String>, now: UnixMillis) -> Option<Vec<Notice>> {
    let standing = standing(book, id)?;
    let times = floor::times_of(book, id, &standing.lead);
    let episode = book.episodes.get_mut(&id)?;
    if episode.acked.is_some() {
        return Some(Vec::new());
    }
    episode.acked = Some(Acked { at: now, by });
    episode.remind_at = None;
    if episode.told.is_none() {
        return Some(Vec::new());
    }
    let update = Notice::of(episode, Kind::Update, standing, times);
    Some(vec![Notice {
        loud: false,
        ..update
    }])
}

/// Alerts of a message that is out which are in no word of it, and some of which are: they leave it.
fn take_out_unread(book: &mut Book, id: EpisodeId) -> Vec<String> {
    let Some(episode) = book.episodes.get(&id).filter(|episode| episode.told.is_some()) else {
        return Vec::new();
    };
    let faults = episode.faults;
    let of_it = || book.alerts.values().filter(|row| row.episode == Some(id));
    let unread: Vec<String> = of_it()
        .filter(|row| row.told.is_none())
        .map(|row| row.key.clone())
        .collect();
    if unread.len() == of_it().count() {
        return Vec::new();
    }
    for key in &unread {
        if let Some(row) = book.alerts.get_mut(key) {
            row.episode = None;
        }
    }
    if let Some(episode) = book.episodes.get_mut(&id) {
        let left = u32::try_from(unread.len()).unwrap_or(u32::MAX);
        episode.faults = faults.saturating_sub(left).max(1);
        // What that message was still to be changed for is told elsewhere.
        if !unread.is_empty() {
            episode.due_at = None;
        }
    }
    unread
}

/// Alerts that were held and are not any more.
fn let_go(book: &mut Book, calendar: &Calendar, now: UnixMillis) -> Vec<Notice> {
    let held: Vec<String> = book
        .alerts
        .values()
        .filter(|row| row.held.is_some())
        .map(|row| row.key.clone())
        .collect();
    let mut notices = Vec::new();
    for key in held {
        match hold::reason(book, calendar, &key, now) {
            Some(held) => set_held(book, &key, Some(held)),
            None => notices.extend(tell_or_hold(book, calendar, &key, now)),
        }
    }
    notices
}

/// Something critical that nobody has taken on is told again, on one way to the owner more each time.
fn remind_if_due(book: &mut Book, id: EpisodeId, now: UnixMillis) -> Option<Notice> {
    let episode = book.episodes.get(&id)?;
    let (_, told_at) = episode.told?;
    if episode.remind_at? > now || episode.acked.is_some() {
        return None;
    }
    let reminders = episode.reminders + 1;
    let standing = standing(book, id)?;
    let lasting = |row: &&AlertRow| Rule::named(&row.rule).is_some_and(|rule| !rule.spec().is_event);
    let rows: Vec<&AlertRow> = members(book, id).into_iter().filter(lasting).collect();
    let is_wanted = rows.iter().any(|row| {
        Rule::named(&row.rule).is_some_and(|rule| !hold::is_explained(book, &row.key, rule))
            && !hold::is_silenced(book, &row.key, now)
    });
    let gravest = rows.iter().filter_map(|row| row.loudest).max();
    let times = floor::times_of(book, id, &standing.lead);
    let episode = book.episodes.get_mut(&id)?;
    episode.remind_at = Some(next_reminder(told_at, reminders, now));
    if gravest < Some(Severity::Critical) || !is_wanted {
        return None;
    }
    episode.reminders = reminders;
    // A reminder is the live message from now on, with edits of its own.
    episode.edits = 0;
    let reminder = Notice::of(episode, Kind::Reminder, standing, times);
    Some(Notice {
        rungs: 1 + reminders,
        ..reminder
    })
}

/// 5, 15, 45 minutes after it was told, and so on; never further apart than a day.
fn next_reminder(told_at: UnixMillis, reminders: u32, now: UnixMillis) -> UnixMillis {
    let since_told = REMIND_FIRST.saturating_mul(3_u32.saturating_pow(reminders.min(12)));
    let next = told_at.plus(since_told);
    next.max(now.plus(REMIND_FIRST)).min(now.plus(REMIND_MOST))
}

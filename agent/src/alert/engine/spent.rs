//! Many of one kind that come back once the messages of the hour are spent: the last message that told of them says so, in
//! place and without a sound, until they are over or have lasted and are told in a message of their own.
//! It counts no message, and says nothing where a message cannot be changed. Such an episode is not told, and has a time at
//! which it will be told again.

use protocol::{incident::Severity, time::UnixMillis};

use super::{
    Fault, Kind, Notice,
    episode::{self, End},
    floor::{self, CHANGE_EVERY},
    hold,
    lead::standing,
    members,
    storm::changes_at,
};
use crate::{
    alert::calendar::Calendar,
    store::{
        book::Book,
        episodes::{EpisodeId, EpisodeRow},
    },
};

/// When what is only shown in a message of before is told in one of its own.
pub(super) fn rings_at(episode: &EpisodeRow) -> Option<UnixMillis> {
    episode.remind_at.filter(|_| episode.told.is_none())
}

/// Whether it is only shown in a message of before.
pub(super) fn is_shown(episode: &EpisodeRow) -> bool {
    rings_at(episode).is_some()
}

/// What has had the messages of the hour has joined an episode, or begun it: then that is shown in the last message that
/// told of it, unless that one goes on.
pub(super) fn joined(book: &mut Book, key: &str, now: UnixMillis) -> Vec<Notice> {
    let Some((id, lead)) = book
        .alerts
        .get(key)
        .and_then(|row| Some((row.episode?, Fault::of(row)?)))
    else {
        return Vec::new();
    };
    let place = book.floors.get(key).and_then(|floor| floor.told_in);
    let place = place.filter(|place| !book.episodes.contains_key(place));
    let Some(episode) = book
        .episodes
        .get_mut(&id)
        .filter(|episode| episode.told.is_none())
    else {
        return Vec::new();
    };
    if is_shown(episode) {
        episode.due_at = Some(changes_at(episode, lead.rule.severity(), now));
        return Vec::new();
    }
    let Some(place) = place.filter(|_| episode.faults == 1) else {
        return Vec::new();
    };
    episode.remind_at = episode.due_at;
    renumber(book, id, place);
    show(book, place, now)
}

/// Something of it is to be told by then: so is all of it.
pub(super) fn told_with(book: &mut Book, id: EpisodeId, by: UnixMillis) {
    if let Some(episode) = book.episodes.get_mut(&id) {
        episode.remind_at = match rings_at(episode) {
            Some(rings_at) => Some(rings_at.min(by)),
            None => episode.remind_at,
        };
    }
}

/// What is due of it: a change of its message, or its own.
pub(super) fn speak(book: &mut Book, calendar: &Calendar, id: EpisodeId, now: UnixMillis) -> Vec<Notice> {
    let is_due = book
        .episodes
        .get(&id)
        .and_then(rings_at)
        .is_some_and(|at| at <= now);
    if !is_due {
        return show(book, id, now);
    }
    let is_held = |key: &str| hold::reason(book, calendar, key, now).is_some();
    if members(book, id).iter().all(|row| is_held(&row.key)) {
        // Its message is true until somebody may be called for it.
        if let Some(episode) = book.episodes.get_mut(&id) {
            let later = Some(now.plus(CHANGE_EVERY));
            (episode.remind_at, episode.due_at) = (later, later);
        }
        return Vec::new();
    }
    let own = EpisodeId(book.next_episode);
    book.next_episode += 1;
    renumber(book, id, own);
    if let Some(episode) = book.episodes.get_mut(&own) {
        episode.remind_at = None;
    }
    let mut notices = episode::speak_if_due(book, calendar, own, now);
    let goes_on = notices.first().map(|told| Notice {
        kind: Kind::Replaced,
        episode: id,
        others: Vec::new(),
        loud: false,
        ..told.clone()
    });
    notices.extend(goes_on);
    notices
}

/// Changes the message of before to say what is wrong now; a little later where changes come faster than their pace.
pub(super) fn show(book: &mut Book, id: EpisodeId, now: UnixMillis) -> Vec<Notice> {
    let Some(standing) = standing(book, id).filter(|_| book.episodes.get(&id).is_some_and(is_shown)) else {
        return Vec::new();
    };
    let times = floor::paced(book, &standing.lead.key, now);
    let Some(episode) = book.episodes.get_mut(&id) else {
        return Vec::new();
    };
    episode.lead = standing.lead.to_lead();
    if times.is_none() {
        episode.due_at = Some(now.plus(CHANGE_EVERY));
        return Vec::new();
    }
    episode.due_at = episode.remind_at;
    vec![Notice {
        loud: false,
        ..Notice::of(episode, Kind::Again, standing, times)
    }]
}

/// One of its alerts is over before a message of its own told of it.
pub(super) fn left(book: &mut Book, id: EpisodeId, end: End, now: UnixMillis) -> Vec<Notice> {
    if members(book, id).is_empty() {
        let kind = match end {
            End::Mended => Kind::Past,
            End::Withdrawn => Kind::Withdrawn,
        };
        return ended(book, id, kind, now).into_iter().collect();
    }
    match book.episodes.get_mut(&id).filter(|episode| is_shown(episode)) {
        Some(episode) => episode.due_at = Some(changes_at(episode, Severity::Info, now)),
        None => episode::shrink(book, id),
    }
    Vec::new()
}

/// It goes, and where it is shown in a message of before, that one says that it is over; a little later where changes come
/// faster than their pace.
pub(super) fn ended(book: &mut Book, id: EpisodeId, kind: Kind, now: UnixMillis) -> Option<Notice> {
    let episode = book.episodes.get(&id)?.clone();
    let lead = Fault::of_lead(&episode.lead).filter(|_| is_shown(&episode));
    let Some(lead) = lead.filter(|lead| book.floors.contains_key(&lead.key)) else {
        book.episodes.remove(&id);
        return None;
    };
    let times = floor::paced(book, &lead.key, now)?;
    book.episodes.remove(&id);
    Some(Notice {
        kind,
        episode: id,
        severity: lead.rule.severity(),
        lead,
        others: Vec::new(),
        mended: Vec::new(),
        faults: episode.faults,
        acked: None,
        times: Some(times),
        rungs: 1,
        loud: false,
    })
}

fn renumber(book: &mut Book, before: EpisodeId, after: EpisodeId) {
    if let Some(mut episode) = book.episodes.remove(&before) {
        episode.id = after;
        book.episodes.insert(after, episode);
    }
    for row in book.alerts.values_mut().filter(|row| row.episode == Some(before)) {
        row.episode = Some(after);
    }
}

//! What is told together: alerts that belong together and come within moments share one message, which changes in place.
//! Only what is graver, or what comes later and would ring, is a message of its own.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{
    Fault, Kind, Notice,
    floor::{self, Known},
    follow, hold,
    kin::{self, Home},
    lead::standing,
    members, set_held,
    storm::{changes_at, is_unheard, sooner},
};
use crate::{
    alert::calendar::Calendar,
    store::{
        book::Book,
        episodes::{EpisodeId, EpisodeRow, Mended},
    },
};

/// After how long something critical is told again that nobody took on; then each wait is three times as long.
pub(super) const REMIND_FIRST: Duration = Duration::from_secs(300);
/// The end of what was shorter than this only changes its message: nobody has to be called twice for it.
const IN_PLACE_MOST: Duration = Duration::from_secs(300);

/// What a message names that is over.
const MENDED_MAX: usize = 6;

/// Tells an alert with others that it belongs to, or begins to, where it waits for a cause after so long.
pub(super) fn join(
    book: &mut Book,
    calendar: &Calendar,
    key: &str,
    wait: Duration,
    now: UnixMillis,
) -> Vec<Notice> {
    let Some(fault) = book.alerts.get(key).and_then(Fault::of) else {
        return Vec::new();
    };
    let due_at = now.plus(wait);
    let topic = kin::topic_of(&fault);
    let severity = fault.rule.severity();
    let (id, rings) = match kin::home(book, &fault, &topic, now) {
        Home::WithKin(id) => (
            hold::take_over(book, id, &fault),
            enter(book, id, severity, now, |_| now),
        ),
        Home::WithTopic(id) => {
            let due_at = |episode: &EpisodeRow| match episode.told {
                Some((told, _)) if severity <= told => changes_at(episode, severity, now),
                Some(_) | None => sooner(episode, due_at),
            };
            (id, enter(book, id, severity, now, due_at))
        }
        Home::Alone => {
            let id = EpisodeId(book.next_episode);
            book.next_episode += 1;
            book.episodes.insert(id, begun(id, topic, &fault, due_at));
            (id, false)
        }
    };
    if let Some(row) = book.alerts.get_mut(key) {
        row.episode = Some(id);
    }
    let said = speak(book, calendar, id, rings, now);
    let is_of_it = |notice: Notice| match notice.kind {
        Kind::More => notice.headed_by(key),
        _ => notice,
    };
    said.into_iter().map(is_of_it).collect()
}

/// One more alert in an episode, which speaks of it after a while. Gives whether it speaks at once, in a message that rings.
fn enter(
    book: &mut Book,
    id: EpisodeId,
    severity: Severity,
    now: UnixMillis,
    due_at: impl FnOnce(&EpisodeRow) -> UnixMillis,
) -> bool {
    let Some(episode) = book.episodes.get_mut(&id) else {
        return false;
    };
    let rings = is_unheard(episode, severity, now);
    let due_at = if rings { now } else { due_at(episode) };
    episode.faults += 1;
    episode.due_at = Some(due_at);
    is_news(episode);
    rings
}

/// Something that was told with others is over while those go on: their message says so.
pub(super) fn mended(book: &mut Book, id: EpisodeId, fault: &Fault, now: UnixMillis) {
    let Some(episode) = book.episodes.get_mut(&id) else {
        return;
    };
    episode.mended.retain(|mended| mended.key != fault.key);
    episode.mended.push(Mended {
        key: fault.key.clone(),
        rule: fault.rule.name().to_owned(),
        at: now,
    });
    let too_many = episode.mended.len().saturating_sub(MENDED_MAX);
    episode.mended.drain(..too_many);
}

/// What some message calls over is wrong again, wherever that is told: it says so no more, and is put right.
pub(super) fn is_back(book: &mut Book, key: &str, now: UnixMillis) {
    let is_it = |mended: &Mended| mended.key == key;
    for episode in book.episodes.values_mut() {
        if episode.mended.iter().any(is_it) {
            episode.mended.retain(|mended| !is_it(mended));
            episode.due_at = Some(changes_at(episode, Severity::Info, now));
        }
    }
}

/// One of its alerts is graver now: that is not kept for later.
pub(super) fn hasten(book: &mut Book, calendar: &Calendar, id: EpisodeId, now: UnixMillis) -> Vec<Notice> {
    if let Some(episode) = book.episodes.get_mut(&id) {
        episode.due_at = Some(sooner(episode, now));
        is_news(episode);
    }
    speak_if_due(book, calendar, id, now)
}

/// Whoever took on what was not told yet did not know of this.
fn is_news(episode: &mut EpisodeRow) {
    if episode.told.is_none() {
        episode.acked = None;
    }
}

/// How an alert leaves what it was told with.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// It is well.
    Mended,
    /// Nobody looks at it any more.
    Withdrawn,
}

/// What came back within the hour is told under this number: from now on it is an episode like any other, which is told
/// again until somebody takes it on, if it is critical. Nobody else joins it.
pub(super) fn follow_return(
    book: &mut Book,
    id: EpisodeId,
    lead: &Fault,
    severity: Severity,
    now: UnixMillis,
) {
    let mut episode = begun(id, format!("return {}", lead.key), lead, now);
    episode.due_at = None;
    told_now(&mut episode, severity, now);
    book.episodes.insert(id, episode);
    if let Some(row) = book.alerts.get_mut(&lead.key) {
        (row.episode, row.held) = (Some(id), None);
    }
}

/// One of its alerts is over, or not watched any more; its row is gone already.
pub(super) fn leave(book: &mut Book, id: EpisodeId, fault: Fault, end: End, now: UnixMillis) -> Vec<Notice> {
    let (is_last, times) = (members(book, id).is_empty(), floor::times(book, id));
    let Some(episode) = book.episodes.get_mut(&id) else {
        return Vec::new();
    };
    let Some((told, _)) = episode.told else {
        shrink(book, id);
        return Vec::new();
    };
    if !is_last {
        episode.due_at = Some(changes_at(episode, Severity::Info, now));
        return Vec::new();
    }
    let (faults, acked, was_reminded) = (episode.faults, episode.acked.clone(), episode.reminders > 0);
    let is_event = fault.rule.spec().is_event;
    let lead = match Fault::of_lead(&episode.lead) {
        Some(lead) if faults > 1 => lead,
        Some(_) | None => fault,
    };
    book.episodes.remove(&id);
    let lasted = now.since(lead.since);
    let in_place = lasted < IN_PLACE_MOST || (is_event && lead.rule.spec().is_event);
    let notice = |kind: Kind| Notice {
        kind,
        episode: id,
        severity: told,
        lead: lead.clone(),
        others: Vec::new(),
        mended: Vec::new(),
        faults,
        acked: acked.clone(),
        times: times.clone(),
        rungs: 1,
        loud: told == Severity::Critical,
    };
    let known = Known {
        was_reminded,
        was_acked: acked.is_some(),
    };
    if matches!(end, End::Mended)
        && let Some(told) = floor::ends_in_place(book, id, &lead, (known, !in_place), now)
    {
        return told;
    }
    match end {
        End::Withdrawn => {
            floor::is_over(book, id, now);
            vec![notice(Kind::Withdrawn)]
        }
        End::Mended if in_place => vec![notice(Kind::Resolved { lasted, in_place })],
        End::Mended => {
            floor::spend(book, &lead.key);
            vec![notice(Kind::Resolved { lasted, in_place }), notice(Kind::Settled)]
        }
    }
}

/// One of its alerts went elsewhere before anything was told.
pub(super) fn shrink(book: &mut Book, id: EpisodeId) {
    let left = members(book, id).first().and_then(|row| Fault::of(row));
    match (left, book.episodes.get_mut(&id)) {
        (Some(lead), Some(episode)) => {
            episode.faults = episode.faults.saturating_sub(1).max(1);
            episode.lead = lead.to_lead();
        }
        _ => {
            book.episodes.remove(&id);
        }
    }
}

/// Says what is due: the first message, a graver one, or a change.
pub(super) fn speak_if_due(
    book: &mut Book,
    calendar: &Calendar,
    id: EpisodeId,
    now: UnixMillis,
) -> Vec<Notice> {
    speak(book, calendar, id, false, now)
}

/// The same; where it `rings`, what came since is a message of its own and no change.
fn speak(book: &mut Book, calendar: &Calendar, id: EpisodeId, rings: bool, now: UnixMillis) -> Vec<Notice> {
    let Some(episode) = book.episodes.get(&id) else {
        return Vec::new();
    };
    if episode.due_at.is_none_or(|due_at| due_at > now) {
        return Vec::new();
    }
    if episode.told.is_none() {
        drop_held(book, calendar, id, now);
    }
    let Some(standing) = standing(book, id) else {
        book.episodes.remove(&id);
        return Vec::new();
    };
    let (severity, times) = (standing.severity, floor::times_of(book, id, &standing.lead));
    let is_graver_now = follow::is_graver_now(book, &standing.lead);
    let settles_at = follow::settles_at(book, id, now).filter(|_| severity < Severity::Critical);
    let quiet_until = hold::quiet_until(book, calendar, id, &standing.lead, now).filter(|_| !rings);
    let Some(episode) = book.episodes.get_mut(&id) else {
        return Vec::new();
    };
    if settles_at.is_some() {
        episode.due_at = settles_at;
        return Vec::new();
    }
    let kind = match episode.told {
        None => Kind::First,
        // Something else of the same topic is no worse kind of what was told.
        Some((told, _)) if severity > told && standing.lead.key != episode.lead.key => Kind::More,
        Some((told, _)) if severity > told || is_graver_now => Kind::Worse,
        Some(_) if rings => Kind::More,
        Some(_) => Kind::Update,
    };
    episode.lead = standing.lead.to_lead();
    episode.due_at = None;
    match (&kind, quiet_until) {
        (Kind::Worse | Kind::More, Some(until)) => {
            // It rings when that is over, if it is still so; its message is true until then.
            episode.due_at = Some(until);
            let update = Notice::of(episode, Kind::Update, standing, times);
            return vec![Notice {
                loud: false,
                ..update
            }];
        }
        (Kind::Update, _) => episode.edits += 1,
        _ => told_now(episode, severity, now),
    }
    let is_known = kind == Kind::First && episode.acked.is_some();
    let notice = Notice::of(episode, kind, standing, times);
    vec![Notice {
        loud: notice.loud && !is_known,
        ..notice
    }]
}

/// Between the look that raised it and the end of the wait, something may have come that holds it.
fn drop_held(book: &mut Book, calendar: &Calendar, id: EpisodeId, now: UnixMillis) {
    let keys: Vec<String> = members(book, id).iter().map(|row| row.key.clone()).collect();
    for key in keys {
        if let Some(held) = hold::reason(book, calendar, &key, now) {
            if let Some(row) = book.alerts.get_mut(&key) {
                row.episode = None;
            }
            set_held(book, &key, Some(held));
        }
    }
}

fn told_now(episode: &mut EpisodeRow, severity: Severity, now: UnixMillis) {
    // What is taken on before its first message stays so with it.
    if episode.told.is_some() {
        episode.acked = None;
    }
    episode.told = Some((severity, now));
    episode.edits = 0;
    episode.reminders = 0;
    let is_reminded = severity == Severity::Critical && episode.acked.is_none();
    episode.remind_at = is_reminded.then(|| now.plus(REMIND_FIRST));
}

fn begun(id: EpisodeId, topic: String, fault: &Fault, due_at: UnixMillis) -> EpisodeRow {
    EpisodeRow {
        id,
        topic,
        lead: fault.to_lead(),
        faults: 1,
        due_at: Some(due_at),
        told: None,
        edits: 0,
        acked: None,
        reminders: 0,
        remind_at: None,
        mended: Vec::new(),
    }
}

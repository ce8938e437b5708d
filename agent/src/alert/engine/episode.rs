//! What is told together: alerts that belong together and come within minutes share one message, which changes in place.
//! Only what is graver, or what comes much later, is a message of its own.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{
    Fault, Kind, Notice, floor, follow, hold,
    kin::{self, Home},
    lead::standing,
    members, set_held,
};
use crate::{
    alert::{calendar::Calendar, role::Role, rule::Rule},
    store::{
        book::Book,
        episodes::{EpisodeId, EpisodeRow},
    },
};

/// How long something that has a possible cause, and is not critical, waits for that cause to show itself. What is
/// critical is told at once: a cause that is seen later changes its message.
const CAUSE_WAIT: Duration = Duration::from_secs(60);
/// Before the first edit and before the second: so a storm is told in one message and two edits; the end is the third.
const EDIT_WAITS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];
/// Before what still comes after that is told in a message of its own.
const MORE_WAIT: Duration = Duration::from_secs(300);
/// After how long something critical is told again that nobody took on; then each wait is three times as long.
pub(super) const REMIND_FIRST: Duration = Duration::from_secs(300);
/// Something critical that joins a message rings unless that one rang for something critical within so long: the owner
/// has not read that yet, and will read of this with it.
const HEARD_WITHIN: Duration = Duration::from_secs(60);
/// The end of what was shorter than this only changes its message: nobody has to be called twice for it.
const IN_PLACE_MOST: Duration = Duration::from_secs(300);

/// Tells an alert with others that it belongs to, or begins to.
pub(super) fn join(book: &mut Book, calendar: &Calendar, key: &str, now: UnixMillis) -> Vec<Notice> {
    let Some(fault) = book.alerts.get(key).and_then(Fault::of) else {
        return Vec::new();
    };
    let wait = cause_wait(fault.rule);
    let topic = topic_of(&fault);
    let severity = fault.rule.severity();
    let id = match kin::home(book, &fault, &topic, now) {
        Home::WithKin(id) => enter(book, id, severity, now, |_| Duration::ZERO),
        Home::WithTopic(id) => enter(book, id, severity, now, |episode| match episode.told {
            Some((told, _)) if severity <= told => edit_wait(episode.edits),
            Some(_) | None => wait,
        }),
        Home::Alone => {
            let id = EpisodeId(book.next_episode);
            book.next_episode += 1;
            book.episodes.insert(id, begun(id, topic, &fault, now.plus(wait)));
            id
        }
    };
    if let Some(row) = book.alerts.get_mut(key) {
        row.episode = Some(id);
    }
    let said = speak_if_due(book, calendar, id, now);
    let is_of_it = |notice: Notice| match notice.kind {
        Kind::More => notice.headed_by(key),
        _ => notice,
    };
    said.into_iter().map(is_of_it).collect()
}

/// One more alert in an episode, which speaks of it after a while, or at once in a message that rings.
fn enter(
    book: &mut Book,
    id: EpisodeId,
    severity: Severity,
    now: UnixMillis,
    wait: impl FnOnce(&EpisodeRow) -> Duration,
) -> EpisodeId {
    if let Some(episode) = book.episodes.get_mut(&id) {
        let must_ring = is_unheard(episode, severity, now);
        let wait = if must_ring { Duration::ZERO } else { wait(episode) };
        if must_ring {
            // No change of the last message is left: it speaks in one of its own.
            episode.edits = edits_max();
        }
        episode.faults += 1;
        bring_forward(episode, now.plus(wait));
    }
    id
}

/// Whether the owner, whose telephone rang for what this joins, has put it away since.
fn is_unheard(episode: &EpisodeRow, severity: Severity, now: UnixMillis) -> bool {
    let rang_at = episode
        .told
        .filter(|(told, _)| *told == Severity::Critical)
        .map(|(_, at)| at);
    severity == Severity::Critical && rang_at.is_some_and(|at| now.since(at) >= HEARD_WITHIN)
}

/// Disks of different roles have different causes and mean different things: none hides behind another's message.
fn topic_of(fault: &Fault) -> String {
    let topic = fault.rule.spec().topic;
    match Role::of_key(&fault.key) {
        Role::Shop => format!("{topic:?}"),
        other => format!("{topic:?} {other:?}"),
    }
}

/// One of its alerts is graver now: that is not kept for later.
pub(super) fn hasten(book: &mut Book, calendar: &Calendar, id: EpisodeId, now: UnixMillis) -> Vec<Notice> {
    if let Some(episode) = book.episodes.get_mut(&id) {
        bring_forward(episode, now);
    }
    speak_if_due(book, calendar, id, now)
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
        if episode.edits < edits_max() {
            let due_at = now.plus(edit_wait(episode.edits));
            bring_forward(episode, due_at);
        }
        return Vec::new();
    }
    let (faults, acked_at, was_reminded) = (episode.faults, episode.acked_at, episode.reminders > 0);
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
        faults,
        acked_at,
        times,
        rungs: 1,
        loud: told == Severity::Critical,
    };
    let is_long = !in_place;
    if matches!(end, End::Mended)
        && let Some(told) = floor::ends_in_place(book, id, &lead, (was_reminded, is_long), now)
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

/// Says what is due: the first message, a graver one, an edit, or what came since.
pub(super) fn speak_if_due(
    book: &mut Book,
    calendar: &Calendar,
    id: EpisodeId,
    now: UnixMillis,
) -> Vec<Notice> {
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
    let (severity, times) = (standing.severity, floor::times(book, id));
    let is_graver_now = follow::is_graver_now(book, &standing.lead);
    let settles_at = follow::settles_at(book, id, now).filter(|_| severity < Severity::Critical);
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
        Some(_) if episode.edits < edits_max() => Kind::Update,
        Some(_) => Kind::More,
    };
    episode.lead = standing.lead.to_lead();
    episode.due_at = None;
    if kind == Kind::Update {
        episode.edits += 1;
    } else {
        told_now(episode, severity, now);
    }
    vec![Notice::of(episode, kind, standing, times)]
}

/// Something was done about an alert: the live message says so, while it may still be changed.
#[must_use]
pub fn tell_done(book: &mut Book, key: &str, done: &str) -> Option<Notice> {
    let row = book.alerts.get_mut(key)?;
    done.clone_into(&mut row.detail);
    let id = row.episode?;
    let (standing, times) = (standing(book, id)?, floor::times(book, id));
    let episode = book.episodes.get_mut(&id)?;
    if episode.told.is_none() || episode.edits >= edits_max() {
        return None;
    }
    episode.edits += 1;
    episode.lead = standing.lead.to_lead();
    Some(Notice::of(episode, Kind::Update, standing, times))
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
    episode.told = Some((severity, now));
    episode.edits = 0;
    episode.acked_at = None;
    episode.reminders = 0;
    episode.remind_at = (severity == Severity::Critical).then(|| now.plus(REMIND_FIRST));
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
        acked_at: None,
        reminders: 0,
        remind_at: None,
    }
}

fn bring_forward(episode: &mut EpisodeRow, due_at: UnixMillis) {
    episode.due_at = Some(episode.due_at.map_or(due_at, |before| before.min(due_at)));
}

fn cause_wait(rule: Rule) -> Duration {
    match rule.severity() {
        _ if rule.spec().roots.is_empty() => Duration::ZERO,
        Severity::Critical => Duration::ZERO,
        Severity::Info | Severity::Warning => CAUSE_WAIT,
    }
}

fn edit_wait(edits: u32) -> Duration {
    let at = usize::try_from(edits).unwrap_or(usize::MAX);
    EDIT_WAITS.get(at).copied().unwrap_or(MORE_WAIT)
}

pub(super) fn edits_max() -> u32 {
    u32::try_from(EDIT_WAITS.len()).expect("there are two")
}

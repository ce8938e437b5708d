//! The flap floor: what comes back within the hour is told in one message, which changes with each return and each end;
//! what then stays rings.
//! Of one critical trouble that comes and goes an hour holds three messages: the first, that it is back, and one that is
//! kept for a later return that lasts. A short end changes its message in place; a long one is a message, and takes the
//! place of that last one. Each told return is told again like anything else until somebody takes it on, beside those
//! three. Changes ring nowhere, and keep a pace that Telegram bears. It counts and decides; it never holds an end back.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{FLAP_STANDS, FLAP_WINDOW, Fault, Kind, Notice, Times, episode, hold};
use crate::{
    alert::{calendar::Calendar, rule::Rule},
    store::{
        alerts::AlertRow,
        book::Book,
        episodes::{EpisodeId, FloorRow, Kinds},
    },
};

mod many;
mod said;

pub(super) use many::{is_of_storm, must_last};
use said::{as_it_was, counted, is_told_in, notice};

/// What is critical and back again within the hour rings once it has lasted so long without a break.
pub const CRITICAL_STANDS: Duration = Duration::from_secs(60);
/// After so long without it its message says that it came and went.
pub const FLAP_OVER: Duration = Duration::from_secs(900);
/// Of one trouble within the hour, reminders aside.
const MESSAGES_MAX: u32 = 3;
/// A crash and a hang are two troubles, not one that comes and goes; only from the third time on all count as one.
const OTHER_TROUBLE_RAISES: u32 = 2;
/// How often a message is changed in the long run: a chat bears about one request a second, and others wait for it too.
const CHANGE_EVERY: Duration = Duration::from_secs(3);
/// How far changes may be ahead of that: a hundred of them go out at once.
const CHANGES_AHEAD: Duration = Duration::from_secs(300);

/// It counts once more, whether it is told or not.
pub(super) fn came(book: &mut Book, key: &str, rule: Rule) {
    if let Some(floor) = book.floors.get_mut(key) {
        floor.raises += 1;
        floor.kinds.add(rule.name());
    }
}

/// What it was this time turned out to be something graver.
pub(super) fn became(book: &mut Book, key: &str, before: Rule) {
    let after = book.alerts.get(key).and_then(|row| row.gravest.clone());
    if let (Some(floor), Some(after)) = (book.floors.get_mut(key), after) {
        floor.kinds.becomes(before.name(), &after);
    }
}

/// One of the hour's messages was spent on its end.
pub(super) fn spend(book: &mut Book, key: &str) {
    if let Some(floor) = book.floors.get_mut(key) {
        floor.messages += 1;
    }
}

/// Whether this episode is the one in which it is told that something comes and goes.
pub(super) fn is_flapping(book: &Book, id: EpisodeId) -> bool {
    times(book, id).is_some()
}

/// How often what is told in this episode came, if it comes and goes.
pub(super) fn times(book: &Book, id: EpisodeId) -> Option<Times> {
    book.floors
        .values()
        .find(|floor| is_told_in(floor, id))
        .map(counted)
}

/// How often what heads a message that is about to go out came, if it came before.
pub(super) fn times_of(book: &Book, id: EpisodeId, lead: &Fault) -> Option<Times> {
    times(book, id).or_else(|| many::again(book, lead))
}

/// Whether this return would only change a message that is out: nobody is disturbed by that at night.
pub(super) fn is_in_place(book: &Book, key: &str, now: UnixMillis) -> bool {
    let row = book.alerts.get(key);
    row.and_then(|row| returned(book, row))
        .is_some_and(|(floor, severity)| live(floor, severity, now).is_some())
}

fn is_next_hour(floor: &FloorRow, now: UnixMillis) -> bool {
    now.since(floor.hour_at) >= FLAP_WINDOW
}

/// Tells that it is back within the hour: in place where its message is out, else in a message. `None` when it is new.
pub(super) fn tell_return(book: &mut Book, key: &str, now: UnixMillis) -> Option<Vec<Notice>> {
    let row = book.alerts.get(key)?;
    let (floor, severity) = returned(book, row)?;
    let (lead, live) = (Fault::of(row)?, live(floor, severity, now));
    let Some(id) = live else {
        return Some(in_message(book, lead, severity, now));
    };
    episode::follow_return(book, id, &lead, severity, now);
    let floor = book.floors.get_mut(key)?;
    lead.rule.name().clone_into(&mut floor.rule);
    floor.bad_at = now;
    floor.over_at = None;
    Some(
        change(floor, Kind::Returned, severity, lead, now)
            .into_iter()
            .collect(),
    )
}

/// Tells of it anew, and that the message before goes on there.
fn in_message(book: &mut Book, lead: Fault, severity: Severity, now: UnixMillis) -> Vec<Notice> {
    let id = EpisodeId(book.next_episode);
    let Some(floor) = book.floors.get_mut(&lead.key) else {
        return Vec::new();
    };
    book.next_episode += 1;
    let (replaced, before) = (replaced(floor, &lead), floor.flapping);
    if is_next_hour(floor, now) {
        (floor.hour_at, floor.messages) = (now, 0);
    }
    floor.bad_at = now;
    floor.flapping = Some((now, id));
    floor.over_at = None;
    floor.unsaid = false;
    floor.messages += 1;
    lead.rule.name().clone_into(&mut floor.rule);
    let said = notice(Kind::Flapping, id, severity, lead.clone(), counted(floor));
    if let Some((_, before)) = before {
        book.episodes.remove(&before);
    }
    episode::follow_return(book, id, &lead, severity, now);
    std::iter::once(said).chain(replaced).collect()
}

/// Told of as something new: what comes and goes within the hour after this is a return. Gives what the message that it
/// came and went says from now on.
pub(super) fn count(book: &mut Book, key: &str, now: UnixMillis) -> Option<Notice> {
    let lead = book.alerts.get(key).and_then(Fault::of)?;
    let severity = lead.rule.severity();
    let floor = book.floors.entry(key.to_owned()).or_insert(FloorRow {
        key: key.to_owned(),
        rule: String::new(),
        raised_at: now,
        raises: 1,
        kinds: Kinds::once(lead.rule.name()),
        bad_at: now,
        loudest: severity,
        flapping: None,
        over_at: None,
        messages: 0,
        began_at: lead.since,
        hour_at: now,
        paced_until: now,
        unsaid: false,
    });
    if is_next_hour(floor, now) {
        (floor.hour_at, floor.messages) = (now, 0);
    }
    if now.since(floor.raised_at) >= FLAP_WINDOW {
        floor.raises = 1;
        floor.kinds = Kinds::once(lead.rule.name());
        floor.began_at = lead.since;
    }
    let replaced = replaced(floor, &lead);
    floor.messages += 1;
    lead.rule.name().clone_into(&mut floor.rule);
    floor.raised_at = now;
    floor.bad_at = now;
    floor.loudest = floor.loudest.max(severity);
    floor.flapping = None;
    floor.unsaid = false;
    replaced
}

/// What the owner knew of a return when it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// It was told again.
    pub was_reminded: bool,
    /// Somebody took it on.
    pub was_acked: bool,
}

/// How the end of a return is told where only its message is changed. `None` where it is no such return, where it was
/// told again, or where it was long and left a message of the hour: then the end is a message. One that lasted and never
/// rang, because the hour's messages were spent, may ring where that change comes late.
pub(super) fn ends_in_place(
    book: &mut Book,
    id: EpisodeId,
    fault: &Fault,
    (known, is_long): (Known, bool),
    now: UnixMillis,
) -> Option<Vec<Notice>> {
    let floor = book.floors.values_mut().find(|floor| is_told_in(floor, id))?;
    if known.was_reminded || (is_long && floor.messages < MESSAGES_MAX) {
        floor.over_at = Some(now);
        return None;
    }
    let severity = floor.loudest.min(fault.rule.severity());
    let lasted = now.since(fault.since);
    let rang = floor.flapping.is_some_and(|(told_at, _)| told_at >= fault.since);
    let is_unheard = severity == Severity::Critical && lasted >= CRITICAL_STANDS && !rang && !known.was_acked;
    let kind = Kind::Paused { lasted: Some(lasted) };
    let paused = change(floor, kind, severity, fault.clone(), now).map(|paused| Notice {
        loud: is_unheard,
        ..paused
    });
    Some(paused.into_iter().collect())
}

/// Its message says that it is over, and needs no other change until it is back.
pub(super) fn is_over(book: &mut Book, id: EpisodeId, now: UnixMillis) {
    for floor in book.floors.values_mut().filter(|floor| is_told_in(floor, id)) {
        floor.over_at = Some(now);
    }
}

/// What lasts after its message was changed rings; what has stayed away is said to be over; what has been well for the
/// whole window is forgotten.
pub(super) fn tick(book: &mut Book, calendar: &Calendar, now: UnixMillis) -> Vec<Notice> {
    let mut notices = Vec::new();
    let lasting: Vec<(Fault, Severity)> = book
        .alerts
        .values()
        .filter(|row| rings(book, calendar, row, now))
        .filter_map(|row| Some((Fault::of(row)?, row.loudest?)))
        .collect();
    for (lead, severity) in lasting {
        notices.extend(in_message(book, lead, severity, now));
    }
    let Book { alerts, floors, .. } = book;
    for floor in floors.values_mut() {
        let row = alerts.get(&floor.key);
        notices.extend(catch_up(floor, row, now));
        if row.is_none() && now.since(floor.bad_at) >= FLAP_OVER {
            notices.extend(over(floor, now));
        }
    }
    floors.retain(|key, floor| alerts.contains_key(key) || now.since(floor.bad_at) < FLAP_WINDOW);
    notices
}

/// The floor under something that was told, ended, and is back within the hour, and how grave it is this time. What is
/// graver than what was told is news.
fn returned<'a>(book: &'a Book, row: &AlertRow) -> Option<(&'a FloorRow, Severity)> {
    let floor = book.floors.get(&row.key)?;
    let severity = row.loudest.unwrap_or(Rule::named(&row.rule)?.severity());
    let is_other = floor.raises <= OTHER_TROUBLE_RAISES && floor.rule != row.rule;
    let is_back = row.since > floor.raised_at && row.since.since(floor.bad_at) < FLAP_WINDOW;
    (is_back && severity <= floor.loudest && !is_other).then_some((floor, severity))
}

/// The episode whose message tells this return in place. What is critical rings in every hour in which it goes on.
fn live(floor: &FloorRow, severity: Severity, now: UnixMillis) -> Option<EpisodeId> {
    let rings_again = severity == Severity::Critical && is_next_hour(floor, now);
    floor.flapping.filter(|_| !rings_again).map(|(_, id)| id)
}

/// Whether a return that only changed its message is told in one that rings, because it lasts and nobody is on it.
fn rings(book: &Book, calendar: &Calendar, row: &AlertRow, now: UnixMillis) -> bool {
    let Some((floor, (told_at, id))) = book
        .floors
        .get(&row.key)
        .and_then(|floor| Some((floor, floor.flapping?)))
    else {
        return false;
    };
    let Some(episode) = book.episodes.get(&id).filter(|_| row.episode == Some(id)) else {
        return false;
    };
    let (stands, is_left) = match row.loudest {
        Some(Severity::Critical) => (CRITICAL_STANDS, floor.messages < MESSAGES_MAX),
        Some(Severity::Info | Severity::Warning) | None => (FLAP_STANDS, true),
    };
    let was_in_place = told_at < row.since && episode.reminders == 0;
    let is_due = was_in_place && is_left && now.since(row.since) >= stands;
    is_due && episode.acked.is_none() && hold::reason(book, calendar, &row.key, now).is_none()
}

/// One change of its message; none when they come faster than their pace, and then what is so by the time is said.
fn change(
    floor: &mut FloorRow,
    kind: Kind,
    severity: Severity,
    lead: Fault,
    now: UnixMillis,
) -> Option<Notice> {
    let (_, id) = floor.flapping?;
    let paced = floor.paced_until.max(now);
    floor.unsaid = paced.since(now) > CHANGES_AHEAD;
    if floor.unsaid {
        return None;
    }
    floor.paced_until = paced.plus(CHANGE_EVERY);
    Some(notice(kind, id, severity, lead, counted(floor)))
}

/// Says how it is by now where the last change came too fast.
fn catch_up(floor: &mut FloorRow, row: Option<&AlertRow>, now: UnixMillis) -> Option<Notice> {
    let (_, id) = floor.flapping.filter(|_| floor.unsaid)?;
    match row.filter(|row| row.loudest.is_some()) {
        Some(row) if row.episode == Some(id) => {
            change(floor, Kind::Returned, row.loudest?, Fault::of(row)?, now)
        }
        // A silence holds it.
        Some(_) => None,
        None => {
            let (severity, lead) = (floor.loudest, as_it_was(floor, floor.bad_at)?);
            change(floor, Kind::Paused { lasted: None }, severity, lead, now)
        }
    }
}

/// Changes the message that it comes and goes to say that it is over, once.
fn over(floor: &mut FloorRow, now: UnixMillis) -> Option<Notice> {
    let (_, id) = floor.flapping.filter(|_| floor.over_at.is_none())?;
    floor.over_at = Some(now);
    floor.unsaid = false;
    let lead = as_it_was(floor, floor.began_at)?;
    Some(notice(Kind::Calm, id, floor.loudest, lead, counted(floor)))
}

/// What the message before says once a later one tells of it; nothing where it said already that it was over.
fn replaced(floor: &FloorRow, lead: &Fault) -> Option<Notice> {
    let (_, id) = floor.flapping.filter(|_| floor.over_at.is_none())?;
    Some(notice(
        Kind::Replaced,
        id,
        floor.loudest,
        lead.clone(),
        counted(floor),
    ))
}

//! The flap floor: what comes back within the hour is not told each time, and what then stays is told all the same.
//! Of one trouble that comes and goes an hour holds three messages: the first, that it is back, and one that is kept for
//! a later return that lasts. A short end changes its message in place; a long one is a message, and takes
//! the place of that last one. What lasts after that turns the last message red again, in place. A return that is told
//! and critical is told again like anything else until somebody takes it on, beside those three. It counts and
//! decides; it never holds that something is over.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::{FLAP_STANDS, FLAP_WINDOW, Fault, Kind, Notice, rule_of};
use crate::{
    alert::rule::Rule,
    store::{
        alerts::{AlertRow, Held},
        book::Book,
        episodes::{EpisodeId, FloorRow},
    },
};

/// What is critical and back again within the hour is told once it has lasted so long without a break.
pub const CRITICAL_STANDS: Duration = Duration::from_secs(60);
/// After so long without it the message that it comes and goes is changed to say that it is over for now.
pub const FLAP_OVER: Duration = Duration::from_secs(90);
/// Of one trouble within the hour; what stays for a quarter of an hour after them is told all the same.
const MESSAGES_MAX: u32 = 3;
/// A message is changed at most three times: red, red again or over, and over in the end.
const RED_EDITS_MAX: u32 = 2;
/// A crash and a hang are two troubles, not one that comes and goes; only from the third time on all count as one.
const OTHER_TROUBLE_RAISES: u32 = 2;

/// It counts once more, whether it is told or not.
pub(super) fn came(book: &mut Book, key: &str) {
    if let Some(floor) = book.floors.get_mut(key) {
        floor.raises += 1;
    }
}

/// Whether the owner need not hear of this return, or not yet.
pub(super) fn holds(book: &Book, row: &AlertRow, now: UnixMillis) -> bool {
    let Some((floor, severity)) = returned(book, row) else {
        return false;
    };
    if !is_known(floor, row, severity) {
        return false;
    }
    let lasted = now.since(row.since);
    if has_one_left(floor, row, severity) {
        return lasted < CRITICAL_STANDS;
    }
    lasted < FLAP_STANDS
}

/// Whether a message is left for this return, which the last one did not tell.
fn has_one_left(floor: &FloorRow, row: &AlertRow, severity: Severity) -> bool {
    let is_later = floor.flapping.is_some_and(|(told_at, _)| told_at < row.since);
    severity == Severity::Critical && floor.messages < MESSAGES_MAX && is_later
}

/// One of the hour's messages was spent on its end.
pub(super) fn spend(book: &mut Book, key: &str) {
    if let Some(floor) = book.floors.get_mut(key) {
        floor.messages += 1;
    }
}

/// Whether this episode is a return that was told in the message that it comes and goes.
pub(super) fn is_flapping(book: &Book, id: EpisodeId) -> bool {
    let told_in = |floor: &FloorRow| floor.flapping.is_some_and(|(_, episode)| episode == id);
    book.floors.values().any(told_in)
}

/// Whether the end of this episode is no news: a short return has a message that is changed once it stays away. Of one
/// that was told again, or was long and left a message of the hour, the end is told, and that message needs no other
/// change.
pub(super) fn ends(
    book: &mut Book,
    id: EpisodeId,
    was_reminded: bool,
    is_long: bool,
    now: UnixMillis,
) -> bool {
    let mut floors = book.floors.values_mut();
    let Some(floor) = floors.find(|floor| floor.flapping.is_some_and(|(_, episode)| episode == id)) else {
        return false;
    };
    let is_told = was_reminded || (is_long && floor.messages < MESSAGES_MAX);
    if is_told {
        floor.over_at = Some(now);
        floor.edits += 1;
    }
    !is_told
}

/// The message that it comes and goes; nothing when it is new, or the owner knows. Then a message of an earlier
/// hour that still says so is changed.
pub(super) fn begins_to_flap(book: &mut Book, key: &str, now: UnixMillis) -> Vec<Notice> {
    let found = book.alerts.get(key).and_then(|row| {
        let (floor, severity) = returned(book, row)?;
        let is_news = !is_known(floor, row, severity) || has_one_left(floor, row, severity);
        Some((Fault::of(row)?, severity)).filter(|_| is_news)
    });
    let (Some((lead, severity)), Some(floor)) = (found, book.floors.get_mut(key)) else {
        return Vec::new();
    };
    let episode = EpisodeId(book.next_episode);
    book.next_episode += 1;
    let before = over(floor, Kind::Replaced, now);
    floor.bad_at = now;
    floor.flapping = Some((now, episode));
    floor.over_at = None;
    floor.edits = 0;
    floor.messages += 1;
    let kind = Kind::Flapping { raises: floor.raises };
    let mut notices = vec![notice(kind, episode, severity, lead)];
    notices.extend(before);
    notices
}

/// It is told: from now on its return within the hour is no news.
pub(super) fn count(book: &mut Book, key: &str, now: UnixMillis) {
    let Some(rule) = rule_of(book, key) else { return };
    let severity = rule.severity();
    let floor = book.floors.entry(key.to_owned()).or_insert(FloorRow {
        key: key.to_owned(),
        rule: String::new(),
        raised_at: now,
        raises: 1,
        bad_at: now,
        loudest: severity,
        flapping: None,
        over_at: None,
        edits: 0,
        messages: 0,
    });
    if now.since(floor.raised_at) >= FLAP_WINDOW {
        floor.raises = 1;
        floor.messages = 0;
    }
    floor.messages += 1;
    rule.name().clone_into(&mut floor.rule);
    floor.raised_at = now;
    floor.bad_at = now;
    floor.loudest = floor.loudest.max(severity);
}

/// What lasts again, or is over for now, is said in its message; what has been well for the whole window is forgotten.
pub(super) fn calm(book: &mut Book, now: UnixMillis) -> Vec<Notice> {
    let Book { alerts, floors, .. } = book;
    let mut notices = Vec::new();
    for floor in floors.values_mut() {
        match alerts.get(&floor.key) {
            Some(row) => notices.extend(back(floor, row, now)),
            None if now.since(floor.bad_at) >= FLAP_OVER => notices.extend(over(floor, Kind::Calm, now)),
            None => {}
        }
    }
    floors.retain(|key, floor| alerts.contains_key(key) || now.since(floor.bad_at) < FLAP_WINDOW);
    notices
}

/// The floor under something that was told, ended, and is back within the hour, and how grave it is this time. What is
/// graver than what was told, and what is critical in the next hour again, is news.
fn returned<'a>(book: &'a Book, row: &AlertRow) -> Option<(&'a FloorRow, Severity)> {
    let floor = book.floors.get(&row.key)?;
    let rule = Rule::named(&row.rule)?;
    let severity = row.loudest.unwrap_or(rule.severity());
    let is_other = floor.raises <= OTHER_TROUBLE_RAISES && floor.rule != row.rule;
    let is_next_hour = severity == Severity::Critical && row.since.since(floor.raised_at) >= FLAP_WINDOW;
    let is_back = row.since > floor.raised_at && row.since.since(floor.bad_at) < FLAP_WINDOW;
    (is_back && severity <= floor.loudest && !is_other && !is_next_hour).then_some((floor, severity))
}

/// Whether this hour's message that it comes and goes is out. For less than critical every hour is the same.
fn is_known(floor: &FloorRow, row: &AlertRow, severity: Severity) -> bool {
    floor
        .flapping
        .is_some_and(|(told_at, _)| severity < Severity::Critical || row.since.since(told_at) < FLAP_WINDOW)
}

/// Changes the message that it comes and goes when this return lasts, once for each: whoever looks at the chat must not
/// read that it is over. It leaves one change for the end.
fn back(floor: &mut FloorRow, row: &AlertRow, now: UnixMillis) -> Option<Notice> {
    let (_, episode) = floor.flapping?;
    let lead = Fault::of(row)?;
    let is_told = floor.bad_at >= row.since;
    let lasts = row.held == Some(Held::Flapping) && now.since(row.since) >= CRITICAL_STANDS;
    if is_told || !lasts || floor.edits >= RED_EDITS_MAX {
        return None;
    }
    floor.bad_at = now;
    floor.over_at = None;
    floor.edits += 1;
    let kind = Kind::Returned { raises: floor.raises };
    Some(notice(kind, episode, lead.rule.severity(), lead))
}

/// Changes the message that it comes and goes to say that it is over, once.
fn over(floor: &mut FloorRow, kind: Kind, now: UnixMillis) -> Option<Notice> {
    let (since, episode) = floor.flapping.filter(|_| floor.over_at.is_none())?;
    // What was told anew since then was told as over, too.
    let kind = if floor.raised_at > since {
        Kind::Replaced
    } else {
        kind
    };
    floor.over_at = Some(now);
    floor.edits += 1;
    let lead = Fault {
        key: floor.key.clone(),
        rule: Rule::named(&floor.rule)?,
        detail: String::new(),
        value: None,
        since,
    };
    Some(notice(kind, episode, floor.loudest, lead))
}

fn notice(kind: Kind, episode: EpisodeId, severity: Severity, lead: Fault) -> Notice {
    // A change rings nowhere, and neither does the message that it is where nothing can be changed.
    let loud = !kind.is_edit() && severity > Severity::Info;
    Notice {
        kind,
        episode,
        severity,
        lead,
        others: Vec::new(),
        faults: 1,
        acked_at: None,
        rungs: 1,
        loud,
    }
}

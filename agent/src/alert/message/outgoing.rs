//! A message when it goes out: as it was queued, with what became of it meanwhile noted beside it.
//! It sends nothing.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{MESSAGE_UNITS_MAX, Voice, moment};
use crate::{
    alert::{
        engine::CRITICAL_STANDS,
        text::{cut, moment_beside, units},
        words::phrases,
    },
    store::outbox::{Message, Waiting},
};

/// Ways that a message takes together may differ by this much.
const SAME_MOMENT: Duration = Duration::from_secs(30);
/// What waited for so long waited through an outage.
const OUTAGE_LEAST: Duration = Duration::from_secs(30);

/// How long what comes and goes is well before that is a message of its own, where no message can be changed: the first
/// time after it rang.
pub const STAYS_AWAY: Duration = Duration::from_secs(30);
/// By then the end itself is told, however often that was told before.
pub const STAYS_AWAY_MOST: Duration = Duration::from_secs(900);
/// How long what is back by a change of its message lasts before that is a message, where no message can be changed: one that
/// lasts rings by then.
pub const LASTS: Duration = CRITICAL_STANDS.saturating_add(Duration::from_secs(15));

/// Whether it is no older than the words that something is well for the moment, or back, may grow on purpose.
fn is_held_on_purpose(row: &Waiting, now: UnixMillis) -> bool {
    let most = match row.message.open {
        true => LASTS,
        false => STAYS_AWAY_MOST,
    };
    row.message.in_passing && now.since(row.created_at) < most + OUTAGE_LEAST
}

/// Whether it came late, and not on purpose.
#[must_use]
pub fn waited_in_vain(row: &Waiting, now: UnixMillis) -> bool {
    is_late(row, now) && !is_held_on_purpose(row, now)
}

/// Whether it has waited through an outage: longer than the pace of messages or a second try explains. What waits for the
/// morning has not.
#[must_use]
pub fn is_late(row: &Waiting, now: UnixMillis) -> bool {
    let due_at = row
        .message
        .not_before
        .map_or(row.created_at, |due_at| due_at.max(row.created_at));
    now.since(due_at) >= OUTAGE_LEAST
}

/// The text of a row when it goes out: marked when it may have arrived before, with its true time when it comes late, and
/// with where it went meanwhile.
#[must_use]
pub fn outgoing(voice: &Voice, row: &Waiting, is_edit: bool, now: UnixMillis) -> String {
    let mut notes = String::new();
    if !is_edit && waited_in_vain(row, now) {
        let at = moment(&voice.timezone, row.happened_at());
        let late = match row.may_be_repeated() {
            true => phrases(voice.language).of_then,
            false => phrases(voice.language).late,
        };
        notes += &format!("\n\n({})", late.replace("{at}", &at));
    }
    if let Some(note) = elsewhere(voice, row, now) {
        notes += &format!("\n\n({note})");
    }
    // To edit twice is the same as once.
    let is_marked = row.message.text.starts_with(phrases(voice.language).repeated);
    let mark = match row.may_be_repeated() && !is_edit && !is_marked {
        true => format!("{} ", phrases(voice.language).repeated),
        false => String::new(),
    };
    // A message that is too long arrives nowhere: its own end goes before what is noted.
    let room = MESSAGE_UNITS_MAX.saturating_sub(units(&mark) + units(&notes));
    format!("{mark}{}{notes}", cut(&row.message.text, room))
}

/// The same message, marked: an agent before may have told it.
#[must_use]
pub fn marked(voice: &Voice, message: Message) -> Message {
    let mark = phrases(voice.language).repeated;
    Message {
        headline: format!("{mark} {}", message.headline),
        text: format!("{mark} {}", message.text),
        ..message
    }
}

/// That this way is back, and which way told the owner meanwhile. Nothing of what goes two ways at once, as a
/// reminder does, nor under what only marks a message as over.
pub(super) fn elsewhere(voice: &Voice, row: &Waiting, now: UnixMillis) -> Option<String> {
    let told = row.elsewhere.as_ref()?;
    let only_marks = row.message.is_edit && !row.message.open && !row.message.follows_up;
    let went_both_ways = !told.climbed && now.since(told.sent_at) < SAME_MOMENT;
    let waited_on_purpose = !told.climbed && is_held_on_purpose(row, now);
    if only_marks || went_both_ways || waited_on_purpose {
        return None;
    }
    let at = moment_beside(&voice.timezone, told.sent_at, row.happened_at());
    let note = phrases(voice.language).elsewhere;
    Some(note.replace("{at}", &at).replace("{way}", &told.rung))
}

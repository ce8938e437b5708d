//! When a message that is out is changed for what joins it: soon after the first that does, and for the last time once the
//! storm is calm. So one storm is one message and two changes, and the end is the third.
//! It says nothing, and what must ring is not kept for a change.

use std::time::Duration;

use protocol::{incident::Severity, time::UnixMillis};

use super::kin::JOIN_WINDOW;
use crate::store::episodes::EpisodeRow;

/// How often a message is changed for what joins it: the end is the third time.
pub(super) const EDITS_MAX: u32 = 2;
/// Before the first change: what comes together is told together.
const GATHERS: Duration = Duration::from_secs(10);
/// A storm in which nothing came and nothing ended for so long is calm: the last change tells all of it.
const CALM: Duration = Duration::from_secs(30);
/// What a message that has had its changes still calls wrong, and what joins it without a sound, waits for so long.
const PUT_RIGHT: Duration = Duration::from_secs(300);
/// What joins a message rings unless that one rang for something as grave within so long: the owner has not read that yet,
/// and will read of this with it.
pub(super) const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// When a message that is out is changed for something of this severity that came or went: soon the first time, and then once
/// the storm is calm. What has had its changes waits longer for what needs no sound.
pub(super) fn changes_at(episode: &EpisodeRow, severity: Severity, now: UnixMillis) -> UnixMillis {
    match (episode.edits, storm_ends(episode)) {
        (0, _) | (_, None) => sooner(episode, now.plus(GATHERS)),
        (EDITS_MAX.., _) if severity < Severity::Warning => sooner(episode, now.plus(PUT_RIGHT)),
        (_, Some((heard_at, most_at))) if now < most_at => now.plus(CALM).max(heard_at).min(most_at),
        (_, Some(_)) => sooner(episode, now.plus(CALM)),
    }
}

/// The earlier of this moment and of the one that the episode waits for already.
pub(super) fn sooner(episode: &EpisodeRow, due_at: UnixMillis) -> UnixMillis {
    episode.due_at.map_or(due_at, |before| before.min(due_at))
}

/// Of a message that is out: until when the owner has not put it away, and until when a storm may keep its last change back.
/// What is critical and comes after the first rings by itself.
fn storm_ends(episode: &EpisodeRow) -> Option<(UnixMillis, UnixMillis)> {
    let (told, told_at) = episode.told?;
    let heard_at = told_at.plus(HEARD_WITHIN);
    let most_at = match told {
        Severity::Critical => heard_at.plus(CALM),
        Severity::Info | Severity::Warning => told_at.plus(JOIN_WINDOW),
    };
    Some((heard_at, most_at))
}

/// By when the owner is told what this episode has not named yet, however much comes after it.
#[must_use]
pub fn told_by(episode: &EpisodeRow) -> Option<UnixMillis> {
    let due_at = episode.due_at?;
    let most_at = storm_ends(episode).filter(|_| episode.edits > 0);
    Some(most_at.map_or(due_at, |(_, most_at)| due_at.max(most_at)))
}

/// Whether the owner, whose telephone rang for what this joins, has put it away since.
pub(super) fn is_unheard(episode: &EpisodeRow, severity: Severity, now: UnixMillis) -> bool {
    let rang_at = episode
        .told
        .filter(|(told, _)| *told == Severity::Critical)
        .map(|(_, at)| at);
    severity == Severity::Critical && rang_at.is_some_and(|at| now.since(at) >= HEARD_WITHIN)
}

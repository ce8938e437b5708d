//! What of a message that goes on is over by itself, or back: the message says so.
//! It says nothing itself.

use protocol::{incident::Severity, time::UnixMillis};

use super::{Fault, storm::changes_at};
use crate::store::{
    book::Book,
    episodes::{EpisodeId, Mended},
};

/// What a message names that is over.
const MENDED_MAX: usize = 6;

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

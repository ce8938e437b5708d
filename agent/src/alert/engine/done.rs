//! What was done about an alert by the agent itself: its live message says that it has begun and how it ended, and so does
//! the end of the alert.
//! It does nothing about anything, and calls nobody.

use protocol::time::UnixMillis;

use super::{Notice, floor, lead::standing, observe, storm::EDITS_MAX};
use crate::{
    alert::{
        calendar::Calendar,
        rule::{AlertKey, Observation, Rule},
    },
    store::book::Book,
};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It goes on: the message promises its outcome.
    Begun,
    /// Well or badly.
    Ended,
}

/// The live message says what was done, while it may still be changed; an outcome it always says.
#[must_use]
pub fn tell_done(book: &mut Book, key: &str, done: &str, how_far: Done) -> Option<Notice> {
    let row = book.alerts.get_mut(key)?;
    // What it has become meanwhile is told with details of its own.
    if !Rule::named(&row.rule)?.tells_what_was_done() {
        return None;
    }
    done.clone_into(&mut row.detail);
    let id = row.episode?;
    let standing = standing(book, id)?;
    let times = floor::times_of(book, id, &standing.lead);
    let episode = book.episodes.get_mut(&id)?;
    if how_far == Done::Ended {
        episode.edits = episode.edits.min(EDITS_MAX - 1);
    }
    if episode.told.is_none() || episode.edits >= EDITS_MAX {
        return None;
    }
    episode.edits += 1;
    episode.lead = standing.lead.to_lead();
    Some(Notice::of(episode, super::Kind::Update, standing, times))
}

/// A look that found it well, where it is known what was done meanwhile: the end says that, whatever else it was in between.
#[must_use]
pub fn well_again(
    book: &mut Book,
    calendar: &Calendar,
    key: &AlertKey,
    done: &str,
    now: UnixMillis,
) -> Vec<Notice> {
    let mut notices = observe(book, calendar, key, Observation::Fine, now);
    for notice in notices.iter_mut().filter(|notice| !notice.kind.is_open()) {
        let lead = &mut notice.lead;
        if lead.key == key.as_str() && lead.rule.tells_what_was_done() {
            done.clone_into(&mut lead.detail);
        }
    }
    notices
}

//! The word that something which comes and goes is well for the moment. Where messages can be changed it is a change of one;
//! where they cannot, it is a message of its own once the moment has lasted.
//! It sends nothing, and counts none: how often it is told is the store's to know.

use super::{Sender, now};
use crate::store::outbox::Waiting;

/// What becomes of that word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// It is wrong again, or more is known: nobody needs to hear of the moment.
    Ended,
    /// It may be over in a moment.
    Young,
}

impl Sender {
    /// `None` where it is to be told, and for every other row. What is told with its beginning waits for nothing.
    pub(super) fn pause_of(&self, rows: &[Waiting], at: usize) -> Option<Pause> {
        let row = &rows[at];
        if self.channel.can_edit() || !row.message.in_passing || row.message.open {
            return None;
        }
        let is_same = |other: &Waiting| other.message.episode == row.message.episode;
        let is_young = now().since(row.created_at) < self.pace.stays_away;
        match () {
            () if rows[at + 1..].iter().any(is_same) => Some(Pause::Ended),
            () if is_young && !rows[..at].iter().any(is_same) => Some(Pause::Young),
            () => None,
        }
    }
}

//! The words that something which comes and goes is well for the moment, or back. Where messages can be changed they are a
//! change of one; where they cannot, each is a message of its own once it has lasted. That it is well must last longer each
//! time until it rings again: whoever reads there is to know how it stands, and not each coming and going.
//! It sends nothing, and counts none: how often it was told is the store's to know.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{Sender, now};
use crate::store::outbox::Waiting;

/// What becomes of such a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// It is otherwise again, or more is known: nobody needs to hear of the moment.
    Ended,
    /// It may be over in a moment: it waits until then.
    Young(UnixMillis),
}

impl Sender {
    /// `None` where it is to be told, and for every other row. What is told with its beginning waits for nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn pause_of(&self, rows: &[Waiting], at: usize) -> rusqlite::Result<Option<Pause>> {
        let row = &rows[at];
        if self.channel.can_edit() || !row.message.in_passing {
            return Ok(None);
        }
        let is_same = |other: &Waiting| other.message.episode == row.message.episode;
        if rows[at + 1..].iter().any(is_same) {
            return Ok(Some(Pause::Ended));
        }
        if rows[..at].iter().any(is_same) {
            return Ok(None);
        }
        let lasts = match (row.message.open, row.message.loud) {
            (true, _) => self.pace.lasts,
            // It is all that rings of something that lasted.
            (false, true) => self.pace.stays_away,
            (false, false) => {
                let told = self.store.pauses_told(&self.address, row, now())?;
                lasts_before_told(self.pace.stays_away, told)
            }
        };
        let until = row.created_at.plus(lasts);
        Ok((until > now()).then_some(Pause::Young(until)))
    }
}

/// How long it must be well after so many that were told: 30 s, two minutes, eight, and then the end itself comes first.
fn lasts_before_told(first: Duration, told: u32) -> Duration {
    first.saturating_mul(4_u32.saturating_pow(told))
}

//! The word that something which comes and goes is well for the moment. Where messages can be changed it is a change of one;
//! where they cannot, it is a message of its own once the moment has lasted, and each within the hour must last longer than
//! the one before: whoever reads there is to know how it stands, and not each coming and going.
//! It sends nothing, and counts none: how often it was told is the store's to know.

use std::time::Duration;

use super::{Sender, now};
use crate::store::outbox::Waiting;

/// What becomes of that word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// It is wrong again, or more is known: nobody needs to hear of the moment.
    Ended,
    /// It may be over in a moment: it waits for so long.
    Young(Duration),
}

impl Sender {
    /// `None` where it is to be told, and for every other row. What is told with its beginning waits for nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn pause_of(&self, rows: &[Waiting], at: usize) -> rusqlite::Result<Option<Pause>> {
        let row = &rows[at];
        if self.channel.can_edit() || !row.message.in_passing || row.message.open {
            return Ok(None);
        }
        let is_same = |other: &Waiting| other.message.episode == row.message.episode;
        if rows[at + 1..].iter().any(is_same) {
            return Ok(Some(Pause::Ended));
        }
        if rows[..at].iter().any(is_same) {
            return Ok(None);
        }
        // One that rings is all that rings of something that lasted.
        let told = match row.message.loud {
            true => 0,
            false => self.store.pauses_told(&self.address, row, now())?,
        };
        let lasts = lasts_before_told(self.pace.stays_away, told);
        let left = lasts.saturating_sub(now().since(row.created_at));
        Ok((!left.is_zero()).then_some(Pause::Young(left)))
    }
}

/// How long it must be well after so many that were told: 30 s, two minutes, eight, and then the end itself comes first.
fn lasts_before_told(first: Duration, told: u32) -> Duration {
    first.saturating_mul(4_u32.saturating_pow(told))
}

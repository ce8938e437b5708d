//! The words that something which comes and goes is well for the moment, or back. Where messages can be changed they are a
//! change of one; where they cannot, each is a message of its own once it has lasted, as long as the hour has room for that:
//! whoever reads there is to know how it stands, and not each coming and going.
//! It sends nothing, and counts none: how often it was told is the store's to know.

use protocol::time::UnixMillis;

use super::{Sender, now};
use crate::store::outbox::Waiting;

/// An hour holds three messages: once it had this many, what is well stays so for longer before it is said.
const TOLD_BEFORE_MOST: u32 = 1;
/// By so much: whoever reads there is to know within minutes how it ended.
const LONGER: u32 = 4;
/// After as many the end itself comes first.
const TOLD_MOST: u32 = 4;

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
        let lasts = match row.message.open {
            true => self.pace.lasts,
            false => {
                let told = self.store.told_of_late(&self.address, row, now())?;
                match told.count {
                    // The end of what lasted until somebody was reminded of it is no coming and going.
                    _ if told.is_reminder => self.pace.stays_away,
                    0..=TOLD_BEFORE_MOST => self.pace.stays_away,
                    count if count < TOLD_MOST => self.pace.stays_away.saturating_mul(LONGER),
                    _ => self.pace.stays_away_most,
                }
            }
        };
        let until = row.created_at.plus(lasts);
        Ok((until > now()).then_some(Pause::Young(until)))
    }
}

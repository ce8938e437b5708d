//! Several roads to one place: one of them speaks at a time, so that none says what another one is about to have said.
//! It sends nothing. What hangs is waited for seconds only: whoever is next has a time to keep as well, and marks what
//! may be there already.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

use super::{Sender, Turn, now};
use crate::{
    alert::channels::Outcome,
    store::outbox::{There, Waiting},
};

/// Longer than a way that works takes; what is critical is told within its 90 s all the same.
const RIGHT_OF_WAY_LIMIT: Duration = Duration::from_secs(5);

/// What the senders by several roads to one place have in common.
#[derive(Clone, Default)]
pub struct Roads(Arc<Mutex<()>>);

impl Roads {
    /// Waits until no other road has a request open, or for long enough.
    pub(super) async fn right_of_way(&self) -> Option<OwnedMutexGuard<()>> {
        let lock = Arc::clone(&self.0).lock_owned();
        timeout(RIGHT_OF_WAY_LIMIT, lock).await.ok()
    }
}

impl Sender {
    /// Lets go of what the place has got by another way. The oldest of it waits until this one is there, since a way that is
    /// not counts as broken by what waits for it, and so is passed at once by what comes next.
    pub(super) async fn settle(&self, known: &[Waiting]) -> anyhow::Result<Turn> {
        let Some((oldest, others)) = known.split_first() else {
            return Ok(Turn::Idle(Duration::ZERO));
        };
        for row in others {
            self.store.delivery_needless(row, now())?;
        }
        let oldest = std::slice::from_ref(oldest);
        let outcome = self.channel.reach(self.address.chat_id).await;
        match &outcome {
            Outcome::Sent { .. } | Outcome::Taken(_) => {
                self.store.delivery_was_there(&self.address, oldest, now())?;
            }
            Outcome::RetryAfter(_) => {}
            Outcome::Refused(why) => self.failed(oldest, false, true, why)?,
            Outcome::NotSent(why) | Outcome::Unknown(why) => self.failed(oldest, false, false, why)?,
        }
        Ok(Turn::Tried(outcome))
    }
}

/// What is to be said, and what the place has got by another road.
pub(super) fn parted(rows: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    rows.into_iter().partition(|row| row.there != There::Surely)
}

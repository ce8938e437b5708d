//! A moment in which nobody commits, for somebody who begins a read transaction and must know after which commit it
//! stands. A bot that leaves no pause is asked for its write lock turn after turn, and sells in between.
//! It opens no transaction itself, and holds the bot for no longer than one try takes.

use std::{
    sync::mpsc::{Receiver, SyncSender, TryRecvError},
    time::{Duration, Instant},
};

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::{
    Place,
    recorder::{Clock, Ended, Recorder},
};

/// How long the write lock may be held for somebody who takes a base.
const REST_MAX: Duration = Duration::from_millis(200);
/// How long what the bot has just written is read under its lock before that, at most.
const READ_MAX: Duration = Duration::from_millis(100);
/// For how long a moment is looked for; less than whoever asks waits.
const LOOKED_FOR: Duration = Duration::from_secs(4);

/// Nobody can commit while this lives, or until 200 ms are over.
pub struct Rest {
    /// What a read transaction sees that is begun now.
    pub place: Place,
    /// One that is open by then has seen exactly that.
    pub until: Instant,
    _hold: SyncSender<()>,
}

/// The same for another process on this machine.
#[derive(Serialize, Deserialize)]
pub struct Moment {
    /// What a read transaction sees that is begun now.
    pub place: Place,
    /// One that is open by then has seen exactly that. By the clock of the wall, which both read.
    pub until: UnixMillis,
}

impl Rest {
    /// Until `hold` is dropped with it.
    pub(super) fn new(place: Place, until: Instant, hold: SyncSender<()>) -> Self {
        Self {
            place,
            until,
            _hold: hold,
        }
    }

    /// What another process is told.
    #[must_use]
    pub fn moment(&self, now: UnixMillis) -> Moment {
        Moment {
            place: self.place.clone(),
            until: now.plus(self.until.saturating_duration_since(Instant::now())),
        }
    }
}

/// A wish to know exactly which commit a read transaction sees.
pub(super) struct RestRequest {
    /// Gets the place while nobody can commit, and until when that is so at least.
    place: SyncSender<(Place, Instant)>,
    /// Ends when the read transaction is open, or is given up.
    done: Receiver<()>,
    until: Instant,
}

impl RestRequest {
    /// The place goes to `place`; the other end of `done` is dropped when the moment may end.
    pub(super) fn new(place: SyncSender<(Place, Instant)>, done: Receiver<()>) -> Self {
        Self {
            place,
            done,
            until: Instant::now() + LOOKED_FOR,
        }
    }

    /// Whether somebody still waits for it.
    pub(super) fn is_open(&self) -> bool {
        let is_there = matches!(self.done.try_recv(), Err(TryRecvError::Empty));
        is_there && Instant::now() < self.until
    }

    /// Holds the write lock until a read transaction is open that sees exactly the place that is handed out. False when
    /// the bot kept the lock, or had written more than can be read meanwhile.
    pub(super) fn grant(&self, recorder: &mut Recorder, now: Clock) -> Result<bool, Ended> {
        if !recorder.follower.source().lock()? {
            return Ok(false);
        }
        let place = recorder
            .catch_up(READ_MAX, now)
            .and_then(|is_all| Ok(if is_all { Some(recorder.place()?) } else { None }));
        if let Ok(Some(place)) = &place
            && self
                .place
                .try_send((place.clone(), Instant::now() + REST_MAX))
                .is_ok()
        {
            // Ends early when the other side is dropped; nothing is ever sent.
            let _ = self.done.recv_timeout(REST_MAX);
        }
        recorder.follower.source().unlock()?;
        place.map(|place| place.is_some())
    }
}

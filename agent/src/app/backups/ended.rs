//! How a turn of the schedule ended, for the owner who asked for it.
//! It takes no backup.

use crate::{
    backup::{Outcome, Taken},
    console::work::Missed,
};

/// How one turn ended.
pub(super) enum Ended {
    /// There is a new restore point; the remotes that it did not get to, each with the cause.
    Taken(Vec<Missed>),
    /// Somebody takes one by hand at this moment.
    ByHand,
    /// There is none, for this cause, and the capture compares every page before the next one.
    Compared(String),
    /// There is none, for this cause, and there is no room for one.
    NoRoom(String),
    /// There is none, for this cause.
    Failed(String),
}

/// The remotes that the point did not get to.
pub(super) fn missed(taken: &Taken) -> Vec<Missed> {
    let missed = |outcome: &Outcome| {
        Some(Missed {
            remote: outcome.remote.clone(),
            why: outcome.error.clone()?,
        })
    };
    taken.remotes.iter().filter_map(missed).collect()
}

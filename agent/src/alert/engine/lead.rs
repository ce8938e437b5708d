//! What of an episode is wrong at this moment, and what its message is headed by.
//! It changes nothing.

use protocol::incident::Severity;

use super::{Fault, hold, members};
use crate::store::{book::Book, episodes::EpisodeId};

/// What of an episode is wrong now.
pub(super) struct Standing {
    /// The gravest that any of it was.
    pub severity: Severity,
    /// What the message is headed by.
    pub lead: Fault,
    /// What else.
    pub others: Vec<Fault>,
}

/// `None` when nothing of it is.
pub(super) fn standing(book: &Book, id: EpisodeId) -> Option<Standing> {
    let rows = members(book, id);
    let severity = rows.iter().filter_map(|row| row.loudest).max()?;
    let mut faults: Vec<Fault> = rows.iter().filter_map(|row| Fault::of(row)).collect();
    // Of equals the first, which is the oldest.
    let at = (0..faults.len()).min_by_key(|at| rank(book, &faults, *at))?;
    let lead = faults.remove(at);
    Some(Standing {
        severity,
        lead,
        others: faults,
    })
}

/// A cause before what follows from it, then the gravest; of equally grave ones what came of another before that one.
fn rank(book: &Book, faults: &[Fault], at: usize) -> (bool, std::cmp::Reverse<Severity>, bool) {
    let fault = &faults[at];
    let others = || faults.iter().filter(|other| other.key != fault.key);
    let is_explained =
        others().any(|root| hold::explains(book, (&root.key, root.rule), (&fault.key, fault.rule)));
    let is_source = others().any(|other| other.rule.spec().beside.contains(&fault.rule));
    (is_explained, std::cmp::Reverse(fault.rule.severity()), is_source)
}

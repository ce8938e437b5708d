//! Remotes that lack the newest of what this server knows to have lain there, although what is given is had all the same: the
//! owner does not hear of it only when that is needed.
//! It asks nobody.

use crate::{
    backup::{anchor, survey::Survey},
    restore::{Plan, Request},
};

/// A sentence for each of which the plan itself does not tell.
pub(super) fn told(plan: &Plan, request: &Request, survey: &Survey) -> Vec<String> {
    let tells_of = |remote: &str| {
        let mut notes = plan.notes.iter();
        notes.any(|note| note.contains(anchor::PUT_BACK) && note.contains(remote))
    };
    let others = survey.holdings.iter().filter(|(remote, _)| !tells_of(remote));
    let told = others.filter_map(|(remote, names)| {
        let taken = request.arrived.iter().find(|one| one.remote == *remote);
        let taken = taken.map(|one| (&one.chain, one.commit));
        let told = anchor::rolled_back(remote, names, &request.known, taken)?;
        Some(format!("{remote}: {told}. What you get is had without that"))
    });
    told.collect()
}

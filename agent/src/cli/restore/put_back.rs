//! Remotes that lack the newest of what this server knows to have lain there, although what is given is had all the same: the
//! owner does not hear of it only when that is needed.
//! It asks nobody.

use crate::{
    backup::{anchor, survey::Survey},
    restore::{Plan, Request},
};

/// A sentence for each; nothing where the plan itself tells of it.
pub(super) fn told(plan: &Plan, request: &Request, survey: &Survey) -> Vec<String> {
    if plan.notes.iter().any(|note| note.contains(anchor::PUT_BACK)) {
        return Vec::new();
    }
    let told = survey.holdings.iter().filter_map(|(remote, names)| {
        let taken = request.arrived.iter().find(|one| one.remote == *remote);
        let taken = taken.map(|one| (&one.chain, one.commit));
        let told = anchor::rolled_back(remote, names, &request.known, taken)?;
        Some(format!("{remote}: {told}. What you get is had without that"))
    });
    told.collect()
}

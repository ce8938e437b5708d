//! What each remote can do, as `agent check` finds it out, and whether it is the one that is meant.
//! A folder that was not found is not tried: that would begin it anew where it should not be.

use super::{Failure, Finding, finding, told};
use crate::{
    backup::{
        remote::{
            Remote,
            trial::{self, Answer},
        },
        seal::Sealed,
        survey,
        unfilled::Unfilled,
    },
    cli::remotes,
    config::Config,
};

/// A finding for each remote, in the configuration's order.
///
/// # Errors
/// When none of them can be used.
pub(super) async fn findings(config: &Config, probe: &Sealed) -> Result<Vec<Finding>, Failure> {
    let mut opened = remotes::open(config, None)?;
    let unusable = opened.unusable.drain(..);
    let mut found: Vec<(String, Result<String, String>)> =
        unusable.map(|(name, fault)| (name, Err(fault))).collect();
    let waiting = remotes::told(&opened.usable);
    let (folders, far): (Vec<Remote>, Vec<Remote>) = opened.usable.into_iter().partition(Remote::is_folder);
    let trials = survey::at_once(&far, |remote| trial::run(remote, probe)).await;
    opened.usable = folders;
    for (remote, tried) in far.into_iter().zip(trials) {
        found.push((remote.name().to_owned(), told(&tried)));
        // Whoever did not answer is not asked again.
        if tried.iter().any(|it| it.answer == Answer::Yes) {
            opened.usable.push(remote);
        }
    }
    let in_doubt = opened.in_doubt().await;
    let is_in_doubt = |name: &str| in_doubt.iter().any(|it| it.remote == name);
    found.retain(|(name, _)| !is_in_doubt(name));
    found.extend(in_doubt.iter().map(|it| (it.remote.clone(), Err(not_found(it)))));
    opened
        .usable
        .retain(|remote| remote.is_folder() && !is_in_doubt(remote.name()));
    let trials = survey::at_once(&opened.usable, |remote| trial::run(remote, probe)).await;
    drop(waiting);
    let tried = opened.usable.iter().zip(trials);
    found.extend(tried.map(|(remote, tried)| (remote.name().to_owned(), told(&tried))));
    found.sort_by_key(|(name, _)| config.remotes.iter().position(|remote| remote.name == *name));
    let findings = found.into_iter();
    Ok(findings
        .map(|(name, said)| finding(&format!("remote {name}"), said))
        .collect())
}

fn not_found(unfilled: &Unfilled) -> String {
    format!(
        "{}. IT MAY BE NEWER than what the others hold. Where it is new and was never written to, the first backup ends this",
        unfilled.told
    )
}

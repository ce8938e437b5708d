//! Where a point is meant to lie, whether any of these places can take it, and whether one of them holds it in the end.
//! It writes nothing.

use super::{Taken, remote};
use crate::config::{Config, RemoteConfig};

/// Whether a point that is meant for these remotes, or for all when none is named, is meant for this one.
pub(super) fn is_meant_for(only: &[String], remote: &str) -> bool {
    only.is_empty() || only.iter().any(|name| name == remote)
}

/// A backup for which there is no place, as while its disk is not mounted, is not made at all.
pub(super) fn require_a_place(config: &Config, only: &[String]) -> anyhow::Result<()> {
    let meant = config
        .remotes
        .iter()
        .filter(|remote| is_meant_for(only, &remote.name));
    let refuses = |remote: &RemoteConfig| Some((remote.name.clone(), remote::open(remote).err()?));
    let (count, refused): (usize, Vec<_>) = (meant.clone().count(), meant.filter_map(refuses).collect());
    let told = refused
        .iter()
        .map(|(name, why)| format!("the remote {name} takes no backup: {why}"));
    anyhow::ensure!(
        refused.is_empty() || refused.len() < count,
        "{}",
        told.collect::<Vec<_>>().join("; ")
    );
    Ok(())
}

/// A point that no remote holds does not exist.
pub(super) fn require_held(config: &Config, taken: &Taken) -> anyhow::Result<()> {
    let is_held = taken.remotes.iter().any(|outcome| outcome.error.is_none());
    let complaint = || taken.complaint().unwrap_or_default();
    // The others have theirs: nothing is said of them.
    let is_for_all = taken.remotes.len() == config.remotes.len();
    anyhow::ensure!(is_for_all || is_held, "{}", complaint());
    anyhow::ensure!(
        is_held,
        "no backup exists of this moment: {}; the shop goes on, and its orders since the last backup are on this \
         server only; `agent check` shows how each remote answers",
        complaint()
    );
    Ok(())
}

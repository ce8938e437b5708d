//! What this server remembers, for whoever restores here. On a machine that never ran an agent it is nothing.
//! It is a memory aid: what cannot be read of it stands in nobody's way.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
};

use crate::{
    config::Config,
    restore::{Acknowledged, acknowledged},
    store::{Store, points::KnownPoint},
};

/// The catalogue is a memory aid: one that cannot be read must not stand in the way of a restore.
pub(super) fn known_here(config: &Config) -> BTreeMap<PointId, KnownPoint> {
    Store::open_to_look(&config.state_dir)
        .ok()
        .flatten()
        .and_then(|store| store.points().ok())
        .unwrap_or_default()
}

/// That there is a memory here which cannot be read: an older state is then no surprise to anybody.
pub(super) fn unreadable(config: &Config) -> Option<String> {
    let error = Store::open_to_look(&config.state_dir).err()?;
    Some(format!(
        "what this server remembers of its backups cannot be read ({error:#}): nothing here says whether there was more"
    ))
}

/// The chain that was followed here, and its newest commit.
pub(super) fn seen_here(config: &Config) -> Option<(ChainId, CommitNumber)> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten()?;
    let state = store.capture_state().ok().flatten()?;
    Some((state.chain, state.commit))
}

/// What the remotes that are asked have acknowledged to this server.
pub(super) fn arrived(remote: Option<&str>, config: &Config) -> Vec<Acknowledged> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    let all = store.and_then(|store| acknowledged(&store, remote, &config.owner.timezone).ok());
    all.unwrap_or_default()
}

//! What this server remembers, for whoever restores here. On a machine that never ran an agent it is nothing.
//! It is a memory aid: what cannot be read of it stands in nobody's way.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::PointId,
};

use crate::{
    config::Config,
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

/// The chain that was followed here, and its newest commit.
pub(super) fn seen_here(config: &Config) -> Option<(ChainId, CommitNumber)> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten()?;
    let state = store.capture_state().ok().flatten()?;
    Some((state.chain, state.commit))
}

/// What the remotes that are asked have acknowledged to this server.
pub(super) fn arrived(remote: Option<&str>, config: &Config) -> Vec<(ChainId, CommitNumber)> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    let shipping = store.and_then(|store| store.shipping().ok()).unwrap_or_default();
    let asked = shipping
        .into_iter()
        .filter(|one| remote.is_none_or(|asked| asked == one.remote));
    asked
        .filter_map(|one| one.holds.map(|(chain, commit, _)| (chain, commit)))
        .collect()
}

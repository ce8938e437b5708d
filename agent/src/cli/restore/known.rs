//! What this server remembers, for whoever restores here. On a machine that never ran an agent it is nothing.
//! It is a memory aid: what cannot be read of it stands in nobody's way.

use std::collections::BTreeMap;

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::ClockStep,
    object_key::PointId,
};

use crate::{
    backup::restores::{self, LiveRestore},
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

/// How often this server's clock was set while it followed a chain.
pub(super) fn clock_steps_here(config: &Config) -> BTreeMap<ChainId, Vec<ClockStep>> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    let all = store.and_then(|store| store.clock_steps().ok());
    all.unwrap_or_default()
}

/// The live restores that were done here.
pub(super) fn restored_here(config: &Config) -> Vec<LiveRestore> {
    restores::all(&config.state_dir).unwrap_or_default()
}

/// What the remotes have acknowledged to this server.
pub(super) fn arrived(config: &Config) -> Vec<Acknowledged> {
    let store = Store::open_to_look(&config.state_dir).ok().flatten();
    let all = store.and_then(|store| acknowledged(&store, None).ok());
    all.unwrap_or_default()
}

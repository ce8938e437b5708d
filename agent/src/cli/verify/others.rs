//! Who else writes to a remote, as a comparison of it found by the certificates there.
//! It judges nothing of what they wrote.

use serde_json::Value;

use super::words;
use crate::{
    backup::own::{Other, Own},
    config::Config,
    store::{Store, rehearsal::Rehearsal},
};

/// The other agents.
pub(super) fn of(config: &Config, store: &Store, seen: &Rehearsal) -> anyhow::Result<Vec<Other>> {
    let seen: Value = serde_json::from_str(&seen.seen).unwrap_or_default();
    Ok(Own::of(&config.state_dir, store)?.others_seen(&seen))
}

/// A line for each.
pub(super) fn say(seen: &Rehearsal, others: &[Other], config: &Config) {
    for other in others {
        let at = |at| words::moment(at, &config.owner.timezone);
        println!("{}: {}", seen.remote, other.told(at));
    }
}

//! Who else writes to a remote, as a comparison of it found by the certificates and the names there.
//! It judges nothing of what they wrote.

use anyhow::Context;
use serde_json::Value;

use super::{now, words};
use crate::{
    backup::own::{Other, Own},
    config::Config,
    store::{Store, rehearsal::Rehearsal, twin::Twin},
};

/// All of them.
pub(super) struct Others {
    /// Other agents.
    pub agents: Vec<Other>,
    /// Another server that writes there as this one.
    pub twin: Option<Twin>,
}

impl Others {
    pub(super) fn of(config: &Config, store: &Store, seen: &Rehearsal) -> anyhow::Result<Self> {
        let twin = store.told_twin(&seen.remote, now());
        let seen: Value = serde_json::from_str(&seen.seen).unwrap_or_default();
        Ok(Self {
            agents: Own::of(&config.state_dir, store)?.others_seen(&seen),
            twin: twin.context("asking who else writes there")?,
        })
    }

    /// A line for each.
    pub(super) fn say(&self, seen: &Rehearsal, config: &Config) {
        let at = |at| words::moment(at, &config.owner.timezone);
        let agents = self.agents.iter().map(|other| other.told(at));
        for told in agents.chain(self.twin.iter().map(Twin::told)) {
            println!("{}: {told}", seen.remote);
        }
    }
}

//! What is wanted back, where it goes, and what this machine knows beforehand. Data.
//! It asks nobody.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::{ClockStep, Manifest},
    object_key::PointId,
    time::UnixMillis,
};

use super::{Acknowledged, Selection};
use crate::{
    backup::{anchor::Anchor, restores::LiveRestore},
    store::points::KnownPoint,
};

/// What is wanted back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// The database alone.
    Database,
    /// Configuration, `.env` and logs alone.
    Config,
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The database's own path; the rest into a new folder beside it.
    Live(PathBuf),
    /// A folder that is empty or does not exist.
    Folder(PathBuf),
}

/// What was asked for on the command line.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which moment.
    pub selection: Selection,
    /// Only the chain whose name begins like this.
    pub chain: Option<String>,
    /// What is wanted back.
    pub only: Option<Only>,
    /// Where it goes.
    pub target: Target,
    /// Check every page and index even of a large database.
    pub full_check: bool,
    /// Points that this server's catalogue knows as complete: one that vanished from every remote is told.
    pub known: BTreeMap<PointId, KnownPoint>,
    /// The chain that was followed on this machine, and the newest commit that was seen of it.
    pub seen: Option<(ChainId, CommitNumber)>,
    /// The newest commit that each remote has acknowledged to this server.
    pub arrived: Vec<Acknowledged>,
    /// The same of those that are not asked, since others were named.
    pub elsewhere: Vec<Acknowledged>,
    /// The live restores that were done on this server, and those that led to the server whose backups these are.
    pub restores: Vec<LiveRestore>,
    /// How often this server's clock was set, of each chain.
    pub clock_steps: BTreeMap<ChainId, Vec<ClockStep>>,
    /// The owner has named the agents whose backups are meant: what another one signed is told, and stands in no way.
    pub is_agent_named: bool,
    /// Begin at the newest point alone: who rehearses a point wants to hear of its damage, and of no way around it.
    pub newest_only: bool,
    /// Say in a refusal what can be had instead: that is looked for. Who only asks whether something is there needs none.
    pub wants_offer: bool,
    /// What the owner was told in a summary, and what must still be so.
    pub anchor: Option<Anchor>,
    /// This machine's clock.
    pub now: UnixMillis,
    /// The owner's.
    pub zone: TimeZone,
}

impl Request {
    pub(super) fn is_of_chain(&self, chain: &ChainId) -> bool {
        self.chain
            .as_ref()
            .is_none_or(|beginning| chain.as_str().starts_with(beginning.as_str()))
    }

    /// What this server knows of the database in a point, when it was damaged.
    pub(super) fn damage_of(&self, manifest: &Manifest) -> Option<String> {
        let damage = self.known.get(&manifest.point)?.damage.as_ref()?;
        Some(format!(
            "SQLite found the live database damaged when {}, or what it stands on, was taken ({damage}): a restore checks it \
             again, and refuses it",
            manifest.point
        ))
    }
}

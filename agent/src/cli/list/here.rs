//! What this server knows by itself of its backups, and what `agent list` asks with it.
//! It asks no remote; on a machine that never ran an agent it knows nothing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};

use super::{points::Listed, unfollowed::Unfollowed};
use crate::{
    backup::{
        self,
        capture::Unattended,
        hole::Hole,
        holes::{self, Stand},
        own::{Other, Own},
        ranges::Range,
        survey::{Names, Survey},
    },
    config::Config,
    store::{
        Store, interruptions::EventKind, points::KnownPoint, rehearsal::Kind, shipping::Shipping, torn::Torn,
    },
};

/// Interruptions of the capture that are looked at: more than are kept.
const EVENTS_MAX: usize = 10_000;

/// What this server knows by itself; nothing on a machine that never ran an agent.
#[derive(Default)]
pub(super) struct Here {
    pub points: BTreeMap<PointId, KnownPoint>,
    pub shipping: Vec<Shipping>,
    /// What each remote cannot give, as the newest comparison found it.
    pub torn: BTreeMap<String, Vec<Torn>>,
    /// Objects that the newest comparison of each remote found missing or altered.
    pub altered: BTreeMap<String, BTreeSet<String>>,
    pub drilled: BTreeMap<String, UnixMillis>,
    /// What nobody followed as it happened: its chain is the one that it is found in.
    pub unfollowed: Unfollowed,
    pub slots: Vec<UnixMillis>,
    /// From the capture's last sign to its return.
    pub absences: Vec<(UnixMillis, UnixMillis)>,
    /// Since when nobody follows, longer than a restart.
    pub unattended: Option<Unattended>,
    /// The chain that is followed here, and the newest commit that was seen.
    pub seen: Option<(ChainId, CommitNumber)>,
    /// Whether a backup is being taken here at this moment: it is written down when it has ended.
    pub is_backing_up: bool,
    /// Before this moment retention may have let commits go; nothing where that is not known.
    pub kept_from: Option<UnixMillis>,
    /// What is this agent's own.
    pub own: Own,
    /// Whether an agent ever ran here: else the rules by which was deleted are not known.
    pub is_server: bool,
}

/// The latest start of `keep_within` that was in force for any remote.
fn kept_from(config: &Config, store: &Store, now: UnixMillis) -> anyhow::Result<Option<UnixMillis>> {
    let mut latest = config.retention.map(|retention| retention.window_start(now));
    for remote in &config.remotes {
        latest = latest.max(store.let_go_until(&remote.name)?.filter(|until| *until <= now));
    }
    Ok(latest)
}

fn altered(config: &Config, store: &Store) -> rusqlite::Result<BTreeMap<String, BTreeSet<String>>> {
    let of_remote = |name: &String| {
        let seen = store.last_seen(Kind::Sample, name)?.unwrap_or_default();
        let seen: serde_json::Value = serde_json::from_str(&seen).unwrap_or_default();
        let keys = seen["altered"].as_array().into_iter().flatten();
        let keys = keys.filter_map(|key| key.as_str().map(str::to_owned));
        Ok((name.clone(), keys.collect()))
    };
    config
        .remotes
        .iter()
        .map(|remote| of_remote(&remote.name))
        .collect()
}

fn torn(config: &Config, store: &Store) -> rusqlite::Result<BTreeMap<String, Vec<Torn>>> {
    let names = config.remotes.iter().map(|remote| &remote.name);
    names.map(|name| Ok((name.clone(), store.torn(name)?))).collect()
}

/// The chain that is followed here, and its newest commit.
pub(super) fn seen(config: &Config) -> anyhow::Result<Option<(ChainId, CommitNumber)>> {
    let store = Store::open_to_look(&config.state_dir)?;
    let state = store.map(|store| store.capture_state()).transpose()?.flatten();
    Ok(state.map(|state| (state.chain, state.commit)))
}

impl Here {
    /// Takes in the points that came to be known while the remotes were asked, each on those that list it: what a remote took
    /// after its list is no loss of it.
    pub(super) fn learn(&mut self, config: &Config, survey: &Survey) -> anyhow::Result<()> {
        let Some(store) = Store::open_to_look(&config.state_dir)? else {
            return Ok(());
        };
        for (point, mut known) in store.points()? {
            known
                .verified
                .retain(|remote, _| survey.holders(&point).any(|(holder, _)| holder == remote));
            if !known.verified.is_empty() {
                self.points.entry(point).or_insert(known);
            }
        }
        self.is_backing_up |= backup::is_being_taken(config);
        Ok(())
    }

    pub(super) fn of(config: &Config, now: UnixMillis) -> anyhow::Result<Self> {
        let Some(store) = Store::open_to_look(&config.state_dir)? else {
            return Ok(Self::default());
        };
        let events = store.capture_events(EVENTS_MAX)?;
        let chains: BTreeSet<ChainId> = store
            .points()?
            .into_values()
            .map(|known| known.manifest.chain)
            .collect();
        let moments = |kind: EventKind| {
            let events = events.iter().filter(move |event| event.kind == kind.name());
            events.flat_map(|event| chains.iter().map(move |chain| (chain.clone(), event.at)))
        };
        let unfollowed = Unfollowed {
            steps: moments(EventKind::Resync)
                .chain(moments(EventKind::Redefined))
                .collect(),
            caught_up: moments(EventKind::CaughtUp).collect(),
        };
        Ok(Self {
            points: store.points()?,
            shipping: store.shipping()?,
            torn: torn(config, &store)?,
            altered: altered(config, &store)?,
            drilled: store.drilled_points()?,
            unfollowed,
            slots: store.sampled_slots()?,
            absences: store.absences()?,
            unattended: Unattended::of(config).filter(|it| it.lasts(now)),
            seen: None,
            is_backing_up: backup::is_being_taken(config),
            own: Own::of(&config.state_dir, &store)?,
            kept_from: kept_from(config, &store, now)?,
            is_server: true,
        })
    }

    /// Who else writes to each remote; nobody where nobody does.
    pub(super) fn others(&self, survey: &Survey) -> BTreeMap<String, Vec<Other>> {
        let of_remote = |(remote, names): &(String, Names)| {
            let others = self.own.others(names.keys().map(|name| (name, None)));
            (!others.is_empty()).then(|| (remote.clone(), others))
        };
        survey.holdings.iter().filter_map(of_remote).collect()
    }

    /// Those of the chains that are another agent's.
    pub(super) fn others_chains(
        &self,
        others: &BTreeMap<String, Vec<Other>>,
        commits: &[Range],
    ) -> BTreeSet<ChainId> {
        if others.is_empty() {
            return BTreeSet::new();
        }
        let chains = commits.iter().map(|range| &range.chain);
        chains
            .filter(|chain| !self.own.chains.contains(*chain))
            .cloned()
            .collect()
    }

    /// What the servers before this one followed.
    pub(super) fn earlier_chains(&self) -> BTreeSet<ChainId> {
        let servers = self.own.before.values();
        servers.flat_map(|server| server.chains.keys().cloned()).collect()
    }

    /// What is missing of what the remotes hold together, and no rules of another machine may have let go. Where no capture
    /// ran, a point that this server knows and none of them has tells of no more than its own number.
    pub(super) fn holes(&self, question: &holes::Question<'_>) -> Vec<Hole> {
        let mut holes = holes::of(question).holes;
        holes.retain(|hole| {
            !hole.by_rules && (!hole.is_open || !hole.is_of_points(self.points.keys(), question.points))
        });
        holes
    }

    /// What verify asks of one remote, asked of all that answer together.
    pub(super) fn question<'a>(
        &self,
        listed: &'a Listing,
        survey: &Survey,
        now: UnixMillis,
    ) -> holes::Question<'a> {
        let answers = |name: &str| survey.holdings.iter().any(|(remote, _)| remote == name);
        let shipping = self.shipping.iter().filter(|one| answers(&one.remote));
        holes::Question {
            names: &listed.names,
            points: &listed.points,
            // What waits in the spool is on its way, and what another one holds says nothing of these.
            sent: shipping
                .filter_map(|one| one.holds.clone())
                .map(|(chain, commit, _)| (chain, commit))
                .max_by_key(|(_, commit)| *commit),
            follows: self.seen.as_ref().map(|(chain, _)| chain.clone()),
            never_sent: Vec::new(),
            kept_from: self.kept_from,
            is_pruned_elsewhere: !self.is_server,
            are_rules_unknown: !self.is_server && self.kept_from.is_none(),
            now,
        }
    }
}

/// What all remotes that answer list together, as holes are found in it.
pub(super) struct Listing {
    names: Names,
    points: Vec<Stand>,
}

impl Listing {
    pub(super) fn of(segments: &BTreeMap<SegmentName, u64>, points: &[Listed]) -> Self {
        let names = segments.iter().map(|(name, size)| (name.to_string(), *size));
        Self {
            names: names.collect(),
            points: points.iter().filter_map(Listed::stand).collect(),
        }
    }
}

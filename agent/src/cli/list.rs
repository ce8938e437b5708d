//! `agent list`: what the remotes hold, by their own word, joined with what this server knows or the key opens.
//! It fetches no part of a database and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
    time::UnixMillis,
};
use serde::Serialize;

use super::{ConfigArgument, Failure, ask, load, remotes, words};
use crate::{
    backup::{
        anchor::Anchor,
        holes::{self, Hole, Stand},
        ranges::{self, Range},
        survey::Survey,
    },
    config::{Config, Purpose},
    keys,
    restore::{Sources, ahead_of, one_steps, open_manifest, trust},
    store::{
        Store, interruptions::EventKind, points::KnownPoint, rehearsal::Kind, shipping::Shipping, torn::Torn,
    },
};

mod calendar;
mod doubts;
mod gaps;
mod holding;
mod points;
mod reach;

use doubts::{Doubt, Known};
use gaps::Gap;
use holding::Holding;
use points::Listed;

/// Interruptions of the capture that are looked at: more than are kept.
const EVENTS_MAX: usize = 10_000;

/// Arguments of `agent list`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent list --remote offsite\n  agent list --json --key owner.secret.asc")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Ask only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// The owner's secret key, to open the manifests where this machine knows nothing of them
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The line of a daily summary (point, commit, chain, digest): what it names must still be there
    #[arg(long, value_name = "LINE")]
    anchor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Shown {
    restore_points: Vec<Listed>,
    commits: Vec<Range>,
    gaps: Vec<Gap>,
    doubtful: Vec<Doubt>,
    remotes: Vec<Holding>,
}

/// Asks the remotes and prints.
///
/// # Errors
/// Wrong use, or no remote that answers. One that does not, beside another that does, is only named.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let mut opened = remotes::open(&config, arguments.remote.as_deref())?;
    let mut here = Here::of(&config).unwrap_or_else(|error| {
        // A memory aid: what the remotes hold is shown without it.
        eprintln!("agent: what this server knows of its backups cannot be read: {error:#}");
        Here::default()
    });
    let anchor = arguments.anchor.as_deref().map(Anchor::parse).transpose();
    let anchor = anchor.map_err(Failure::Refused)?;
    let unlocked = match &arguments.key {
        Some(path) => {
            Some(keys::unlock(path, &mut ask::passphrase).map_err(|error| Failure::Failed(error.into()))?)
        }
        None => None,
    };
    let survey = remotes::survey(&mut opened).await;
    // Asked after the list: what was sent meanwhile has been seen, and not the other way round.
    here.seen = seen(&config).unwrap_or_default();
    let kit = arguments
        .key
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    let trust = trust::gather(
        &config.state_dir,
        kit,
        &[],
        &opened.usable,
        &survey,
        &mut Vec::new(),
    )
    .await;
    let cores = super::restore::cores();
    let sources = unlocked.as_ref().map(|keys| Sources {
        remotes: &opened.usable,
        survey: &survey,
        keys,
        signers: &trust.signers,
        cores: &cores,
    });
    let shown = Shown::gather(&survey, &here, sources.as_ref(), anchor.as_ref(), now()).await;
    if arguments.json {
        println!("{}", serde_json::json!(shown));
    } else {
        calendar::print(&shown, &config.owner.timezone);
    }
    passed_over(&survey)
}

impl Shown {
    async fn gather(
        survey: &Survey,
        here: &Here,
        sources: Option<&Sources<'_>>,
        anchor: Option<&Anchor>,
        now: UnixMillis,
    ) -> Self {
        let mut restore_points = Vec::new();
        for point in survey.points().into_iter().rev() {
            let opened = match (here.points.get(&point), sources) {
                (None, Some(sources)) => Some(open_manifest(sources, &point).await),
                _ => None,
            };
            let mut one = points::one(survey, &point, here.points.get(&point), opened);
            one.archive_altered(&here.altered);
            one.doubt(&here.points);
            one.drilled_at = here.drilled.get(point.as_str()).map(|at| words::rfc3339(*at));
            restore_points.push(one);
        }
        let mut segments = survey.all_segments();
        let mut doubtful = {
            let points: Vec<_> = restore_points.iter().filter_map(Listed::place).collect();
            let known = Known {
                points: &points,
                seen: here.seen.as_ref(),
                ahead: ahead_of(now),
            };
            doubts::take_out(&mut segments, &known)
        };
        doubtful.extend(reach::take_out(&mut segments, survey, &here.torn));
        if let Some(sources) = sources {
            doubtful.extend(reach::take_out_unproven(&mut segments, sources, &restore_points).await);
        }
        let mut steps = here.steps.clone();
        if let Some(sources) = sources {
            let opened = one_steps(sources, gaps::suspects(&segments, &here.steps)).await;
            steps.extend(opened.into_iter().map(|name| (name.chain, name.last_at)));
        }
        let mut commits = ranges::of(&segments);
        ranges::lead_from(&mut commits, &reach::whole(&restore_points));
        let mut gaps = gaps::of(&segments, &commits, &restore_points, &steps, &here.slots);
        gaps::add_ends(
            &mut gaps,
            &here.holes(&segments, &restore_points, now),
            &commits,
            &restore_points,
        );
        let seen = holding::Seen {
            believed: &segments,
            points: &restore_points,
            ahead_of: ahead_of(now),
        };
        let remotes = survey
            .holdings
            .iter()
            .map(|(remote, names)| Holding::of(remote, names, here, anchor, &seen));
        Self {
            doubtful,
            remotes: remotes.collect(),
            restore_points,
            commits,
            gaps,
        }
    }
}

fn passed_over(survey: &Survey) -> Result<(), Failure> {
    let silent: Vec<String> = survey
        .silent
        .iter()
        .map(|(remote, why)| format!("{remote} does not answer: {why}"))
        .collect();
    if survey.holdings.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(silent.join("; "))));
    }
    for line in silent {
        eprintln!("agent: passed over: {line}");
    }
    Ok(())
}

/// What this server knows by itself; nothing on a machine that never ran an agent.
#[derive(Default)]
struct Here {
    points: BTreeMap<PointId, KnownPoint>,
    shipping: Vec<Shipping>,
    /// What each remote cannot give, as the newest comparison found it.
    torn: BTreeMap<String, Vec<Torn>>,
    /// Objects that the newest comparison of each remote found missing or altered.
    altered: BTreeMap<String, BTreeSet<String>>,
    drilled: BTreeMap<String, UnixMillis>,
    /// Commits that stand for all that happened while nobody followed: their chain is the one that they are found in.
    steps: BTreeSet<(ChainId, UnixMillis)>,
    slots: Vec<UnixMillis>,
    /// The chain that is followed here, and the newest commit that was seen.
    seen: Option<(ChainId, CommitNumber)>,
    /// Before this moment retention may have let commits go; nothing where that is not known.
    kept_from: Option<UnixMillis>,
    /// Whether an agent ever ran here: else the rules by which was deleted are not known.
    is_server: bool,
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
fn seen(config: &Config) -> anyhow::Result<Option<(ChainId, CommitNumber)>> {
    let store = Store::open_to_look(&config.state_dir)?;
    let state = store.map(|store| store.capture_state()).transpose()?.flatten();
    Ok(state.map(|state| (state.chain, state.commit)))
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

impl Here {
    fn of(config: &Config) -> anyhow::Result<Self> {
        let Some(store) = Store::open_to_look(&config.state_dir)? else {
            return Ok(Self::default());
        };
        let events = store.capture_events(EVENTS_MAX)?.into_iter();
        let resyncs = events.filter(|event| event.kind == EventKind::Resync.name());
        let chains: BTreeSet<ChainId> = store
            .points()?
            .into_values()
            .map(|known| known.manifest.chain)
            .collect();
        let steps = resyncs.flat_map(|event| chains.iter().map(move |chain| (chain.clone(), event.at)));
        Ok(Self {
            points: store.points()?,
            shipping: store.shipping()?,
            torn: torn(config, &store)?,
            altered: altered(config, &store)?,
            drilled: store.drilled_points()?,
            steps: steps.collect(),
            slots: store.sampled_slots()?,
            seen: None,
            kept_from: kept_from(config, &store, now())?,
            is_server: true,
        })
    }

    /// What verify calls missing on one remote, of all that answer together.
    fn holes(&self, segments: &BTreeMap<SegmentName, u64>, points: &[Listed], now: UnixMillis) -> Vec<Hole> {
        let names = segments.iter().map(|(name, size)| (name.to_string(), *size));
        let points: Vec<Stand> = points.iter().filter_map(Listed::stand).collect();
        let found = holes::of(&holes::Question {
            names: &names.collect(),
            points: &points,
            // What waits in the spool is on its way.
            sent: self
                .shipping
                .iter()
                .filter_map(|one| one.holds.clone())
                .map(|(chain, commit, _)| (chain, commit))
                .max_by_key(|(_, commit)| *commit),
            never_sent: Vec::new(),
            kept_from: self.kept_from,
            is_pruned_elsewhere: !self.is_server,
            now,
        });
        found.holes
    }
}

//! `agent list`: what the remotes hold, by their own word, joined with what this server knows or the key opens.
//! It fetches no part of a database and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use protocol::{chain::ChainId, object_key::PointId, time::UnixMillis};
use serde::Serialize;

use super::{ConfigArgument, Failure, ask, load, remotes, words};
use crate::{
    backup::{
        anchor::Anchor,
        ranges::{self, Range},
        survey::Survey,
    },
    config::{Config, Purpose},
    keys,
    restore::{Sources, one_steps, open_manifest, trust},
    store::{Store, interruptions::EventKind, points::KnownPoint, shipping::Shipping},
};

mod calendar;
mod gaps;
mod holding;
mod points;

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
    remotes: Vec<Holding>,
}

/// Asks the remotes and prints.
///
/// # Errors
/// Wrong use, or no remote that answers. One that does not, beside another that does, is only named.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let mut opened = remotes::open(&config, arguments.remote.as_deref())?;
    let here = Here::of(&config).unwrap_or_else(|error| {
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
    let shown = Shown::gather(&survey, &here, sources.as_ref(), anchor.as_ref()).await;
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
    ) -> Self {
        let mut restore_points = Vec::new();
        for point in survey.points().into_iter().rev() {
            let opened = match (here.points.get(&point), sources) {
                (None, Some(sources)) => Some(open_manifest(sources, &point).await),
                _ => None,
            };
            let mut one = points::one(survey, &point, here.points.get(&point), opened);
            one.drilled_at = here.drilled.get(point.as_str()).map(|at| words::rfc3339(*at));
            restore_points.push(one);
        }
        let segments = survey.all_segments();
        let mut steps = here.steps.clone();
        if let Some(sources) = sources {
            let opened = one_steps(sources, gaps::suspects(&segments, &here.steps)).await;
            steps.extend(opened.into_iter().map(|name| (name.chain, name.last_at)));
        }
        let mut commits = ranges::of(&segments);
        let whole = restore_points.iter().filter(|point| point.problems.is_empty());
        let whole: Vec<_> = whole
            .filter_map(|point| Some((point.chain.as_ref()?, point.commit?)))
            .collect();
        ranges::lead_from(&mut commits, &whole);
        let gaps = gaps::of(&segments, &commits, &restore_points, &steps, &here.slots);
        let remotes = survey
            .holdings
            .iter()
            .map(|(remote, names)| Holding::of(remote, names, here, anchor));
        Self {
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
    drilled: BTreeMap<String, UnixMillis>,
    /// Commits that stand for all that happened while nobody followed: their chain is the one that they are found in.
    steps: BTreeSet<(ChainId, UnixMillis)>,
    slots: Vec<UnixMillis>,
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
            drilled: store.drilled_points()?,
            steps: steps.collect(),
            slots: store.sampled_slots()?,
        })
    }
}

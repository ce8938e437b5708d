//! `agent list`: what the remotes hold, by their own word, joined with what this server knows or the key opens.
//! It fetches no part of a database and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use protocol::{chain::ChainId, time::UnixMillis};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{ConfigArgument, Failure, ask, load, remotes, words};
use crate::{
    backup::{
        anchor::Anchor,
        own::Other,
        ranges::{self, Range},
        remote::Remote,
        seal::Keys,
        survey::Survey,
        unfilled::Unfilled,
    },
    config::{Config, Purpose},
    restore::{
        Sources, ahead_of, kinds_of, open_manifest,
        trust::{self, Trust},
    },
};

mod away;
mod calendar;
mod doubts;
mod gaps;
mod here;
mod holding;
mod points;
mod reach;
mod unfollowed;
mod whose;

use doubts::{Doubt, Known};
use gaps::Gap;
use here::{Here, Listing};
use holding::Holding;
use points::Listed;

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
    /// The chains among them that are another agent's.
    #[serde(skip)]
    others_chains: BTreeSet<ChainId>,
    /// Those of them that a server before this one followed.
    #[serde(skip)]
    earlier_chains: BTreeSet<ChainId>,
    gaps: Vec<Gap>,
    /// What is dated after this moment was dated by a clock that was wrong.
    #[serde(skip)]
    ahead: UnixMillis,
    doubtful: Vec<Doubt>,
    remotes: Vec<Holding>,
    /// Those that hold nothing, on a machine whose agent never wrote to any.
    #[serde(skip)]
    unfilled: Vec<Unfilled>,
    /// Where that is which none of them holds.
    #[serde(skip)]
    nowhere: String,
}

/// Asks the remotes and prints.
///
/// # Errors
/// Wrong use, a key that opens nothing, a remote that does not hold what a summary names, or no remote that answers. One that does not, beside another that does, is only named.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let mut opened = remotes::open(&config, arguments.remote.as_deref())?;
    let mut here = Here::of(&config, now()).unwrap_or_else(|error| {
        // A memory aid: what the remotes hold is shown without it.
        eprintln!("agent: what this server knows of its backups cannot be read: {error:#}");
        Here::default()
    });
    let read = |line| Anchor::read(line, &here.points);
    let anchor = arguments.anchor.as_deref().map(read).transpose();
    let anchor = anchor.map_err(Failure::Refused)?;
    let unlocked = match &arguments.key {
        Some(path) => Some(ask::keys(path)?),
        None => None,
    };
    let survey = remotes::survey(&mut opened).await;
    // Asked after the list: what was sent meanwhile has been seen, and not the other way round.
    here.seen = here::seen(&config).unwrap_or_default();
    // What cannot be read was told above.
    let _ = here.learn(&config, &survey);
    let cores = super::restore::cores();
    let keys = unlocked.as_ref().map(|keys| (keys, &cores));
    let trust = trusted(&arguments, &config, (&opened.usable, &survey), keys).await;
    let sources = unlocked.as_ref().map(|keys| Sources {
        remotes: &opened.usable,
        survey: &survey,
        keys,
        signers: &trust.signers,
        cores: &cores,
    });
    let shown = Shown::gather(
        &survey,
        &here,
        sources.as_ref(),
        anchor.as_ref(),
        (&config.owner.timezone, now()),
    )
    .await;
    let wrong_key = arguments.key.as_deref().filter(|_| shown.is_opened_by_none());
    if arguments.json {
        println!("{}", serde_json::json!(shown));
    } else {
        if let Some(key) = wrong_key {
            println!("{} opens none of these restore points:", key.display());
        }
        calendar::print(&shown, &config.owner.timezone);
    }
    passed_over(&survey)?;
    match wrong_key {
        None => shown.fits_summary(),
        Some(key) => Err(Failure::Failed(anyhow::anyhow!(
            "{} is another key than the one that these backups are encrypted to: it opens none of them. That says nothing \
             about the backups; name the right one with --key, whose id stands beside each",
            key.display()
        ))),
    }
}

/// Whose signatures count: with a key also of those whose backups led to a known agent's server.
async fn trusted(
    arguments: &Arguments,
    config: &Config,
    (remotes, survey): (&[Remote], &Survey),
    keys: Option<(&Keys, &Semaphore)>,
) -> Trust {
    let kit = arguments.key.as_deref().and_then(Path::parent);
    let kit = kit.unwrap_or(Path::new("."));
    let mut trust = trust::gather(&config.state_dir, kit, &[], remotes, survey, &mut Vec::new()).await;
    if let Some(keys) = keys {
        super::restore::with_line(&mut trust, (remotes, survey), keys).await;
    }
    trust
}

impl Shown {
    /// Who asks whether a summary still holds hears of it by the exit code, too.
    fn fits_summary(&self) -> Result<(), Failure> {
        let against = self.remotes.iter().filter_map(|holding| {
            let told = holding.against_summary.as_ref()?;
            Some(format!("{}: {told}", holding.name))
        });
        let against: Vec<String> = against.collect();
        match against.is_empty() {
            true => Ok(()),
            false => Err(Failure::Failed(anyhow::Error::msg(against.join("\n  ")))),
        }
    }

    /// Whether a key was tried on intact points, and opens none of them.
    fn is_opened_by_none(&self) -> bool {
        let mut tried = self
            .restore_points
            .iter()
            .filter_map(|point| point.opens)
            .peekable();
        tried.peek().is_some() && !tried.any(|opens| opens)
    }

    async fn gather(
        survey: &Survey,
        here: &Here,
        sources: Option<&Sources<'_>>,
        anchor: Option<&Anchor>,
        (zone, now): (&TimeZone, UnixMillis),
    ) -> Self {
        let others = here.others(survey);
        let restore_points = listed(survey, (here, &others), sources, zone).await;
        let mut segments = survey.all_segments();
        let mut doubtful = {
            let points: Vec<_> = restore_points.iter().filter_map(Listed::place).collect();
            let known = Known {
                points: &points,
                seen: here.seen.as_ref(),
                ahead: sources.is_none().then(|| ahead_of(now)),
            };
            doubts::take_out(&mut segments, &known)
        };
        doubtful.extend(reach::take_out(&mut segments, survey, &here.torn));
        let mut unfollowed = here.unfollowed.clone();
        if let Some(sources) = sources {
            doubtful.extend(reach::take_out_unproven(&mut segments, sources, &restore_points).await);
            for (name, kind) in kinds_of(sources, unfollowed::suspects(&segments, &here.unfollowed)).await {
                unfollowed.add(name, kind);
            }
        }
        let mut commits = ranges::of(&segments);
        ranges::lead_from(&mut commits, &reach::whole(&restore_points));
        let listed = Listing::of(&segments, &restore_points);
        let question = here.question(&listed, survey, now);
        let known = gaps::Known {
            segments: &segments,
            ranges: &commits,
            points: &restore_points,
            ahead: ahead_of(now),
            follows: here.seen.as_ref().map(|(chain, _)| chain),
            absences: &here.absences,
            unattended: here.unattended.map(|it| (it, now)),
        };
        let mut gaps = gaps::of(&known, &unfollowed, &here.slots, &|after, end| {
            !question.is_settled(after, end)
        });
        gaps::add_ends(&mut gaps, &here.holes(&question), &known);
        restorable(&mut commits, &restore_points);
        let seen = holding::Seen {
            believed: &segments,
            points: &restore_points,
            ahead_of: ahead_of(now),
            in_doubt: survey.in_doubt(),
            zone,
        };
        let remotes = survey
            .holdings
            .iter()
            .map(|(remote, names)| Holding::of(remote, names, here, anchor, &seen));
        Self {
            others_chains: here.others_chains(&others, &commits),
            earlier_chains: here.earlier_chains(),
            doubtful,
            remotes: remotes.collect(),
            restore_points,
            commits,
            gaps,
            ahead: ahead_of(now),
            unfilled: survey.unfilled.clone(),
            nowhere: survey.nowhere(),
        }
    }
}

/// Every point, newest first; what this server does not know of it is read where there is a key.
async fn listed(
    survey: &Survey,
    (here, others): (&Here, &BTreeMap<String, Vec<Other>>),
    sources: Option<&Sources<'_>>,
    zone: &TimeZone,
) -> Vec<Listed> {
    let mut restore_points = Vec::new();
    for point in survey.points().into_iter().rev() {
        let opened = match (here.points.get(&point), sources) {
            (None, Some(sources)) => Some(open_manifest(sources, &point).await),
            _ => None,
        };
        let mut one = points::one(survey, &point, here.points.get(&point), (opened, zone));
        one.archive_altered(&here.altered);
        one.leave_to(others);
        one.doubt(&here.points, here.is_backing_up);
        one.drilled_at = here.drilled.get(point.as_str()).map(|at| words::rfc3339(*at));
        restore_points.push(one);
    }
    restore_points
}

/// Says of each range where what can be restored of it begins: at the oldest point that leads there.
fn restorable(commits: &mut [Range], points: &[Listed]) {
    for range in commits {
        let Some(from) = range.restorable_from else {
            continue;
        };
        let mut begins = points
            .iter()
            .filter(|point| point.place() == Some((&range.chain, from)));
        range.first_at = begins.find_map(Listed::moment).unwrap_or(range.first_at);
        range.first = from;
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

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

//! `agent restore`: shows what will be done, asks, does it, and says what was done and what to do next.
//! It decides nothing itself: choosing, checking and swapping are the restore's own.

use std::path::PathBuf;

use protocol::{object_key::Fingerprint, time::UnixMillis};
use tokio::sync::Semaphore;

use super::{ConfigArgument, Failure, ask, interrupted, load, progress, remotes};
use crate::{
    backup::restoring::{Notice, Restoring},
    config::{Config, Purpose},
    keys::kit,
    restore::{
        self, Done, Left, Only, Plan, Reached, Refused, Request, Sources, Target,
        hold::{self, Hold},
        trust::Source,
    },
};

mod after;
mod another;
mod asked;
mod early;
mod elsewhere;
mod in_gap;
mod known;
mod newest;
mod put_back;
mod refusals;
pub(super) use refusals::quoted;
mod told;
mod unattended;
mod whose;
pub(super) use whose::with_line;

use asked::request;
use elsewhere::{Elsewhere, Found};
use known::known_here;
use newest::Here;
use refusals::Unfit;
use told::{gap, json, of_another, show, tell};

const EXAMPLES: &str = "Examples:
  agent restore --latest --key owner.secret.asc
  agent restore --at '2026-11-22 09:14' --key owner.secret.asc --dry-run
  agent restore --before-commit 4711 --key owner.secret.asc
  agent restore --latest --remote offsite --to /tmp/look --key owner.secret.asc --yes

Onto the live path the bot and the agent must be stopped first.
The key's passphrase is asked, or taken from OWNER_KEY_PASSPHRASE.";

/// Arguments of `agent restore`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Everything that there is (also without this option)
    #[arg(long, group = "when")]
    latest: bool,
    /// Everything until this moment: RFC 3339, or '2026-11-22 09:14[:05]' in the owner's time zone
    #[arg(long, value_name = "TIME", group = "when")]
    at: Option<String>,
    /// Everything until this commit
    #[arg(long, value_name = "N", group = "when", allow_negative_numbers = true, value_parser = asked::commit)]
    commit: Option<u64>,
    /// Everything before this commit
    #[arg(long, value_name = "N", group = "when", allow_negative_numbers = true, value_parser = asked::commit)]
    before_commit: Option<u64>,
    /// This restore point and nothing after it, by its name in `agent list`
    #[arg(long, value_name = "ID", group = "when")]
    point: Option<String>,
    /// Of this chain alone, by the beginning of its name in `agent list`: every chain counts its commits from one
    #[arg(long, value_name = "ID")]
    chain: Option<String>,
    /// The line of a daily summary (point, commit, chain, digest): what it names must still be there
    #[arg(long, value_name = "LINE")]
    anchor: Option<String>,
    /// Take it from this remote only
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Only this part of it
    #[arg(long, value_enum, value_name = "WHAT")]
    only: Option<OnlyArgument>,
    /// Restore into this folder, which must be empty or new, and touch nothing live
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// The owner's secret key; without this option owner.secret.asc beside the configuration, as in a recovery kit
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Believe the agent with this fingerprint as well; without this option those of the recovery kit and this server
    #[arg(long, value_name = "FINGERPRINT")]
    trust: Vec<String>,
    /// Check every page and index also of a database over 256 MiB
    #[arg(long)]
    full_check: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show the plan and do nothing; refused where the restore would be
    #[arg(long)]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// What `--only` takes.
#[derive(Clone, Copy, clap::ValueEnum)]
enum OnlyArgument {
    /// The database
    Database,
    /// Configuration, .env and logs
    Config,
}

impl OnlyArgument {
    fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Config => "config",
        }
    }
}

/// Restores, from the choice to the last word.
///
/// # Errors
/// Wrong use (2), or what could not be done and what to do instead (1); then nothing was changed.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    early::refuse(&arguments, &config).await?;
    let _is_on = Restoring::begin(&config.state_dir);
    let known = known_here(&config);
    let here = Here::of(&config, &known);
    let mut request = request(&arguments, arguments.remote.as_deref(), &config, known)?;
    // Held from here on, so that neither program can start while the owner reads the plan.
    let mut hold = held(&request, &arguments, &config)?;
    let mut opened = remotes::open(&config, arguments.remote.as_deref())?;
    let keys = ask::keys(&key_path(&arguments, &config))?;
    let survey = remotes::survey(&mut opened).await;
    let mut notes = first_notes(&request, &config);
    let cores = cores();
    let there = (opened.usable.as_slice(), &survey);
    let (trust, line) = whose::to_trust(
        (&arguments, &config),
        there,
        (&request, &keys, &cores),
        &mut notes,
    )
    .await?;
    request.is_agent_named = trust.source == Source::Named;
    notes.extend(trust.others().filter(|_| request.known.is_empty()));
    request.restores.splice(0..0, line);
    let sources = Sources {
        remotes: &opened.usable,
        survey: &survey,
        keys: &keys,
        signers: &trust.signers,
        cores: &cores,
    };
    let elsewhere = Elsewhere::of(&arguments, &config, &keys);
    let mut plan = match plan(&request, &sources, &arguments, &config).await {
        Ok(plan) => plan,
        Err(unfit) => {
            trust.unheard.iter().for_each(|told| eprintln!("agent: {told}"));
            return Err(elsewhere.told(unfit, Found::Lacking).await);
        }
    };
    told::put_first(&mut plan, notes, &here, (&arguments, &config));
    if !arguments.json {
        show(&plan, trust.source, &config);
    }
    another::refuse_database(&plan, (&arguments, &config), (&request, &sources)).await?;
    restore::require_room(&plan)?;
    if arguments.dry_run {
        return only_shown(&plan, &arguments, &config);
    }
    require_yes(&plan, &here, &arguments)?;
    let shown = plan.notes.clone();
    let done = match carry_out(&mut plan, &sources, hold.as_mut()).await {
        Ok(done) => done,
        Err(failure) => {
            let unfit = midway(failure, (&arguments, &config))?;
            return Err(elsewhere.told(unfit, Found::Damaged).await);
        }
    };
    if arguments.json {
        println!("{}", json(&plan, &done, false));
    } else {
        tell(&plan, &done, &shown, &config);
        if let Some(reached) = done.reached {
            tell_gap(here, request, &sources, (&plan, reached, &config)).await;
        }
    }
    Ok(())
}

/// What a restore that had begun ended with, where that is a refusal.
fn midway(failure: anyhow::Error, at: (&Arguments, &Config)) -> Result<Unfit, Failure> {
    let left = failure.downcast_ref::<Left>().cloned();
    let refused = failure.downcast::<Refused>().map_err(Failure::Failed)?;
    Ok(Unfit::midway(refused, left, at))
}

/// What is to be said before any remote was asked.
fn first_notes(request: &Request, config: &Config) -> Vec<String> {
    let future = early::of_the_future(&request.selection, config);
    future.into_iter().chain(known::unreadable(config)).collect()
}

/// What of all that is known anywhere is not in what was restored.
async fn tell_gap(
    here: Here,
    request: Request,
    sources: &Sources<'_>,
    (plan, reached, config): (&Plan, Reached, &Config),
) {
    let chain = &plan.manifest.chain;
    let (known, beside) = newest::anywhere(here.known, request, sources, (chain, reached)).await;
    let beyond = here.unattended.and_then(|it| unattended::beyond(&it, config));
    println!(
        "{}",
        gap(known.as_ref(), beyond.as_deref(), plan, (reached, config))
    );
    beyond.iter().for_each(|beyond| println!("Besides, {beyond}."));
    beside
        .iter()
        .for_each(|later| println!("{}", of_another(later, reached, config)));
}

/// The live database, where it is to be replaced.
fn held(request: &Request, arguments: &Arguments, config: &Config) -> anyhow::Result<Option<Hold>> {
    let touches_live = matches!(request.target, Target::Live(_)) && request.only != Some(Only::Config);
    let hold = (touches_live && !arguments.dry_run).then(|| hold::take(config));
    hold.transpose()
}

fn require_yes(plan: &Plan, here: &Here, arguments: &Arguments) -> Result<(), Failure> {
    match arguments.yes || ask::confirm(&told::question(plan, here))? {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::anyhow!(
            "not restored: you did not say yes. Nothing was changed"
        ))),
    }
}

/// A plan that nobody asked to be carried out.
fn only_shown(plan: &Plan, arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if arguments.json {
        let nothing = Done {
            notes: plan.notes.clone(),
            ..Done::default()
        };
        println!("{}", json(plan, &nothing, true));
    }
    early::refuse_as_without_dry_run(plan, config)
}

async fn plan(
    request: &Request,
    sources: &Sources<'_>,
    arguments: &Arguments,
    config: &Config,
) -> Result<Plan, Unfit> {
    early::refuse_before_oldest(request, sources, arguments, config).await?;
    let plan = restore::plan(request.clone(), sources).await;
    let mut plan = plan.map_err(|refused| Unfit::of(refused, arguments, config))?;
    let put_back = put_back::told(&plan, request, sources.survey);
    plan.notes.splice(0..0, put_back);
    Ok(plan)
}

/// One more than there are cores would only take memory.
pub(super) fn cores() -> Semaphore {
    Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from))
}

fn key_path(arguments: &Arguments, config: &Config) -> PathBuf {
    match &arguments.key {
        Some(key) => key.clone(),
        None => config.path.with_file_name(kit::SECRET_KEY),
    }
}

/// The agents that the owner vouches for.
fn named(arguments: &Arguments) -> Result<Vec<Fingerprint>, Failure> {
    let without_spaces = |text: &String| text.replace(' ', "").to_uppercase();
    let read = |text: &String| Fingerprint::parse(&without_spaces(text));
    let all: Result<Vec<Fingerprint>, _> = arguments.trust.iter().map(read).collect();
    all.map_err(|error| Failure::Refused(error.to_string()))
}

async fn carry_out(plan: &mut Plan, sources: &Sources<'_>, hold: Option<&mut Hold>) -> anyhow::Result<Done> {
    // Whoever prunes on another machine waits for the end of it.
    let notice = Notice::leave(sources.remotes, sources.survey, now()).await;
    let done = carry_out_or_stop(plan, sources, hold).await;
    notice.take_back().await;
    done
}

async fn carry_out_or_stop(
    plan: &mut Plan,
    sources: &Sources<'_>,
    hold: Option<&mut Hold>,
) -> anyhow::Result<Done> {
    let watcher = progress::watcher();
    // Leaving the work unfinished leaves what was fetched; the swap itself has no point at which it can be left.
    tokio::select! {
        // Listened for from the first moment on.
        biased;
        stopped = interrupted() => stopped?,
        done = restore::carry_out(plan, sources, hold, now(), &*watcher) => return done,
    }
    drop(watcher);
    Err(told::interrupted(&plan.target))
}

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

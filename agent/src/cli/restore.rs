//! `agent restore`: shows what will be done, asks, does it, and says what was done and what to do next.
//! It decides nothing itself: choosing, checking and swapping are the restore's own.

use std::path::PathBuf;

use protocol::{
    object_key::{self, PointId},
    time::UnixMillis,
};

use super::{ConfigArgument, Failure, ask, interrupted, load, progress, remotes};
use crate::{
    backup::{seal::Keys, survey},
    config::{Config, Purpose},
    keys::{self, KeyError, kit},
    restore::{
        self, Done, Only, Plan, Request, Selection, Sources, Target, choose,
        hold::{self, Hold},
    },
    store::Store,
};

mod told;

use told::{json, refusal, show, tell, told};

const EXAMPLES: &str = "Examples:
  agent restore --latest --key owner.secret.asc
  agent restore --at '2026-11-22 09:14' --key owner.secret.asc --dry-run
  agent restore --latest --remote offsite --to /tmp/look --key owner.secret.asc --yes

Onto the live path the bot and the agent must be stopped first.
The key's passphrase is asked, or taken from OWNER_KEY_PASSPHRASE.";

/// Arguments of `agent restore`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The newest restore point (also without this option)
    #[arg(long, conflicts_with_all = ["at", "point"])]
    latest: bool,
    /// The newest restore point not after this moment: RFC 3339, or '2026-11-22 09:14[:05]' in the owner's time zone
    #[arg(long, value_name = "TIME", conflicts_with = "point")]
    at: Option<String>,
    /// This restore point, by its name in `agent list`
    #[arg(long, value_name = "ID")]
    point: Option<String>,
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
    /// Check every page and index also of a database over 256 MiB
    #[arg(long)]
    full_check: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show the plan and do nothing
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
    let request = request(&arguments, &config)?;
    let touches_live = matches!(request.target, Target::Live(_)) && request.only != Some(Only::Config);
    // Held from here on, so that neither program can start while the owner reads the plan.
    let mut hold = match touches_live && !arguments.dry_run {
        true => Some(hold::take(&config)?),
        false => None,
    };
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    let keys = unlock(&arguments, &config)?;
    let survey = survey::ask(&opened.usable, opened.unusable).await;
    let sources = Sources {
        remotes: &opened.usable,
        survey: &survey,
        keys: &keys,
    };
    let plan = restore::plan(request, &sources)
        .await
        .map_err(|refused| told(&refused, &arguments, &config))?;
    if !arguments.json {
        show(&plan, &config);
    }
    restore::require_room(&plan)?;
    if arguments.dry_run {
        if arguments.json {
            println!(
                "{}",
                json(
                    &plan,
                    &Done {
                        notes: plan.notes.clone(),
                        ..Done::default()
                    },
                    true
                )
            );
        }
        return Ok(());
    }
    if !arguments.yes && !ask::confirm("Restore it now?")? {
        return Err(Failure::Failed(anyhow::anyhow!(
            "not restored: you did not say yes. Nothing was changed"
        )));
    }
    let done = carry_out(&plan, &sources, hold.as_mut())
        .await
        .map_err(|failure| refusal(failure, &arguments, &config))?;
    if arguments.json {
        println!("{}", json(&plan, &done, false));
    } else {
        tell(&plan, &done, &config);
    }
    Ok(())
}

fn unlock(arguments: &Arguments, config: &Config) -> Result<Keys, Failure> {
    let key = match &arguments.key {
        Some(key) => key.clone(),
        None => config.path.with_file_name(kit::SECRET_KEY),
    };
    if !key.is_file() {
        let missing = format!(
            "there is no secret key at {}: name the owner's key with --key FILE",
            key.display()
        );
        return Err(Failure::Refused(missing));
    }
    keys::unlock(&key, &mut ask::passphrase).map_err(|error| match error {
        KeyError::NoPassphrase(text) => Failure::Refused(text),
        other => Failure::Failed(other.into()),
    })
}

async fn carry_out(plan: &Plan, sources: &Sources<'_>, hold: Option<&mut Hold>) -> anyhow::Result<Done> {
    let watcher = progress::watcher();
    // Leaving the work unfinished removes what it made; the swap itself has no point at which it can be left.
    tokio::select! {
        done = restore::carry_out(plan, sources, hold, now(), &*watcher) => done,
        stopped = interrupted() => {
            stopped?;
            anyhow::bail!("interrupted: what was fetched is removed. Nothing was changed")
        }
    }
}

fn request(arguments: &Arguments, config: &Config) -> Result<Request, Failure> {
    let selection = match (&arguments.at, &arguments.point) {
        (Some(text), _) => {
            Selection::At(choose::parse_moment(text, &config.owner.timezone).map_err(Failure::Refused)?)
        }
        (_, Some(id)) => {
            Selection::Point(PointId::parse(id).map_err(|error| Failure::Refused(error.to_string()))?)
        }
        _ => Selection::Latest,
    };
    // The catalogue is a memory aid: one that cannot be read must not stand in the way of a restore. What it knows
    // of other remotes says nothing about the one that was asked for.
    let known = Store::open_to_look(&config.state_dir)
        .ok()
        .flatten()
        .and_then(|store| store.points().ok());
    let on_asked = |verified: &std::collections::BTreeMap<String, UnixMillis>| {
        arguments
            .remote
            .as_ref()
            .is_none_or(|remote| verified.contains_key(remote))
    };
    Ok(Request {
        selection,
        only: arguments.only.map(|only| match only {
            OnlyArgument::Database => Only::Database,
            OnlyArgument::Config => Only::Config,
        }),
        target: match &arguments.to {
            Some(folder) => Target::Folder(std::path::absolute(folder).unwrap_or_else(|_| folder.clone())),
            None => Target::Live(config.backup.database.clone()),
        },
        full_check: arguments.full_check,
        known: known
            .into_iter()
            .flatten()
            .filter(|(_, known)| on_asked(&known.verified))
            .map(|(point, known)| {
                let manifest = object_key::manifest(&point, &known.manifest_sha256);
                (point, manifest)
            })
            .collect(),
    })
}

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

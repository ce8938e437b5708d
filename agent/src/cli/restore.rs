//! `agent restore`: shows what will be done, asks, does it, and says what was done and what to do next.
//! It decides nothing itself: choosing, checking and swapping are the restore's own.

use std::path::PathBuf;

use protocol::{object_key::PointId, time::UnixMillis};

use super::{ConfigArgument, Failure, ask, load, progress, remotes, words};
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
    let remotes = remotes::open(&config, arguments.remote.as_deref())?;
    let keys = unlock(&arguments, &config)?;
    let survey = survey::ask(&remotes).await;
    let sources = Sources {
        remotes: &remotes,
        survey: &survey,
        keys: &keys,
    };
    let plan = restore::plan(request, &sources)
        .await
        .map_err(anyhow::Error::from)?;
    if !arguments.json {
        show(&plan, &config);
    }
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
    let done = carry_out(&plan, &sources, hold.as_mut()).await?;
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

async fn carry_out(plan: &Plan, sources: &Sources<'_>, hold: Option<&mut Hold>) -> Result<Done, Failure> {
    let watcher = progress::watcher();
    // Leaving the work unfinished removes what it made; the swap itself has no point at which it can be left.
    tokio::select! {
        done = restore::carry_out(plan, sources, hold, now(), &*watcher) => Ok(done?),
        _ = tokio::signal::ctrl_c() => Err(Failure::Failed(anyhow::anyhow!(
            "interrupted: what was fetched is removed. Nothing was changed"
        ))),
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
            Some(folder) => Target::Folder(folder.clone()),
            None => Target::Live(config.backup.database.clone()),
        },
        full_check: arguments.full_check,
        known: known
            .into_iter()
            .flatten()
            .filter(|(_, known)| on_asked(&known.verified))
            .map(|(point, _)| point)
            .collect(),
    })
}

fn show(plan: &Plan, config: &Config) {
    let manifest = &plan.manifest;
    println!("Restore point  {}", manifest.point);
    println!(
        "Stands at      {}, {} ago",
        words::moment(manifest.taken_at, &config.owner.timezone),
        words::duration(now().since(manifest.taken_at))
    );
    println!("From           {}", plan.remotes.join(", then "));
    if plan.only != Some(Only::Config) {
        let into = match &plan.target {
            Target::Live(path) => format!(
                "{} (what is there now is moved aside, not deleted)",
                path.display()
            ),
            Target::Folder(folder) => folder.join("shop.db").display().to_string(),
        };
        println!("Database       {} → {into}", words::size(manifest.database_bytes));
    }
    if let (Some(files), true) = (&manifest.files, plan.only != Some(Only::Database)) {
        let into = match &plan.target {
            Target::Live(path) => path.with_file_name("restored-<time>/"),
            Target::Folder(folder) => folder.join("files/"),
        };
        println!(
            "Files          {} → {} (over no live file)",
            words::size(files.plain_size_bytes),
            into.display()
        );
    }
    for note in &plan.notes {
        println!("Note           {note}");
    }
}

fn tell(plan: &Plan, done: &Done, config: &Config) {
    let taken_at = plan.manifest.taken_at;
    println!();
    println!(
        "Restored: the shop as it stood at {}, {} before now. What happened after that is not in it.",
        words::moment(taken_at, &config.owner.timezone),
        words::duration(now().since(taken_at))
    );
    for note in done.notes.iter().filter(|note| !plan.notes.contains(note)) {
        println!("Note: {note}.");
    }
    if let Some(database) = &done.database {
        println!(
            "Database: {} (checked: every digest, and SQLite calls it ok)",
            database.display()
        );
    }
    if let Some(replaced) = &done.replaced {
        println!("The database that was there before is in {}", replaced.display());
    }
    if let Some(files) = &done.files {
        println!(
            "Configuration, .env and logs are in {}: compare them and put back what you miss",
            files.display()
        );
    }
    if matches!(plan.target, Target::Live(_)) && done.database.is_some() {
        println!();
        println!("Next: systemctl start {} agent.service", config.bot.unit);
        println!(
            "Sales stay paused until the seller releases them: stock may have been sold after this moment."
        );
    }
}

fn json(plan: &Plan, done: &Done, dry_run: bool) -> serde_json::Value {
    serde_json::json!({
        "id": plan.manifest.point,
        "as_of": words::rfc3339(plan.manifest.taken_at),
        "dry_run": dry_run,
        "remotes": plan.remotes,
        "database": done.database,
        "files": done.files,
        "replaced": done.replaced,
        "notes": done.notes,
    })
}

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

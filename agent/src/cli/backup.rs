//! `agent backup`: one restore point now.
//! It only asks for it and tells the outcome.

use std::{io::Read, sync::Arc};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{ConfigArgument, Failure, interrupted, load, load_for_agent, progress, remotes, words};
use crate::{
    alert::{Alerts, calendar::Calendar, ladder::ladder, message::Voice},
    backup::{
        self, Commits, Outcome, TakeError, Taken, Want, What,
        preflight::KeySource,
        recipients::{BYTES_MAX, Recipients},
    },
    config::{Config, Purpose},
    store::{Store, damaged::Sound, lock, points::KnownPoint},
    watch::backup_outcome,
};

mod damaged;
mod outside;

use outside::Outside;

/// Arguments of `agent backup`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  agent backup --config /etc/warung/agent.toml\n  agent backup --delta\n  agent backup --remote offsite"
)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only what has changed since the newest full backup; a full one when there is none to stand on
    #[arg(long)]
    delta: bool,
    /// Only onto this remote, and others that are named so; without this option onto all
    #[arg(long, value_name = "NAME")]
    remote: Vec<String>,
    /// Where the running agent is asked for the commit that the backup stands at; [http] private when absent
    #[arg(long, value_name = "URL", hide = true)]
    agent: Option<String>,
    /// So many bytes of standard input are the certificates to seal to, which the running agent read before
    #[arg(long, value_name = "N", hide = true, requires = "agent")]
    keys_bytes: Option<u64>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// Takes the backup; also fails when only some of the remotes hold it.
///
/// # Errors
/// Faults in the configuration, or a sentence that names each remote that does not hold the backup.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let keys = arguments.keys_bytes.map(given_keys).transpose()?;
    let path = &arguments.config.path;
    let config = Arc::new(match (&arguments.agent, &keys) {
        (None, _) => match load(path, Purpose::Keep) {
            Ok(config) => config,
            Err(faults) => {
                if arguments.remote.is_empty() {
                    Outside::refused(path, &faults).await;
                }
                return Err(faults.into());
            }
        },
        (Some(_), None) => load_for_agent(path, KeySource::Files)?,
        (Some(_), Some(_)) => load_for_agent(path, KeySource::Agent)?,
    });
    for name in &arguments.remote {
        remotes::require(&config, name)?;
    }
    let store = Arc::new(Store::open(&config.state_dir)?);
    let commits = commits(&arguments, &config, &store)?;
    let want = if arguments.delta { Want::Delta } else { Want::Full };
    let before = store.last_point().context("looking for the point before")?;
    let what = What {
        want,
        only: &arguments.remote,
        keys,
    };
    // The agent that asked tells it itself.
    let outside = match (&arguments.agent, arguments.remote.is_empty()) {
        (None, true) => Outside::begin(&config, &alerts(&config, &store), &store),
        _ => None,
    };
    // Stopped in its middle, it removes what it has staged so far.
    let taken = tokio::select! {
        taken = backup::take(&config, &store, what, commits, progress::watcher()) => {
            if let Ok(taken) = &taken && arguments.agent.is_none() {
                observe(&config, &store, taken);
            }
            if let Some(outside) = outside {
                outside.end(&taken).await;
            }
            taken.map_err(|error| untaken(error, &arguments, &config, &store))?
        }
        () = left_alone(arguments.agent.is_some()) => {
            return Err(Failure::Failed(anyhow::anyhow!("the agent that asked for this backup has ended: there is none")));
        }
        stopped = interrupted() => {
            stopped?;
            return Err(Failure::Failed(stopped_after(&store, before.as_ref())?));
        }
    };
    if arguments.agent.is_some() {
        // The agent that asked tells the owner, and reads the whole.
        println!(
            "{}",
            serde_json::to_string(&taken).context("writing the outcome")?
        );
        return Ok(());
    }
    match arguments.json {
        true => println!("{}", json(&taken)),
        false => tell(&taken, &config, &store),
    }
    for line in &taken.left_out {
        eprintln!("agent: not in the backup: {line}");
    }
    complain(&taken, &config, &store)
}

/// The certificates as the running agent read them last: it has them, and their files do not read.
fn given_keys(bytes: u64) -> anyhow::Result<Arc<Recipients>> {
    let mut given = Vec::new();
    let most = bytes.min(BYTES_MAX);
    std::io::stdin()
        .take(most)
        .read_to_end(&mut given)
        .context("reading the certificates")?;
    anyhow::ensure!(given.len() as u64 == bytes, "the certificates are not whole");
    let keys = Recipients::from_bytes(&given).map_err(anyhow::Error::msg)?;
    Ok(Arc::new(keys))
}

/// What was taken, in words.
fn tell(taken: &Taken, config: &Config, store: &Store) {
    println!(
        "{} {} of {}: database {}, {} on {}.",
        match &taken.base {
            None => "Full backup".to_owned(),
            Some(base) => format!("Delta on {base}:"),
        },
        taken.point,
        words::moment(taken.taken_at, &config.owner.timezone),
        words::size(taken.database_bytes),
        words::size(taken.size_bytes),
        held_by(&taken.remotes)
    );
    if let Some(why) = &taken.full_because {
        println!("It is a full one although a delta was asked for: {why}.");
    }
    if taken.is_alone {
        println!("A chain of its own begins with it: {}", why_alone(store));
    } else if let (Some(chain), Some(older)) = (&taken.left_chain, &taken.older_state) {
        println!(
            "A new chain of commits begins with it: an OLDER state of the database, or another one, lies where the one of \
             the backup before lay: {older}. If that was not meant, `agent restore --latest --chain {}` gives the one before.",
            words::chain(chain)
        );
    } else if let Some(chain) = &taken.left_chain {
        println!(
            "A new chain of commits begins with it: nothing proves that this is the database of the backup before. If it is \
             another one by mistake, mend [backup] database; `agent restore --latest --chain {}` gives the one before.",
            words::chain(chain)
        );
    }
}

/// Which remotes have it, and that it was read back: of one that refused nothing is said but why.
fn held_by(remotes: &[Outcome]) -> String {
    let held = remotes.iter().filter(|it| it.error.is_none());
    let held: Vec<&str> = held.map(|it| it.remote.as_str()).collect();
    let names = held.join(", ");
    match held.len() {
        1 => format!("{names}; read back from there"),
        count if count == remotes.len() => format!("each remote; read back from {names}"),
        _ => format!("each of {names}; read back from there"),
    }
}

/// Why the capture gave no moment to begin in, and what that means.
fn why_alone(store: &Store) -> String {
    match store.capture_fault() {
        Ok(Some(fault)) => format!(
            "the running agent's capture stands still, and no commit after this backup is saved until that is mended: {}.",
            fault.detail
        ),
        _ => "the running agent gave no moment in which nobody committed. It takes one that its commits follow as soon as \
              there is such a moment; `agent status` says whether its capture stands still."
            .to_owned(),
    }
}

/// What the owner must hear although there is one.
fn complain(taken: &Taken, config: &Config, store: &Store) -> Result<(), Failure> {
    match taken.complaint() {
        Some(complaint) if taken.damage.is_some() => Err(Failure::Failed(anyhow::anyhow!(
            "{complaint}.\n{}",
            damaged::way_out(config, sound(store).as_ref())
        ))),
        Some(complaint) => Err(Failure::Failed(anyhow::anyhow!(complaint))),
        None => Ok(()),
    }
}

/// Why there is none, and what can be had all the same.
fn untaken(error: TakeError, arguments: &Arguments, config: &Config, store: &Store) -> Failure {
    let error = anyhow::Error::from(error);
    // The agent that asks puts it into an alert, whose runbook says the same.
    Failure::Failed(match damaged::is_cause(&error) && arguments.agent.is_none() {
        true => anyhow::anyhow!(
            "the database is damaged: {error:#}.\n{}",
            damaged::way_out(config, sound(store).as_ref())
        ),
        false => error,
    })
}

/// Asked once the outcome is written down: a damaged point says how far back the damage goes.
fn sound(store: &Store) -> Option<Sound> {
    let now = UnixMillis(Timestamp::now().as_millisecond());
    store.newest_sound_state(now).unwrap_or_default()
}

/// Resolves when the agent that started this process is no more: then nobody holds the other end of its input.
async fn left_alone(is_child: bool) {
    if !is_child {
        return std::future::pending().await;
    }
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    // A thread of its own, which ends with the process: reading cannot be called off.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = has_ended.await;
}

/// A copy that a remote had got by then counts, and stays.
fn stopped_after(store: &Store, before: Option<&KnownPoint>) -> anyhow::Result<anyhow::Error> {
    let last = store.last_point()?.map(|known| known.manifest.point);
    let new = last.filter(|last| before.is_none_or(|before| before.manifest.point != *last));
    let Some(point) = new else {
        return Ok(anyhow::anyhow!(
            "interrupted: there is no new backup, and nothing is left behind"
        ));
    };
    let holders: Vec<String> = store.holders(&point)?.into_iter().collect();
    Ok(anyhow::anyhow!(
        "interrupted: {point} is whole on {}, and no other remote has it",
        holders.join(", ")
    ))
}

/// The running agent, when there is one; else what it left.
fn commits(arguments: &Arguments, config: &Arc<Config>, store: &Arc<Store>) -> Result<Commits, Failure> {
    let url = match &arguments.agent {
        Some(url) => Some(url.trim_end_matches('/').to_owned()),
        None if lock::is_held(&config.lock_path())? => Some(format!("http://{}", config.http.private)),
        None => None,
    };
    if let Some(url) = url {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .context("preparing to ask the running agent")?;
        return Ok(Commits::Agent {
            url,
            client,
            by_hand: arguments.agent.is_none(),
        });
    }
    let known = store.capture_state().context("asking where the capture stands")?;
    Ok(match known {
        Some(_) => Commits::Resumed {
            config: Arc::clone(config),
            store: Arc::clone(store),
        },
        None => Commits::Unknown,
    })
}

/// What the owner has mended by hand must not go on being told as broken by the running agent. The backup is there in
/// any case.
fn observe(config: &Config, store: &Arc<Store>, taken: &Taken) {
    let now = UnixMillis(Timestamp::now().as_millisecond());
    if let Err(error) = backup_outcome::observe(&alerts(config, store), store, (taken, &[]), now) {
        tracing::warn!(
            error = format!("{error:#}"),
            "the outcome of the backup could not be stored for the agent"
        );
    }
}

fn alerts(config: &Config, store: &Arc<Store>) -> Alerts {
    Alerts::new(
        Arc::clone(store),
        Voice::of(config),
        Calendar::of(config),
        &ladder(config),
    )
    .placed(config)
}

fn json(taken: &Taken) -> serde_json::Value {
    let remotes: Vec<_> = taken
        .remotes
        .iter()
        .map(|it| serde_json::json!({"name": it.remote, "ok": it.error.is_none(), "error": it.error}))
        .collect();
    serde_json::json!({
        "id": taken.point,
        "base": taken.base,
        "full_because": taken.full_because,
        "left_chain": taken.left_chain,
        "older_state": taken.older_state,
        "is_alone": taken.is_alone,
        "taken_at": words::rfc3339(taken.taken_at),
        "database_bytes": taken.database_bytes,
        "size_bytes": taken.size_bytes,
        "remotes": remotes,
        "left_out": taken.left_out,
        "damage": taken.damage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_backup_takes_is_said_of_the_remotes_that_took_it() {
        let outcome = |remote: &str, is_held: bool| Outcome {
            remote: remote.to_owned(),
            error: (!is_held).then(|| "its disk is full".to_owned()),
        };
        let of = |all: &[(&str, bool)]| {
            let all: Vec<Outcome> = all.iter().map(|(name, held)| outcome(name, *held)).collect();
            held_by(&all)
        };
        assert_eq!(
            of(&[("a", true), ("b", true)]),
            "each remote; read back from a, b"
        );
        assert_eq!(of(&[("a", false), ("b", true)]), "b; read back from there");
        assert_eq!(
            of(&[("a", true), ("b", false), ("c", true)]),
            "each of a, c; read back from there"
        );
    }
}

//! `agent verify`: whether the remotes still hold what was written there; with the owner's key also what another
//! machine's agent wrote.
//! It changes nothing on a remote.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context;
use protocol::chain::ChainId;
use serde_json::{Value, json};

use super::{
    ConfigArgument, Failure, ask,
    drill::{as_json, now},
    load, progress, remotes, words,
};
use crate::{
    backup::{
        anchor::Anchor, certificate::Certificate, prune::Rules, remembered::Remembered, remote::Remote,
        seal::Keys,
    },
    config::{Config, Purpose},
    rehearse::{LEFT_OPEN, Looked, Sample, Share},
    store::{Store, rehearsal::Rehearsal},
};

mod adopted;
mod others;
mod unfilled;
mod unknown;

use adopted::say_adopted;
use others::Others;
use unknown::Unknown;

/// Arguments of `agent verify`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  agent verify --remote offsite --all
  agent verify --key owner.secret.asc
  agent verify --anchor '20261122T091400Z-1f0c9a3e · commit 4711 · chain 5f0c61d2a8e94b7fa3d1c07e9b24d6aa · \
5d41402abc4b2a76b9719d911017c592'

With --key every restore point that this machine has not read back yet is read back whole, and known here from then
on: on the owner's own machine that is what `agent prune` needs before it deletes for a server that may not.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Fetch every object, and not only one in twenty by chance, and name every fault; names and sizes are compared in any
    /// case
    #[arg(long)]
    all: bool,
    /// The owner's secret key: take in, and read back, the points that another machine's agent wrote, and open the newest
    /// 200 segments of each chain, or all of them with --all
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The line of a daily summary (point, commit, chain, digest): what it names must still be there
    #[arg(long, value_name = "LINE")]
    anchor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Faults of a remote that are named.
const FAULTS_TOLD: usize = 20;
/// The same when everything is asked for: a list that is longer is read by nobody.
const FAULTS_MAX: usize = 1_000;

/// What this machine still opens without the owner's key; where that does not read, nothing.
fn remembered(config: &Config) -> Keys {
    let sessions = Remembered::at(&config.state_dir).load();
    let sessions =
        sessions.inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "no object can be opened"));
    Keys::of_sessions(sessions.unwrap_or_default())
}

/// Looks and prints.
///
/// # Errors
/// Faults in the configuration (2), or objects that are missing or altered, or a machine that knows none of the restore
/// points and so could prove nothing (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let anchor = anchor(&arguments, &config)?;
    let store = Store::open(&config.state_dir)?;
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    // Whoever is not asked about may hold what another one lacks.
    let all = remotes::open(&config, None)?.usable;
    let mut faults = opened.faults();
    let share = if arguments.all { Share::All } else { Share::Some };
    let keys = arguments.key.as_deref().map(ask::keys).transpose()?;
    let opening = keys.clone().unwrap_or_else(|| remembered(&config));
    let own = Certificate::load(&config.state_dir)?;
    let mut shown = Vec::new();
    let in_doubt = remotes::open(&config, None)?.in_doubt().await;
    let mut compared: Vec<&Remote> = Vec::new();
    for remote in &opened.usable {
        match unfilled::told(&in_doubt, remote, (arguments.json, &mut shown)) {
            Some(wrong) => faults.push(wrong),
            None => compared.push(remote),
        }
    }
    let adopted = adopted::of_all((&config, &store), &compared, (&arguments, keys.as_ref(), share)).await?;
    let mut adopted = adopted.iter();
    for remote in compared {
        if let Some(adopted) = adopted.next() {
            say_adopted(remote, adopted, (arguments.json, &mut shown), &mut faults);
        }
        let sample = Sample {
            store: &store,
            remote,
            all: &all,
            rules: Rules::of(&config),
            anchor: anchor.as_ref(),
            own: own.as_ref(),
            state_dir: &config.state_dir,
            keys: &opening,
            share,
            rehearsed: None,
        };
        let looked = look(&sample).await?;
        let (seen, wrong) = (looked.rehearsal, looked.faults);
        faults.extend(named(remote, &wrong, share));
        let unknown = Unknown::of(&seen);
        // What a summary names is asked for by itself.
        let proves = (keys.is_some() || unknown.is_there_anything()) && !seen.was_unreached();
        let alone = || unknown.nothing_leads_there().filter(|_| proves);
        let unproven = unknown.nothing_proven().or_else(alone);
        let unproven = unproven.filter(|_| anchor.is_none());
        let others = Others::of(&config, &store, &seen)?;
        match arguments.json {
            true => shown.push(row(&seen, &others, &wrong, (&unknown, unproven.is_none()))),
            false => {
                let more = [
                    torn(&store, remote)?,
                    unknown.more_points(),
                    unknown.objects(share),
                ];
                let more = more.into_iter().flatten().chain(left_open(&seen));
                say(&seen, &unknown, more);
            }
        }
        faults.extend(unproven);
        if !arguments.json {
            others.say(&seen, &config);
        }
    }
    conclude(&faults, arguments.json.then_some(&shown))
}

/// Wrong use is told before anything is made.
fn anchor(arguments: &Arguments, config: &Config) -> Result<Option<Anchor>, Failure> {
    let known = Store::open_to_look(&config.state_dir)?.map(|store| store.points());
    let known = known.transpose().context("asking for the restore points")?;
    let known = known.unwrap_or_default();
    let read = |line| Anchor::read(line, &known);
    let anchor = arguments.anchor.as_deref().map(read).transpose();
    anchor.map_err(Failure::Refused)
}

/// The bar is gone before anything is said.
async fn look(sample: &Sample<'_>) -> anyhow::Result<Looked> {
    let watcher = progress::watcher();
    sample.run(&*watcher, &now).await
}

/// Says all of it at once to a script.
fn conclude(faults: &[String], as_json: Option<&Vec<Value>>) -> Result<(), Failure> {
    if let Some(remotes) = as_json {
        println!(
            "{}",
            json!({ "passed": faults.is_empty(), "faults": faults, "remotes": remotes })
        );
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::Error::msg(faults.join("\n  ")))),
    }
}

/// A script reads no more out of it than the exit code says.
fn row(
    seen: &Rehearsal,
    others: &Others,
    wrong: &[String],
    (unknown, is_proven): (&Unknown<'_>, bool),
) -> Value {
    let mut one = as_json(seen);
    one["passed"] = json!(seen.fault.is_none() && is_proven);
    one["not_known"] = json!(unknown.told());
    one["other_agents"] = json!(others.agents);
    one["twin"] = json!(others.twin);
    one["faults"] = json!(wrong.iter().take(FAULTS_MAX).collect::<Vec<_>>());
    one
}

/// What was seen, and what else there is to say.
fn say(seen: &Rehearsal, unknown: &Unknown<'_>, more: impl Iterator<Item = String>) {
    match seen.fault {
        None => println!("{}: {}", seen.remote, found(&seen.seen, unknown)),
        Some(_) if seen.was_unreached() => println!("{}: could not be compared", seen.remote),
        Some(_) => println!("{}: WRONG", seen.remote),
    }
    for told in more {
        println!("{}: {told}", seen.remote);
    }
}

/// What is no fault, and nobody can judge from here.
fn left_open(seen: &Rehearsal) -> Vec<String> {
    let seen: Value = serde_json::from_str(&seen.seen).unwrap_or_default();
    serde_json::from_value(seen[LEFT_OPEN].clone()).unwrap_or_default()
}

/// One line a fault, so that the owner finds the one that he looks for.
fn named(remote: &Remote, wrong: &[String], share: Share) -> Vec<String> {
    let most = if share == Share::All {
        FAULTS_MAX
    } else {
        FAULTS_TOLD
    };
    let line = |what: &String| format!("{}: {what}", remote.name());
    let mut lines: Vec<String> = wrong.iter().take(most).map(line).collect();
    let more = wrong.len().saturating_sub(most);
    if more > 0 {
        let how = match share {
            Share::All => "",
            Share::Some => "; `agent verify --all` names them",
        };
        lines.push(format!("{}: and {more} more{how}", remote.name()));
    }
    lines
}

/// What a look that found nothing wrong saw.
fn found(seen: &str, unknown: &Unknown<'_>) -> String {
    let seen: Value = serde_json::from_str(seen).unwrap_or_default();
    let figure = |name: &str| seen[name].as_u64().unwrap_or(0);
    let mut told = match (figure("objects"), figure("points")) {
        _ if unknown.is_all() => unknown.points(),
        (0, 0) if unknown.is_there_anything() && !unknown.has_points() => {
            "NO RESTORE POINT is there".to_owned()
        }
        (0, _) => "no backup has reached it yet, so that there is nothing to compare".to_owned(),
        (objects, 0) => format!(
            "NO RESTORE POINT that this server knows is there, and nothing can be restored without one: {} of single commits \
             alone. Take one: agent backup",
            words::count(objects, "object")
        ),
        (objects, _) => {
            // What a segment holds its name says; how long it was nobody writes down.
            let segments = figure("segments");
            let by_name = match segments {
                0 => String::new(),
                segments => format!(", {} by name", words::count(segments, "segment")),
            };
            format!(
                "everything is there: {} by name and size{by_name}, {} of them ({}) by every byte",
                words::count(objects.saturating_sub(segments), "object"),
                figure("fetched"),
                words::size(figure("fetched_bytes"))
            )
        }
    };
    told += match seen["anchor"].as_str() {
        Some("there") => "; what the summary names is there, by every byte",
        Some("never_there") => "; what the summary names was written to other remotes only",
        Some(_) => {
            "; what the summary names is there no more, and newer points are: retention may have let it go"
        }
        None => "",
    };
    told + &never_sent(&seen)
}

/// Up to where each chain has commits that were never sent there.
fn never_sent(seen: &Value) -> String {
    let ends: Vec<(ChainId, u64)> = serde_json::from_value(seen["never_sent"].clone()).unwrap_or_default();
    let mut of_chains: BTreeMap<ChainId, Vec<String>> = BTreeMap::new();
    for (chain, end) in ends {
        of_chains.entry(chain).or_default().push(format!("through {end}"));
    }
    let which = |chain: &ChainId| match of_chains.len() {
        1 => String::new(),
        _ => format!(" of chain {}", words::chain(chain)),
    };
    let told = of_chains.iter().map(|(chain, ends)| {
        format!(
            "; single commits {}{} were never sent there, because the spool was full or the remote was added later",
            ends.join(" and "),
            which(chain)
        )
    });
    told.collect()
}

/// What cannot be had from it any more of what this server sent.
fn torn(store: &Store, remote: &Remote) -> anyhow::Result<Option<String>> {
    let shipping = store.shipping()?;
    let of_remote = shipping.iter().find(|one| one.remote == remote.name());
    let after = of_remote.and_then(|one| one.torn_after);
    Ok(after.map(|after| {
        format!(
            "from it alone nothing after commit {after} can be restored until its next backup, which the agent takes by \
             itself where it runs: agent backup --delta --remote {}",
            remote.name()
        )
    }))
}

//! `agent drill`: rehearses a restore, from one remote or from each in turn.
//! It tells what the rehearsal wrote down, and touches nothing live.

use jiff::Timestamp;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::{ConfigArgument, Failure, interrupted, load, progress, remotes, words};
use crate::{
    config::{Config, Purpose},
    rehearse::{self, Drill},
    store::{Store, rehearsal::Rehearsal},
};

/// Stretches of commits that are named; of more only their number.
const LACKS_TOLD: usize = 3;

/// Arguments of `agent drill`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  agent drill --remote offsite

The newest point is restored into a private folder of the state directory and thrown away again. Nobody's secret key
is needed: the keys of single objects are remembered on this server for at most seven days.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only from this remote; without this option from each
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Check every page and index also of a database over 256 MiB
    #[arg(long)]
    full_check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Rehearses and prints.
///
/// # Errors
/// Faults in the configuration (2), or a rehearsal that failed (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let store = Store::open(&config.state_dir)?;
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    let mut faults: Vec<String> = opened.faults();
    let mut shown = Vec::new();
    for remote in &opened.usable {
        let drill = Drill {
            config: &config,
            store: &store,
            remote,
            full_check: arguments.full_check,
        };
        let watcher = progress::watcher();
        let rehearsal = tokio::select! {
            rehearsal = drill.run(&*watcher, &now) => rehearsal?,
            stopped = interrupted() => {
                stopped?;
                rehearse::remove_leftovers(&config.state_dir);
                return Err(Failure::Failed(anyhow::anyhow!("interrupted: nothing is left behind")));
            }
        };
        faults.extend(fault(&rehearsal));
        match arguments.json {
            true => shown.push(as_json(&rehearsal)),
            false => print(&config, &rehearsal),
        }
    }
    if arguments.json {
        println!("{}", json!({ "drills": shown }));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::Error::msg(faults.join("; ")))),
    }
}

/// What is wrong, in a sentence.
pub(super) fn fault(rehearsal: &Rehearsal) -> Option<String> {
    let fault = rehearsal.fault.as_ref()?;
    Some(format!("{}: {fault}", rehearsal.remote))
}

/// One row, for a script.
pub(super) fn as_json(rehearsal: &Rehearsal) -> Value {
    json!({
        "remote": rehearsal.remote, "restore_point": rehearsal.point, "passed": rehearsal.fault.is_none(),
        "fault": rehearsal.fault, "unreached": rehearsal.was_unreached(),
        "not_rehearsed": rehearsal.was_not_rehearsed(), "began_at": rehearsal.began_at, "ended_at": rehearsal.ended_at,
        "seen": serde_json::from_str::<Value>(&rehearsal.seen).unwrap_or_default(),
    })
}

fn print(config: &Config, rehearsal: &Rehearsal) {
    let Rehearsal { remote, point, .. } = rehearsal;
    let lasted = rehearsal.ended_at.since(rehearsal.began_at);
    match (&rehearsal.fault, point) {
        (None, Some(point)) => println!(
            "{remote}: the shop came back from {point} in {:.1} s, at {}; {}",
            lasted.as_secs_f64(),
            words::moment(rehearsal.ended_at, &config.owner.timezone),
            proven(rehearsal)
        ),
        (Some(_), _) if rehearsal.was_not_rehearsed() => println!("{remote}: NOT REHEARSED"),
        _ => println!("{remote}: FAILED"),
    }
    let seen: Value = serde_json::from_str(&rehearsal.seen).unwrap_or_default();
    if let Some(told) = beyond(&seen["beyond"]) {
        println!("{remote}: {told}");
    }
    if let Some(told) = lacks(&seen) {
        println!("{remote}: {told}");
    }
    for ahead in seen["passed_over"].as_array().into_iter().flatten() {
        println!(
            "{remote}: {} is dated in the future, and passed over",
            ahead.as_str().unwrap_or_default()
        );
    }
}

/// What this server knows of and was not rehearsed.
fn beyond(beyond: &Value) -> Option<String> {
    let (chain, through) = (beyond["chain"].as_str()?, &beyond["through"]);
    Some(match beyond["first"].as_u64() {
        Some(first) => format!(
            "NOT REHEARSED: commits {first} to {through} of the chain {chain}, which other remotes have taken, are not there yet"
        ),
        None => format!(
            "NOT REHEARSED: the shop as it is now, which is of another chain, {chain}, until commit {through}: no restore point \
             there leads to it. As a rehearsal of the newest state this does not count"
        ),
    })
}

/// What that remote cannot give of the chain, though the shop came back from it.
fn lacks(seen: &Value) -> Option<String> {
    let (all, chain) = (seen["lacks"].as_array()?, seen["chain"].as_str()?);
    let proven = seen["commit"].as_u64()?;
    let one = |it: &Value| {
        let (first, last) = (it["first"].as_u64()?, it["last"].as_u64()?);
        let (which, was, is) = match first == last {
            true => (format!("commit {first}"), "was", "is"),
            false => (format!("commits {first} to {last}"), "were", "are"),
        };
        Some(match it["never_sent"] == json!(true) {
            true => format!("{which} of the chain {chain} {was} never sent there"),
            false => format!("{which} of the chain {chain} {is} missing or altered there"),
        })
    };
    let first = all.first()?["first"].as_u64()?;
    let mut told: Vec<String> = all.iter().take(LACKS_TOLD).filter_map(one).collect();
    if all.len() > LACKS_TOLD {
        told.push(format!("{} more such stretches", all.len() - LACKS_TOLD));
    }
    let told = told.join(", ");
    Some(match proven < first {
        true => format!(
            "NOT REHEARSED: {told}; proven is what is there, the shop as of commit {proven}. It gives back nothing later until \
             it gets a backup of its own"
        ),
        false => format!(
            "{told}: no state among them can be had from it. Proven is the shop as of commit {proven}"
        ),
    })
}

/// No more than was looked at.
fn proven(rehearsal: &Rehearsal) -> String {
    let seen: Value = serde_json::from_str(&rehearsal.seen).unwrap_or_default();
    let mut told = String::from("every page is as it was");
    if seen["full_check"] == json!(true) {
        told += ", and every index is whole";
    }
    match rehearsal.was_counted() {
        true => told + "; it adds up, and the bot booted on it",
        false => told + ". Whether it adds up was not asked: [bot] binary is not set",
    }
}

pub(super) fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

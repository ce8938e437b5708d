//! `agent prune`: what the rules of `[retention]` keep on a remote and what they let go, object by object.
//! It decides nothing itself. What may go is marked first and deleted by a later run, a day after at the earliest.

use jiff::Timestamp;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::{ConfigArgument, Failure, load, progress, remotes, words};
use crate::{
    backup::{
        prune::{self, Done, Plan},
        remote::Remote,
        retention,
    },
    config::{Config, Purpose},
    store::Store,
};

/// Arguments of `agent prune`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  agent prune --dry-run
  agent prune --remote offsite

What the rules let go is marked by one run and deleted by a run at least a day later, so that a restore
that has begun finds everything; one that runs is waited for. `agent run` prunes once a day when `[retention]` is set.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Show what is kept, what goes and why, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Plans, shows, and unless it is a dry run does it.
///
/// # Errors
/// No `[retention]` or other faults (2); a remote that does not answer or does not delete (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let Some(retention) = config.retention else {
        return Err(Failure::Refused(format!(
            "{} has no `[retention]`: nothing is ever deleted. Add for example: hourly = 48, daily = 14, weekly = 8",
            config.path.display()
        )));
    };
    let store = Store::open(&config.state_dir)?;
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let mut faults: Vec<String> = opened.faults();
    let mut shown = Vec::new();
    for remote in &opened.usable {
        let watcher = progress::watcher();
        // Nobody can say how long a list is.
        watcher.begin("listing", 0);
        let plan = match prune::plan(&config, retention, &store, remote, now).await {
            Ok(plan) => plan,
            Err(error) => {
                faults.push(format!("{error:#}"));
                continue;
            }
        };
        let done = match arguments.dry_run {
            true => Done::default(),
            false => match prune::carry_out((&config, &plan), &store, remote, &*watcher).await {
                Ok(done) => done,
                Err(error) => {
                    faults.push(format!("{error:#}"));
                    continue;
                }
            },
        };
        drop(watcher);
        faults.extend(
            done.refused
                .iter()
                .map(|what| format!("{} refuses: {what}", remote.name())),
        );
        match arguments.json {
            true => shown.push(as_json(remote, &plan, &done)),
            false => {
                print(&config, remote, &plan, &done, arguments.dry_run);
                let at = |at| words::moment(at, &config.owner.timezone);
                plan.others
                    .iter()
                    .for_each(|other| println!("  {}", other.told(at)));
            }
        }
    }
    if arguments.json {
        println!("{}", json!({ "dry_run": arguments.dry_run, "remotes": shown }));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::Error::msg(faults.join("; ")))),
    }
}

/// Kept, marked, or due.
fn state(plan: &Plan, key: &str) -> &'static str {
    match (
        plan.marks.contains_key(key),
        plan.due.iter().any(|due| due == key),
    ) {
        (false, _) => "keep",
        (true, false) => "marked",
        (true, true) => "delete",
    }
}

fn print(config: &Config, remote: &Remote, plan: &Plan, done: &Done, dry_run: bool) {
    println!("{}:", remote.name());
    // Names hold their moment in UTC.
    let at = |key: &str| retention::named_at(key).map(|at| words::moment(at, &config.owner.timezone));
    for it in &plan.verdicts {
        let state = state(plan, &it.key);
        println!(
            "  {state:<7} {:>10}  {:23}  {}  ({})",
            words::size(it.size_bytes),
            at(&it.key).unwrap_or_default(),
            it.key,
            it.reason
        );
    }
    let bytes = |keep: bool| -> u64 {
        let fitting = plan.verdicts.iter().filter(|it| it.keep == keep);
        fitting.map(|it| it.size_bytes).sum()
    };
    println!(
        "  {} ({}); {}",
        match plan.verdicts.len() - plan.marks.len() {
            1 => "1 object stays".to_owned(),
            count => format!("{count} objects stay"),
        },
        words::size(bytes(true)),
        may_go(plan, bytes(false))
    );
    match (dry_run, remote.is_append_only()) {
        (true, _) => println!("  nothing was changed (--dry-run)"),
        (false, true) => println!("  nothing was deleted: append_only is set for this remote"),
        (false, false) if done.deleted == 0 => println!("  nothing was deleted"),
        (false, false) => println!("  {} deleted ({})", done.deleted, words::size(done.deleted_bytes)),
    }
    if done.in_restore > 0 {
        let at = |at| words::moment(at, &config.owner.timezone);
        let which = done.restored_since.map_or_else(
            || "a restore runs on this machine".to_owned(),
            |since| {
                format!(
                    "a restore reads from here since {}, on this machine or another one; one that was killed counts for a day",
                    at(since)
                )
            },
        );
        println!("  {} of them wait: {which}", done.in_restore);
    }
    if done.too_early > 0 {
        let waits = if done.too_early == 1 {
            "waits: its"
        } else {
            "wait: their"
        };
        println!(
            "  {} {waits} day is not over by the remote's clock, and this server's runs ahead of it",
            done.too_early
        );
    }
}

/// What the rules let go, and how much of it is due.
fn may_go(plan: &Plan, size_bytes: u64) -> String {
    let (marked, due) = (plan.marks.len(), plan.due.len());
    if marked == 0 {
        return "nothing may go".to_owned();
    }
    let due = match due {
        0 => "none of them marked for a day yet".to_owned(),
        all if all == marked => "all of them marked for a day".to_owned(),
        some => format!("{some} of them marked for a day"),
    };
    format!(
        "{} may go ({}), {due}",
        words::count(marked as u64, "object"),
        words::size(size_bytes)
    )
}

fn as_json(remote: &Remote, plan: &Plan, done: &Done) -> Value {
    let objects: Vec<Value> = plan
        .verdicts
        .iter()
        .map(|it| {
            json!({
                "key": it.key, "size_bytes": it.size_bytes, "state": state(plan, &it.key), "reason": it.reason,
                "marked_at": plan.marks.get(&it.key).map(|at| at.0),
            })
        })
        .collect();
    json!({
        "remote": remote.name(), "append_only": remote.is_append_only(), "objects": objects,
        "deleted": done.deleted, "deleted_bytes": done.deleted_bytes, "refused": done.refused,
        "too_early": done.too_early, "in_restore": done.in_restore,
        "restored_since": done.restored_since.map(|at| at.0), "other_agents": plan.others,
    })
}

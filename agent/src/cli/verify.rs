//! `agent verify`: whether the remotes still hold what was written there.
//! It opens and changes nothing.

use serde_json::json;

use super::{
    ConfigArgument, Failure,
    drill::{as_json, fault, now},
    load, remotes,
};
use crate::{
    config::Purpose,
    rehearse::{self, Share},
    store::Store,
};

/// Arguments of `agent verify`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent verify --remote offsite --all")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Fetch every object, and not only one in twenty by chance; names and sizes are compared in any case
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks and prints.
///
/// # Errors
/// Faults in the configuration (2), or objects that are missing or altered (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let store = Store::open(&config.state_dir)?;
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    let mut faults: Vec<String> = opened.faults();
    let share = if arguments.all { Share::All } else { Share::Some };
    let mut shown = Vec::new();
    for remote in &opened.usable {
        let seen = rehearse::sample(&store, remote, share, &now).await?;
        faults.extend(fault(&seen));
        match arguments.json {
            true => shown.push(as_json(&seen)),
            false if seen.fault.is_none() => println!("{}: everything is there. {}", seen.remote, seen.seen),
            false => println!("{}: WRONG", seen.remote),
        }
    }
    if arguments.json {
        println!("{}", json!({ "remotes": shown }));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::Error::msg(faults.join("; ")))),
    }
}

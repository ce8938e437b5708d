//! `agent backup`: one restore point now.
//! It only asks for it and tells the outcome.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{ConfigArgument, Failure, interrupted, load, progress, words};
use crate::{
    alert::{Alerts, calendar::Calendar, ladder::ladder, message::Voice},
    backup::{self, Taken},
    config::{Config, Purpose},
    store::Store,
    watch::backup_outcome,
};

/// Arguments of `agent backup`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent backup --config /etc/warung/agent.toml")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// Takes the backup; also fails when only some of the remotes hold it.
///
/// # Errors
/// Faults in the configuration, or a sentence that names each remote that does not hold the backup.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Keep)?;
    let store = Store::open(&config.state_dir)?;
    // Stopped in its middle, it removes the plain copy that it has made so far.
    let taken = tokio::select! {
        taken = backup::take(&config, &store, progress::watcher()) => taken.map_err(anyhow::Error::from)?,
        stopped = interrupted() => {
            stopped?;
            return Err(Failure::Failed(anyhow::anyhow!("interrupted: there is no new backup, and nothing is left behind")));
        }
    };
    observe(&config, store, &taken);
    if arguments.json {
        println!("{}", json(&taken));
    } else {
        let held: Vec<&str> = taken
            .remotes
            .iter()
            .filter(|it| it.error.is_none())
            .map(|it| it.remote.as_str())
            .collect();
        println!(
            "Backup {} of {}: database {}, {} on each remote; read back from {}.",
            taken.point,
            words::moment(taken.taken_at, &config.owner.timezone),
            words::size(taken.database_bytes),
            words::size(taken.size_bytes),
            held.join(", ")
        );
    }
    for line in &taken.left_out {
        eprintln!("agent: not in the backup: {line}");
    }
    match taken.complaint() {
        Some(complaint) => Err(Failure::Failed(anyhow::anyhow!(complaint))),
        None => Ok(()),
    }
}

/// What the owner has mended by hand must not go on being told as broken by the running agent. The backup is there in
/// any case.
fn observe(config: &Config, store: Store, taken: &Taken) {
    let alerts = Alerts::new(
        Arc::new(store),
        Voice::of(config),
        Calendar::of(config),
        &ladder(config),
    );
    let now = UnixMillis(Timestamp::now().as_millisecond());
    if let Err(error) = backup_outcome::observe(&alerts, taken, now) {
        tracing::warn!(
            error = format!("{error:#}"),
            "the outcome of the backup could not be stored for the agent"
        );
    }
}

fn json(taken: &Taken) -> serde_json::Value {
    let remotes: Vec<_> = taken
        .remotes
        .iter()
        .map(|it| serde_json::json!({"name": it.remote, "ok": it.error.is_none(), "error": it.error}))
        .collect();
    serde_json::json!({
        "id": taken.point,
        "taken_at": words::rfc3339(taken.taken_at),
        "database_bytes": taken.database_bytes,
        "size_bytes": taken.size_bytes,
        "remotes": remotes,
        "left_out": taken.left_out,
        "damage": taken.damage,
    })
}

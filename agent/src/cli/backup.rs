//! `agent backup`: one restore point now.
//! It only asks for it and tells the outcome.

use super::{ConfigArgument, Failure, load, progress, words};
use crate::{
    backup::{self, Taken},
    config::Purpose,
    store::Store,
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
    let taken = backup::take(&config, &store, progress::watcher()).await?;
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

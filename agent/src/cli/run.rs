//! `agent run`: everything, until it is stopped.
//! It reads the configuration and hands it on; it starts nothing itself.

use super::{ConfigArgument, Failure, load_to_watch};
use crate::{app, restore};

/// Arguments of `agent run`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent run --config /etc/warung/agent.toml")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// Faults in the configuration before anything starts; later whatever ended the agent.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load_to_watch(&arguments.config.path)?;
    if let Some(folder) = config.backup.database.parent() {
        restore::remove_leftovers(folder);
    }
    Ok(app::run(config).await?)
}

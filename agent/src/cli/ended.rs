//! `agent ended`, which systemd calls when the agent's unit has stopped, and no person: how that was, where the agent could
//! not say it itself.
//! It starts nothing, asks nobody, and writes one small file at most.

use jiff::Timestamp;
use protocol::{settings::Faults, time::UnixMillis};

use super::{ConfigArgument, Failure};
use crate::{
    config::{Config, Environment, Purpose},
    watch::killed,
};

/// Arguments of `agent ended`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
}

/// Writes down what the next agent tells.
///
/// # Errors
/// Without systemd's word, with a configuration that cannot be read, or when the disk refuses.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let result = std::env::var(killed::RESULT)
        .map_err(|_| Failure::Refused(format!("{} is not set: systemd calls this", killed::RESULT)))?;
    let path = &arguments.config.path;
    // With faults as well: of all that it says only the state directory is wanted.
    let mut faults = Faults::default();
    let config = Config::read(path, Purpose::Look, &Environment::of_process(path), &mut faults);
    let now = UnixMillis(Timestamp::now().as_millisecond());
    Ok(killed::note(&config.state_dir, &result, now)?)
}

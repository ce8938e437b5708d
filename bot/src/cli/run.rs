//! `bot run`: sells until told to stop.

use clap::Args;

use super::{ConfigArg, Failure};
use crate::{app, logs};

#[derive(Args)]
#[command(after_help = "Example:\n  bot run --config /etc/warung/bot.toml")]
pub(super) struct Run {
    #[command(flatten)]
    config: ConfigArg,
}

impl Run {
    pub(super) fn go(&self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let log = logs::start(config.logs_dir.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Failed(anyhow::Error::new(error).context("starting the runtime")))?;
        Ok(runtime.block_on(app::run(config, log))?)
    }
}

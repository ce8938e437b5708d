//! The command line: one verb a file. Exit code 0: done, 1: failed, 2: wrong use or a faulty configuration.

// As the standard library's, which panic when whoever reads has gone away. They stand before the modules that use them.
macro_rules! println {
    ($($text:tt)*) => { $crate::cli::printed::out(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::printed::err(format_args!("{}\n", format_args!($($text)*))) };
}

mod catalog;
mod check;
mod migrate;
mod printed;
mod queue;
mod run;
mod withhold;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use rusqlite::Connection;

use crate::{
    config::{self, Config},
    db,
};

#[derive(Parser)]
#[command(
    name = "bot",
    version,
    about = "The shop on Telegram: orders, payments and delivery.",
    after_help = "Example:\n  bot check --config /etc/warung/bot.toml\n  bot run --config /etc/warung/bot.toml"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sell, until told to stop
    Run(run::Run),
    /// Check the configuration and the database, and change nothing
    Check(check::Check),
    /// Bring the database's structure forward
    Migrate(migrate::Migrate),
    /// Work on the catalogue
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// See what waits; pause, resume and limit queues
    #[command(subcommand)]
    Queue(queue::Queue),
    /// After a restore: keep out of sale what a later database of the shop shows as gone
    Withhold(withhold::Withhold),
}

/// The shop's database, to write into it while the bot runs or not.
fn open(database: &Path) -> anyhow::Result<Connection> {
    db::require_the_running_shops(database)?;
    Ok(db::open_writer(database)?)
}

#[derive(Args)]
struct ConfigArg {
    /// The configuration; secrets come from $CREDENTIALS_DIRECTORY, the environment or .env beside it
    #[arg(long, value_name = "FILE", default_value = "/etc/warung/bot.toml")]
    config: PathBuf,
}

/// What a command can end with besides success.
enum Failure {
    /// Wrong use, or a faulty configuration.
    Usage(String),
    /// It did not work.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl ConfigArg {
    fn load(&self) -> Result<Config, Failure> {
        config::load(&self.config)
            .map_err(|faults| Failure::Usage(format!("{}: {faults}", self.config.display())))
    }
}

/// Runs the command of the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(run) => run.go(),
        Command::Check(check) => check.go(),
        Command::Migrate(migrate) => migrate.go(),
        Command::Catalog(catalog::Catalog::Import(import)) => import.go(),
        Command::Queue(queue) => queue.go(),
        Command::Withhold(withhold) => withhold.go(),
    };
    match done {
        Ok(()) => match printed::lost() {
            None => ExitCode::SUCCESS,
            Some(why) => {
                eprintln!("bot: it is done, but what it says could not be written: {why}");
                ExitCode::FAILURE
            }
        },
        Err(Failure::Usage(message)) => {
            eprintln!("bot: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            eprintln!("bot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

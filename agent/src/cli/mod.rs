//! The command line: one verb a file, and what they share. Exit codes: 0 done, 1 failed, 2 wrong use or
//! configuration.
//! It decides nothing about backups, alerts or restores; it reads arguments, asks, and prints.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use protocol::settings::Faults;

use self::memory::Spare;
use crate::{
    backup::preflight::{self, Away, KeySource},
    config::{Config, DEFAULT_PATH, Environment, Purpose},
};

// As the standard library's, which panic when whoever reads has gone away. They stand before the modules that use them.
macro_rules! println {
    () => { $crate::cli::printed::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::printed::out(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! print {
    ($($text:tt)*) => { $crate::cli::printed::out(format_args!($($text)*)) };
}
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::printed::err(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! eprint {
    ($($text:tt)*) => { $crate::cli::printed::err(format_args!($($text)*)) };
}

pub mod alert;
mod anew;
pub mod ask;
pub mod backup;
pub mod check;
pub mod drill;
mod ended;
pub mod key;
pub mod list;
mod memory;
mod printed;
pub mod progress;
pub mod prune;
pub mod remote;
pub mod remotes;
pub mod restore;
pub mod run;
mod ssh;
mod started_with;
pub mod status;
mod tied;
mod timers;
mod transport;
pub mod verify;
pub mod words;

/// How long threads that still work may take once the command has ended.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// Why a command did not end well, and with which exit code.
#[derive(Debug)]
pub enum Failure {
    /// Wrong use, or a configuration with faults: exit code 2, and nothing was started.
    Refused(String),
    /// It was tried and failed: exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Refused(faults.to_string())
    }
}

#[derive(Parser)]
#[command(
    name = "agent",
    version,
    about = "Watches the shop's bot, tells the owner, takes encrypted backups and restores them"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch the bot, alert the owner and take backups on schedule, until stopped
    Run(run::Arguments),
    /// Check the configuration, the recipients and every remote, and change nothing
    Check(check::Arguments),
    /// Take a backup now
    Backup(backup::Arguments),
    /// Show the restore points that the remotes hold, newest first
    List(list::Arguments),
    /// Bring the shop back from a restore point
    Restore(restore::Arguments),
    /// Show and carry out what [retention] keeps on the remotes and what it lets go
    Prune(prune::Arguments),
    /// Compare what the remotes hold with what was written there
    Verify(verify::Arguments),
    /// Rehearse a restore, and touch nothing live
    Drill(drill::Arguments),
    /// Try a remote out
    Remote(remote::Arguments),
    /// Show how the bot and the agent are
    Status(status::Arguments),
    /// The ways to the owner
    Alert(alert::Arguments),
    /// The owner's OpenPGP key
    Key(key::Arguments),
    /// Become a program that ends with whoever starts this
    #[command(hide = true)]
    Tied(tied::Arguments),
    /// Write down how the agent's unit ended, as systemd tells it
    #[command(hide = true)]
    Ended(ended::Arguments),
}

/// `--config`, which every command has.
#[derive(Args)]
pub struct ConfigArgument {
    /// The agent's configuration file
    #[arg(long = "config", value_name = "FILE", default_value = DEFAULT_PATH)]
    pub path: PathBuf,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before there is a second thread, and with nothing that the program would inherit.
    if let Command::Tied(arguments) = &cli.command {
        return end(tied::run(arguments));
    }
    if let Command::Ended(arguments) = &cli.command {
        return end(ended::run(arguments));
    }
    let mut wanted = match &cli.command {
        Command::Backup(_) | Command::Drill(_) => memory::wanted(Spare::Memory),
        Command::Restore(_) => memory::wanted(Spare::Time),
        Command::Run(_) => memory::wanted(Spare::Months),
        _ => Vec::new(),
    };
    let asks_remotes = cli.command.asks_remotes();
    if asks_remotes {
        wanted.extend(ssh::wanted());
    }
    anew::with(wanted);
    start_logs(matches!(cli.command, Command::Run(_)));
    if asks_remotes {
        ssh::end_leftovers();
    }
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    transport::install();
    let workers = match &cli.command {
        // Most of the daemon's turns are short: handing them from one thread to another costs more than they do.
        Command::Run(_) => 1,
        _ => 2,
    };
    let started = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .on_thread_start(timers::end_together)
        .enable_all()
        .build()
        .context("starting the runtime");
    match started {
        Ok(runtime) => {
            if asks_remotes && !matches!(cli.command, Command::Run(_)) {
                runtime.spawn(end_when_stopped());
            }
            let result = runtime.block_on(dispatch(cli.command));
            // Work on other threads was called off and has this long to remove what it made.
            runtime.shutdown_timeout(SHUTDOWN_LIMIT);
            ssh::tidy();
            end(result)
        }
        Err(error) => end(Err(error.into())),
    }
}

impl Command {
    fn asks_remotes(&self) -> bool {
        !matches!(
            self,
            Self::Status(_) | Self::Alert(_) | Self::Key(_) | Self::Tied(_) | Self::Ended(_)
        )
    }
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Check(arguments) => check::run(arguments).await,
        Command::Backup(arguments) => backup::run(arguments).await,
        Command::List(arguments) => list::run(arguments).await,
        Command::Restore(arguments) => restore::run(arguments).await,
        Command::Prune(arguments) => prune::run(arguments).await,
        Command::Verify(arguments) => verify::run(arguments).await,
        Command::Drill(arguments) => drill::run(arguments).await,
        Command::Remote(arguments) => remote::run(arguments).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Alert(arguments) => alert::run(arguments).await,
        Command::Key(arguments) => key::run(arguments),
        Command::Tied(arguments) => tied::run(&arguments),
        Command::Ended(arguments) => ended::run(&arguments),
    }
}

fn end(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => match printed::lost() {
            None => ExitCode::SUCCESS,
            Some(why) => {
                eprintln!("agent: it is done, but what it says could not be written: {why}");
                ExitCode::from(1)
            }
        },
        Err(Failure::Failed(error)) => {
            eprintln!("agent: {error:#}");
            ExitCode::from(1)
        }
        Err(Failure::Refused(text)) => {
            eprintln!("agent: {text}");
            ExitCode::from(2)
        }
    }
}

/// How many wait for [`interrupted`] at this moment or have heard it, and end the command in their own way.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

/// Ends a command that is asked to end while nothing in it listens: what is open of ssh would outlive it.
async fn end_when_stopped() {
    loop {
        if let Err(error) = signalled().await {
            tracing::debug!("{error:#}");
            return;
        }
        if LISTENING.load(Ordering::SeqCst) == 0 {
            eprintln!("agent: interrupted");
            ssh::tidy();
            std::process::exit(1);
        }
    }
}

/// Resolves when the command is asked to end: Ctrl-C, SIGTERM, or a line that was hung up.
///
/// # Errors
/// When the signals cannot be listened for.
pub async fn interrupted() -> anyhow::Result<()> {
    struct Listening;
    impl Drop for Listening {
        fn drop(&mut self) {
            LISTENING.fetch_sub(1, Ordering::SeqCst);
        }
    }
    LISTENING.fetch_add(1, Ordering::SeqCst);
    let listening = Listening;
    let heard = signalled().await;
    // From now on whoever heard it ends the command.
    std::mem::forget(listening);
    heard
}

async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut hangup = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("listening for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    }
}

/// A person at a terminal wants the result and not the log; the daemon's log is its voice.
fn start_logs(daemon: bool) {
    // What an SSH library says of each of its packets is nobody's news.
    let default = if daemon {
        "info,openssh_sftp_client=warn,openssh=warn"
    } else {
        "warn"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // That it cannot be written cannot be written either, and would be a panic.
        .log_internal_errors(false)
        .init();
}

/// Reads the configuration with everything that can be known to be wrong before something starts.
///
/// # Errors
/// Every fault in one message, for exit code 2.
pub fn load(path: &Path, purpose: Purpose) -> Result<Config, Faults> {
    load_where(path, purpose, (Away::Fault, KeySource::Files))
}

/// As [`load`], for a backup that the running agent asks for: a disk of backups that is away is told by the backup itself,
/// as what it is.
///
/// # Errors
/// As [`load`].
pub fn load_for_agent(path: &Path, keys: KeySource) -> Result<Config, Faults> {
    load_where(path, Purpose::Keep, (Away::Incident, keys))
}

/// As [`load`], for the watch, which a disk of backups that is away does not stop.
///
/// # Errors
/// As [`load`].
pub fn load_to_watch(path: &Path) -> Result<Config, Faults> {
    load_where(path, Purpose::Keep, (Away::Incident, KeySource::Files))
}

fn load_where(path: &Path, purpose: Purpose, how: (Away, KeySource)) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let config = Config::read(path, purpose, &Environment::of_process(path), &mut faults);
    preflight::check(&config, purpose, how, &mut faults);
    crate::console::totp::check(config.secrets.console_totp.as_ref(), &mut faults);
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

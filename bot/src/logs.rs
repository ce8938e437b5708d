//! Where the bot's log lines go: standard error for the journal and, where configured, `bot.log` as JSON lines.
//! A line never holds a token, an item's content, a name or a raw body: callers give sentences and plain fields.

mod file;

use std::{io::IsTerminal, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{Directive, LevelFilter},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use file::FollowedFile;

/// How often the file is looked after: rotation without a signal is noticed within this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What marks are written under. They reach the file whatever RUST_LOG says, and never the journal by default.
const MARK: &str = "mark";

/// Starts logging, once in a process. Answers the log file, where there is one. A disk that does not take it keeps no
/// shop shut: the journal has every line, and [`follow`] goes on trying.
///
/// # Errors
/// When logging was started before.
pub fn start(dir: Option<&Path>) -> Result<Option<Arc<FollowedFile>>> {
    let filter = || EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,bot=info"));
    let file = dir.map(FollowedFile::in_folder).transpose()?.map(Arc::new);
    let lines = file.clone().map(|file| {
        fmt::layer()
            .json()
            .with_writer(file)
            .with_filter(filter().add_directive(marks()))
    });
    let console = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter());
    tracing_subscriber::registry()
        .with(console)
        .with(lines)
        .try_init()
        .context("starting the log")?;
    if let Some(error) = file.as_deref().and_then(|file| file.follow().err()) {
        tracing::error!(%error, "the log file cannot be opened; the journal has every line until it can");
    }
    Ok(file)
}

fn marks() -> Directive {
    let directive = format!("{MARK}={}", LevelFilter::INFO);
    directive.parse().expect("a target and a level are a directive")
}

/// Writes a line with the agent's word in it, so that it can follow the line through rotation.
pub fn mark(nonce: &str) {
    tracing::info!(target: MARK, nonce, "a mark of the agent");
}

/// Looks after the file until `stop`: every second, and at once on SIGHUP or SIGUSR1, which is how rotation says that
/// it is done.
///
/// # Errors
/// When the system lets nobody listen for signals.
pub async fn follow(file: Option<Arc<FollowedFile>>, stop: CancellationToken) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    let mut user = signal(SignalKind::user_defined1()).context("listening for SIGUSR1")?;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_lost = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hangup.recv() => {}
            _ = user.recv() => {}
            _ = looks.tick() => {}
        }
        if let Some(file) = &file {
            is_lost = look(file, is_lost);
        }
    }
}

/// One look. Answers whether there is no file to be opened, which is said once.
fn look(file: &FollowedFile, was_lost: bool) -> bool {
    match file.follow() {
        Ok(true) => tracing::info!("the log file was not there any more; a new one is open"),
        Ok(false) => {}
        Err(error) => {
            if !was_lost {
                tracing::error!(%error, "the log file is gone and cannot be made anew; the journal has what follows");
            }
            return true;
        }
    }
    false
}

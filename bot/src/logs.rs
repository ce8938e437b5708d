//! Where the bot's log lines go: standard error for the journal and, where configured, `bot.log` as JSON lines.
//! A line never holds a token, an item's content, a name or a raw body: callers give sentences and plain fields.

use std::{
    fs::{File, OpenOptions},
    io::IsTerminal,
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging, once in a process.
///
/// # Errors
/// When the log file cannot be opened.
pub fn start(dir: Option<&Path>) -> Result<()> {
    let filter = || EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,bot=info"));
    let file = dir.map(open).transpose()?;
    let file = file.map(|file| {
        fmt::layer()
            .json()
            .with_writer(Arc::new(file))
            .with_filter(filter())
    });
    let console = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter());
    tracing_subscriber::registry()
        .with(console)
        .with(file)
        .try_init()
        .context("starting the log")?;
    Ok(())
}

fn open(dir: &Path) -> Result<File> {
    let path = dir.join("bot.log");
    // Appended, so that rotation by renaming or truncating never leaves a hole.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))
}

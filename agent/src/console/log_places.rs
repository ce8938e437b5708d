//! Where the bot's log lies, also while there is no bot that says it: it is wanted most when the bot does not start.
//! It reads no log.

use std::{convert::Infallible, path::PathBuf};

use protocol::settings::LOG_NAME;

use crate::{
    config::{Config, bot_file},
    overview::Desk,
};

/// Under which name the place that the bot said last is remembered.
const REMEMBERED: &str = "bot_log";

/// What the configuration knows of it.
pub struct LogPlaces {
    bot_config: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl LogPlaces {
    /// By `[bot] config` and `[watch.logs] files`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            bot_config: config.bot.config.clone(),
            files: config.watch.logs.files.clone(),
        }
    }

    /// Each place once, the surest first: what the bot says, what it said last, what its configuration says, and a log that
    /// is watched and called like it.
    pub(super) fn all(&self, desk: &Desk) -> Vec<PathBuf> {
        let remembered = desk.store.remembered(REMEMBERED).unwrap_or_else(|error| {
            tracing::warn!(%error, "where the bot's log lies could not be looked up");
            None
        });
        let configured = self.bot_config.as_deref().and_then(bot_file::log);
        let alike = self.files.iter().filter(|file| file.ends_with(LOG_NAME));
        let mut places = Vec::new();
        for place in said(desk)
            .into_iter()
            .chain(remembered.map(PathBuf::from))
            .chain(configured)
            .chain(alike.cloned())
        {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}

/// Remembers what the bot says, for as long as the agent lives.
pub(super) async fn remember(desk: Desk) -> Infallible {
    let mut health = desk.health.clone();
    loop {
        let path = said(&desk).map(|path| path.display().to_string());
        if let Some(path) = path
            && let Err(error) = desk.store.remember(REMEMBERED, &path)
        {
            tracing::warn!(%error, "where the bot's log lies could not be remembered");
        }
        if health.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

fn said(desk: &Desk) -> Option<PathBuf> {
    let health = desk.health.borrow();
    let log = health.as_ref()?.log.as_ref()?;
    Some(PathBuf::from(&log.path))
}

//! What the agent itself did about a bot that hangs, for the alert to tell: how often, when, and whether it worked.
//! It restarts nothing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{
    Alerts, engine,
    message::moment,
    words::{phrases, sentences},
};

/// So many restarts of a hung bot are the agent's within an hour; after that only the owner acts.
pub const BUDGET: usize = 3;
const HOUR_MS: i64 = 3_600_000;
/// A bot that ends so soon after a restart of the agent's ended by it.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
/// What is watched of the bot.
const BOT: &str = "bot/bot";

/// Why the last restart did not work, if so. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Failed(Arc<Mutex<Option<String>>>);

impl Failed {
    fn set(&self, why: Option<String>) {
        // Each change is one assignment.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Alerts {
    /// The agent restarts the bot at this moment, or did and it failed for that reason: the message about the bot says
    /// so. A restart is written down before it is begun.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn tell_restart(&self, failed: Option<String>, now: UnixMillis) -> anyhow::Result<()> {
        self.failed.set(failed);
        let told = self.restarts_told(now);
        self.change(now, |book| {
            engine::tell_done(book, BOT, &told).into_iter().collect()
        })
        .context("telling what was done about the bot")
    }

    /// What was done about the bot within the hour, in a sentence; nothing when nothing was.
    #[must_use]
    pub fn restarts_told(&self, now: UnixMillis) -> String {
        let since = UnixMillis(now.0.saturating_sub(HOUR_MS));
        // It is told beside something graver: a database that refuses is said elsewhere.
        let restarts = self.store.bot_restarts(since).unwrap_or_default();
        let Some(last) = restarts.last() else {
            return String::new();
        };
        let phrases = phrases(self.voice.language);
        let sentence = phrases
            .restarted
            .replace("{count}", &restarts.len().to_string())
            .replace("{most}", &BUDGET.to_string())
            .replace("{at}", &moment(&self.voice.timezone, *last));
        match self.failed.why() {
            None => sentence,
            Some(why) => format!(
                "{sentence} {}",
                phrases
                    .restart_failed
                    .replace("{why}", &sentences(self.voice.language, &why))
            ),
        }
    }

    /// The same of a bot that ends at this moment: only what may have ended it.
    #[must_use]
    pub fn restart_that_ended_it(&self, now: UnixMillis) -> String {
        let since = UnixMillis(now.0.saturating_sub(HOUR_MS));
        let restarts = self.store.bot_restarts(since).unwrap_or_default();
        let is_recent = restarts.last().is_some_and(|at| now.since(*at) < ENDS_WITHIN);
        if is_recent {
            self.restarts_told(now)
        } else {
            String::new()
        }
    }
}

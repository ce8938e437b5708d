//! What the agent itself did about a bot that hangs, for the alert to tell: how often, when, and whether it worked.
//! It restarts nothing.

use std::time::Duration;

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{
    Alerts, engine,
    message::moment,
    rule::{AlertKey, Observation, Rule},
    words::{phrases, sentences},
};

/// So many restarts of a hung bot are the agent's within an hour; after that only the owner acts.
pub const BUDGET: usize = 3;
/// A restart is given so long before the bot counts as still hanging.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// systemctl returns once the unit has stopped and started; longer than this it is not waited for.
pub const RESTART_LIMIT: Duration = Duration::from_secs(120);
const HOUR_MS: i64 = 3_600_000;
/// A bot that ends so soon after a restart of the agent's ended by it.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
/// What is watched of the bot.
const BOT: &str = "bot/bot";

impl Alerts {
    /// The restart that was begun at that moment has ended, badly for that reason if there is one: the message about the bot
    /// says so.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn restart_ended(&self, at: UnixMillis, why: Option<&str>, now: UnixMillis) -> anyhow::Result<()> {
        self.store
            .bot_restart_ended(at, why, now)
            .context("storing how a restart ended")?;
        self.tell_done(engine::Done::Ended, now)
    }

    /// The message about the bot says what was done so far.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn tell_restarts(&self, now: UnixMillis) -> anyhow::Result<()> {
        self.tell_done(engine::Done::Begun, now)
    }

    fn tell_done(&self, how_far: engine::Done, now: UnixMillis) -> anyhow::Result<()> {
        let told = self.restarts_told(now);
        self.change(now, |book| {
            engine::tell_done(book, BOT, &told, how_far).into_iter().collect()
        })
        .context("telling what was done about the bot")
    }

    /// The bot is well. Where the agent restarted it in this trouble, the end of the alert says so: also where systemctl, which
    /// returns later than the bot answers, is still waited for.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn bot_is_well(&self, now: UnixMillis) -> anyhow::Result<()> {
        let key = AlertKey::new("bot", "bot");
        let since = self
            .store
            .look_at_book(|book| book.alerts.get(BOT).map(|row| row.since))
            .context("reading the alerts")?;
        let Some(since) = since else {
            return self.observe(&key, Observation::Fine, now);
        };
        let done = self.restarts_that_helped(since, now);
        self.change(now, |book| {
            engine::well_again(book, &self.calendar, &key, &done, now)
        })
        .context("storing that the bot is well")
    }

    /// What was done about a bot that answers again, in a sentence; nothing when nothing was since then.
    fn restarts_that_helped(&self, since: UnixMillis, now: UnixMillis) -> String {
        match self.store.bot_restarts(since).unwrap_or_default().last() {
            Some(last) => self.told(now.since(*last) < RESTART_LIMIT, now),
            None => String::new(),
        }
    }

    /// What was done about the bot within the hour, in a sentence; nothing when nothing was.
    #[must_use]
    pub fn restarts_told(&self, now: UnixMillis) -> String {
        self.told(false, now)
    }

    /// The same; where it answers, a restart that is still waited for has done what it was for.
    fn told(&self, answers: bool, now: UnixMillis) -> String {
        let since = UnixMillis(now.0.saturating_sub(HOUR_MS));
        // It is told beside something graver: a database that refuses is said elsewhere.
        let restarts = self.store.bot_restarts(since).unwrap_or_default();
        let Some(last) = restarts.last() else {
            return String::new();
        };
        let failed = self.store.failed_bot_restarts(since).unwrap_or_default();
        let phrases = phrases(self.voice.language);
        let has_ended = answers || self.store.has_bot_restart_ended(*last).unwrap_or(true);
        let sentence = match failed.last() {
            _ if !has_ended && now.since(*last) < RESTART_LIMIT => phrases.restarting.to_owned(),
            _ if !has_ended => phrases.restart_unknown.to_owned(),
            None => phrases.restarted.to_owned(),
            Some(_) => phrases
                .restart_failed
                .replace("{failed}", &failed.len().to_string()),
        };
        let why = failed.last().map_or("", String::as_str);
        sentence
            .replace("{count}", &restarts.len().to_string())
            .replace("{most}", &BUDGET.to_string())
            .replace("{at}", &moment(&self.voice.timezone, *last))
            .replace("{why}", &sentences(self.voice.language, why))
    }

    /// A bot that does not answer although it is there, at this moment, and whether the agent may still restart it.
    #[must_use]
    pub fn hung(&self, now: UnixMillis) -> Observation {
        let since = UnixMillis(now.0.saturating_sub(HOUR_MS));
        let restarts = self.store.bot_restarts(since).unwrap_or_default();
        let is_spent =
            restarts.len() >= BUDGET && restarts.last().is_some_and(|at| now.since(*at) >= PATIENCE);
        Observation::Wrong {
            rule: match is_spent {
                true => Rule::BotRestartsSpent,
                false => Rule::BotHung,
            },
            detail: self.restarts_told(now),
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

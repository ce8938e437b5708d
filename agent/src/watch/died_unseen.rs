//! That the bot had died, and was started anew, before the agent met it: the agent was not there, or had only just begun. What
//! became of a bot that the agent held is told by whoever held it.
//! The bot itself says that the one before it ended without having been told to. It asks nobody.

use protocol::{health::Health, time::UnixMillis};

use super::killed::tell_anew;
use crate::alert::{
    Alerts,
    rule::{AlertKey, Rule},
};

/// The key of such an end.
#[must_use]
pub fn key() -> AlertKey {
    AlertKey::new("bot_end", "unseen")
}

/// Remembers which process answers, and tells the owner where one that was known has died unseen. `is_first` is whether this
/// agent has met none before: else it has seen the end itself.
///
/// # Errors
/// When the agent's database refuses.
pub(super) fn meet(alerts: &Alerts, health: &Health, is_first: bool, now: UnixMillis) -> anyhow::Result<()> {
    let is_another = alerts.bot_met()?.is_some_and(|before| before != health.boot);
    if is_first && is_another && health.follows_crash && !alerts.has_told_of_the_bot()? {
        let detail = alerts.moment(health.started_at);
        tell_anew(alerts, &key(), Rule::BotDiedUnseen, detail, now)?;
    }
    // Not before: an agent that ends in between has told nothing.
    alerts.meet_bot(health.boot)
}

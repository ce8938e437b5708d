//! How the bot is by the last look, where no alert says so yet: until one does, nobody may read that all is well above the
//! line that says otherwise.
//! Pure. It judges nothing: what has not lasted may be nothing.

use super::Overview;
use crate::watch::bot_health::BotState;

impl Overview {
    /// What speaks against "all is well" where no alert does, in a line; `bot` is how the bot is, in words.
    #[must_use]
    pub fn unsure(&self, bot: &str) -> Option<String> {
        // Whoever stopped it knows that.
        let is_as_meant = matches!(self.bot, BotState::Running | BotState::Stopped);
        (self.open.is_empty() && !is_as_meant).then(|| format!("Bot: {bot}"))
    }
}

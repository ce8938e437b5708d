//! How the owner is spoken to, as the configuration says.
//! It says nothing itself.

use jiff::tz::TimeZone;
use protocol::time::UnixMillis;

use super::{Alerts, text};
use crate::config::{Config, Language};

/// How this owner is spoken to.
#[derive(Clone)]
pub struct Voice {
    /// In which language.
    pub language: Language,
    /// Whose clock.
    pub timezone: TimeZone,
    /// The bot's systemd unit, for the commands.
    pub unit: String,
    /// Where the bot's database lies, for the commands.
    pub database: String,
}

impl Voice {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            language: config.owner.language,
            timezone: config.owner.timezone.clone(),
            unit: config.bot.unit.clone(),
            database: config.backup.database.display().to_string(),
        }
    }
}

impl Alerts {
    /// A moment on the owner's clock.
    #[must_use]
    pub fn moment(&self, at: UnixMillis) -> String {
        text::moment(&self.voice.timezone, at)
    }
}

//! How an agent before this one found the bot last, for the one that finds none and has not seen it end.
//! It asks nobody: it knows what the alerts keep, and which process of the bot it was.

use super::{Alerts, rule::Rule};

/// The alert about the bot.
const KEY: &str = "bot/bot";

/// Under which name it is remembered which process of the bot answered last.
const BOOT: &str = "bot_boot";

impl Alerts {
    /// The number of the process that answered last; `None` where none was ever met.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn bot_met(&self) -> anyhow::Result<Option<i64>> {
        let before = self.store.remembered(BOOT)?;
        Ok(before.and_then(|text| text.parse().ok()))
    }

    /// Remembers the number of the process that answers.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn meet_bot(&self, boot: i64) -> anyhow::Result<()> {
        Ok(self.store.remember(BOOT, &boot.to_string())?)
    }

    /// Whether the owner has been told that something is wrong with the bot, and not yet that it is over.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn has_told_of_the_bot(&self) -> anyhow::Result<bool> {
        let book = self.book()?;
        Ok(book.alerts.get(KEY).is_some_and(|row| row.loudest.is_some()))
    }
}

/// How it was found, as far as something was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing is known to have been wrong.
    Unknown,
    /// It was there, and answered nothing.
    Hung,
    /// It answered, and was not well.
    Unwell,
}

impl Before {
    const ALL: [Self; 3] = [Self::Unknown, Self::Hung, Self::Unwell];

    /// By the alert that it left, also where that does not count yet. Where the book cannot be read nothing is known.
    #[must_use]
    pub fn known_to(alerts: &Alerts) -> Self {
        let row = alerts.book().ok().and_then(|mut book| book.alerts.remove(KEY));
        row.map_or(Self::Unknown, |row| Self::of(&row.rule, &row.detail))
    }

    fn of(rule: &str, detail: &str) -> Self {
        match Rule::named(rule) {
            Some(Rule::BotHung | Rule::BotRestartsSpent) => Self::Hung,
            Some(Rule::BotUnhealthy) => Self::Unwell,
            // An agent between found no bot, and knew what one before it had found.
            Some(Rule::BotNotRunning) => Self::noted(detail),
            _ => Self::Unknown,
        }
    }

    /// As the alert keeps it.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Hung => "hung before",
            Self::Unwell => "unwell before",
        }
    }

    /// From what the alert keeps.
    #[must_use]
    pub fn noted(note: &str) -> Self {
        let known = Self::ALL.into_iter().find(|before| before.note() == note);
        known.unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_before_found_is_known_also_to_the_one_after_the_next() {
        for (rule, before) in [
            (Rule::BotHung, Before::Hung),
            (Rule::BotUnhealthy, Before::Unwell),
            (Rule::BotGone, Before::Unknown),
        ] {
            let found = Before::of(rule.name(), "");
            assert_eq!(found, before);
            assert_eq!(Before::of(Rule::BotNotRunning.name(), found.note()), before);
        }
    }
}

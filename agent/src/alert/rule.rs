//! What the owner can be told is wrong: one variant each, with how loud it is and how long it must last first.
//! It does not know which probe sees it, and holds no words: those are in `words`.

use std::{fmt, time::Duration};

pub use protocol::incident::Severity;

/// How long a planned stop may last before it is worth a sentence: longer than any update of the bot takes.
pub const PLANNED_STOP_MAX: Duration = Duration::from_secs(600);
/// How long a bot may take to be there when the agent itself has just started.
pub const START_GRACE: Duration = Duration::from_secs(10);
/// How long a bot may leave its health unanswered while its connection is open.
pub const HANG_MAX: Duration = Duration::from_secs(15);
/// One poll may catch the bot in a bad moment; the second one, five seconds later, may not.
const UNHEALTHY_MAX: Duration = Duration::from_secs(4);

/// Something wrong. The names are stored, and are the keys of the entries in docs/RUNBOOK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The bot said that it stops, and is not back.
    BotStopped,
    /// The bot answers, and says of itself that something in it stands still.
    BotUnhealthy,
    /// The bot's connection is open and nothing answers on it.
    BotHung,
    /// The bot does not run, and this agent did not see it end.
    BotNotRunning,
    /// The bot ended without a goodbye.
    BotGone,
    /// The last backup does not exist anywhere.
    BackupNotTaken,
    /// The last backup did not get to this remote.
    BackupFailed,
    /// Configured files are not in the last backup.
    BackupIncomplete,
    /// The newest restore point is older than two intervals of the schedule.
    BackupOld,
    /// SQLite finds the shop's database damaged.
    DatabaseDamaged,
    /// A certificate that backups are encrypted to expires soon.
    RecipientExpiring,
    /// A certificate that backups are encrypted to has expired.
    RecipientExpired,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 12] = [
        Self::BotStopped,
        Self::BotUnhealthy,
        Self::BotHung,
        Self::BotNotRunning,
        Self::BotGone,
        Self::BackupNotTaken,
        Self::BackupFailed,
        Self::BackupIncomplete,
        Self::BackupOld,
        Self::DatabaseDamaged,
        Self::RecipientExpiring,
        Self::RecipientExpired,
    ];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BotStopped => "bot_stopped",
            Self::BotUnhealthy => "bot_unhealthy",
            Self::BotHung => "bot_hung",
            Self::BotNotRunning => "bot_not_running",
            Self::BotGone => "bot_gone",
            Self::BackupNotTaken => "backup_not_taken",
            Self::BackupFailed => "backup_failed",
            Self::BackupIncomplete => "backup_incomplete",
            Self::BackupOld => "backup_old",
            Self::DatabaseDamaged => "database_damaged",
            Self::RecipientExpiring => "recipient_expiring",
            Self::RecipientExpired => "recipient_expired",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// How loud it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::RecipientExpiring => Severity::Info,
            Self::BotStopped
            | Self::BotUnhealthy
            | Self::RecipientExpired
            | Self::BackupNotTaken
            | Self::BackupFailed
            | Self::BackupIncomplete => Severity::Warning,
            Self::BotHung | Self::BotNotRunning | Self::BotGone | Self::BackupOld | Self::DatabaseDamaged => {
                Severity::Critical
            }
        }
    }

    /// How long it must last before the owner is told.
    #[must_use]
    pub fn lasts_before_told(self) -> Duration {
        match self {
            Self::BotGone
            | Self::BackupNotTaken
            | Self::BackupFailed
            | Self::BackupIncomplete
            | Self::BackupOld
            | Self::DatabaseDamaged
            | Self::RecipientExpiring
            | Self::RecipientExpired => Duration::ZERO,
            Self::BotStopped => PLANNED_STOP_MAX,
            Self::BotUnhealthy => UNHEALTHY_MAX,
            Self::BotHung => HANG_MAX,
            Self::BotNotRunning => START_GRACE,
        }
    }

    /// Whether it is about something that is not there, rather than about how it is.
    #[must_use]
    pub fn is_absence(self) -> bool {
        matches!(self, Self::BotStopped | Self::BotNotRunning | Self::BotGone)
    }

    /// Whether what is known already says all that `self` does: a bot that crashed or stopped is of course not
    /// running, also for an agent that was restarted in between.
    #[must_use]
    pub fn is_explained_by(self, known: Self) -> bool {
        self == Self::BotNotRunning && matches!(known, Self::BotGone | Self::BotStopped)
    }
}

/// What an alert is about, `<kind>/<object>`: one alert at a time each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlertKey(String);

impl AlertKey {
    /// A key of these two parts, neither of which holds a slash.
    #[must_use]
    pub fn new(kind: &str, object: &str) -> Self {
        Self(format!("{kind}/{object}"))
    }

    /// The key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the slash.
    #[must_use]
    pub fn object(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, object)| object)
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a probe saw of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Nothing is wrong.
    Fine,
    /// Something is.
    Wrong {
        /// What.
        rule: Rule,
        /// What the probe knows beyond the rule, for the owner to read: without secrets, names and item contents.
        detail: String,
    },
}

impl Observation {
    /// Something wrong of which there is no more to say.
    #[must_use]
    pub fn wrong(rule: Rule) -> Self {
        Self::Wrong {
            rule,
            detail: String::new(),
        }
    }
}

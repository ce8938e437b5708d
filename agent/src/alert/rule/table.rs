//! The table of rules: one entry is everything about a rule but its words, which are in `words`, and its entry in
//! docs/RUNBOOK. A new rule is a line here, a wording in each language, and that entry.
//! Nothing is decided here.

use std::time::Duration;

use super::{
    Severity::{Critical, Info, Warning},
    Spec, Topic,
};

/// How long a planned stop may last before it is worth a sentence: longer than any update of the bot takes.
pub const PLANNED_STOP_MAX: Duration = Duration::from_secs(600);
/// How long a bot may take to be there when the agent itself has just started.
const START_GRACE: Duration = Duration::from_secs(10);
/// How long a bot may leave its health unanswered while its connection is open.
const HANG_MAX: Duration = Duration::from_secs(15);
/// One poll may catch the bot in a bad moment; the second one, five seconds later, may not.
const UNHEALTHY_MAX: Duration = Duration::from_secs(4);

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident => $spec:expr;)*) => {
        /// Something wrong. The names are stored, and are the keys of the entries in docs/RUNBOOK.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// Everything about it.
            #[must_use]
            pub fn spec(self) -> Spec {
                match self {
                    $(Self::$rule => $spec,)*
                }
            }
        }
    };
}

rules! {
    /// The agent cannot reach anything outside: what it says of other places is about itself.
    AgentBlind => Spec::new("agent_blind", Warning, Topic::Agent).lasting(Duration::from_secs(60)).good_looks(2);
    /// One of the ways to the owner did not take its daily test.
    ChannelBroken => Spec::new("channel_broken", Warning, Topic::Agent).under(&[Rule::AgentBlind]);

    /// The bot said that it stops, and is not back.
    BotStopped => Spec::new("bot_stopped", Warning, Topic::Bot).lasting(PLANNED_STOP_MAX).absence();
    /// The bot answers, and says of itself that something in it stands still.
    BotUnhealthy => Spec::new("bot_unhealthy", Warning, Topic::Bot).lasting(UNHEALTHY_MAX).under(BOT_DOWN);
    /// The bot's connection is open and nothing answers on it.
    BotHung => Spec::new("bot_hung", Critical, Topic::Bot).lasting(HANG_MAX);
    /// The bot does not run, and this agent did not see it end.
    BotNotRunning => Spec::new("bot_not_running", Critical, Topic::Bot).lasting(START_GRACE).absence();
    /// The bot ended without a goodbye.
    BotGone => Spec::new("bot_gone", Critical, Topic::Bot).absence();
    /// The bot hangs again and again, and the agent has restarted it as often as it may.
    BotRestartsSpent => Spec::new("bot_restarts_spent", Critical, Topic::Bot);

    /// The last backup does not exist anywhere.
    BackupNotTaken => Spec::new("backup_not_taken", Warning, Topic::Backup);
    /// The last backup did not get to this remote.
    BackupFailed => Spec::new("backup_failed", Warning, Topic::Backup);
    /// Configured files are not in the last backup.
    BackupIncomplete => Spec::new("backup_incomplete", Warning, Topic::Backup);
    /// The newest restore point is older than two intervals of the schedule.
    BackupOld => Spec::new("backup_old", Critical, Topic::Backup);
    /// SQLite finds the shop's database damaged.
    DatabaseDamaged => Spec::new("database_damaged", Critical, Topic::Backup);

    /// A certificate that backups are encrypted to expires soon.
    RecipientExpiring => Spec::new("recipient_expiring", Info, Topic::Keys);
    /// A certificate that backups are encrypted to has expired.
    RecipientExpired => Spec::new("recipient_expired", Warning, Topic::Keys);
}

/// No answer from the bot: what only the bot can tell is unknown then.
pub const BOT_DOWN: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotNotRunning,
    Rule::BotStopped,
];
/// The bot is down or ill: trouble in the trade follows from it. For the roots of rules about orders and money.
pub const BOT_TROUBLE: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::BotUnhealthy,
];

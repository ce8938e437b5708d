//! The table of rules: one entry is everything about a rule but its words, which are in `words`, and its entry in
//! docs/RUNBOOK. A new rule is a line here, a wording in each language, and that entry.
//! Nothing is decided here.

use std::time::Duration;

use super::{
    Severity::{Critical, Info, Warning},
    Spec, Topic, Unit,
};

/// How long a planned stop may last before it is worth a sentence: longer than any update of the bot takes.
pub const PLANNED_STOP_MAX: Duration = Duration::from_secs(600);
/// How long a bot may take to be there when the agent itself has just started.
const START_GRACE: Duration = Duration::from_secs(10);
/// How long a bot may leave its health unanswered while its connection is open.
const HANG_MAX: Duration = Duration::from_secs(15);
/// One poll may catch the bot in a bad moment; the second one, five seconds later, may not.
const UNHEALTHY_MAX: Duration = Duration::from_secs(4);
/// The way out is tried every 20 s, and three places that do not answer take as long again.
const EGRESS_SEEN: Duration = Duration::from_secs(40);

/// The bot notices within a second that its log was renamed; looks may be closer to each other than that.
const LOG_FOLLOWED: Duration = Duration::from_secs(2);

const MINUTE: Duration = Duration::from_secs(60);
const MINUTES_2: Duration = Duration::from_secs(120);
const MINUTES_5: Duration = Duration::from_secs(300);
const MINUTES_15: Duration = Duration::from_secs(900);
const MINUTES_30: Duration = Duration::from_secs(1800);
const DAY_S: f64 = 86_400.0;
const MIB: f64 = 1024.0 * 1024.0;

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
    AgentBlind => Spec::new("agent_blind", Warning, Topic::Agent).lasting(MINUTE).good_looks(2).seen_within(EGRESS_SEEN);
    /// One of the ways to the owner did not take its daily test.
    ChannelBroken => Spec::new("channel_broken", Warning, Topic::Agent).tried().under(&[Rule::AgentBlind]);

    /// A check at the outside answers, and does not know what it is told of or takes none of it.
    HeartbeatRefused => Spec::new("heartbeat_refused", Warning, Topic::Agent).bad_looks(2, 2).under(&[Rule::AgentBlind]);
    /// A check at the outside was not reached for minutes, or its service is not well.
    HeartbeatUnreached => Spec::new("heartbeat_unreached", Warning, Topic::Agent).lasting(MINUTES_5).itself().tried().under(&[Rule::AgentBlind]);

    /// The bot said that it stops, and is not back.
    BotStopped => Spec::new("bot_stopped", Warning, Topic::Bot).lasting(PLANNED_STOP_MAX).absence();
    /// The bot answers, and says of itself that something in it stands still.
    BotUnhealthy => Spec::new("bot_unhealthy", Warning, Topic::Bot).lasting(UNHEALTHY_MAX).under(DOWN_OR_REFUSING);
    /// The bot's connection is open and nothing answers on it.
    BotHung => Spec::new("bot_hung", Critical, Topic::Bot).lasting(HANG_MAX);
    /// The bot does not run, and this agent did not see it end.
    BotNotRunning => Spec::new("bot_not_running", Critical, Topic::Bot).lasting(START_GRACE).absence();
    /// The bot ended without a goodbye.
    BotGone => Spec::new("bot_gone", Critical, Topic::Bot).absence();
    /// The bot had died and was started anew before the agent met it: no part of a message about one that is there.
    BotDiedUnseen => Spec::new("bot_died_unseen", Warning, Topic::Agent).event().tried().under(&[Rule::ServerWentDown]);
    /// The bot hangs, and the agent has restarted it, or tried to, as often as it may.
    BotRestartsSpent => Spec::new("bot_restarts_spent", Critical, Topic::Bot).lasting(HANG_MAX).owners();
    /// Something else answers where the bot should.
    BotPortTaken => Spec::new("bot_port_taken", Critical, Topic::Bot).lasting(START_GRACE).absence();

    /// The last backup does not exist anywhere.
    BackupNotTaken => Spec::new("backup_not_taken", Warning, Topic::Backup).tried().under(NOT_TAKEN);
    /// The same, for want of room on the disk of the agent's state.
    BackupWithoutRoom => Spec::new("backup_without_room", Warning, Topic::Backup).tried().under(NO_ROOM);
    /// The last backup did not get to this remote.
    BackupFailed => Spec::new("backup_failed", Warning, Topic::Backup).under(&[Rule::DiskMissing]);
    /// Configured files are not in the last backup.
    BackupIncomplete => Spec::new("backup_incomplete", Warning, Topic::Backup);
    /// The newest restore point is older than two intervals of the schedule.
    BackupOld => Spec::new("backup_old", Critical, Topic::Backup).under(NO_WRITES);
    /// SQLite finds the shop's database damaged.
    DatabaseDamaged => Spec::new("database_damaged", Critical, Topic::Backup);

    /// The newest full backup is sealed to other keys than the configuration names.
    RecipientsChanged => Spec::new("recipients_changed", Warning, Topic::Keys);
    /// A certificate that backups are encrypted to does not read.
    RecipientsUnread => Spec::new("recipients_unread", Warning, Topic::Keys);
    /// The agent's configuration does not read any more.
    ConfigUnread => Spec::new("config_unread", Warning, Topic::Backup);
    /// A certificate that backups are encrypted to expires soon.
    RecipientExpiring => Spec::new("recipient_expiring", Info, Topic::Keys);
    /// A certificate that backups are encrypted to has expired.
    RecipientExpired => Spec::new("recipient_expired", Warning, Topic::Keys);

    /// There is little room on a disk.
    DiskLow => Spec::new("disk_low", Warning, Topic::Machine).figure(Unit::Percent, 90.0, 85.0).lasting(MINUTES_2).tried().under(&[Rule::DiskReadOnly]);
    /// There is hardly any room on a disk.
    DiskFull => Spec::new("disk_full", Critical, Topic::Machine).figure(Unit::Percent, 95.0, 92.0);
    /// Something grows that nothing deletes, and will fill a disk.
    DiskFilling => Spec::new("disk_filling", Warning, Topic::Machine).figure(Unit::Seconds, 16.0 * 3600.0, 24.0 * 3600.0).lasting(MINUTES_30).under(&[Rule::DiskFull, Rule::DiskReadOnly]);
    /// A disk can hold hardly any more files.
    InodesLow => Spec::new("inodes_low", Warning, Topic::Machine).figure(Unit::Percent, 90.0, 85.0).lasting(MINUTES_2).tried().under(&[Rule::DiskReadOnly]);
    /// A disk can hold no more files, or almost none: the database's journal is one.
    InodesFull => Spec::new("inodes_full", Critical, Topic::Machine).figure(Unit::Percent, 97.0, 95.0);
    /// A disk takes no writes.
    DiskReadOnly => Spec::new("disk_read_only", Critical, Topic::Machine);
    /// A place that is watched is not there, or not on its own disk any more. One look finds that and its cause.
    DiskMissing => Spec::new("disk_missing", Warning, Topic::Machine).bad_looks(2, 2).tried().seen_within(MINUTE).under(&[Rule::DiskGone]);
    /// The disk of the shop's database, or of the agent's state, went away under the running agent.
    DiskGone => Spec::new("disk_gone", Critical, Topic::Machine);
    /// There is little memory.
    MemoryLow => Spec::new("memory_low", Warning, Topic::Machine).figure(Unit::Percent, 90.0, 85.0).lasting(MINUTES_5);
    /// Nothing can go on for want of memory.
    MemoryStalls => Spec::new("memory_stalls", Critical, Topic::Machine).figure(Unit::Percent, 5.0, 2.0).lasting(MINUTE);
    /// The kernel killed a program for want of memory.
    MemoryKill => Spec::new("memory_kill", Critical, Topic::Machine).event();
    /// The kernel killed a program that reached a limit of its own, which is not the shop's.
    MemoryLimitKill => Spec::new("memory_limit_kill", Info, Topic::Machine).event();
    /// The machine fetches memory back from the disk all the time.
    MemorySwapping => Spec::new("memory_swapping", Warning, Topic::Machine).figure(Unit::Count, 200.0, 50.0).lasting(MINUTES_5).under(&[Rule::MemoryStalls, Rule::MemoryLow]);
    /// Other guests of the host take the processor away.
    CpuStolen => Spec::new("cpu_stolen", Warning, Topic::Machine).figure(Unit::Percent, 10.0, 5.0);
    /// The processor waits for the disk.
    DiskSlow => Spec::new("disk_slow", Warning, Topic::Machine).figure(Unit::Percent, 40.0, 20.0);
    /// More work waits than the processor can do.
    CpuOverloaded => Spec::new("cpu_overloaded", Info, Topic::Machine).figure(Unit::Count, 2.0, 1.5).lasting(MINUTES_15);
    /// Nobody keeps the clock right.
    ClockUnsynchronised => Spec::new("clock_unsynchronised", Warning, Topic::Machine).lasting(MINUTES_15);
    /// The clock was set.
    ClockJumped => Spec::new("clock_jumped", Warning, Topic::Machine).event();
    /// The certificate of the shop's domain ends soon.
    CertificateExpiring => Spec::new("certificate_expiring", Warning, Topic::Keys).figure(Unit::Seconds, 14.0 * DAY_S, 20.0 * DAY_S);
    /// The certificate of the shop's domain has ended, or does within two days.
    CertificateExpired => Spec::new("certificate_expired", Critical, Topic::Keys).figure(Unit::Seconds, 2.0 * DAY_S, 3.0 * DAY_S);
    /// The registration of the shop's domain ends soon.
    DomainExpiring => Spec::new("domain_expiring", Warning, Topic::Keys).figure(Unit::Seconds, 30.0 * DAY_S, 40.0 * DAY_S);
    /// The registration of the shop's domain has ended, or does within a week.
    DomainExpired => Spec::new("domain_expired", Critical, Topic::Keys).figure(Unit::Seconds, 7.0 * DAY_S, 10.0 * DAY_S);
    /// The shop's domain does not answer.
    DomainUnreachable => Spec::new("domain_unreachable", Warning, Topic::Keys).bad_looks(3, 3).good_looks(2).under(&[Rule::AgentBlind]);
    /// A secret was not renewed for a long time.
    CredentialOld => Spec::new("credential_old", Info, Topic::Keys);
    /// The agent's own work comes late.
    AgentSlow => Spec::new("agent_slow", Warning, Topic::Agent).figure(Unit::Seconds, 5.0, 1.0).bad_looks(2, 3).good_looks(3);
    /// The whole server went down without a warning, and is up again.
    ServerWentDown => Spec::new("server_went_down", Warning, Topic::Machine).event();
    /// The kernel killed the agent itself for want of memory.
    AgentKilled => Spec::new("agent_killed", Warning, Topic::Agent).event();
    /// The agent's own state folder was exchanged or deleted under it.
    AgentStateReplaced => Spec::new("agent_state_replaced", Critical, Topic::Agent).event();
    /// Another program takes the owner's commands from Telegram.
    OwnerBotShared => Spec::new("owner_bot_shared", Warning, Topic::Agent).figure(Unit::Count, 3.0, 1.0);
    /// systemd restarts the bot again and again.
    BotRestarting => Spec::new("bot_restarting", Critical, Topic::Bot).figure(Unit::Count, 3.0, 1.0);
    /// systemd has given the bot up.
    BotGivenUp => Spec::new("bot_given_up", Critical, Topic::Bot);
    /// systemd runs and has no unit of the configured name.
    BotUnitUnknown => Spec::new("bot_unit_unknown", Warning, Topic::Bot).lasting(MINUTES_5);
    /// The bot's memory grows towards its limit.
    BotMemoryGrowing => Spec::new("bot_memory_growing", Warning, Topic::Bot).figure(Unit::Seconds, DAY_S, 2.0 * DAY_S).lasting(MINUTES_30);
    /// Goods are paid for and do not go out.
    DeliveryLate => Spec::new("delivery_late", Critical, Topic::Trade).figure(Unit::Seconds, 300.0, 60.0).under(DEAF_OR_BOT);
    /// Orders wait for their payment although their time is over.
    OrdersStuck => Spec::new("orders_stuck", Warning, Topic::Trade).figure(Unit::Seconds, DAY_S, 0.9 * DAY_S).under(BOT_TROUBLE);
    /// The bot's work waits.
    QueueLagging => Spec::new("queue_lagging", Warning, Topic::Trade).figure(Unit::Seconds, 120.0, 30.0).under(DEAF_OR_BOT);
    /// Calls to a payment gateway fail in a row.
    PaymentsFailing => Spec::new("payments_failing", Critical, Topic::Trade).figure(Unit::Count, 3.0, 1.0).under(OUTSIDE_OR_BOT);
    /// Messages do not get through to Telegram.
    TelegramLagging => Spec::new("telegram_lagging", Warning, Topic::Trade).figure(Unit::Count, 5.0, 1.0).under(OUTSIDE_OR_BOT);
    /// Another program takes the shop's updates from Telegram.
    TelegramShared => Spec::new("telegram_shared", Critical, Topic::Trade).figure(Unit::Count, 3.0, 1.0).under(BOT_TROUBLE);
    /// Telegram does not take the bot's token.
    TelegramRefuses => Spec::new("telegram_refuses", Critical, Topic::Trade).good_looks(2);
    /// A gateway makes no invoices.
    GatewayRefuses => Spec::new("gateway_refuses", Critical, Topic::Trade).good_looks(2);
    /// The shop's database takes no commits. A disk that was nearly full yesterday does not tell that.
    DatabaseRefuses => Spec::new("database_refuses", Critical, Topic::Trade).figure(Unit::Count, 3.0, 1.0).good_looks(2).under(NO_WRITES).beside(&[Rule::DiskFull, Rule::InodesFull, Rule::DatabaseReplaced]);
    /// The database's log is not put back into it.
    WalLarge => Spec::new("wal_large", Warning, Topic::Backup).figure(Unit::Bytes, 256.0 * MIB, 128.0 * MIB);
    /// The database's log is so long that no new orders are taken.
    WalHuge => Spec::new("wal_huge", Critical, Topic::Backup).figure(Unit::Bytes, 1024.0 * MIB, 512.0 * MIB);
    /// The capture stands still: commits do not leave the machine.
    CaptureStopped => Spec::new("capture_stopped", Critical, Topic::Backup).lasting(MINUTE).under(DISK_OR_DATABASE);
    /// The capture stands still for something that no waiting mends.
    CaptureStuck => Spec::new("capture_stuck", Critical, Topic::Backup).under(DISK_OR_DATABASE);
    /// Another file lies under the name of the shop's database.
    DatabaseReplaced => Spec::new("database_replaced", Critical, Topic::Backup).under(&[Rule::DiskGone]);
    /// The chain of commits broke and began anew.
    ChainBroken => Spec::new("chain_broken", Warning, Topic::Backup).under(&[Rule::DatabaseReplaced, Rule::DiskGone]);
    /// While nobody followed the shop, its tables were defined anew within one release: by hand, or another state was put in.
    DatabaseRedefined => Spec::new("database_redefined", Warning, Topic::Backup);
    /// What happened while nobody followed the shop is one step of the chain.
    CaptureResynced => Spec::new("capture_resynced", Info, Topic::Backup);
    /// Another file lies under the name of the shop's database, or something wrote to it past SQLite, and it holds the same.
    DatabaseTouched => Spec::new("database_touched", Info, Topic::Backup);
    /// Commits were dropped that a remote lacks.
    SpoolOverflowed => Spec::new("spool_overflowed", Warning, Topic::Backup).under(&[Rule::RemoteBehind]);
    /// Commits wait for a remote.
    RemoteBehind => Spec::new("remote_behind", Warning, Topic::Backup).figure(Unit::Seconds, 120.0, 10.0).under(&[Rule::AgentBlind, Rule::BackupFailed]);
    /// A log is longer than it may become between two rotations.
    LogGrowing => Spec::new("log_growing", Warning, Topic::Logs);
    /// A log was not rotated for longer than its period.
    LogNotRotated => Spec::new("log_not_rotated", Warning, Topic::Logs);
    /// A log's writer still writes into the file that was renamed.
    LogWriterLost => Spec::new("log_writer_lost", Warning, Topic::Logs).bad_looks(2, 2).lasting(LOG_FOLLOWED);
    /// A log was deleted while its writer holds it: the room is not given back.
    LogDeletedOpen => Spec::new("log_deleted_open", Warning, Topic::Logs).bad_looks(2, 2);
    /// A log became shorter: lines may be lost.
    LogTruncated => Spec::new("log_truncated", Warning, Topic::Logs);
    /// A log begins with a hole: it was cut off under a writer that does not append.
    LogHole => Spec::new("log_hole", Warning, Topic::Logs);
    /// Old logs are not deleted, or not compressed.
    LogOldKept => Spec::new("log_old_kept", Warning, Topic::Logs).bad_looks(2, 2);
    /// What the bot logs does not arrive in its file.
    LogSilent => Spec::new("log_silent", Warning, Topic::Logs).bad_looks(2, 2).under(DOWN_OR_READ_ONLY);
    /// A remote does not hold what was written there.
    RemoteDamaged => Spec::new("remote_damaged", Critical, Topic::Backup);
    /// A remote does not hold what a daily summary named, by the last look with that summary.
    RemoteContradicts => Spec::new("remote_contradicts", Critical, Topic::Backup);
    /// Another server writes to a remote as this one does.
    ShopRunsTwice => Spec::new("shop_runs_twice", Critical, Topic::Backup);
    /// The last rehearsal of a restore from this remote failed.
    DrillFailed => Spec::new("drill_failed", Critical, Topic::Backup).under(NO_WRITES);
    /// No rehearsal of a restore from this remote has passed for long.
    DrillOld => Spec::new("drill_old", Warning, Topic::Backup);
    /// What a rehearsal brought back could not be counted: the shop's own program cannot be run.
    DrillUncounted => Spec::new("drill_uncounted", Warning, Topic::Backup);
    /// No restore can be rehearsed, for want of room on the disk of the agent's state.
    DrillWithoutRoom => Spec::new("drill_without_room", Warning, Topic::Backup).lasting(MINUTES_15).under(NO_ROOM);
}

/// Nothing more fits on the disk, or it takes nothing, or the bot itself says that its database takes none: what that says to do
/// comes first.
const DISK_OR_DATABASE: &[Rule] = &[
    Rule::DiskFull,
    Rule::InodesFull,
    Rule::DiskReadOnly,
    Rule::DiskGone,
    Rule::DatabaseRefuses,
];
/// What a backup writes does not fit on the disk, or that takes nothing.
const NO_ROOM: &[Rule] = &[
    Rule::DiskFull,
    Rule::InodesFull,
    Rule::DiskReadOnly,
    Rule::DiskGone,
];
/// The same, or nobody knows with which settings.
const NOT_TAKEN: &[Rule] = &[Rule::DiskReadOnly, Rule::DiskGone, Rule::ConfigUnread];
/// The disk takes nothing, or is not there.
const NO_WRITES: &[Rule] = &[Rule::DiskReadOnly, Rule::DiskGone];
/// No answer from the bot: what only the bot can tell is unknown then.
pub const BOT_DOWN: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
];
/// The bot is down or ill: trouble in the trade follows from it. For the roots of rules about orders and money.
pub const BOT_TROUBLE: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::BotUnhealthy,
];
/// Who is down logs nothing, and nothing is written where no write is taken.
const DOWN_OR_READ_ONLY: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::DiskReadOnly,
];
/// The bot says itself that its database takes no writes: nothing is added by calling it ill for that.
const DOWN_OR_REFUSING: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::DatabaseRefuses,
];
/// Besides the bot's own trouble: what Telegram does not take waits.
const DEAF_OR_BOT: &[Rule] = &[
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::BotUnhealthy,
    Rule::TelegramShared,
    Rule::TelegramRefuses,
];
/// Besides the bot's own trouble: without a line to the outside nobody can be paid or told.
const OUTSIDE_OR_BOT: &[Rule] = &[
    Rule::AgentBlind,
    Rule::BotGone,
    Rule::BotHung,
    Rule::BotRestartsSpent,
    Rule::BotPortTaken,
    Rule::BotNotRunning,
    Rule::BotStopped,
    Rule::BotUnhealthy,
];

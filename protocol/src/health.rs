//! The bot's own word about itself: the answer to `GET /health` on its private address.
//! Only what the bot alone can know; disk, memory and units are the agent's to ask elsewhere.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{incident::IncidentId, time::UnixMillis};

mod telegram;

pub use telegram::{CONFLICTS_MAX, Receiving, TelegramHealth, WebhookHealth};

/// Hours in [`Health::hours`], the present one included.
pub const HOURS_MAX: usize = 48;
/// Kinds in [`QueueHealth::dead_by_kind`] and names in [`QueueHealth::paused`].
pub const NAMES_MAX: usize = 20;
/// Characters of [`WebhookHealth::last_error`].
pub const REASON_CHARS_MAX: usize = 200;

/// Lower-case hex digits of the word in `POST /log-marker?nonce=…`, which the bot writes into its log file, so that the
/// agent can follow it through rotation; the answer is the [`LogFile`] that took it.
pub const NONCE_HEX_DIGITS: RangeInclusive<usize> = 16..=64;

/// One report. Ages are in milliseconds; absent means that there is no such thing at the moment.
/// What a later version added has a default, so that either program may be the older one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether every vital loop has made progress within its limit and the database takes writes.
    pub healthy: bool,
    /// When this process started.
    pub started_at: UnixMillis,
    /// The boot number of the database: rises by one at each start. 0 while the database cannot be opened.
    pub boot: i64,
    /// Whether the process before this one ended without having been told to. False from a bot that does not tell.
    #[serde(default)]
    pub follows_crash: bool,
    /// The program's version.
    pub version: String,
    /// The newest incident's number; 0 when there never was one.
    pub last_incident: IncidentId,
    /// Vital loops by name, and how long ago each made progress.
    pub loops: Vec<LoopBeat>,
    /// Why it is not well, each a sentence for logs and for who reads English; empty while it is.
    #[serde(default)]
    pub troubles: Vec<String>,
    /// The same as codes, one for each trouble and in the same order: the agent says them in the owner's language. Empty
    /// from a bot that does not tell.
    #[serde(default)]
    pub ailments: Vec<Ailment>,
    /// Jobs and updates that hang, by name: they are cut and tried again.
    #[serde(default)]
    pub stuck: Vec<LoopBeat>,
    /// What waits, is done or is due.
    pub queue: QueueHealth,
    /// What the trade looks like from inside.
    pub trade: TradeHealth,
    /// Every gateway that the shop asks.
    #[serde(default)]
    pub gateways: Vec<GatewayHealth>,
    /// The line to Telegram.
    #[serde(default)]
    pub telegram: TelegramHealth,
    /// Orders and money by the hour, oldest first, at most [`HOURS_MAX`]; an hour in which nothing happened is left out.
    #[serde(default)]
    pub hours: Vec<HourTotals>,
    /// The log file that the process writes to; absent where it writes to none.
    #[serde(default)]
    pub log: Option<LogFile>,
    /// The shop's database.
    #[serde(default)]
    pub database: DatabaseHealth,
    /// What stands at present of the troubles that are also reported as incidents; absent from a bot that does not tell.
    #[serde(default)]
    pub standing: Option<Vec<Standing>>,
}

/// A trouble that was reported as an incident and is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The incident's kind: `telegram_refuses`.
    pub kind: String,
    /// Which of several it is about, as a gateway's name; empty where there is one only.
    pub about: String,
    /// A code, no sentence: `full`.
    pub detail: String,
    /// It is kept from before the bot's start, and nobody has tried since: it may be over.
    #[serde(default)]
    pub is_untried: bool,
}

/// What kind of trouble the bot itself is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// The database takes no writes.
    NoWrites,
    /// A write to the database takes too long.
    SlowWrites,
    /// The database cannot be read.
    Unreadable,
    /// The database cannot be opened: nothing is sold.
    Shut,
    /// A job or an update hangs; [`Health::stuck`] says which.
    Hangs,
    /// A word of a newer bot.
    #[serde(other)]
    Other,
}

impl Ailment {
    /// Every one that this version has a word for.
    pub const ALL: [Self; 5] = [
        Self::NoWrites,
        Self::SlowWrites,
        Self::Unreadable,
        Self::Shut,
        Self::Hangs,
    ];

    /// Its word; `None` for a newer bot's.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NoWrites => "no_writes",
            Self::SlowWrites => "slow_writes",
            Self::Unreadable => "unreadable",
            Self::Shut => "shut",
            Self::Hangs => "hangs",
            Self::Other => return None,
        })
    }
}

/// A vital loop's last sign of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopBeat {
    /// `inbox`, `jobs`, `sends`, `writer`, `telegram`.
    pub name: String,
    /// Milliseconds since its last progress.
    pub age_ms: u64,
    /// More than this is a hang.
    pub limit_ms: u64,
}

/// The bot's own queues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueHealth {
    /// Jobs that could run now; counted up to 10,000, which means that many or more.
    pub ready: u64,
    /// Jobs that wait for their time; counted as far.
    pub scheduled: u64,
    /// Jobs that were given up; counted as far.
    pub dead: u64,
    /// Telegram updates stored and not handled yet.
    pub inbox: u64,
    /// Messages to Telegram not sent yet.
    pub sends: u64,
    /// Messages of which nobody knows whether they arrived.
    pub sends_unknown: u64,
    /// How long the oldest job that could run has been waiting.
    pub oldest_ready_ms: Option<u64>,
    /// Queues of which nothing is started until somebody resumes them; `*` is all of them. At most [`NAMES_MAX`].
    #[serde(default)]
    pub paused: Vec<String>,
    /// Jobs that were given up, by kind, most first. At most [`NAMES_MAX`] kinds.
    #[serde(default)]
    pub dead_by_kind: Vec<DeadJobs>,
}

/// Jobs of one kind that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJobs {
    /// The kind: `deliver`, `create_invoice`.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// The trade, in figures that are nobody's personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeHealth {
    /// Whether the seller or a restore has paused sales.
    pub sales_paused: bool,
    /// Orders that wait for their payment.
    pub awaiting_payment: u64,
    /// Age of the oldest paid order whose goods are not delivered.
    pub oldest_undelivered_ms: Option<u64>,
    /// Refunds that the seller owes.
    pub refunds_due: u64,
    /// Age of the oldest order that waits for its payment.
    #[serde(default)]
    pub oldest_unpaid_ms: Option<u64>,
}

/// How the calls to one payment gateway went since the bot's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayHealth {
    /// `pakasir`.
    pub name: String,
    /// Calls that failed since the last one that did not.
    pub failures: u32,
    /// Since when they fail, as an age; absent where the last call did not fail.
    pub failing_ms: Option<u64>,
    /// Age of the last call that was answered as it should; absent where none was yet.
    pub last_success_ms: Option<u64>,
    /// What the last failure was, also when calls succeed again.
    pub last_fault: Option<GatewayFault>,
}

/// Why a gateway's call failed; never its own words, which may hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayFault {
    /// It cannot be reached, or has a fault of its own.
    Unreachable,
    /// It wants fewer questions.
    TooMany,
    /// It says no: a wrong key, a wrong project.
    Refused,
    /// Its answer cannot be understood.
    Garbled,
    /// A word of a newer bot.
    #[serde(other)]
    Other,
}

/// What happened in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourTotals {
    /// When the hour began: a whole hour of UTC.
    pub hour: UnixMillis,
    /// Orders placed.
    pub placed: u64,
    /// Payments that came in, whatever became of them.
    pub paid: u64,
    /// Orders whose goods arrived.
    pub delivered: u64,
    /// Rupiah that came in.
    pub paid_rupiah: i64,
}

/// The log file that the process holds open: what rotation can be proven with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Where it should lie.
    pub path: String,
    /// The device of the open file, as `stat` gives it.
    pub device: u64,
    /// The inode of the open file.
    pub inode: u64,
    /// Names that the open file has; 0: it was deleted and takes room that nobody sees.
    pub links: u64,
    /// Size of the open file.
    pub size_bytes: u64,
    /// Bytes written since the start, over all files.
    pub written_bytes: u64,
    /// Lines that could not be written since the start.
    pub dropped_lines: u64,
}

/// The shop's database, from inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseHealth {
    /// Size of the database, free pages included, the WAL not.
    pub size_bytes: u64,
    /// Size of the WAL file.
    pub wal_bytes: u64,
    /// Pages that hold nothing; a page has 4096 bytes.
    pub free_pages: u64,
    /// Commits that failed since the last one that did not.
    pub failed_commits: u32,
    /// Why the last of them failed; absent where the last commit did not.
    pub commit_fault: Option<CommitFault>,
    /// The number of the newest migration.
    pub schema_version: u32,
}

/// Why a commit failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitFault {
    /// Somebody else held the database for longer than the bot waits.
    Busy,
    /// No room on the disk.
    Full,
    /// The file or its file system takes no writes.
    ReadOnly,
    /// The disk or the file is damaged.
    Damaged,
    /// The open file lies under its name no more: it was deleted, renamed or replaced.
    Moved,
    /// Anything else, or a word of a newer bot.
    #[serde(other)]
    Other,
}

impl CommitFault {
    /// Its word, as docs/RUNBOOK has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Full => "full",
            Self::ReadOnly => "readonly",
            Self::Damaged => "damaged",
            Self::Moved => "moved",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_older_bot_is_understood() {
        let old = r#"{"healthy":true,"started_at":1,"boot":2,"version":"0.1.0","last_incident":3,"loops":[],
            "queue":{"ready":0,"scheduled":0,"dead":0,"inbox":0,"sends":0,"sends_unknown":0,"oldest_ready_ms":null},
            "trade":{"sales_paused":false,"awaiting_payment":0,"oldest_undelivered_ms":null,"refunds_due":0}}"#;
        let health: Health = serde_json::from_str(old).unwrap();
        assert_eq!(health.telegram.receiving, Receiving::Unknown);
        assert!(health.hours.is_empty() && health.log.is_none());
    }

    #[test]
    fn a_word_of_a_newer_bot_breaks_nothing() {
        let fault: GatewayFault = serde_json::from_str("\"on_holiday\"").unwrap();
        assert_eq!(fault, GatewayFault::Other);
    }
}

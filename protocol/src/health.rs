//! The bot's own word about itself: the answer to `GET /health` on its private address.
//! Only what the bot alone can know; disk, memory and units are the agent's to ask elsewhere.

use serde::{Deserialize, Serialize};

use crate::{incident::IncidentId, time::UnixMillis};

/// One report. Ages are in milliseconds; absent means that there is no such thing at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether every vital loop has made progress within its limit and the database takes writes.
    pub healthy: bool,
    /// When this process started.
    pub started_at: UnixMillis,
    /// The boot number of the database: rises by one at each start.
    pub boot: i64,
    /// The program's version.
    pub version: String,
    /// The newest incident's number; 0 when there never was one.
    pub last_incident: IncidentId,
    /// Vital loops by name, and how long ago each made progress.
    pub loops: Vec<LoopBeat>,
    /// What waits, is done or is due.
    pub queue: QueueHealth,
    /// What the trade looks like from inside.
    pub trade: TradeHealth,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueHealth {
    /// Jobs that could run now.
    pub ready: u64,
    /// Jobs that wait for their time.
    pub scheduled: u64,
    /// Jobs that were given up.
    pub dead: u64,
    /// Telegram updates stored and not handled yet.
    pub inbox: u64,
    /// Messages to Telegram not sent yet.
    pub sends: u64,
    /// Messages of which nobody knows whether they arrived.
    pub sends_unknown: u64,
    /// How long the oldest job that could run has been waiting.
    pub oldest_ready_ms: Option<u64>,
}

/// The trade, in figures that are nobody's personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeHealth {
    /// Whether the seller or a restore has paused sales.
    pub sales_paused: bool,
    /// Orders that wait for their payment.
    pub awaiting_payment: u64,
    /// Age of the oldest paid order whose goods are not delivered.
    pub oldest_undelivered_ms: Option<u64>,
    /// Refunds that the seller owes.
    pub refunds_due: u64,
}

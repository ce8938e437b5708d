//! The ordered record of every call that reached the sandbox and every webhook it sent.
//! Tests account by it, so that nobody has to believe the bot's own word.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The oldest entries are dropped beyond this many.
const ENTRIES_MAX: usize = 200_000;

/// One call.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Rises by one with every entry.
    pub seq: u64,
    pub at: Timestamp,
    /// `telegram`, `pakasir`, or `telegram_webhook` and `pakasir_webhook` for what the sandbox sent.
    pub api: String,
    /// The bot's username; empty for the gateway.
    pub bot: String,
    pub method: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chat_id: Option<i64>,
    /// The message that was sent or edited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message_id: Option<i64>,
    /// Parameters without the bytes of files.
    pub params: Value,
    /// The HTTP status that was or would have been answered. 0: no answer came, or no call was made.
    pub code: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// The name of the fault that was applied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<String>,
}

/// All entries, oldest first.
#[derive(Default, Serialize, Deserialize)]
pub struct Record {
    last_seq: u64,
    /// Not saved: it would make every save as large as the past.
    #[serde(skip)]
    entries: VecDeque<Entry>,
}

impl Record {
    /// Adds an entry and gives it its number.
    pub fn push(&mut self, mut entry: Entry) {
        self.last_seq += 1;
        entry.seq = self.last_seq;
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Entries with a number greater than `after`, oldest first.
    pub fn after(&self, after: u64) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.seq <= after);
        self.entries.range(from..)
    }

    /// The number of the newest entry.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

//! A bot account: its token, its queue of updates, its webhook and its chats.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    chat::Chat,
    id::{BotId, MessageId, UpdateId, UserId},
};

/// Update ids of the real service are large and start anywhere.
const FIRST_UPDATE_ID: i64 = 418_530_001;
/// The oldest updates are dropped beyond this many.
const UPDATES_MAX: usize = 100_000;
/// Telegram keeps an update that nobody fetches for a day.
const UPDATE_KEPT_H: i64 = 24;
/// Kinds that a bot gets only if it asks for them by name.
const OPT_IN_KINDS: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// A token that is not `<digits>:<letters, digits, _ or ->`.
#[derive(Debug, PartialEq, Eq)]
pub struct BadToken;

impl std::fmt::Display for BadToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a bot token looks like 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
    }
}

impl std::error::Error for BadToken {}

/// One bot account.
#[derive(Serialize, Deserialize)]
pub struct Bot {
    pub id: BotId,
    pub token: String,
    pub username: String,
    pub chats: BTreeMap<UserId, Chat>,
    pub updates: VecDeque<Update>,
    pub allowed_updates: Vec<String>,
    pub webhook: Option<Webhook>,
    /// Command lists by scope and language, as `setMyCommands` left them.
    pub commands: BTreeMap<String, Value>,
    pub description: String,
    pub short_description: String,
    next_update_id: i64,
    next_message_id: i64,
    next_press: u64,
    /// Whoever holds the newest number may long-poll; the one before is told 409.
    #[serde(skip)]
    pub poll: Poll,
}

/// Who polls now, and why an older poll must end.
#[derive(Default)]
pub struct Poll {
    pub turn: u64,
    pub ended_by_webhook: bool,
}

/// An update that waits until it is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Update {
    pub id: UpdateId,
    /// The name of the field that carries the body, such as `message`.
    pub kind: String,
    pub body: Value,
    /// Whom it is about. A webhook gets the updates of one person in order.
    pub about: UserId,
    pub at: Timestamp,
    /// Webhook only: when it may be tried again, and how often it failed.
    pub not_before: Timestamp,
    pub failures: u32,
    #[serde(skip)]
    pub in_flight: bool,
}

impl Update {
    /// The `Update` object of the Bot API.
    pub fn as_json(&self) -> Value {
        let mut update = json!({ "update_id": self.id });
        update[&self.kind] = self.body.clone();
        update
    }
}

/// Where updates are posted instead of waiting for `getUpdates`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Webhook {
    pub url: String,
    pub secret_token: Option<String>,
    pub max_connections: i64,
    pub ip_address: Option<String>,
    pub last_error: Option<(Timestamp, String)>,
}

impl Bot {
    /// A bot nobody has talked to yet.
    pub fn new(token: &str, username: &str) -> Result<Bot, BadToken> {
        let (digits, rest) = token.split_once(':').ok_or(BadToken)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if rest.is_empty() || !rest.chars().all(plain) || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Err(BadToken);
        }
        Ok(Bot {
            id: BotId(digits.parse().map_err(|_| BadToken)?),
            token: token.to_owned(),
            username: username.trim_start_matches('@').to_owned(),
            chats: BTreeMap::new(),
            updates: VecDeque::new(),
            allowed_updates: Vec::new(),
            webhook: None,
            commands: BTreeMap::new(),
            description: String::new(),
            short_description: String::new(),
            next_update_id: FIRST_UPDATE_ID,
            next_message_id: 1,
            next_press: 1,
            poll: Poll::default(),
        })
    }

    /// The `User` object of the Bot API.
    pub fn as_user(&self) -> Value {
        json!({ "id": self.id, "is_bot": true, "first_name": self.username, "username": self.username })
    }

    /// A fresh message id.
    pub fn take_message_id(&mut self) -> MessageId {
        self.next_message_id += 1;
        MessageId(self.next_message_id - 1)
    }

    /// A fresh id for a button press: digits, as the real ones.
    pub fn take_press_id(&mut self) -> String {
        self.next_press += 1;
        format!("{}{:09}", self.id, self.next_press - 1)
    }

    /// Queues an update, unless the bot did not allow its kind. Says whether it was queued.
    pub fn push_update(&mut self, kind: &str, about: UserId, body: Value, now: Timestamp) -> bool {
        if !self.allows(kind) {
            return false;
        }
        let id = UpdateId(self.next_update_id);
        self.next_update_id += 1;
        self.forget_old_updates(now);
        self.updates.push_back(Update {
            id,
            kind: kind.to_owned(),
            body,
            about,
            at: now,
            not_before: now,
            failures: 0,
            in_flight: false,
        });
        true
    }

    /// Drops what no real server would still hold.
    pub fn forget_old_updates(&mut self, now: Timestamp) {
        let too_old = |update: &Update| now.duration_since(update.at).as_secs() > UPDATE_KEPT_H * 3600;
        while self.updates.len() >= UPDATES_MAX || self.updates.front().is_some_and(too_old) {
            self.updates.pop_front();
        }
    }

    fn allows(&self, kind: &str) -> bool {
        if self.allowed_updates.is_empty() {
            return !OPT_IN_KINDS.contains(&kind);
        }
        self.allowed_updates.iter().any(|allowed| allowed == kind)
    }

    /// The chat with a person, made on first use.
    pub fn chat_mut(&mut self, person: UserId) -> &mut Chat {
        self.chats.entry(person).or_insert_with(|| Chat::new(person))
    }
}

//! Everything the pretend world remembers: bots, people, chats, files, transactions.
//! Plain data behind one lock. It does no I/O and never looks at the clock.

pub mod bot;
pub mod chat;
pub mod id;
pub mod person;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{faults::Faults, files::Files, gateway::Gateway, record::Record, telegram::limits::Limits};
use bot::Bot;
use id::{BotId, UserId};
use person::Person;

/// The whole state of the sandbox.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct World {
    /// Goes up with every change that a person, a bot or a webhook could be waiting for.
    pub version: u64,
    pub bots: BTreeMap<BotId, Bot>,
    pub people: BTreeMap<UserId, Person>,
    pub files: Files,
    pub gateway: Gateway,
    pub record: Record,
    #[serde(skip)]
    pub faults: Faults,
    #[serde(skip)]
    pub limits: Limits,
}

impl World {
    /// Tells everyone who waits (long polls, webhooks, the page) that there is something new.
    pub fn touch(&mut self) {
        self.version += 1;
    }

    /// The bot that owns `token`.
    pub fn bot_of_token(&self, token: &str) -> Option<BotId> {
        self.bots
            .values()
            .find(|bot| bot.token == token)
            .map(|bot| bot.id)
    }

    /// The bot called `name`: its username (with or without `@`) or its numeric id.
    pub fn bot_of_name(&self, name: &str) -> Option<BotId> {
        let name = name.trim_start_matches('@');
        self.bots
            .values()
            .find(|bot| bot.username.eq_ignore_ascii_case(name) || bot.id.0.to_string() == name)
            .map(|bot| bot.id)
    }

    /// The bot of an id that was looked up under this same lock.
    pub fn bot(&self, id: BotId) -> &Bot {
        self.bots.get(&id).expect("bots are never removed")
    }

    /// As [`World::bot`], to change it.
    pub fn bot_mut(&mut self, id: BotId) -> &mut Bot {
        self.bots.get_mut(&id).expect("bots are never removed")
    }
}

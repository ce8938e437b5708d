//! From what was seen to what the owner hears: observation → state → reason → outbox row, in one transaction.
//! It does not know which probes exist, and it never waits for a channel: sending is the outbox's own loop.

use std::sync::Arc;

use anyhow::Context;
use protocol::{
    incident::{Incident, IncidentId},
    time::UnixMillis,
};
use tokio::sync::watch;

use crate::store::{
    Store,
    alerts::{AlertRow, Change},
    incidents::Cursor,
    outbox::Message,
};

pub mod channels;
pub mod message;
pub mod outbox;
pub mod rule;
pub mod state;
mod words;

use message::Voice;
use rule::{AlertKey, Observation, Rule};
use state::{Reason, State, Trouble};

/// The one door for everything that is seen. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    store: Arc<Store>,
    voice: Voice,
    chats: Arc<[i64]>,
    /// Changes with every queued message: what the outbox waits for.
    queued: watch::Sender<u64>,
}

impl Alerts {
    /// Alerts for these chats of the owner.
    #[must_use]
    pub fn new(store: Arc<Store>, voice: Voice, chats: &[i64]) -> Self {
        Self {
            store,
            voice,
            chats: chats.into(),
            queued: watch::Sender::new(0),
        }
    }

    /// Takes in what a probe saw: moves the alert and queues the message, both or neither.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has moved then, and the next observation tries again.
    pub fn observe(&self, key: &AlertKey, seen: Observation, now: UnixMillis) -> anyhow::Result<()> {
        self.move_to(key, now, |before| state::step(before, seen, now))
    }

    /// Ends the alerts of a kind whose objects the configuration does not name any more, and says so where they were
    /// told.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn withdraw_others(&self, kind: &str, objects: &[&str], now: UnixMillis) -> anyhow::Result<()> {
        let rows = self.store.alerts().context("reading the alerts")?;
        for row in rows {
            let orphan = row
                .key
                .split_once('/')
                .filter(|(of, object)| *of == kind && !objects.contains(object));
            if let Some((_, object)) = orphan {
                self.move_to(&AlertKey::new(kind, object), now, state::withdraw)?;
            }
        }
        Ok(())
    }

    fn move_to(
        &self,
        key: &AlertKey,
        now: UnixMillis,
        step: impl FnOnce(State) -> (State, Option<Reason>),
    ) -> anyhow::Result<()> {
        let queued = self
            .store
            .move_alert(key.as_str(), &self.chats, now, |row| {
                let before = row.and_then(state_of).unwrap_or(State::Quiet);
                let (after, reason) = step(before);
                let message = reason
                    .as_ref()
                    .map(|reason| message::of_alert(&self.voice, key, reason));
                Change {
                    row: row_of(key, after),
                    message,
                }
            })
            .with_context(|| format!("storing what was seen of {key}"))?;
        if queued {
            self.wake();
        }
        Ok(())
    }

    /// Takes in a page of the bot's incidents: each is told once, however often it is read.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has moved then, and the same page can be taken in again.
    pub fn report(&self, incidents: &[Incident], now: UnixMillis) -> anyhow::Result<()> {
        let mut cursor = self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?;
        let mut messages: Vec<Message> = Vec::new();
        for incident in incidents {
            if incident.id <= cursor.last_id {
                continue;
            }
            let told = cursor.told_until.is_some_and(|until| incident.at <= until);
            if !told {
                messages.push(message::of_incident(&self.voice, incident));
            }
            cursor = Cursor {
                last_id: incident.id,
                last_at: cursor.last_at.max(incident.at),
                ..cursor
            };
        }
        self.store
            .move_incident_cursor(cursor, &messages, &self.chats, now)
            .context("storing the bot's incidents")?;
        if !messages.is_empty() {
            self.wake();
        }
        Ok(())
    }

    /// The last incident that was taken in.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn last_incident(&self) -> anyhow::Result<IncidentId> {
        Ok(self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?
            .last_id)
    }

    /// Begins from the first incident again when the bot has fewer than were told: the shop was restored to an
    /// older state, and new ones will get numbers that were used before. What was told stays told.
    ///
    /// # Errors
    /// When the agent's database refuses. Nothing has changed then.
    pub fn rewind_if_restored(&self, newest: IncidentId, now: UnixMillis) -> anyhow::Result<()> {
        let cursor = self
            .store
            .incident_cursor()
            .context("reading how far the incidents were told")?;
        if newest >= cursor.last_id {
            return Ok(());
        }
        let rewound = Cursor {
            last_id: IncidentId(0),
            told_until: Some(cursor.last_at),
            ..cursor
        };
        self.store
            .move_incident_cursor(rewound, &[], &self.chats, now)
            .context("beginning the incidents anew")
    }

    /// Resolves with every message that is queued after this call.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.queued.subscribe()
    }

    fn wake(&self) {
        self.queued.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// `None` for a rule that this program does not know, which only an older one meets: it counts as quiet.
fn state_of(row: AlertRow) -> Option<State> {
    let rule = Rule::named(&row.rule)?;
    let trouble = Trouble {
        rule,
        detail: row.detail,
        since: row.since,
        rule_since: row.rule_since,
    };
    Some(match row.told {
        None => State::Pending(trouble),
        Some(told) => State::Firing { trouble, told },
    })
}

fn row_of(key: &AlertKey, state: State) -> Option<AlertRow> {
    let (trouble, told) = match state {
        State::Quiet => return None,
        State::Pending(trouble) => (trouble, None),
        State::Firing { trouble, told } => (trouble, Some(told)),
    };
    Some(AlertRow {
        key: key.to_string(),
        rule: trouble.rule.name().to_owned(),
        detail: trouble.detail,
        since: trouble.since,
        rule_since: trouble.rule_since,
        told,
    })
}

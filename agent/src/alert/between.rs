//! What the others are told of what one of several owners did: through the outbox, so that it outlasts an outage and a restart.
//! It knows no command; whoever it is not for, and the one who did it, read nothing.

use anyhow::Context;
use protocol::{incident::Severity, time::UnixMillis};

use super::{Alerts, ladder::TELEGRAM, message, text::one_line};
use crate::store::outbox::{Message, Rung};

const KEY: &str = "owners/told";

impl Alerts {
    /// Queues these words for these chats of owners.
    ///
    /// # Errors
    /// When the agent's database refuses.
    pub fn tell_owners(&self, chats: &[i64], text: &str, now: UnixMillis) -> anyhow::Result<()> {
        if chats.is_empty() {
            return Ok(());
        }
        let first = Rung {
            name: TELEGRAM.to_owned(),
            chats: chats.to_vec(),
        };
        let queued = self.store.change_book(&[first], now, |_| vec![said(text)]);
        queued.context("queueing what an owner tells the others")?;
        self.bell.queued();
        Ok(())
    }
}

fn said(text: &str) -> Message {
    Message {
        alert_key: KEY.to_owned(),
        episode: None,
        runbook: None,
        severity: Severity::Info,
        headline: one_line(text, message::HEADLINE_UNITS_MAX),
        text: text.to_owned(),
        also: Vec::new(),
        was: None,
        loud: true,
        open: false,
        is_edit: false,
        follows_up: false,
        settles: false,
        in_passing: false,
        since: None,
        not_before: None,
        rungs: 1,
    }
}

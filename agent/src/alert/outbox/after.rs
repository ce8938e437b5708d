//! How long a sender waits after what came of a request, and what the log says of it.
//! It sends nothing.

use std::time::Instant;

use rand::Rng;

use super::{
    Sender,
    pace::{Flow, Wait, backoff},
};
use crate::alert::channels::Outcome;

impl Sender {
    /// Counts the `failures` on, or ends them.
    pub(super) fn wait_after(&self, outcome: &Outcome, failures: &mut u32, flow: &mut Flow) -> Wait {
        match outcome {
            Outcome::Sent { .. } => {
                *failures = 0;
                Wait::full(flow.after_one(self.pace.gap, Instant::now()))
            }
            Outcome::Taken(said) => {
                *failures = 0;
                tracing::warn!(
                    channel = self.address.rung,
                    said,
                    "a channel took a message and answers strangely: look whether it arrived"
                );
                Wait::full(flow.after_one(self.pace.gap, Instant::now()))
            }
            Outcome::RetryAfter(wait) => {
                tracing::warn!(
                    wait_s = wait.as_secs(),
                    "a channel asks for patience; the message to the owner waits"
                );
                Wait::full(*wait)
            }
            Outcome::Refused(why) => {
                tracing::error!(
                    channel = self.address.rung,
                    why,
                    "a channel refuses messages to the owner: check its secret and its section in agent.toml; for \
                     Telegram OWNER_BOT_TOKEN and [owner] chat_ids, and press Start in the chat with the agent's bot"
                );
                self.pace.unless_heard(self.pace.refused)
            }
            Outcome::NotSent(why) | Outcome::Unknown(why) => {
                *failures = failures.saturating_add(1);
                let wait = backoff(self.pace, *failures, rand::rng().random_range(0.0..1.0));
                tracing::warn!(
                    channel = self.address.rung,
                    why,
                    failures = *failures,
                    wait_ms = wait.as_millis(),
                    "a way to the owner is not there for what waits; it is tried again"
                );
                self.pace.unless_heard(wait)
            }
        }
    }

    /// After an answer that was lost by a way that is there: it was probably taken, so that the chat bears as much less.
    pub(super) fn wait_after_doubt(&self, why: &str, flow: &mut Flow) -> Wait {
        tracing::warn!(
            channel = self.address.rung,
            why,
            "a way lost the answer to a message and answers all else: what it said is sent again later"
        );
        Wait::full(flow.after_one(self.pace.gap, Instant::now()))
    }
}

//! Sends what is queued, chat by chat and in order, until the channel has said that it arrived.
//! It never gives a message up, and never decides what is worth saying. A row is in doubt from before its request
//! is opened, so that a message that may have arrived is marked when it goes out again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use rand::Rng;
use tokio::{sync::watch, time::timeout};

use super::{
    channels::{Outcome, telegram::Telegram},
    message::{self, Voice},
};
use crate::{
    beat::Beat,
    store::{
        Store,
        outbox::{OutboxId, Waiting},
    },
};

/// More than this many at once become one message: after an outage the owner wants to read, not to scroll.
const SINGLE_ROWS_MAX: usize = 5;
/// Rows that one look takes; more than a summary holds.
const LOOK_ROWS: u32 = 200;
/// A loop that has nothing to do shows that it lives at least this often.
const IDLE: Duration = Duration::from_secs(10);

/// How fast messages follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two messages to one chat: Telegram allows about one a second.
    pub gap: Duration,
    /// After the first failure; doubles with each further one.
    pub retry_first: Duration,
    /// The longest wait after failures that may pass by themselves.
    pub retry_most: Duration,
    /// After a failure that only the owner can end.
    pub refused: Duration,
}

impl Pace {
    /// What Telegram and its owner can bear.
    pub const USUAL: Self = Self {
        gap: Duration::from_secs(1),
        retry_first: Duration::from_secs(1),
        retry_most: Duration::from_secs(60),
        refused: Duration::from_secs(300),
    };
}

/// The sender of one chat's messages.
pub struct Sender {
    /// Where the messages are.
    pub store: Arc<Store>,
    /// How they get there.
    pub channel: Arc<Telegram>,
    /// In which words they are marked and summed up.
    pub voice: Voice,
    /// How fast.
    pub pace: Pace,
    /// To whom.
    pub chat_id: i64,
    /// Progress for the watchdog.
    pub beat: Beat,
}

/// One request: the rows that it tells, and how.
struct Parcel<'a> {
    rows: &'a [Waiting],
    text: String,
    reply_to: Option<i64>,
}

impl Sender {
    /// Sends until `stop` turns true; then the request that is open is still finished.
    pub async fn run(self, mut queued: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        let mut failures = 0;
        while !*stop.borrow() {
            self.beat.progress(Instant::now());
            let wait = match self.send_next().await {
                Ok(None) => {
                    self.idle(&mut queued, &mut stop).await;
                    continue;
                }
                Ok(Some(outcome)) => self.wait_after(&outcome, &mut failures),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the outbox could not be read or written: messages to the owner wait"
                    );
                    self.pace.retry_most
                }
            };
            self.rest(wait, &mut stop).await;
        }
    }

    /// Sends the oldest message, or all that wait as one when they are many. `None` when nothing waits.
    async fn send_next(&self) -> anyhow::Result<Option<Outcome>> {
        let rows = self.store.waiting(self.chat_id, LOOK_ROWS)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let parcel = self.parcel(&rows)?;
        let ids: Vec<OutboxId> = parcel.rows.iter().map(|row| row.id).collect();
        self.store.outbox_opened(&ids)?;
        let outcome = self
            .channel
            .send(self.chat_id, &parcel.text, parcel.reply_to)
            .await;
        match &outcome {
            Outcome::Sent { message_id } => self.store.outbox_sent(&ids, *message_id, now())?,
            Outcome::Unknown(_) => self.store.outbox_not_sent(parcel.rows, true)?,
            Outcome::NotSent(_) | Outcome::RetryAfter(_) | Outcome::Refused(_) => {
                self.store.outbox_not_sent(parcel.rows, false)?;
            }
        }
        Ok(Some(outcome))
    }

    fn parcel<'a>(&self, rows: &'a [Waiting]) -> anyhow::Result<Parcel<'a>> {
        if rows.len() > SINGLE_ROWS_MAX {
            let (text, count) = message::summary(&self.voice, rows);
            return Ok(Parcel {
                rows: &rows[..count],
                text,
                reply_to: None,
            });
        }
        let reply_to = self.store.message_to_reply_to(self.chat_id, &rows[0])?;
        Ok(Parcel {
            rows: &rows[..1],
            text: message::outgoing(&self.voice, &rows[0]),
            reply_to,
        })
    }

    fn wait_after(&self, outcome: &Outcome, failures: &mut u32) -> Duration {
        match outcome {
            Outcome::Sent { .. } => {
                *failures = 0;
                self.pace.gap
            }
            Outcome::RetryAfter(wait) => {
                tracing::warn!(
                    wait_s = wait.as_secs(),
                    "Telegram asks for patience; the message to the owner waits"
                );
                *wait
            }
            Outcome::Refused(why) => {
                tracing::error!(
                    why,
                    "Telegram refuses messages to an owner's chat: check OWNER_BOT_TOKEN and [owner] chat_ids, and \
                     press Start in the chat with the agent's bot; alerts wait until then"
                );
                self.pace.refused
            }
            Outcome::NotSent(why) | Outcome::Unknown(why) => {
                *failures = failures.saturating_add(1);
                let wait = backoff(self.pace, *failures, rand::rng().random_range(0.0..1.0));
                tracing::warn!(
                    why,
                    failures = *failures,
                    wait_ms = wait.as_millis(),
                    "a message to the owner did not get through and will be sent again"
                );
                wait
            }
        }
    }

    async fn idle(&self, queued: &mut watch::Receiver<u64>, stop: &mut watch::Receiver<bool>) {
        tokio::select! {
            _ = timeout(IDLE, queued.changed()) => {}
            _ = stop.changed() => {}
        }
    }

    /// Waits in pieces, so that a long wait does not look like a hang.
    async fn rest(&self, wait: Duration, stop: &mut watch::Receiver<bool>) {
        let end = tokio::time::Instant::now() + wait;
        while !*stop.borrow() && tokio::time::Instant::now() < end {
            self.beat.progress(Instant::now());
            let piece = end.min(tokio::time::Instant::now() + IDLE);
            tokio::select! {
                () = tokio::time::sleep_until(piece) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

/// Half of it certain and half by chance, so that many agents do not come back in step. `chance` is from 0 to 1.
fn backoff(pace: Pace, failures: u32, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let most = pace
        .retry_first
        .saturating_mul(1 << doublings)
        .min(pace.retry_most);
    most.div_f64(2.0).mul_f64(1.0 + chance)
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_never_exceed_it() {
        let waits: Vec<u128> = [1, 2, 3, 6, 7, 50, u32::MAX]
            .map(|n| backoff(Pace::USUAL, n, 1.0).as_millis())
            .to_vec();
        assert_eq!(waits, [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
        assert_eq!(backoff(Pace::USUAL, 1, 0.0), Duration::from_millis(500));
    }
}

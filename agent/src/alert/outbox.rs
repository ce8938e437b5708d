//! Sends what is queued, chat by chat and in order, until the channel has said that it arrived.
//! It never gives a message up, and never decides what is worth saying. A row is in doubt from before its request
//! is opened, so that a message that may have arrived is marked when it goes out again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{incident::Severity, time::UnixMillis};
use rand::Rng;
use tokio::{sync::watch, time::timeout};

use super::{
    buttons,
    channels::{Channel, Letter, Outcome},
    message::{self, Voice},
    signals::Signals,
};
use crate::{
    beat::Beat,
    store::{
        Store,
        outbox::{Address, Failure, Message, Waiting},
    },
};

mod pace;

pub use pace::Pace;
use pace::{Flow, Wait, backoff};

/// More than this many at once become one message, also where none waited long: the owner wants to read, not to scroll.
const SINGLE_ROWS_MAX: usize = 5;
/// Rows that one look takes; more than a summary holds.
const LOOK_ROWS: u32 = 200;
/// A loop that has nothing to do shows that it lives at least this often.
const IDLE: Duration = Duration::from_secs(10);

/// The sender of one chat's messages.
pub struct Sender {
    /// Where the messages are.
    pub store: Arc<Store>,
    /// How they get there.
    pub channel: Arc<Channel>,
    /// In which words they are marked and summed up.
    pub voice: Voice,
    /// How fast.
    pub pace: Pace,
    /// By which way, to which chat.
    pub address: Address,
    /// Progress for the watchdog.
    pub beat: Beat,
}

/// One request: the rows that it tells, and how.
struct Parcel {
    rows: Vec<Waiting>,
    text: String,
    /// What can be pressed is about these of them.
    pressed: Vec<usize>,
    reply_to: Option<i64>,
    edit: Option<i64>,
}

/// What becomes of a row at this address.
enum Form {
    /// A message of its own.
    Message,
    /// A change of this earlier one.
    Edit(i64),
    /// Nothing: there is nothing to change.
    Needless,
}

impl Sender {
    /// Sends until `stop` turns true; then the request that is open is still finished.
    pub async fn run(self, mut signals: Signals, mut stop: watch::Receiver<bool>) {
        let (mut failures, mut flow) = (0, Flow::new(Instant::now()));
        while !*stop.borrow() {
            self.beat.progress(Instant::now());
            signals.forget_heard(self.address.chat_id);
            let rest = flow.until_rested(Instant::now());
            if !rest.is_zero() && self.has_only_good_news() {
                // The next bad news must not wait for a chat that has just been told good ones.
                self.idle(rest, &mut signals, &mut stop).await;
                continue;
            }
            let wait = match self.send_next().await {
                Ok(None) => {
                    self.idle(IDLE, &mut signals, &mut stop).await;
                    continue;
                }
                Ok(Some(outcome)) => self.wait_after(&outcome, &mut failures, &mut flow),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the outbox could not be read or written: messages to the owner wait"
                    );
                    Wait::full(self.pace.retry_most)
                }
            };
            self.rest(wait, &mut signals, &mut stop).await;
        }
    }

    /// Sends the oldest message, or as one all that wait when they are many or waited through an outage. `None` when
    /// nothing waits.
    async fn send_next(&self) -> anyhow::Result<Option<Outcome>> {
        let rows = self.store.waiting(&self.address, LOOK_ROWS, now())?;
        if rows.is_empty() {
            return Ok(None);
        }
        let forms: Vec<Form> = rows
            .iter()
            .map(|row| self.form(row))
            .collect::<anyhow::Result<_>>()?;
        if matches!(forms[0], Form::Needless) {
            self.store.delivery_needless(&rows[0], now())?;
            return Ok(Some(Outcome::Sent { message_id: None }));
        }
        let parcel = self.parcel(rows, &forms)?;
        let told = parcel.rows.as_slice();
        self.store.delivery_opened(told)?;
        let outcome = self.hand_over(&parcel).await;
        match &outcome {
            Outcome::Sent { message_id } => self.store.delivery_sent(told, *message_id, now())?,
            Outcome::Taken(_) => self.store.delivery_sent(told, None, now())?,
            Outcome::Unknown(why) => self.failed(told, true, false, why)?,
            Outcome::Refused(why) => self.failed(told, false, true, why)?,
            Outcome::NotSent(why) => self.failed(told, false, false, why)?,
            Outcome::RetryAfter(wait) => {
                let why = format!("it asks for {} s of patience", wait.as_secs());
                self.failed(told, false, false, &why)?;
            }
        }
        Ok(Some(outcome))
    }

    fn failed(&self, told: &[Waiting], in_doubt: bool, refused: bool, why: &str) -> rusqlite::Result<()> {
        let failure = Failure {
            in_doubt,
            refused,
            why,
        };
        self.store.delivery_failed(&self.address, told, failure)
    }

    /// An edit that only marks a message as over or as taken on says nothing without a message to mark: another one has
    /// said so, or will. One that tells of more, or alone of the end, goes out as a message then, and so does one that turns
    /// a message red again where the end was such a message.
    fn form(&self, row: &Waiting) -> anyhow::Result<Form> {
        let message = &row.message;
        if !message.is_edit {
            return Ok(Form::Message);
        }
        let is_news = match message.open {
            // The next change has a message then.
            _ if message.in_passing && self.channel.can_edit() => true,
            true => {
                message.loud
                    || message.severity == Severity::Info
                    || self.store.was_told_over(&self.address, message)?
            }
            false => message.follows_up && !message.in_passing,
        };
        Ok(match self.store.message_to_edit(self.address.chat_id, message)? {
            Some(message_id) => Form::Edit(message_id),
            None if is_news => Form::Message,
            None => Form::Needless,
        })
    }

    /// The first of the rows alone, or all that are messages as one; `forms` are theirs, in order.
    fn parcel(&self, rows: Vec<Waiting>, forms: &[Form]) -> anyhow::Result<Parcel> {
        // An edit has its place already, and follows.
        let messages = rows
            .iter()
            .zip(forms)
            .filter(|(_, form)| matches!(form, Form::Message));
        let mut told: Vec<Waiting> = messages.map(|(row, _)| row.clone()).collect();
        if is_backlog(&told, now()) {
            let (text, count) = message::summary(&self.voice, &told, now());
            told.truncate(count);
            return Ok(Parcel {
                pressed: still_open(&told),
                rows: told,
                text,
                reply_to: None,
                edit: None,
            });
        }
        let first: Vec<Waiting> = rows.into_iter().take(1).collect();
        let (chat_id, row) = (self.address.chat_id, &first[0]);
        let edit = match forms[0] {
            Form::Edit(message_id) => Some(message_id),
            Form::Message | Form::Needless => None,
        };
        Ok(Parcel {
            text: message::outgoing(&self.voice, row, edit.is_some(), now()),
            pressed: row.message.open.then_some(0).into_iter().collect(),
            reply_to: self.store.message_to_reply_to(chat_id, &row.message)?,
            edit,
            rows: first,
        })
    }

    /// An edit that the channel refuses, because its message is gone or too old, becomes a message.
    async fn hand_over(&self, parcel: &Parcel) -> Outcome {
        let pressed = parcel.pressed.iter().filter_map(|at| parcel.rows.get(*at));
        let pressed: Vec<&Message> = pressed.map(|row| &row.message).collect();
        let buttons = buttons::under(self.voice.language, &pressed);
        let gravest = parcel.rows.iter().map(|row| row.message.severity).max();
        let letter = Letter {
            id: parcel.rows[0].id.0,
            chat_id: self.address.chat_id,
            headline: parcel.text.lines().next().unwrap_or_default(),
            text: &parcel.text,
            severity: gravest.unwrap_or(Severity::Info),
            loud: parcel.rows.iter().any(|row| row.message.loud),
            buttons: &buttons,
            reply_to: parcel.reply_to,
        };
        if let Some(message_id) = parcel.edit {
            match self.channel.edit(&letter, message_id).await {
                Outcome::Refused(why) => {
                    tracing::debug!(why, "a message could not be edited; a new one goes out");
                }
                outcome => return outcome,
            }
        }
        self.channel.send(&letter).await
    }

    fn wait_after(&self, outcome: &Outcome, failures: &mut u32, flow: &mut Flow) -> Wait {
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
                    "a message to the owner did not get through and will be sent again"
                );
                self.pace.unless_heard(wait)
            }
        }
    }

    /// Whether all that waits is that something which comes and goes is gone for the moment.
    fn has_only_good_news(&self) -> bool {
        let waiting = self.store.waiting(&self.address, LOOK_ROWS, now());
        let is_good = |row: &Waiting| row.message.in_passing && !row.message.open;
        waiting.is_ok_and(|rows| !rows.is_empty() && rows.iter().all(is_good))
    }

    async fn idle(&self, most: Duration, signals: &mut Signals, stop: &mut watch::Receiver<bool>) {
        tokio::select! {
            _ = timeout(most, signals.queued()) => {}
            _ = stop.changed() => {}
        }
    }

    /// Waits in pieces, so that a long wait does not look like a hang. Who writes in this chat can be reached there: that
    /// ends the wait, once its least has passed.
    async fn rest(&self, wait: Wait, signals: &mut Signals, stop: &mut watch::Receiver<bool>) {
        let begun = tokio::time::Instant::now();
        let (mut end, least) = (begun + wait.most, begun + wait.least);
        while !*stop.borrow() && tokio::time::Instant::now() < end {
            self.beat.progress(Instant::now());
            let piece = end.min(tokio::time::Instant::now() + IDLE);
            tokio::select! {
                () = tokio::time::sleep_until(piece) => {}
                () = signals.heard(self.address.chat_id) => end = end.min(least),
                _ = stop.changed() => {}
            }
        }
    }
}

/// Many at once are a backlog, and so are two of which one waited through an outage.
fn is_backlog(rows: &[Waiting], now: UnixMillis) -> bool {
    rows.len() > SINGLE_ROWS_MAX || (rows.len() > 1 && rows.iter().any(|row| message::is_late(row, now)))
}

/// Of several messages those about what is still wrong by the last that is said of it, in their order.
fn still_open(rows: &[Waiting]) -> Vec<usize> {
    let mut last = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        last.extend(row.message.episode.map(|episode| (episode, at)));
    }
    let mut open: Vec<usize> = last.into_values().filter(|at| rows[*at].message.open).collect();
    open.sort_unstable();
    open
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

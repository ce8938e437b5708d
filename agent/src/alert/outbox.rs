//! Sends what is queued, chat by chat and in order, until the channel has said that it arrived.
//! It never gives a message up, and never decides what is worth saying. A row is in doubt from before its request
//! is opened, so that a message that may have arrived is marked when it goes out again. Where it probably has, it waits,
//! rings once more at most, and counts as handed on once that was tried too and the owner was told otherwise.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{incident::Severity, time::UnixMillis};
use tokio::{
    sync::{OwnedMutexGuard, watch},
    time::timeout,
};

use super::{
    buttons,
    channels::{Channel, Letter, Outcome},
    message::Voice,
    signals::Signals,
    words::phrases,
};
use crate::{
    beat::Beat,
    store::{
        Store,
        outbox::{Address, Failure, Message, Waiting},
    },
};

mod after;
mod doubts;
mod pace;
mod parcel;
mod pause;
mod ready;
mod roads;
mod sent;

use doubts::Doubts;
pub use pace::Pace;
use pace::{Flow, Wait};
use parcel::{Form, Parcel};
use pause::Pause;
pub use roads::Roads;
use roads::parted;

/// Rows that one look takes; more than a summary holds.
const LOOK_ROWS: u32 = 200;
/// A loop that has nothing to do shows that it lives at least this often.
const IDLE: Duration = Duration::from_secs(10);
/// The agent's database goes elsewhere when its disk refuses: the next try mostly succeeds.
const STORE_AGAIN: Duration = Duration::from_secs(1);

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
    /// Shared by all that lead to that chat; none where this one alone does.
    pub roads: Option<Roads>,
    /// Progress for the watchdog.
    pub beat: Beat,
}

/// What one turn came to.
enum Turn {
    /// A request was tried, or a row settled without one.
    Tried(Outcome),
    /// A message was probably taken: the answer was lost by a way that answered right after. What else waits need not.
    Doubted(String),
    /// Nothing is to be done for so long, unless something is queued.
    Idle(Duration),
}

impl Sender {
    /// Sends until `stop` turns true; then the request that is open is still finished.
    pub async fn run(self, mut signals: Signals, mut stop: watch::Receiver<bool>) {
        let (mut failures, mut flow) = (0, Flow::new(Instant::now()));
        let mut doubts = Doubts::default();
        while !*stop.borrow() {
            self.beat.progress(Instant::now());
            signals.forget_heard(self.address.chat_id);
            let rest = flow.until_rested(Instant::now());
            let wait = match self.send_next(rest, failures > 0, &mut doubts).await {
                Ok(Turn::Idle(most)) => {
                    self.idle(most, &mut signals, &mut stop).await;
                    continue;
                }
                Ok(Turn::Tried(outcome)) => self.wait_after(&outcome, &mut failures, &mut flow),
                Ok(Turn::Doubted(why)) => {
                    failures = 0;
                    self.wait_after_doubt(&why, &mut flow)
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the outbox could not be read or written: messages to the owner wait"
                    );
                    Wait::full(STORE_AGAIN)
                }
            };
            self.rest(wait, &mut signals, &mut stop).await;
        }
    }

    /// Sends the oldest message, or as one all that wait when they are many or waited through an outage. `rest` is how long
    /// the chat still rests, and `is_down` whether the last try failed.
    async fn send_next(&self, rest: Duration, is_down: bool, doubts: &mut Doubts) -> anyhow::Result<Turn> {
        let (rows, known) = self.look()?;
        if !rest.is_zero() && are_only_good_news(&rows) {
            // The next bad news must not wait for a chat that has just been told good ones.
            return Ok(Turn::Idle(rest));
        }
        doubts.follow(&rows);
        // What is tried by a road that is down may have arrived, for the one that is about to say it.
        let might_mislead = self.roads.is_some() && is_down && !rows.is_empty();
        if (doubts.is_to_ask() || might_mislead)
            && let Some(down) = self.ask(doubts).await
        {
            // What came since the last try is known to wait for it too.
            if let (true, Outcome::NotSent(why) | Outcome::Unknown(why)) = (might_mislead, &down) {
                self.failed(&rows, false, false, why)?;
            }
            return Ok(Turn::Tried(down));
        }
        if rows.is_empty() && !known.is_empty() {
            return self.settle(&known).await;
        }
        let Some(roads) = &self.roads else {
            return self.send_ready((rows, known), None, doubts).await;
        };
        let right_of_way = roads.right_of_way().await;
        // Another road may have said it meanwhile.
        let (rows, known) = self.look()?;
        if rows.is_empty() && !known.is_empty() {
            return Ok(Turn::Idle(Duration::ZERO));
        }
        self.send_ready((rows, known), right_of_way, doubts).await
    }

    /// What waits here: what is to be said, and what the place has got by another road.
    fn look(&self) -> rusqlite::Result<(Vec<Waiting>, Vec<Waiting>)> {
        let rows = self.store.waiting(&self.address, LOOK_ROWS, now())?;
        Ok(parted(rows))
    }

    async fn send_ready(
        &self,
        (rows, known): (Vec<Waiting>, Vec<Waiting>),
        right_of_way: Option<OwnedMutexGuard<()>>,
        doubts: &mut Doubts,
    ) -> anyhow::Result<Turn> {
        let (rows, next) = self.ready((rows, &known), doubts)?;
        if rows.is_empty() {
            let next = next.into_iter().chain(doubts.next(Instant::now()));
            return Ok(Turn::Idle(next.fold(IDLE, Duration::min)));
        }
        let forms: Vec<Form> = (0..rows.len())
            .map(|at| self.form(&rows, at))
            .collect::<anyhow::Result<_>>()?;
        if matches!(forms[0], Form::Needless) {
            self.store.delivery_needless(&rows[0], now())?;
            return Ok(Turn::Tried(Outcome::Sent { message_id: None }));
        }
        let parcel = self.parcel(rows, &forms)?;
        let told = parcel.rows.as_slice();
        self.store.delivery_opened(told)?;
        let (outcome, is_edit) = self.hand_over(&parcel, doubts).await;
        // To edit twice is the same as once.
        if let (Outcome::Unknown(why), false) = (&outcome, is_edit) {
            doubts.add(told, self.pace, Instant::now());
            drop(right_of_way);
            // At once: what is asked later may be back by then.
            let is_there = self.ask(doubts).await.is_none();
            self.failed(told, true, false, why)?;
            return Ok(match is_there {
                true => Turn::Doubted(why.clone()),
                false => Turn::Tried(outcome),
            });
        }
        match &outcome {
            Outcome::Sent { message_id } => self.sent(&parcel, *message_id)?,
            Outcome::Taken(_) => self.sent(&parcel, None)?,
            Outcome::Unknown(why) => self.failed(told, true, false, why)?,
            Outcome::Refused(why) => self.failed(told, false, true, why)?,
            Outcome::NotSent(why) => self.failed(told, false, false, why)?,
            Outcome::RetryAfter(wait) => {
                let why = format!("it asks for {} s of patience", wait.as_secs());
                self.failed(told, false, false, &why)?;
            }
        }
        Ok(Turn::Tried(outcome))
    }

    /// Asks the way whether it is there, since an answer of it was lost; what it says when it is not.
    async fn ask(&self, doubts: &mut Doubts) -> Option<Outcome> {
        let outcome = self.channel.reach(self.address.chat_id).await;
        let is_down = matches!(outcome, Outcome::NotSent(_) | Outcome::Unknown(_));
        doubts.asked(!is_down);
        is_down.then_some(outcome)
    }

    fn failed(&self, told: &[Waiting], in_doubt: bool, refused: bool, why: &str) -> rusqlite::Result<()> {
        let failure = Failure {
            in_doubt,
            refused,
            why,
        };
        self.store.delivery_failed(&self.address, told, failure)
    }

    /// An edit that the channel refuses, because its message is gone or too old, becomes a message. Tells whether it stayed
    /// one.
    async fn hand_over(&self, parcel: &Parcel, doubts: &Doubts) -> (Outcome, bool) {
        let pressed = parcel.pressed.iter().filter_map(|at| parcel.rows.get(*at));
        let pressed: Vec<&Message> = pressed.map(|row| &row.message).collect();
        let buttons = buttons::under(self.voice.language, &pressed);
        // What is over by the end of a summary weighs no more there than alone.
        let open: BTreeSet<_> = pressed.iter().filter_map(|message| message.episode).collect();
        let is_over = |row: &Waiting| {
            row.message
                .episode
                .is_some_and(|episode| !open.contains(&episode))
        };
        // Nor does what has rung enough make others ring louder.
        let has_rung = |row: &Waiting| row.message.loud && !doubts.rings_again(row.id);
        let loud = parcel.rows.iter().any(|row| row.message.loud && !has_rung(row));
        let weighing = parcel.rows.iter().filter(|row| !loud || !has_rung(row));
        let weighed = weighing.map(|row| match parcel.is_summary() && is_over(row) {
            true => Severity::Info,
            false => weight(&row.message),
        });
        let gravest = weighed.max();
        let letter = Letter {
            id: parcel.rows[0].id.0,
            chat_id: self.address.chat_id,
            headline: &parcel.headline(phrases(self.voice.language).repeated),
            text: &parcel.text,
            severity: gravest.unwrap_or(Severity::Info),
            loud,
            buttons: &buttons,
            reply_to: parcel.reply_to,
        };
        if let Some(message_id) = parcel.edit {
            match self.channel.edit(&letter, message_id).await {
                Outcome::Refused(why) => {
                    tracing::debug!(why, "a message could not be edited; a new one goes out");
                }
                outcome => return (outcome, true),
            }
        }
        (self.channel.send(&letter).await, false)
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

/// Whether all that waits is that something which comes and goes is gone for the moment.
fn are_only_good_news(rows: &[Waiting]) -> bool {
    let is_good = |row: &Waiting| row.message.in_passing && !row.message.open;
    !rows.is_empty() && rows.iter().all(is_good)
}

/// How much it is to be noticed: that something is over is good news, however grave it was.
fn weight(message: &Message) -> Severity {
    let is_over = !message.open && message.episode.is_some();
    if is_over { Severity::Info } else { message.severity }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

//! Waits, for a moment, until what was committed is off the machine: before a payment is acknowledged and before goods
//! leave. Without an agent there is no wait; without a yes in time the shop goes on, and the owner is told once.
//! Those who wait at the same time share one question; a question under way when somebody comes may have left before
//! their commit, so it is never theirs.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use protocol::{durable::HELD_MAX, time::UnixMillis};
use rusqlite::Connection;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    question::{Question, Unproven},
    store::{self, Trouble},
};
use crate::{
    clock::now,
    db::Writer,
    incident::{self, Kind},
};

/// Those who may wait for the next question to leave.
const WAITING_MAX: usize = 1_024;
/// While a question is under way, the next one leaves this long after it: no more than eleven are under way.
const EVERY: Duration = Duration::from_millis(250);
/// The agent holds a question as long as anybody waits, and its word that it was in vain comes right behind.
const WORD_AFTER: Duration = Duration::from_millis(500);
/// Jobs that may wait at the same time; the other hands are for work that need not.
const HANDS_MAX: usize = 12;

/// After which a job comes back that found too many waiting.
pub const LATER: Duration = Duration::from_millis(300);

/// The way to wait. Cheap to clone.
#[derive(Clone)]
pub struct Durable(Option<Arc<Desk>>);

struct Desk {
    waiting: mpsc::Sender<Waiter>,
    hands: Semaphore,
}

struct Waiter {
    since: Instant,
    tell: oneshot::Sender<bool>,
}

/// What asks for all who wait. Run it, or nobody gets an answer.
pub struct Asker {
    waiting: mpsc::Receiver<Waiter>,
    question: Arc<Question>,
    outage: Arc<Outage>,
}

/// How a wait with a job's hand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Go on: it is off the machine, or could not be got off it in time.
    GoOn,
    /// Too many wait already: come back in a moment.
    Later,
}

impl Durable {
    /// No agent, no wait.
    #[must_use]
    pub fn without_agent() -> Self {
        Self(None)
    }

    /// Waits for the agent at this address.
    ///
    /// # Errors
    /// When the system gives no HTTP client.
    pub fn asking(agent_url: &str, writer: Writer) -> Result<(Self, Asker)> {
        let (waiting, receiver) = mpsc::channel(WAITING_MAX);
        let asker = Asker {
            waiting: receiver,
            question: Arc::new(Question::to(agent_url, writer.place())?),
            outage: Arc::new(Outage::new(writer)),
        };
        let hands = Semaphore::new(HANDS_MAX);
        Ok((Self(Some(Arc::new(Desk { waiting, hands }))), asker))
    }

    /// Waits until everything that was committed before is off the machine, at most [`HELD_MAX`]. Answers whether it
    /// is known to be; without an agent it never is.
    pub async fn wait(&self) -> bool {
        let Some(desk) = &self.0 else { return false };
        let (tell, told) = oneshot::channel();
        let since = Instant::now();
        if desk.waiting.try_send(Waiter { since, tell }).is_err() {
            return false;
        }
        // The asker keeps the limit; a little more is for one that is late itself.
        matches!(tokio::time::timeout(HELD_MAX + EVERY, told).await, Ok(Ok(true)))
    }

    /// The same for a job, which must not take every hand while the agent is slow.
    pub async fn wait_in_hand(&self) -> Waited {
        let Some(desk) = &self.0 else { return Waited::GoOn };
        let Ok(_hand) = desk.hands.try_acquire() else {
            return Waited::Later;
        };
        self.wait().await;
        Waited::GoOn
    }
}

impl Asker {
    /// Asks for those who wait, until nobody can wait any more: also while the bot stops, for jobs finish then.
    pub async fn run(mut self) {
        let mut asking = JoinSet::new();
        let mut last = Instant::now();
        loop {
            let first = tokio::select! {
                Some(_) = asking.join_next() => continue,
                first = self.waiting.recv() => first,
            };
            let Some(first) = first else { return };
            until_free(&mut asking, last + EVERY).await;
            last = Instant::now();
            let until = first.since + HELD_MAX;
            let mut waiters = vec![first];
            while let Ok(next) = self.waiting.try_recv() {
                waiters.push(next);
            }
            let (question, outage) = (Arc::clone(&self.question), Arc::clone(&self.outage));
            asking.spawn(async move { serve(&question, &outage, waiters, until).await });
        }
    }
}

/// Waits until no question is under way, or the next one's moment has come.
async fn until_free(asking: &mut JoinSet<()>, moment: Instant) {
    while !asking.is_empty() {
        tokio::select! {
            () = sleep_until(moment) => return,
            _ = asking.join_next() => {}
        }
    }
}

async fn serve(question: &Question, outage: &Outage, waiters: Vec<Waiter>, until: Instant) {
    let left = until.saturating_duration_since(Instant::now());
    let mut asked = pin!(question.ask(left + WORD_AFTER));
    let in_time = timeout_at(until, &mut asked).await.ok();
    let is_off = matches!(in_time, Some(Ok(())));
    for waiter in waiters {
        // Whoever gave up goes on anyway.
        let _ = waiter.tell.send(is_off);
    }
    // Nobody waits for it any more; what it says is why.
    let answer = match in_time {
        Some(answer) => answer,
        None => asked.await,
    };
    outage.heard(answer).await;
}

/// Whether the owner knows that it takes too long.
struct Outage {
    writer: Writer,
    known: AtomicU8,
}

const UNKNOWN: u8 = 0;
const NONE: u8 = 1;
const LASTS: u8 = 2;

impl Outage {
    fn new(writer: Writer) -> Self {
        let known = AtomicU8::new(UNKNOWN);
        Self { writer, known }
    }

    /// Takes in how a question ended; writes only when that changes something.
    async fn heard(&self, answer: Result<(), Unproven>) {
        let is = if answer.is_ok() { NONE } else { LASTS };
        if self.known.swap(is, Ordering::Relaxed) == is {
            return;
        }
        let why = answer.err().map(|error| {
            tracing::warn!(
                reason = %error,
                "what was committed is not known to be off the machine; going on"
            );
            error.code()
        });
        let stored = self.writer.run(move |conn| match why {
            None => store::end(conn, Trouble::NotDurable).map(|_| ()),
            Some(why) => raise(conn, why, now()),
        });
        if let Err(error) = stored.await {
            tracing::error!(%error, "an outage of the backups cannot be written down");
            self.known.store(UNKNOWN, Ordering::Relaxed);
        }
    }
}

/// Tells the owner, once for an outage and at most once an hour.
fn raise(conn: &Connection, why: &str, now: UnixMillis) -> Result<()> {
    if !store::begin(conn, Trouble::NotDurable, now)? {
        return Ok(());
    }
    let waited_s = HELD_MAX.as_secs().to_string();
    incident::store::raise_hourly(conn, Kind::NotDurable, &incident::facts(&[&waited_s, why]), now)
}

//! Work that must happen, as rows: enqueued in the transaction that decided it, done at least once, settled once.
//! It knows no order and no message: a job is a kind's name and a payload, and stands in a queue that has a name.

pub mod limit;
pub mod periodic;
pub mod retry;
pub mod store;
pub mod worker;

use std::time::Duration;

use protocol::time::UnixMillis;
use rusqlite::Connection;

use retry::Backoff;

/// A job's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// This process's number: rises by one at each start. What an older boot was doing is orphaned at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot(pub i64);

/// The right to settle one job: the token of one claim. An older claim's word does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// The token.
    pub token: i64,
}

/// Lower runs first, whatever the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub i64);

impl Priority {
    /// A paid customer waits for this.
    pub const GOODS: Self = Self(0);
    /// A customer waits for this.
    pub const CUSTOMER: Self = Self(1);
    /// Nobody waits for this.
    pub const UPKEEP: Self = Self(5);
}

/// A queue's name: what can be paused and limited by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueName(pub &'static str);

impl QueueName {
    /// Payments, and orders that run out.
    pub const MONEY: Self = Self("money");
    /// Invoices that are asked for; gateways limit how fast.
    pub const INVOICES: Self = Self("invoices");
    /// Goods that are paid for.
    pub const DELIVERY: Self = Self("delivery");
    /// What one seller says to everybody.
    pub const BROADCAST: Self = Self("broadcast");
    /// What nobody waits for.
    pub const UPKEEP: Self = Self("upkeep");
    /// All queues together, when one is paused or limited. No job stands in it.
    pub const ALL: Self = Self("*");
    /// Every queue that there is, all together last.
    pub const KNOWN: [Self; 6] = [
        Self::MONEY,
        Self::INVOICES,
        Self::DELIVERY,
        Self::BROADCAST,
        Self::UPKEEP,
        Self::ALL,
    ];

    /// The queue that a person means.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|queue| queue.label() == text)
    }

    /// What a person calls it: a star on a command line means something else to a shell.
    #[must_use]
    pub fn label(self) -> &'static str {
        if self == Self::ALL { "all" } else { self.0 }
    }
}

/// What keeps a job from being enqueued twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unique {
    /// Nothing.
    No,
    /// The key is taken until the job is done, cancelled or given up.
    Present(String),
    /// The key is taken until the job is first begun; while it runs, and while it is tried again, one more may wait.
    Waiting(String),
    /// The key is taken for this long, counted from the enqueuing, whatever becomes of the job.
    Period(String, Duration),
}

/// How a kind of job is treated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Tries before it is given up.
    pub attempts_max: u32,
    /// How long it waits after a failed try.
    pub backoff: Backoff,
    /// How long it may run without extending its lease.
    pub time_limit: Duration,
}

impl Policy {
    /// For work that talks to somebody and is worth about three hours of patience.
    pub const USUAL: Self = Self {
        attempts_max: retry::ATTEMPTS_MAX,
        backoff: Backoff::USUAL,
        time_limit: Duration::from_secs(50),
    };

    /// After this long the job is taken from a worker that said nothing. A little more than the time limit, so that
    /// a job never runs twice at the same time.
    #[must_use]
    pub fn lease(self) -> Duration {
        self.time_limit.saturating_add(LEASE_MARGIN)
    }
}

/// Knows every kind's policy.
pub type PolicyOf = fn(&str) -> Policy;
/// Knows what a job with that payload is about, in a word that a person can look up; `None` where there is none.
pub type AboutOf = fn(&Connection, &str) -> Option<String>;

/// A job that is to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it stands.
    pub queue: QueueName,
    /// Which worker does it.
    pub kind: &'static str,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// How urgent.
    pub priority: Priority,
    /// Not before this moment.
    pub run_at: UnixMillis,
    /// What keeps it from being there twice.
    pub unique: Unique,
}

/// A job in a worker's hand.
#[derive(Clone, Debug)]
pub struct Job {
    /// The right to settle it.
    pub claim: Claim,
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// When it was enqueued.
    pub created_at: UnixMillis,
}

/// What one look at the queues brought.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The jobs, the most urgent first.
    pub jobs: Vec<Job>,
    /// When a queue that used its rate up may start another job.
    pub again_at: Option<UnixMillis>,
}

/// Nobody needs to know exactly how many more than this there are.
pub const COUNTED_MAX: u64 = 10_000;

/// How one queue stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Its name.
    pub name: &'static str,
    /// Jobs that could run now, counted up to [`COUNTED_MAX`].
    pub ready: u64,
    /// Jobs that run.
    pub running: u64,
    /// Since when nothing starts.
    pub paused_at: Option<UnixMillis>,
    /// Jobs that may run at the same time.
    pub running_max: Option<u32>,
    /// Starts over time.
    pub rate: Option<limit::Rate>,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadJob {
    /// Its number.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: String,
    /// When it was enqueued.
    pub created_at: UnixMillis,
}

/// What a job was that was taken back too often and set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: String,
}

/// Jobs of one kind that were given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadKind {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// When the last one was.
    pub last_at: UnixMillis,
    /// Why that one.
    pub reason: String,
}

/// How many jobs stand where, each counted up to [`COUNTED_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Could run now, or run.
    pub ready: u64,
    /// Wait for their time.
    pub scheduled: u64,
    /// Were given up.
    pub dead: u64,
}

/// Between the moment a worker stops and the moment its job is given to another.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// A job that takes the process down, or hangs, more often than this without once coming to an end by itself, is set
/// aside. An end is also a failed try or a snooze: a restart in the middle of a job is not held against it for ever.
pub const RESCUES_MAX: u32 = 5;
/// Why a job is set aside that needed it.
const TOO_OFTEN: &str = "it took the bot down, or hung, too often";
/// A person has this long to look at a job that was given up.
pub const DEAD_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// So long it is remembered that a job was done.
pub const DONE_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Of so many jobs at most.
pub const DONE_KEPT_MAX: i64 = 100_000;
/// So long it is remembered which moments of a periodic job were acted on; the newest is never forgotten.
pub const TICKS_KEPT: Duration = Duration::from_secs(30 * 86_400);

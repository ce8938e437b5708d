//! Work that must happen, as rows: enqueued in the transaction that decided it, done at least once, settled once.
//! It knows no order and no message: a job is a kind's name and a payload.

pub mod retry;
pub mod store;
pub mod worker;

use std::time::Duration;

use protocol::time::UnixMillis;

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

/// Lower runs first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority(pub i64);

impl Priority {
    /// A paid customer waits for this.
    pub const GOODS: Self = Self(0);
    /// A customer waits for this.
    pub const CUSTOMER: Self = Self(1);
    /// Nobody waits for this.
    pub const UPKEEP: Self = Self(5);
}

/// A job that is to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which worker does it.
    pub kind: &'static str,
    /// What the worker needs to know, as JSON.
    pub payload: String,
    /// How urgent.
    pub priority: Priority,
    /// Not before this moment.
    pub run_at: UnixMillis,
    /// While a job of this key is there, another one of the same key is not added.
    pub unique_key: Option<String>,
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

/// How many jobs stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Could run now, or run.
    pub ready: u64,
    /// Wait for their time.
    pub scheduled: u64,
    /// Were given up.
    pub dead: u64,
}

/// A worker has this long for one job; after that the job is taken from it.
pub const LEASE: Duration = Duration::from_secs(60);
/// A job that takes the process down, or hangs, this often is set aside.
pub const RESCUES_MAX: u32 = 5;

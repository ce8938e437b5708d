//! Jobs about money and goods that were given up get another chance, once an hour for a day: somebody may have paid.
//! It changes nothing about why they were given up; the incident says that, and stays.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::task::{CheckPayment, Deliver, ExpireOrder, PollPayment, Task};
use crate::queue::{DeadJob, NewJob, store};

/// After this long without success a person has to do it. A gateway takes money for a day.
const LIFE: Duration = Duration::from_secs(25 * 3_600);
/// Jobs that come back at once.
const REVIVED_MAX: usize = 1_000;

/// Puts them back into their queues. Answers how many there were.
///
/// # Errors
/// When the database fails.
pub fn revive(conn: &Connection, now: UnixMillis) -> Result<usize> {
    let since = now.0.saturating_sub(i64::try_from(LIFE.as_millis())?);
    let mut count = 0;
    for dead in store::dead_since(conn, UnixMillis(since), REVIVED_MAX)? {
        if let Some(job) = of_trade(&dead) {
            store::revive(conn, &dead, &job)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Whether a kind comes back by itself.
#[must_use]
pub fn comes_back(kind: &str) -> bool {
    [
        CheckPayment::KIND,
        PollPayment::KIND,
        ExpireOrder::KIND,
        Deliver::KIND,
    ]
    .contains(&kind)
}

/// The job once more; `None` for other kinds, and for what nobody can read.
fn of_trade(dead: &DeadJob) -> Option<NewJob> {
    match &*dead.kind {
        CheckPayment::KIND => again::<CheckPayment>(dead),
        PollPayment::KIND => again::<PollPayment>(dead),
        ExpireOrder::KIND => again::<ExpireOrder>(dead),
        Deliver::KIND => again::<Deliver>(dead),
        _ => None,
    }
}

fn again<T: Task>(dead: &DeadJob) -> Option<NewJob> {
    let task: T = serde_json::from_str(&dead.payload).ok()?;
    task.job(dead.created_at).ok()
}

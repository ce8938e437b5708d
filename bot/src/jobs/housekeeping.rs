//! Forgets what is old enough: handled updates, settled messages, jobs that were given up long ago.
//! Orders, payments and the ledger are never forgotten here.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;

use super::run::Workshop;
use crate::{
    clock::now,
    inbox, outbox,
    queue::{self, Job, worker::Outcome},
};

/// How often it is done.
const EVERY: Duration = Duration::from_secs(3_600);
/// Telegram repeats an update for at most a day; twice that is remembered.
const INBOX_KEPT: Duration = Duration::from_secs(2 * 86_400);
/// A message of ours can be changed for two days; an order's picture may be older.
const SENDS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// A person has this long to look at a job that was given up.
const DEAD_JOBS_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Does it, and comes again in an hour.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, _job: &Job) -> Result<Outcome> {
    let now = now();
    shop.writer
        .run(move |conn| {
            inbox::store::prune(conn, before(now, INBOX_KEPT))?;
            outbox::store::prune(conn, before(now, SENDS_KEPT))?;
            queue::store::prune(conn, before(now, DEAD_JOBS_KEPT))
        })
        .await?;
    Ok(Outcome::Snooze(EVERY))
}

fn before(now: UnixMillis, kept: Duration) -> UnixMillis {
    UnixMillis(
        now.0
            .saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX)),
    )
}

//! Forgets what is old enough, once an hour: handled updates, settled messages, whom a broadcast missed, jobs that were
//! done or given up. Before that, jobs about money and goods that were given up get another chance.
//! Orders, payments and the ledger are never forgotten here.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;

use super::{revive, run::Workshop};
use crate::{
    clock::now,
    inbox, outbox,
    queue::{self, Job, worker::Outcome},
    shop::broadcast,
};

/// Telegram repeats an update for at most a day; twice that is remembered.
const INBOX_KEPT: Duration = Duration::from_secs(2 * 86_400);
/// A message of ours can be changed for two days; an order's picture may be older.
const SENDS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// A seller has this long to send a broadcast once more to those of whom nobody knows.
const RECIPIENTS_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Does it, the queue's own rows a little at a time.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let now = now();
    let revived = shop.writer.run(move |conn| revive::revive(conn, now)).await?;
    if revived > 0 {
        tracing::warn!(revived, "jobs that were given up are tried again");
    }
    while shop
        .writer
        .run(move |conn| queue::store::prune(conn, now))
        .await?
    {
        shop.still_at_it(job).await?;
    }
    shop.settle(job.claim, move |conn, _| {
        inbox::store::prune(conn, before(now, INBOX_KEPT))?;
        outbox::store::prune(conn, before(now, SENDS_KEPT))?;
        broadcast::store::prune(conn, before(now, RECIPIENTS_KEPT))?;
        Ok(())
    })
    .await
}

fn before(now: UnixMillis, kept: Duration) -> UnixMillis {
    UnixMillis(
        now.0
            .saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX)),
    )
}

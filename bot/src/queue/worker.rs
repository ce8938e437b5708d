//! Runs jobs: claims as many as there are free hands, gives each a time limit, settles what it answers.
//! It sleeps until a commit or the next due moment and never polls in between, but for a sweep that finds hangs.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Boot, Claim, Job, LEASE, retry, store};
use crate::{
    clock::now,
    db::Writer,
    health::Beat,
    incident::{self, Kind},
};

/// Jobs that run at the same time.
const HANDS: usize = 16;
/// A worker stops this long before its lease ends, so that a job never runs twice at the same time.
const LIMIT: Duration = LEASE.saturating_sub(Duration::from_secs(10));
/// How often hangs are looked for when nothing else happens.
const SWEEP: Duration = Duration::from_secs(5);

/// What a worker says about its job.
#[derive(Debug)]
pub enum Outcome {
    /// It settled the job in a transaction of its own.
    Settled,
    /// Too early; again after this long.
    Snooze(Duration),
    /// Failed; again after a growing pause, until the tries are used up.
    Retry(anyhow::Error),
    /// Cannot ever succeed.
    Discard(anyhow::Error),
}

/// Runs jobs with `work` until `stop`; then lets those that run finish, within their limit.
pub async fn run<W, F>(writer: Writer, boot: Boot, beat: Beat, stop: CancellationToken, work: W)
where
    W: Fn(Job) -> F + Clone + Send + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    let hands = Arc::new(Semaphore::new(HANDS));
    let mut running = JoinSet::new();
    loop {
        let changed = writer.changed();
        tokio::pin!(changed);
        // Heard from here on: a commit between the look below and the wait is not missed.
        changed.as_mut().enable();
        let wait = match round(&writer, boot, hands.available_permits()).await {
            Ok((jobs, wait)) => {
                beat.beat();
                for job in jobs {
                    let hand = Arc::clone(&hands)
                        .acquire_owned()
                        .await
                        .expect("the semaphore is never closed");
                    let (writer, work) = (writer.clone(), work.clone());
                    running.spawn(async move {
                        one(&writer, job, work).await;
                        drop(hand);
                    });
                }
                wait
            }
            Err(error) => {
                tracing::error!(%error, "jobs cannot be claimed; trying again");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = changed => {}
            () = tokio::time::sleep(wait) => {}
            Some(_) = running.join_next(), if hands.available_permits() == 0 => {}
        }
        while running.try_join_next().is_some() {}
    }
    let _ = timeout(LIMIT, running.join_all()).await;
}

/// Claims what can run, and says how long nothing else can be due.
async fn round(writer: &Writer, boot: Boot, free: usize) -> Result<(Vec<Job>, Duration)> {
    let now = now();
    let found = writer.run(move |conn| {
        let buried = store::rescue(conn, boot, now)?;
        for kind in buried {
            raise_dead(conn, &kind, "it took the bot down, or hung, too often", now)?;
        }
        let jobs = if free == 0 {
            Vec::new()
        } else {
            store::claim(conn, free, boot, now)?
        };
        Ok((jobs, store::next_due(conn)?))
    });
    let (jobs, due) = found.await?;
    let wait = due.map_or(SWEEP, |due| due.since(now).clamp(Duration::from_millis(1), SWEEP));
    Ok((jobs, wait))
}

async fn one<W, F>(writer: &Writer, job: Job, work: W)
where
    W: Fn(Job) -> F,
    F: Future<Output = Outcome>,
{
    let (claim, attempt, kind) = (job.claim, job.attempt, job.kind.clone());
    let outcome = timeout(LIMIT, work(job)).await;
    let outcome =
        outcome.unwrap_or_else(|_| Outcome::Retry(anyhow::anyhow!("it took longer than {LIMIT:?}")));
    let now = now();
    let settled = match outcome {
        Outcome::Settled => return,
        Outcome::Snooze(pause) => {
            writer
                .run(move |conn| store::snooze(conn, claim, now.plus(pause)))
                .await
        }
        Outcome::Retry(error) if attempt < retry::ATTEMPTS_MAX => {
            let pause = retry::pause(attempt, rand::random());
            tracing::warn!(
                kind,
                attempt,
                ?pause,
                error = format!("{error:#}"),
                "a job failed and is tried again"
            );
            let reason = format!("{error:#}");
            writer
                .run(move |conn| store::retry(conn, claim, now.plus(pause), &reason))
                .await
        }
        Outcome::Retry(error) | Outcome::Discard(error) => {
            tracing::error!(kind, attempt, error = format!("{error:#}"), "a job was given up");
            let reason = format!("{error:#}");
            writer
                .run(move |conn| give_up(conn, claim, &kind, &reason, now))
                .await
        }
    };
    // Not settled means still claimed: the lease runs out and the job is rescued.
    if let Err(error) = settled {
        tracing::error!(%error, "a job's result could not be stored; it will be taken up again");
    }
}

fn give_up(conn: &Connection, claim: Claim, kind: &str, reason: &str, now: UnixMillis) -> Result<bool> {
    let given_up = store::discard(conn, claim, reason, now)?;
    if given_up {
        raise_dead(conn, kind, reason, now)?;
    }
    Ok(given_up)
}

fn raise_dead(conn: &Connection, kind: &str, reason: &str, now: UnixMillis) -> Result<()> {
    let text = format!("The job '{kind}' was given up: {reason}. What it was to do has not happened.");
    incident::store::raise(conn, Kind::DeadJob, &text, now)?;
    Ok(())
}

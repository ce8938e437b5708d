//! Runs jobs: claims as many as there are free hands, gives each a time limit, settles what it answers.
//! It sleeps until a commit or the next due moment and never polls in between, but for a sweep that finds hangs.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use jiff::tz::TimeZone;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{AboutOf, Boot, Claim, Job, Policy, PolicyOf, periodic::Periodic, store};
use crate::{
    clock::now,
    db::{WriteError, Writer},
    health::{Beat, Hands},
    incident::{self, Kind},
};

/// Jobs that run at the same time.
const HANDS: usize = 16;
/// How often hangs are looked for when nothing else happens.
const SWEEP: Duration = Duration::from_secs(5);
/// Before a database that takes no writes is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// So often: a job that outlives a full disk by hours is rescued by its lease.
const SETTLE_TRIES_MAX: u32 = 600;
/// At a planned stop, jobs that run have this long.
const FINISH_LIMIT: Duration = Policy::USUAL.time_limit;

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

/// What runs the jobs.
#[derive(Clone)]
pub struct Worker {
    /// The way to write.
    pub writer: Writer,
    /// This process's number.
    pub boot: Boot,
    /// Beats at every look at the queues.
    pub beat: Beat,
    /// The jobs that run.
    pub hands: Hands,
    /// How each kind is treated.
    pub policy_of: PolicyOf,
    /// What each job is about.
    pub about: AboutOf,
    /// What comes again and again.
    pub periodic: Arc<[Periodic]>,
    /// By which clock.
    pub timezone: TimeZone,
}

/// What one look at the database brought.
struct Round {
    jobs: Vec<Job>,
    /// When the next periodic job comes.
    next_tick: UnixMillis,
    /// How long nothing else can be due.
    wait: Duration,
}

impl Worker {
    /// Runs jobs with `work` until `stop`; then lets those that run finish, within a limit.
    pub async fn run<W, F>(self, stop: CancellationToken, work: W)
    where
        W: Fn(Job) -> F + Clone + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let hands = Arc::new(Semaphore::new(HANDS));
        let mut running = JoinSet::new();
        let mut next_tick = UnixMillis(0);
        loop {
            // Heard from here on: a commit between the look below and the wait is not missed.
            let mut changed = pin!(self.writer.changed());
            changed.as_mut().enable();
            let wait = match self.round(hands.available_permits(), next_tick).await {
                Ok(round) => {
                    self.beat.beat();
                    next_tick = round.next_tick;
                    for job in round.jobs {
                        let hand = Arc::clone(&hands)
                            .acquire_owned()
                            .await
                            .expect("the semaphore is never closed");
                        let (worker, work) = (self.clone(), work.clone());
                        running.spawn(async move {
                            worker.one(job, work).await;
                            drop(hand);
                        });
                    }
                    round.wait
                }
                // The database's own trouble is told elsewhere; a restart would not mend it.
                Err(WriteError::Database(_)) => {
                    self.beat.beat();
                    AGAIN
                }
                Err(error) => {
                    tracing::error!(%error, "jobs cannot be claimed; trying again");
                    AGAIN
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = changed => {}
                () = sleep(wait) => {}
                Some(_) = running.join_next(), if hands.available_permits() == 0 => {}
            }
            while running.try_join_next().is_some() {}
        }
        let _ = timeout(FINISH_LIMIT, running.join_all()).await;
    }

    /// Takes back what hangs, enqueues what comes again, and claims what can run.
    async fn round(&self, free: usize, next_tick: UnixMillis) -> Result<Round, WriteError> {
        let (now, worker) = (now(), self.clone());
        let round = self.writer.run(move |conn| {
            take_back(conn, worker.boot, worker.about, now)?;
            let next_tick = if next_tick <= now {
                worker.tick(conn, now)?
            } else {
                next_tick
            };
            let claimed = match free {
                0 => super::Claimed::default(),
                free => store::claim(conn, free, worker.boot, now, worker.policy_of)?,
            };
            let due = [store::next_due(conn)?, claimed.again_at, Some(next_tick)]
                .into_iter()
                .flatten()
                .min();
            let wait = due.map_or(SWEEP, |due| due.since(now).clamp(Duration::from_millis(1), SWEEP));
            Ok(Round {
                jobs: claimed.jobs,
                next_tick,
                wait,
            })
        });
        round.await
    }

    fn tick(&self, conn: &Connection, now: UnixMillis) -> Result<UnixMillis> {
        let next = store::tick(conn, &self.periodic, &self.timezone, now)?;
        Ok(next.unwrap_or(UnixMillis(i64::MAX)))
    }

    async fn one<W, F>(&self, job: Job, work: W)
    where
        W: Fn(Job) -> F,
        F: Future<Output = Outcome>,
    {
        let (claim, attempt, kind) = (job.claim, job.attempt, job.kind.clone());
        let payload = job.payload.clone();
        let policy = (self.policy_of)(&kind);
        let outcome = self.within(claim, &kind, policy, work(job)).await;
        self.hands.free(claim.job.0);
        let now = now();
        let settled = match outcome {
            Outcome::Settled => return,
            Outcome::Snooze(pause) => {
                self.settle(move |conn| store::snooze(conn, claim, now.plus(pause)))
                    .await
            }
            Outcome::Retry(error) if attempt < policy.attempts_max => {
                let pause = policy.backoff.pause(attempt, rand::random());
                tracing::warn!(
                    kind,
                    attempt,
                    ?pause,
                    error = format!("{error:#}"),
                    "a job failed and is tried again"
                );
                let reason = format!("{error:#}");
                self.settle(move |conn| store::retry(conn, claim, now.plus(pause), &reason))
                    .await
            }
            Outcome::Retry(error) | Outcome::Discard(error) => {
                tracing::error!(kind, attempt, error = format!("{error:#}"), "a job was given up");
                let reason = format!("{error:#}");
                let about = self.about;
                self.settle(move |conn| {
                    let given_up = store::discard(conn, claim, &reason, now)?;
                    if given_up {
                        let named = named(conn, about, &kind, &payload);
                        raise_dead(conn, &[&named, "failed", &incident::reason(&reason)], now)?;
                    }
                    Ok(given_up)
                })
                .await
            }
        };
        // Not settled means still claimed: the lease runs out and the job is rescued.
        if let Err(error) = settled {
            tracing::error!(%error, "a job's result could not be stored; it will be taken up again");
        }
    }

    /// Stores what became of a job. While the database takes no writes it tries on: nobody else can claim the job
    /// meanwhile, and what was done must not be done again.
    async fn settle<F>(&self, work: F) -> Result<bool, WriteError>
    where
        F: Fn(&Connection) -> Result<bool> + Clone + Send + 'static,
    {
        for _ in 0..SETTLE_TRIES_MAX {
            match self.writer.run(work.clone()).await {
                Err(WriteError::Database(_)) => sleep(AGAIN).await,
                settled => return settled,
            }
        }
        self.writer.run(work).await
    }

    /// Lets the work run for its time limit, and on as long as it extends its lease.
    async fn within(
        &self,
        claim: Claim,
        kind: &str,
        policy: Policy,
        work: impl Future<Output = Outcome>,
    ) -> Outcome {
        let mut work = pin!(work);
        let mut limit = policy.time_limit;
        loop {
            self.hands.busy(claim.job.0, &format!("job {kind}"), limit / 2);
            if let Ok(outcome) = timeout(limit, work.as_mut()).await {
                return outcome;
            }
            let margin = policy.lease().saturating_sub(policy.time_limit);
            let lease = self.writer.run(move |conn| store::lease_until(conn, claim)).await;
            let stop_at = lease
                .ok()
                .flatten()
                .map(|until| until.since(now()).saturating_sub(margin));
            limit = match stop_at {
                Some(left) if !left.is_zero() => left,
                _ => {
                    self.raise_stuck(kind, policy.time_limit).await;
                    return Outcome::Retry(anyhow!("it said nothing for {:?}", policy.time_limit));
                }
            };
        }
    }
}

impl Worker {
    async fn raise_stuck(&self, kind: &str, limit: Duration) {
        let text = incident::facts(&[kind, &limit.as_secs().to_string()]);
        let raised = self.settle(move |conn| {
            incident::store::raise_hourly(conn, Kind::HandlerStuck, &text, now())?;
            Ok(true)
        });
        if let Err(error) = raised.await {
            tracing::error!(%error, kind, "a job hung, and that cannot be stored");
        }
    }
}

/// Takes jobs back from processes that are gone and from workers that hang; tells of those that needed it too often.
///
/// # Errors
/// When the database fails.
pub fn take_back(conn: &Connection, boot: Boot, about: AboutOf, now: UnixMillis) -> Result<()> {
    for job in store::rescue(conn, boot, now)? {
        let named = named(conn, about, &job.kind, &job.payload);
        raise_dead(conn, &[&named, "too_often"], now)?;
    }
    Ok(())
}

/// A job's kind, and what it is about where that is known.
fn named(conn: &Connection, about: AboutOf, kind: &str, payload: &str) -> String {
    about(conn, payload).map_or_else(|| kind.to_owned(), |about| format!("{kind} {about}"))
}

/// All of the error stays with the job, where `bot queue list` shows it.
fn raise_dead(conn: &Connection, facts: &[&str], now: UnixMillis) -> Result<()> {
    incident::store::raise(conn, Kind::DeadJob, &incident::facts(facts), now)?;
    Ok(())
}

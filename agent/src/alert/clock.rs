//! Lets time pass for the alerts: what was held is let go, reminders and the digest come due.
//! It decides nothing: it only calls, and shows that it does.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Alerts, ladder::Patience};
use crate::{
    beat::Beat,
    store::book::{Book, Stamp},
};

/// The shortest wait is ten seconds; with less patience for a channel it ticks faster while something waits.
const TICK: Duration = Duration::from_secs(2);

/// What is owed is looked at this often although nothing waits and nothing was written: the daily summary is due at its hour.
/// Where no alert stands either, time passes in such steps, until this process writes something: what a command by hand
/// writes is seen by then.
const IDLE_MOST: Duration = Duration::from_secs(10);

/// Nothing waited for the owner in the database of that moment.
struct Idle {
    as_of: Stamp,
    since: Instant,
    /// And nothing in it comes due with time.
    is_quiet: bool,
}

/// The alerts' clock.
pub struct AlertClock {
    /// For whom time passes.
    pub alerts: Alerts,
    /// How long a way may keep a message to itself.
    pub patience: Patience,
    /// Progress for the watchdog.
    pub beat: Beat,
}

impl AlertClock {
    /// Ticks for as long as the agent lives.
    pub async fn run(self) -> Infallible {
        let mut idle: Option<Idle> = None;
        let mut written = self.alerts.written();
        loop {
            sleep(TICK.min(self.patience.critical)).await;
            if idle.as_ref().is_some_and(|idle| idle.is_quiet) {
                let _ = timeout(IDLE_MOST - TICK, written.changed()).await;
            }
            written.mark_unchanged();
            self.beat.progress(Instant::now());
            let now = UnixMillis(Timestamp::now().as_millisecond());
            let done = self
                .alerts
                .tick(now)
                .and_then(|()| self.see_to_what_is_owed(&mut idle, now));
            if let Err(error) = done {
                idle = None;
                tracing::error!(
                    error = format!("{error:#}"),
                    "what is due could not be told; it is tried again in two seconds"
                );
            }
        }
    }

    /// What is owed to the owner, unless nothing was: then it is looked at seldom, until somebody writes something.
    fn see_to_what_is_owed(&self, idle: &mut Option<Idle>, now: UnixMillis) -> anyhow::Result<()> {
        let as_of = self.alerts.as_of()?;
        let is_idle = |idle: &Idle| idle.as_of == as_of && idle.since.elapsed() < IDLE_MOST;
        if idle.as_ref().is_some_and(is_idle) {
            return Ok(());
        }
        *idle = None;
        self.alerts.climb(self.patience, now)?;
        self.alerts.end_what_delivers(now)?;
        self.alerts.note_what_refuses(now)?;
        self.alerts.digest_if_due(now)?;
        *idle = match self.alerts.owes_nothing()? {
            true => Some(Idle {
                as_of,
                since: Instant::now(),
                is_quiet: self.alerts.is_quiet()?,
            }),
            false => None,
        };
        Ok(())
    }
}

impl Alerts {
    /// As of when the agent's database is.
    fn as_of(&self) -> anyhow::Result<Stamp> {
        self.store.stamp().context("asking whether anything was written")
    }

    /// Changes with every write to the agent's database.
    fn written(&self) -> watch::Receiver<u64> {
        self.store.written()
    }

    /// Whether no alert and no silence comes due with time.
    fn is_quiet(&self) -> anyhow::Result<bool> {
        self.store
            .look_at_book(Book::is_empty)
            .context("reading the alerts")
    }

    /// Whether every message has arrived.
    fn owes_nothing(&self) -> anyhow::Result<bool> {
        let backlog = self.store.backlog().context("counting what waits")?;
        Ok(backlog.waiting == 0)
    }
}

//! What the digest waits for: that each way was tested within the last day. It asks for the tests that are missing and waits
//! a minute and a half for them, not longer; without somebody who tests it waits for nothing.
//! It tests nothing itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::time::UnixMillis;
use tokio::sync::watch;

use super::super::{Alerts, DAY_MS};

/// For so long a digest waits, which is two tests of a way that hangs: no such way holds it up for longer.
const WAIT: Duration = Duration::from_secs(90);

/// The tests that a digest asks for. Cheap to clone.
#[derive(Clone)]
pub(in crate::alert) struct Asked {
    asks: watch::Sender<Option<Ask>>,
    /// The ways that are being tested a second time, each with what it said the first time.
    failed_once: Arc<Mutex<BTreeMap<String, String>>>,
}

/// A way that was asked for a test, whose result is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The way's name.
    pub rung: String,
    /// What the first try said, where that has failed: a second one is under way.
    pub failed_once: Option<String>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    /// When the digest was due.
    pub(super) due: UnixMillis,
    /// When it asked.
    at: UnixMillis,
}

impl Asked {
    pub(in crate::alert) fn new() -> Self {
        Self {
            asks: watch::Sender::new(None),
            failed_once: Arc::default(),
        }
    }

    /// The first try of this way has failed, and a second one begins.
    pub(super) fn put_failed_once(&self, rung: &str, said: &str) {
        self.failed().insert(rung.to_owned(), said.to_owned());
    }

    /// That second try has its result.
    pub(super) fn end_second_try(&self, rung: &str) {
        self.failed().remove(rung);
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.failed_once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_heard(&self) -> bool {
        self.asks.receiver_count() > 0
    }

    /// Asks for the tests of the digest that was due then, unless that was done. Gives whether it still waits for them.
    fn waits(&self, due: UnixMillis, now: UnixMillis) -> bool {
        let asked = *self.asks.borrow();
        match asked.filter(|ask| ask.due == due) {
            // A clock that was set back in between must not make it wait anew.
            Some(ask) => ask.at <= now && now.since(ask.at) < WAIT,
            None => {
                self.asks.send_replace(Some(Ask { due, at: now }));
                true
            }
        }
    }
}

impl Alerts {
    /// The tests that digests ask for from this call on.
    pub(super) fn asked_tests(&self) -> watch::Receiver<Option<Ask>> {
        self.asked.asks.subscribe()
    }

    /// The ways that were not tested within the day before the digest that is due then.
    pub(super) fn untested(&self, due: UnixMillis) -> anyhow::Result<Vec<String>> {
        let (tests, since) = (self.store.channel_tests()?, due.0.saturating_sub(DAY_MS));
        let is_tested = |name: &String| {
            let test = tests.iter().find(|test| test.rung == *name);
            test.is_some_and(|test| test.tested_at.0 > since)
        };
        let names = self.ladder.iter().map(|rung| rung.name.clone());
        Ok(names.filter(|name| !is_tested(name)).collect())
    }

    /// The ways that were asked for a test and have not answered in time; `None` while the digest waits for them.
    pub(in crate::alert) fn unanswered(
        &self,
        due: UnixMillis,
        now: UnixMillis,
    ) -> anyhow::Result<Option<Vec<Unanswered>>> {
        if !self.asked.is_heard() {
            return Ok(Some(Vec::new()));
        }
        let untested = self.untested(due)?;
        let waits = !untested.is_empty() && self.asked.waits(due, now);
        let failed = self.asked.failed();
        let unanswered = |rung: String| Unanswered {
            failed_once: failed.get(&rung).cloned(),
            rung,
        };
        Ok((!waits).then(|| untested.into_iter().map(unanswered).collect()))
    }
}

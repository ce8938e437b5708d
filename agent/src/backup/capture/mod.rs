//! Commits leave the machine within a second: the log is followed, cut into segments, sealed, spooled, and shipped to
//! every remote.
//! It takes no restore point and restores nothing; without a restore point of the same chain its segments are useless.

use std::{
    sync::{
        Arc,
        atomic::AtomicUsize,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Context;
use protocol::chain::{ChainId, CommitNumber, PageRoot};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};

use crate::{backup::recipients::Unread, config::Config, store::Store};

mod ahead;
mod begin;
mod below;
mod compared;
mod desk;
mod ending;
mod events;
mod fault;
mod followed;
mod glances;
mod grown;
mod hashes;
mod keep;
mod keys;
mod older;
mod past;
mod patience;
mod recorder;
mod rest;
mod restored;
mod same;
mod set_clock;
mod ship;
mod spool;
mod unattended;
mod why;
mod witness;
mod worker;

use desk::Desk;
use events::LogWatch;
use followed::Followed;
use glances::Glances;
use rest::RestRequest;
pub use rest::{Moment, Rest};
use set_clock::SetClock;
pub use ship::{AT_ONCE as SENT_AT_ONCE, Shipper};
pub use unattended::Unattended;
use why::{NewChain, WhyAgain};
use witness::Witness;
use worker::{Shared, Wake, Worker};

/// Wishes that wait for the thread; more callers than that are told to come again.
const INBOX_MAX: usize = 1_024;
/// How long somebody who takes a base waits for the thread.
const REST_WAIT: Duration = Duration::from_secs(5);
/// A backup of another process brings a remote its restore point without a word here: whoever waits looks this often.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A commit of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The lineage.
    pub chain: ChainId,
    /// The commit.
    pub commit: CommitNumber,
}

/// A commit of a chain, and what the database holds there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lineage.
    pub chain: ChainId,
    /// The commit.
    pub commit: CommitNumber,
    /// What every page adds up to.
    pub root: PageRoot,
    /// Pages of the database.
    pub pages: u32,
    /// Bytes in a page.
    pub page_size: u32,
}

/// The running capture, for everybody who asks it something. Cheap to clone.
#[derive(Clone)]
pub struct Capture {
    wake: SyncSender<Wake>,
    store: Arc<Store>,
    shared: Arc<Shared>,
    shipped: watch::Sender<u64>,
    /// Why the owner's certificates do not read.
    unread: watch::Sender<Option<Unread>>,
    /// Remotes of which one is enough to call a commit durable.
    counted: Arc<[String]>,
}

/// The thread; dropping this tells it to end, and [`Running::join`] waits for that.
pub struct Running {
    capture: Capture,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Ends the thread and waits for it: some milliseconds, for what was read goes into the spool first.
    pub fn join(mut self) {
        self.capture.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that follows the shop broke");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.capture.stop();
    }
}

/// Starts the thread, and gives what ships for each remote: it is for the caller to run.
///
/// # Errors
/// When the state directory refuses. Whatever else is wrong is written down as the capture's fault, and tried again.
pub fn start(config: &Arc<Config>, store: &Arc<Store>) -> anyhow::Result<(Capture, Vec<Shipper>, Running)> {
    let desk = Desk::set_up(config, Arc::clone(store))?;
    let (wake, inbox) = sync_channel(INBOX_MAX);
    let shared = Arc::new(Shared {
        captured: watch::Sender::new(None),
        sealed_to: watch::Sender::new(None),
        recipients: watch::Sender::new(None),
        spooled: watch::Sender::new(store.newest_segment().context("reading the spool")?),
        idle: AtomicUsize::new(0),
    });
    let capture = Capture {
        wake,
        store: Arc::clone(store),
        shared,
        shipped: watch::Sender::new(0),
        unread: desk.unread.clone(),
        counted: ship::off_site(config),
    };
    // Before the thread goes on from there.
    let known = store.capture_state().context("asking where the capture stands")?;
    let known = known.map(|state| Mark {
        chain: state.chain,
        commit: state.commit,
    });
    let shippers = config.remotes.iter().enumerate().map(|(at, remote)| Shipper {
        config: Arc::clone(config),
        at,
        store: Arc::clone(store),
        spool: desk.spool.clone(),
        spooled: capture.shared.spooled.subscribe(),
        counts: capture.counted.contains(&remote.name),
        shipped: capture.shipped.clone(),
        shared: Arc::clone(&capture.shared),
        wake: capture.wake.clone(),
        known: known.clone(),
        witness: Witness::default(),
        missed: None,
    });
    let shippers = shippers.collect();
    let thread = spawn(capture.worker(desk, inbox, config.backup.sync))?;
    let running = Running {
        capture: capture.clone(),
        thread: Some(thread),
    };
    Ok((capture, shippers, running))
}

fn spawn(worker: Worker) -> anyhow::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("capture".to_owned())
        .spawn(move || worker.run())
        .context("starting the thread that follows the shop")
}

impl Capture {
    fn worker(&self, desk: Desk, inbox: Receiver<Wake>, sync: Duration) -> Worker {
        Worker {
            glances: Glances::default(),
            clock: SetClock::default(),
            followed: Followed::at(desk.followed()),
            desk,
            inbox,
            shared: Arc::clone(&self.shared),
            log: LogWatch::new(self.wake.clone()),
            sync,
            recorder: None,
            why: None,
            failures: 0,
            retry_at: Instant::now(),
            ended_at: None,
            urgent: false,
            asked: Vec::new(),
            resting: Vec::new(),
            is_behind: false,
            told: None,
        }
    }

    /// The newest commit that was read; `None` before the first look.
    #[must_use]
    pub fn captured(&self) -> Option<Mark> {
        self.shared.captured.borrow().clone()
    }

    /// Waits until another lineage is captured than the one that was seen here last, and remembers it.
    pub async fn chain_changes(&self, seen: &mut Option<ChainId>) {
        let mut captured = self.shared.captured.subscribe();
        let is_other = |mark: &Option<Mark>| {
            mark.as_ref()
                .is_some_and(|mark| Some(&mark.chain) != seen.as_ref())
        };
        // The sender lives as long as this does.
        if let Ok(mark) = captured.wait_for(is_other).await.map(|mark| mark.clone()) {
            *seen = mark.map(|mark| mark.chain);
        }
    }

    /// Waits until everything that is committed in the shop at this moment can be restored from a remote that counts.
    /// Never ends while that cannot be: the caller limits it.
    ///
    /// # Errors
    /// When the capture stands still, or the agent's database refuses.
    pub async fn durable(&self) -> anyhow::Result<Mark> {
        let mut shipped = self.shipped.subscribe();
        let (answer, answered) = oneshot::channel();
        self.wake
            .try_send(Wake::Durable(answer))
            .map_err(|_| anyhow::anyhow!("too many wait already, or the capture has ended"))?;
        let mark = answered
            .await
            .map_err(|_| anyhow::anyhow!("the capture stands still"))?;
        while !self.is_durable(&mark)? {
            if let Ok(changed) = timeout(LOOK_AGAIN, shipped.changed()).await {
                changed.map_err(|_| anyhow::anyhow!("nothing is shipped any more"))?;
            }
        }
        Ok(mark)
    }

    fn is_durable(&self, mark: &Mark) -> rusqlite::Result<bool> {
        let keys = self.shared.sealed_to.borrow().clone();
        for remote in &*self.counted {
            let through = self
                .store
                .restorable_through(remote, &mark.chain, keys.as_ref())?;
            if through.is_some_and(|through| through >= mark.commit) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for a moment in which nobody commits, to begin a read transaction at a known commit. Blocks for at most five
    /// seconds; `None` when the capture stands still or the bot keeps the write lock.
    #[must_use]
    pub fn rest(&self) -> Option<Rest> {
        let (hold, done) = sync_channel(1);
        let (place, placed) = sync_channel(1);
        let request = RestRequest::new(place, done);
        self.wake.try_send(Wake::Rest(request)).ok()?;
        let (place, until) = placed.recv_timeout(REST_WAIT).ok()?;
        Some(Rest::new(place, until, hold))
    }

    /// A backup has read something else than was followed: every page is compared with its hash, and what differs is
    /// one step of the chain.
    pub fn compare(&self) {
        // Without room in the inbox the next backup says it again.
        let _ = self.wake.try_send(Wake::Compare);
    }

    fn stop(&self) {
        // Without room in the inbox the thread is awake and ends with the process.
        let _ = self.wake.try_send(Wake::Stop);
    }

    /// A restore point has reached remotes: whoever waits looks again.
    pub fn point_taken(&self) {
        self.shipped.send_modify(|count| *count += 1);
    }
}

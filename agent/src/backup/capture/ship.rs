//! One remote's queue: what is in the spool goes there in order, a few objects at a time, for as long as it takes.
//! It never waits for another remote, and knows nothing of what an object holds.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::Ordering, mpsc::SyncSender},
    time::Duration,
};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    Mark,
    spool::Spool,
    witness::Witness,
    worker::{Shared, Wake},
};
use crate::{
    backup::remote::{self, Remote},
    config::{Config, RemoteConfig, RemoteKind},
    store::{Store, capture::SpooledSegment},
};

/// Objects that are on their way to one remote at the same time; the next ones begin when all of these have arrived. Of a
/// server that dies meanwhile so many may be there without one before them, and no more: whoever restores counts on it.
/// One after the other they would leave no hole, and what leads somewhere would be no more for it: a remote that takes
/// longer for one than a segment lasts would never catch up.
pub const AT_ONCE: usize = 8;
/// Without news the spool is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Whoever takes longer to acknowledge what was sent is named with the moment since which that lasts.
const UNANSWERED: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// One remote's shipper.
pub struct Shipper {
    pub(super) config: Arc<Config>,
    /// Which of the configured remotes it is for.
    pub(super) at: usize,
    pub(super) store: Arc<Store>,
    pub(super) spool: Spool,
    pub(super) spooled: watch::Receiver<i64>,
    /// Whether what it holds counts as off-site.
    pub(super) counts: bool,
    /// Grows whenever a remote that counts has taken something.
    pub(super) shipped: watch::Sender<u64>,
    pub(super) shared: Arc<Shared>,
    pub(super) wake: SyncSender<Wake>,
    /// Where this server stood when the agent started; `None` once it is known that what the remote holds was written by it.
    pub(super) known: Option<Mark>,
    pub(super) witness: Witness,
    /// Who compares a remote that lacks what it acknowledged.
    pub(super) missed: Option<mpsc::Sender<String>>,
}

impl Shipper {
    /// Tells there of a remote that lacks what it acknowledged.
    #[must_use]
    pub fn telling(mut self, missed: mpsc::Sender<String>) -> Self {
        self.missed = Some(missed);
        self
    }

    /// Ships for as long as the agent lives.
    pub async fn run(mut self) -> Infallible {
        let mut pause = RETRY_FIRST;
        // Of an agent that was killed while it waited.
        self.unanswered(None);
        loop {
            match self.ship_all().await {
                Ok(()) => {
                    pause = RETRY_FIRST;
                    self.rest().await;
                }
                Err(error) => {
                    self.failed(&format!("{error:#}"));
                    sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    pub(super) fn remote(&self) -> &RemoteConfig {
        &self.config.remotes[self.at]
    }

    async fn ship_all(&mut self) -> anyhow::Result<()> {
        let remote = remote::open(self.remote()).map_err(anyhow::Error::msg)?;
        self.spooled.mark_unchanged();
        let mut through = self.store.shipped_through(&self.remote().name)?;
        loop {
            let batch = self.store.segments_after(through, AT_ONCE)?;
            let leads_on = self.leads_on(&remote).await;
            let Some(last) = batch.last() else {
                // Nothing waits for an answer.
                return Ok(());
            };
            if !leads_on? {
                return Ok(());
            }
            self.ship_batch(&remote, &batch).await?;
            self.store.put_shipped(&self.remote().name, &batch, now())?;
            through = last.id;
            if self.counts {
                self.shipped.send_modify(|count| *count += 1);
            }
            self.spool.tidy()?;
            self.look_back(&remote, &last.key).await;
            self.look_aside(&remote).await;
        }
    }

    /// Writes down when an answer takes long: a remote that hangs fails only after minutes.
    async fn ship_batch(&self, remote: &Remote, batch: &[SpooledSegment]) -> anyhow::Result<()> {
        let begun_at = now();
        let mut shipped = pin!(try_join_all(
            batch.iter().map(|segment| self.ship(remote, segment))
        ));
        if let Ok(ended) = timeout(UNANSWERED, &mut shipped).await {
            return ended.map(drop);
        }
        self.unanswered(Some(begun_at));
        shipped.await.map(drop)
    }

    async fn ship(&self, remote: &Remote, segment: &SpooledSegment) -> anyhow::Result<()> {
        let (spool, wanted) = (self.spool.clone(), segment.clone());
        let bytes = tokio::task::spawn_blocking(move || spool.read(&wanted)).await??;
        // An answer that was lost after the object was written is no harm: the same name holds the same bytes.
        Ok(remote.put(&segment.key, bytes).await?)
    }

    /// Until there is something in the spool that was not there before.
    async fn rest(&mut self) {
        if self.counts {
            self.shared.idle.fetch_add(1, Ordering::AcqRel);
            // A full inbox means that it is awake.
            let _ = self.wake.try_send(Wake::Idle);
        }
        // Whether it was news or the clock does not matter; a sender that is gone means that the agent ends.
        let _ = timeout(LOOK_EVERY, self.spooled.changed()).await;
        if self.counts {
            self.shared.idle.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn unanswered(&self, since: Option<UnixMillis>) {
        if let Err(error) = self.store.put_unanswered(&self.remote().name, since) {
            tracing::error!(%error, "how a remote is doing could not be written down");
        }
    }

    fn failed(&self, error: &str) {
        tracing::warn!(remote = self.remote().name, error, "segments wait for a remote");
        if let Err(error) = self.store.put_ship_failed(&self.remote().name, now(), error) {
            tracing::error!(%error, "how a remote is doing could not be written down");
        }
    }
}

/// Remotes that survive the loss of this machine; a folder counts only when there is nothing else.
pub(super) fn off_site(config: &Config) -> Arc<[String]> {
    let is_away = |kind: RemoteKind| kind != RemoteKind::Fs;
    let any_away = config.remotes.iter().any(|remote| is_away(remote.kind));
    let counted = config
        .remotes
        .iter()
        .filter(|remote| is_away(remote.kind) || !any_away);
    counted.map(|remote| remote.name.clone()).collect()
}

pub(super) fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

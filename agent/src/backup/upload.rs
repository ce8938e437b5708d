//! One point onto every remote at once, while it is still being sealed: each remote for itself, so that one that is
//! down or slow neither stops nor delays another.
//! A remote that fails at an object is left without the manifest: what lies there then is no restore point.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use protocol::time::UnixMillis;
use tokio::{
    sync::mpsc::UnboundedSender,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Outcome, Progress,
    certificate::Certificate,
    is_meant_for, now,
    outgoing::{Outgoing, Ready},
    remote::{self, Remote, RemoteError},
};
use crate::config::Config;

/// Objects on their way to one remote at the same time: while one is written, the one before is read back.
const AT_ONCE: usize = 2;

/// Nothing was taken for this long: it may hang.
const STILL: Duration = Duration::from_secs(15);
/// A question is answered within this by whoever does not; less than what makes the remote count as silent for everybody.
const ANSWERS: Duration = Duration::from_secs(25);
/// So many in a row are left open by whoever hangs: a line may be gone for a moment.
const QUESTIONS: u32 = 2;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const HANGS: &str = "it neither took what was sent nor answered, and the next backup was due: it was left behind, so that the \
                     other remotes get theirs";

/// Whether a remote still takes something.
#[derive(Default)]
struct Pulse(Mutex<(usize, Option<Instant>)>);

impl Pulse {
    /// Does one thing with the remote.
    async fn beats<T>(&self, what: impl Future<Output = T>) -> T {
        self.change(|open| open + 1);
        let done = what.await;
        self.change(|open| open.saturating_sub(1));
        done
    }

    fn change(&self, open: impl Fn(usize) -> usize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (open(state.0), Some(Instant::now()));
    }

    /// How long ago anything last began or ended there, while something is open.
    fn still_for(&self) -> Duration {
        let (open, last) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.filter(|_| open > 0);
        last.map_or(Duration::ZERO, |last| last.elapsed())
    }
}

/// What every upload needs.
pub(super) struct Upload {
    pub outgoing: Arc<Outgoing>,
    /// The remotes that hold the newest full point, on which a delta may stand.
    pub base_holders: BTreeSet<String>,
    /// The remotes that hold a later full point of the chain: a delta is not meant for them.
    pub ahead: BTreeSet<String>,
    /// The remotes that the point is meant for; all when it is empty.
    pub only: Vec<String>,
    /// The certificate that belongs to every signature.
    pub certificate: Certificate,
    /// When the schedule wants its next backup: whoever hangs then is left behind, so that the others get it in time.
    pub next_due: Option<UnixMillis>,
}

impl Upload {
    /// Uploads until the queue ends, and tells how each remote fared that the point is meant for. The name of one that
    /// holds all of it goes to `has_it` at that moment, whatever the others do.
    pub(super) async fn to_every_remote(
        self: Arc<Self>,
        config: &Config,
        progress: &Arc<dyn Progress>,
        has_it: UnboundedSender<String>,
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        let mut uploads = JoinSet::new();
        for (at, remote) in config.remotes.iter().enumerate() {
            if !is_meant_for(&self.only, &remote.name) {
                outcomes.push(None);
                self.outgoing.give_up(at);
                continue;
            }
            // Until its task says otherwise; also what stands if that task panics.
            let error = Some("its upload ended without a word".to_owned());
            let outcome = |error| Outcome {
                remote: remote.name.clone(),
                error,
            };
            match remote::open(remote) {
                Err(fault) => {
                    outcomes.push(Some(outcome(Some(fault))));
                    self.outgoing.give_up(at);
                }
                Ok(remote) => {
                    outcomes.push(Some(outcome(error)));
                    let (own, progress) = (Arc::clone(&self), Arc::clone(progress));
                    let has_it = has_it.clone();
                    uploads.spawn(async move {
                        let pulse = Pulse::default();
                        let result = tokio::select! {
                            result = own.to_remote(at, &remote, &pulse, &*progress) => result,
                            () = own.hangs(&remote, &pulse) => Err(anyhow::anyhow!(HANGS)),
                        };
                        own.outgoing.give_up(at);
                        if matches!(result, Ok(true)) {
                            // Who listens ends early only with an error of its own, which is told.
                            let _ = has_it.send(remote.name().to_owned());
                        }
                        (at, result)
                    });
                }
            }
        }
        while let Some(ended) = uploads.join_next().await {
            let Ok((at, result)) = ended else { continue };
            match result {
                Ok(false) => outcomes[at] = None,
                Ok(true) => outcomes[at].iter_mut().for_each(|outcome| outcome.error = None),
                Err(error) => {
                    let told = Some(format!("{error:#}"));
                    outcomes[at]
                        .iter_mut()
                        .for_each(|outcome| outcome.error.clone_from(&told));
                }
            }
        }
        outcomes.into_iter().flatten().collect()
    }

    /// Whether the point was meant for this remote, which then holds it.
    async fn to_remote(
        &self,
        at: usize,
        remote: &Remote,
        pulse: &Pulse,
        progress: &dyn Progress,
    ) -> anyhow::Result<bool> {
        let unfinished = "the backup was not finished";
        let base = self.outgoing.begun().await.context(unfinished)?;
        if let Some(base) = base {
            if self.ahead.contains(remote.name()) {
                return Ok(false);
            }
            ensure!(
                self.base_holders.contains(remote.name()),
                "it does not hold {} whole, the full backup that this delta stands on; the next full backup goes there again",
                base.point
            );
        }
        pulse.beats(self.certificate.put_right(remote)).await?;
        let parts = stream::unfold((Arc::clone(&self.outgoing), 0), |(source, at)| async move {
            let part = source.next(at).await?;
            Some((part, (source, at + 1)))
        });
        let put = |part| pulse.beats(self.put(remote, part));
        let mut written = pin!(parts.map(put).buffered(AT_ONCE));
        let mut taken = 0;
        while let Some(size_bytes) = written.try_next().await? {
            taken += 1;
            self.take(at, taken, size_bytes, progress);
        }
        // The manifest is the commit: only when everything else is there and read back.
        let manifest = self.outgoing.manifest().context(unfinished)?;
        let size_bytes = pulse.beats(self.put(remote, manifest)).await?;
        self.take(at, taken + 1, size_bytes, progress);
        Ok(true)
    }

    /// Resolves when the next backup is due and this remote neither takes anything nor answers a question. One that is
    /// only slow answers it, and is waited for.
    async fn hangs(&self, remote: &Remote, pulse: &Pulse) {
        let Some(due) = self.next_due else {
            return std::future::pending().await;
        };
        loop {
            sleep(LOOK_EVERY).await;
            if now().plus(STILL + ANSWERS * QUESTIONS) < due || pulse.still_for() < STILL {
                continue;
            }
            let mut open = 0;
            while open < QUESTIONS && !self.answers(remote).await {
                open += 1;
            }
            if open == QUESTIONS && pulse.still_for() >= STILL {
                return;
            }
            sleep(STILL).await;
        }
    }

    /// Whether the remote answers a question in time.
    async fn answers(&self, remote: &Remote) -> bool {
        let until = Instant::now() + ANSWERS;
        match timeout(ANSWERS, remote.size(self.certificate.key())).await {
            Err(_) => false,
            Ok(Err(RemoteError::Down(_))) => {
                sleep(until.saturating_duration_since(Instant::now())).await;
                false
            }
            Ok(_) => true,
        }
    }

    /// Writes one object and reads it back; returns its size.
    async fn put(&self, remote: &Remote, object: Ready) -> anyhow::Result<u64> {
        let (key, size_bytes) = (object.key.clone(), object.size_bytes);
        let source = Arc::clone(&self.outgoing);
        let bytes = tokio::task::spawn_blocking(move || source.read(&object))
            .await
            .context("the reading thread ended")??;
        remote
            .put(&key, bytes)
            .await
            .with_context(|| format!("writing {key}"))?;
        Ok(size_bytes)
    }

    fn take(&self, at: usize, taken: usize, size_bytes: u64, progress: &dyn Progress) {
        self.outgoing.taken(at, taken);
        if self.outgoing.is_whole() {
            progress.advance(size_bytes);
        }
    }
}

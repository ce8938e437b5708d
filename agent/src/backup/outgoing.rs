//! Sealed objects on their way: the one who seals adds them, each remote takes them in its own time, and what every
//! remote has taken or given up is let go here. The manifest is added last, and only when all else is there.
//! As long as the remotes keep up, what waits does so in memory; what is more waits in the staging folder.
//! It compresses nothing and speaks to no remote.

use std::{
    fs,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use opendal::Buffer;
use protocol::manifest::{BaseRef, Object, SEALED_PART_BYTES_MAX};
use tokio::sync::watch;

use super::{cancel::Cancelled, seal::sha256_hex, staging::StagingDir};

/// Sealed bytes that may wait here for slow remotes. More, and the sealing waits, which keeps the read transaction open.
pub(super) const WAITING_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Sealed bytes that may wait in memory: any one part, or two that were worth compressing.
const MEMORY_BYTES_MAX: u64 = SEALED_PART_BYTES_MAX;
/// With more than this waiting, the remotes take longer than the sealing: some seconds of a usual line.
const BEHIND_BYTES: u64 = 64 * 1024 * 1024;
/// How often one who waits for room asks whether he still should.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// One object that can be taken.
#[derive(Clone)]
pub(super) struct Ready {
    pub key: String,
    pub size_bytes: u64,
    pub sha256: String,
    /// Its bytes, when they wait in memory; else they are in its file.
    held: Option<Buffer>,
}

/// The queue, between one thread that fills it and a task for each remote.
pub(super) struct Outgoing {
    pub dir: StagingDir,
    state: Mutex<State>,
    room: Condvar,
    changed: watch::Sender<()>,
}

struct State {
    /// Whether it was said what this is going to be; then, on what it stands.
    begun: Option<Option<BaseRef>>,
    objects: Vec<Ready>,
    /// How many of the objects each remote has taken; all of them when it gave up.
    taken: Vec<usize>,
    /// How many of the objects are not here any more.
    gone: usize,
    ended: bool,
    whole: bool,
}

impl Outgoing {
    pub(super) fn new(dir: StagingDir, remotes: usize) -> Self {
        Self {
            dir,
            state: Mutex::new(State {
                begun: None,
                objects: Vec::new(),
                taken: vec![0; remotes],
                gone: 0,
                ended: false,
                whole: false,
            }),
            room: Condvar::new(),
            changed: watch::Sender::new(()),
        }
    }

    /// Says that a point comes, and on which full point it stands.
    pub(super) fn begin(&self, base: Option<BaseRef>) {
        self.lock().begun = Some(base);
        self.changed.send_replace(());
    }

    /// Adds an object; waits while too much lies in the folder.
    pub(super) fn add(&self, object: &Object, sealed: Bytes, cancelled: &Cancelled) -> anyhow::Result<()> {
        if self.lock().has_memory_for(object.size_bytes) {
            self.push(object, Some(sealed.into()), false);
            return Ok(());
        }
        self.dir.keep(&object.key, &sealed)?;
        // Who waits needs no second copy of it.
        drop(sealed);
        self.add_staged(object, cancelled)
    }

    /// Adds an object that lies in the folder already; waits while too much lies there.
    pub(super) fn add_staged(&self, object: &Object, cancelled: &Cancelled) -> anyhow::Result<()> {
        self.push(object, None, false);
        let mut state = self.lock();
        while state.waiting_bytes() > WAITING_BYTES_MAX {
            cancelled.check()?;
            let waited = self.room.wait_timeout(state, ASK_AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Whether the remotes take longer than the sealing, so that what is sealed now will wait.
    pub(super) fn is_behind(&self) -> bool {
        self.lock().waiting_bytes() > BEHIND_BYTES
    }

    /// Adds the manifest: with it the point is whole, and nothing comes after it.
    pub(super) fn add_manifest(&self, manifest: &Object, sealed: Bytes) {
        self.push(manifest, Some(sealed.into()), true);
    }

    fn push(&self, object: &Object, held: Option<Buffer>, whole: bool) {
        let ready = Ready {
            key: object.key.clone(),
            size_bytes: object.size_bytes,
            sha256: object.sha256.clone(),
            held,
        };
        {
            let mut state = self.lock();
            state.objects.push(ready);
            state.whole = whole;
        }
        self.let_go();
        self.changed.send_replace(());
    }

    /// Nothing comes any more, whether the point is whole or not.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.send_replace(());
    }

    /// Waits until it is known on what the point stands; `None` when nothing comes.
    pub(super) async fn begun(&self) -> Option<Option<BaseRef>> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let state = self.lock();
                if state.begun.is_some() || state.ended {
                    return state.begun.clone();
                }
            }
            changed.changed().await.ok()?;
        }
    }

    /// Waits for the object of this index; `None` when there will be none, and for the manifest, which is asked for by
    /// its own name.
    pub(super) async fn next(&self, at: usize) -> Option<Ready> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let state = self.lock();
                if state.whole && at + 1 >= state.objects.len() {
                    return None;
                }
                if let Some(ready) = state.objects.get(at) {
                    return Some(ready.clone());
                }
                if state.ended {
                    return None;
                }
            }
            changed.changed().await.ok()?;
        }
    }

    /// The manifest, once it was added: to be taken when all else is taken.
    pub(super) fn manifest(&self) -> Option<Ready> {
        let state = self.lock();
        state.whole.then(|| state.objects.last().cloned()).flatten()
    }

    /// The bytes of an object.
    pub(super) fn read(&self, object: &Ready) -> anyhow::Result<Buffer> {
        match &object.held {
            Some(held) => Ok(held.clone()),
            None => {
                let bytes = fs::read(self.dir.file_of(&object.key))
                    .with_context(|| format!("reading the staged {}", object.key))?;
                ensure!(
                    sha256_hex(&bytes) == object.sha256,
                    "the staged {} is not what was written: the disk of {} may be failing",
                    object.key,
                    self.dir.path.display()
                );
                Ok(bytes.into())
            }
        }
    }

    /// A remote has taken so many of the objects.
    pub(super) fn taken(&self, remote: usize, count: usize) {
        self.lock().taken[remote] = count;
        self.let_go();
    }

    /// A remote takes no more.
    pub(super) fn give_up(&self, remote: usize) {
        self.taken(remote, usize::MAX);
    }

    /// Whether the manifest was added.
    pub(super) fn is_whole(&self) -> bool {
        self.lock().whole
    }

    /// Bytes of every object so far.
    pub(super) fn size_bytes(&self) -> u64 {
        self.lock().objects.iter().map(|it| it.size_bytes).sum()
    }

    /// Bytes that remotes still have to take.
    pub(super) fn left_bytes(&self) -> u64 {
        let state = self.lock();
        let left = |taken: &usize| {
            let rest = state.objects.iter().skip(*taken);
            rest.map(|it| it.size_bytes).sum::<u64>()
        };
        state.taken.iter().map(left).sum()
    }

    /// Frees and deletes what nobody needs here any more.
    fn let_go(&self) {
        let mut state = self.lock();
        let taken = state.taken.iter().copied().min().unwrap_or(usize::MAX);
        while state.gone < taken.min(state.objects.len()) {
            let at = state.gone;
            let object = &mut state.objects[at];
            if object.held.take().is_none()
                && let Err(error) = fs::remove_file(self.dir.file_of(&object.key))
            {
                tracing::warn!(%error, "a staged object could not be deleted; the next backup deletes it");
            }
            state.gone += 1;
        }
        drop(state);
        self.room.notify_all();
    }

    /// A panic elsewhere leaves counters that are still true.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting_bytes(&self) -> u64 {
        let waiting = self.objects[self.gone..].iter();
        waiting.map(|it| it.size_bytes).sum()
    }

    fn has_memory_for(&self, size_bytes: u64) -> bool {
        let held = self.objects[self.gone..].iter().filter(|it| it.held.is_some());
        held.map(|it| it.size_bytes).sum::<u64>() + size_bytes <= MEMORY_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remotes_are_behind_while_more_waits_than_a_line_takes_in_seconds() {
        let dir = tempfile::tempdir().unwrap();
        let Ok(staging) = StagingDir::make(dir.path()) else {
            panic!("a new folder takes a staging folder");
        };
        let (outgoing, cancelled) = (Outgoing::new(staging, 2), Cancelled::default());
        let mut sealed = 0;
        while !outgoing.is_behind() {
            sealed += 1;
            assert!(sealed < 100, "nobody is ever behind");
            let object = Object {
                key: format!("base/{sealed}"),
                size_bytes: 10 * 1024 * 1024,
                sha256: String::new(),
                plain_size_bytes: 0,
            };
            outgoing.add(&object, Bytes::new(), &cancelled).unwrap();
        }
        assert_eq!(sealed as u64, BEHIND_BYTES / (10 * 1024 * 1024) + 1);
        outgoing.taken(0, sealed);
        assert!(outgoing.is_behind(), "the slowest remote counts");
        outgoing.taken(1, 1);
        assert!(!outgoing.is_behind());
    }
}

//! The thread that records: woken by the log, by somebody who waits, or by the clock.
//! It never touches the network. When something refuses it lets go of the database, says so, and tries again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use tokio::sync::{oneshot, watch};

use super::{
    Mark, NewChain, WhyAgain,
    ahead::Ahead,
    begin::begin,
    desk::Desk,
    events::LogWatch,
    followed::Followed,
    glances::Glances,
    patience::LOOK_EVERY,
    recorder::{Ended, Recorder},
    rest::RestRequest,
    set_clock::SetClock,
};
use crate::{
    backup::recipients::Recipients,
    store::{interruptions::EventKind, sealed_to::SealedTo, source::log_of},
};

/// One commit is several writes to the log: so long after the first one the commit is there, where the disk is fast.
const SETTLE: Duration = Duration::from_millis(3);
const CONTRADICTED: &str = "a backup read something else than was followed";

/// What the thread is told.
pub(super) enum Wake {
    /// The log was written to.
    Log,
    /// A remote has nothing more to do.
    Idle,
    /// Somebody wants to know what was committed until now, and that it is on its way.
    Durable(oneshot::Sender<Mark>),
    /// Somebody wants to begin a read transaction at a known commit.
    Rest(RestRequest),
    /// What was followed is not what the database holds.
    Compare,
    /// A remote holds what this server never wrote.
    Ahead(Ahead),
    /// The agent ends.
    Stop,
}

/// What others may know of the thread.
pub(super) struct Shared {
    /// The newest commit that was read.
    pub captured: watch::Sender<Option<Mark>>,
    /// The keys that segments are sealed to; `None` before they were read.
    pub sealed_to: watch::Sender<Option<SealedTo>>,
    /// The certificates with these keys.
    pub recipients: watch::Sender<Option<Arc<Recipients>>>,
    /// The newest object in the spool.
    pub spooled: watch::Sender<i64>,
    /// How many of the remotes that count have nothing to do.
    pub idle: AtomicUsize,
}

/// The thread's own.
pub(super) struct Worker {
    pub desk: Desk,
    pub inbox: Receiver<Wake>,
    pub shared: Arc<Shared>,
    pub log: LogWatch,
    /// Commits under load wait at most so long for their segment.
    pub sync: Duration,
    pub recorder: Option<Recorder>,
    /// Why the recording ended that is to begin again.
    pub why: Option<WhyAgain>,
    pub failures: usize,
    pub retry_at: Instant,
    pub ended_at: Option<Instant>,
    /// Somebody waits for what is in the draft.
    pub urgent: bool,
    /// They get the newest commit once all that was published is read.
    pub asked: Vec<oneshot::Sender<Mark>>,
    /// They want a moment in which nobody commits.
    pub resting: Vec<RestRequest>,
    /// There was more to read than a turn reads.
    pub is_behind: bool,
    /// When the log is looked at again although nothing more is heard.
    pub glances: Glances,
    /// Until when it followed, for whoever begins after this one.
    pub followed: Followed,
    /// Whether the clock was set while it followed.
    pub clock: SetClock,
    /// Up to where the remotes were told of segments.
    pub told: Option<(ChainId, CommitNumber)>,
}

impl Worker {
    /// Records until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            let patience = self.patience(Instant::now());
            let first = match self.inbox.recv_timeout(patience) {
                Ok(wake) => Some(wake),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if matches!(first, Some(Wake::Log)) {
                std::thread::sleep(SETTLE);
            }
            let (mut is_last, is_by_clock) = (false, first.is_none() && patience == LOOK_EVERY);
            let waiting: Vec<Wake> = first.into_iter().chain(self.inbox.try_iter()).collect();
            let is_told = waiting.iter().any(|wake| matches!(wake, Wake::Log));
            for wake in waiting {
                match wake {
                    Wake::Log => self.log.heard(),
                    Wake::Idle => {}
                    Wake::Durable(answer) => self.asked.push(answer),
                    Wake::Rest(request) => self.resting.push(request),
                    Wake::Compare => self.again(contradicted()),
                    Wake::Ahead(ahead) => self.went_back(&ahead),
                    Wake::Stop => is_last = true,
                }
            }
            if is_last {
                break;
            }
            self.log.watch(&log_of(&self.desk.database));
            let is_unheard = is_by_clock && !is_told && self.glances.pause().is_none();
            let before = is_unheard.then(|| self.shared.captured.borrow().clone());
            self.turn();
            if self.has_come_on(before.flatten()) {
                self.log.was_silent();
            }
            self.rest();
            self.glance(is_told);
        }
        self.stop();
    }

    fn turn(&mut self) {
        if self.recorder.is_none() && Instant::now() < self.retry_at {
            self.asked.clear();
            return;
        }
        match self.record() {
            Ok(()) => {}
            Err(Ended::Again(why)) => self.again(why),
            Err(Ended::Failed(error)) => self.failed(&error),
        }
    }

    pub(super) fn again(&mut self, why: WhyAgain) {
        tracing::warn!(%why, "the capture begins again");
        let is_put_in = self.recorder.as_ref().is_some_and(|it| it.is_put_in);
        if is_put_in || matches!(why, WhyAgain::Replaced(_) | WhyAgain::LogReplaced(_)) {
            self.spool_the_rest();
        }
        self.let_go();
        self.why = Some(why);
        self.retry_at = Instant::now();
    }

    fn record(&mut self) -> Result<(), Ended> {
        if self.desk.refresh_keys()? {
            self.shared.recipients.send_replace(self.desk.recipients());
            self.shared.sealed_to.send_replace(self.desk.sealed_to());
        }
        if self.recorder.is_none() {
            let known = self.desk.store.capture_state()?;
            let recorder = begin(&self.desk, self.why.clone(), now)?;
            let last = known.as_ref().map(|state| state.commit_at);
            self.followed.note_absence(&self.desk, last, now());
            // What was read on the way is dated by the clock as it is now.
            let after = known.as_ref().map(|known| (&known.chain, known.commit));
            let after = after.filter(|(chain, _)| **chain == recorder.state.chain);
            self.clock.look(&self.desk, after, now());
            self.well(recorder);
        }
        self.followed.touch(Instant::now());

        let Some(recorder) = &mut self.recorder else {
            return Ok(());
        };
        let Mark { chain, commit } = recorder.mark();
        self.clock.look(&self.desk, Some((&chain, commit)), now());
        self.is_behind = !recorder.drain(&self.desk, now)?;
        let (mark, is_drafted) = (recorder.mark(), !recorder.draft.is_empty());
        self.tell_spooled()?;
        self.asked.retain(|answer| !answer.is_closed());
        if !self.is_behind {
            self.urgent |= !self.asked.is_empty() && is_drafted;
            for answer in self.asked.drain(..) {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(mark.clone());
            }
        }
        self.shared.captured.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&mark);
            *known = Some(mark);
            is_new
        });
        if self.is_due(Instant::now()) {
            self.end_segment()?;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.keep(&self.desk, now)?;
            recorder.note_file(&self.desk)?;
            self.tell_spooled()?;
        }
        Ok(())
    }

    /// The first commit after a pause is not held back; under load one segment takes all of an interval, and whoever
    /// waits shares one with everybody who asked while the line was busy.
    fn is_due(&self, now: Instant) -> bool {
        let Some(recorder) = &self.recorder else {
            return false;
        };
        let is_time = self.ended_at.is_none_or(|at| now >= at + self.sync);
        let is_asked = self.urgent && self.shared.idle.load(Ordering::Acquire) > 0;
        !recorder.draft.is_empty() && (is_time || is_asked)
    }

    fn end_segment(&mut self) -> Result<(), Ended> {
        if let Some(recorder) = &mut self.recorder {
            recorder.end_commits(&self.desk)?;
        }
        self.urgent = false;
        self.tell_spooled()
    }

    /// A full draft is ended while reading: the remotes hear of it here, and what is read after it has an interval of
    /// its own.
    pub(super) fn tell_spooled(&mut self) -> Result<(), Ended> {
        let ended = self
            .recorder
            .as_ref()
            .map(|recorder| (recorder.state.chain.clone(), recorder.state.commit));
        if ended == self.told {
            return Ok(());
        }
        if self.told.is_some() {
            self.ended_at = Some(Instant::now());
        }
        let newest = self.desk.store.newest_segment()?;
        self.shared
            .spooled
            .send_if_modified(|known| std::mem::replace(known, newest) != newest);
        self.told = ended;
        Ok(())
    }

    /// One try a turn for whoever wants a moment without commits.
    fn rest(&mut self) {
        self.resting.retain(RestRequest::is_open);
        let Some(request) = self.resting.pop() else { return };
        // Without a recording the answer is none.
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let granted = request.grant(recorder, now);
        // A point stands between two segments: whoever restores it follows from there.
        let drafted = self.recorder.as_ref().is_some_and(|it| !it.draft.is_empty());
        let granted = match granted {
            Ok(true) if drafted => self.end_segment().map(|()| true),
            granted => granted,
        };
        match granted {
            // What was read for it is still to be told.
            Ok(true) => self.is_behind = true,
            Ok(false) => self.resting.push(request),
            Err(Ended::Again(why)) => self.again(why),
            Err(Ended::Failed(error)) => self.failed(&error),
        }
    }

    /// Whoever asked is told that it stands still by no answer.
    pub(super) fn let_go(&mut self) {
        self.recorder = None;
        self.is_behind = false;
        self.asked.clear();
        self.resting.clear();
    }

    fn well(&mut self, recorder: Recorder) {
        if self.failures > 0 {
            tracing::info!("the capture works again");
        }
        self.recorder = Some(recorder);
        (self.why, self.failures) = (None, 0);
        self.note_fault(None);
    }

    /// What was read goes into the spool; the next start ships it.
    fn stop(mut self) {
        if self.recorder.is_some() {
            self.followed.touch_at_once();
        }
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder
                .drain(&self.desk, now)
                .and_then(|_| recorder.end_commits(&self.desk))
                .and_then(|_| recorder.note_file(&self.desk))
        {
            tracing::warn!(%error, "the last commits were not spooled; the next start finds them in the log");
        }
    }
}

fn contradicted() -> WhyAgain {
    WhyAgain::Contradicted(NewChain {
        is_file: true,
        ..NewChain::of(EventKind::NewChain, CONTRADICTED)
    })
}

pub(super) fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

//! The threads on which questions are asked: one for all that are due together, since waking a dozen costs more than the
//! questions do, and one each for those that wait behind a question that takes long.
//! It knows no question, and decides nothing about what comes of one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::probe::{At, Probe, Seen};

/// Who waits for longer than this behind a question gets a thread of its own.
const PATIENCE: Duration = Duration::from_millis(250);

/// A question that is to be asked.
pub(super) struct Question {
    /// Whose it is.
    pub slot: usize,
    /// What asks it.
    pub probe: Box<dyn Probe>,
    /// When it is asked.
    pub at: At,
}

/// What comes back from a thread. A probe that broke does not come back.
pub(super) struct Answer {
    /// Whose it is.
    pub slot: usize,
    /// What asked.
    pub probe: Box<dyn Probe>,
    /// What it saw.
    pub seen: Seen,
}

/// The questions under way. There are never more than there are probes, since each is in one place.
pub(super) struct Asking {
    waiting: Arc<Mutex<VecDeque<Question>>>,
    threads: JoinSet<()>,
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
    /// When those that still wait get threads of their own.
    patient_until: Option<Instant>,
}

impl Asking {
    pub(super) fn nothing() -> Self {
        let (answer, answers) = channel();
        Self {
            waiting: Arc::default(),
            threads: JoinSet::new(),
            answer,
            answers,
            patient_until: None,
        }
    }

    /// Asks these, one after the other, unless one takes long.
    pub(super) fn ask(&mut self, questions: Vec<Question>) {
        if questions.is_empty() {
            return;
        }
        lock(&self.waiting).extend(questions);
        self.patient_until = Some(Instant::now() + PATIENCE);
        self.begin_thread();
    }

    /// The next answers, of which there may be none. Nothing is lost when it is dropped before it ends.
    pub(super) async fn answers(&mut self) -> Vec<Answer> {
        tokio::select! {
            Some(ended) = self.threads.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a question broke; it is not asked again until the agent restarts");
                    self.give_each_a_thread();
                }
            }
            () = reached(self.patient_until) => self.give_each_a_thread(),
        }
        if lock(&self.waiting).is_empty() {
            self.patient_until = None;
        }
        self.answers.try_iter().collect()
    }

    fn give_each_a_thread(&mut self) {
        let waiting = lock(&self.waiting).len();
        (0..waiting).for_each(|_| self.begin_thread());
    }

    fn begin_thread(&mut self) {
        let (waiting, answer) = (Arc::clone(&self.waiting), self.answer.clone());
        self.threads.spawn_blocking(move || {
            let next = || lock(&waiting).pop_front();
            while let Some(Question { slot, mut probe, at }) = next() {
                let seen = probe.look(at);
                // Nobody listens any more once the watch has ended.
                let _ = answer.send(Answer { slot, probe, seen });
            }
        });
    }
}

/// Nobody breaks while holding it, and a queue is whole at any time.
fn lock(waiting: &Mutex<VecDeque<Question>>) -> MutexGuard<'_, VecDeque<Question>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Resolves at that moment; never without one.
pub(super) async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use protocol::time::UnixMillis;

    use super::*;

    /// Looks by doing this.
    struct Doing<F>(F);

    impl<F: FnMut() + Send + 'static> Probe for Doing<F> {
        fn name(&self) -> &'static str {
            "doing"
        }

        fn every(&self) -> Duration {
            Duration::from_secs(1)
        }

        fn look(&mut self, _: At) -> Seen {
            (self.0)();
            Seen::default()
        }
    }

    fn question(slot: usize, doing: impl FnMut() + Send + 'static) -> Question {
        let at = At {
            now: UnixMillis(0),
            tick: Instant::now(),
        };
        Question {
            slot,
            probe: Box::new(Doing(doing)),
            at,
        }
    }

    async fn slots(asking: &mut Asking, count: usize) -> Vec<usize> {
        let mut slots = Vec::new();
        while slots.len() < count {
            slots.extend(asking.answers().await.iter().map(|answer| answer.slot));
        }
        slots
    }

    #[tokio::test]
    async fn those_due_together_are_asked_on_one_thread() {
        let (here, threads) = channel::<ThreadId>();
        let questions = (0..5).map(|slot| {
            let here = here.clone();
            question(slot, move || here.send(thread::current().id()).unwrap())
        });
        let mut asking = Asking::nothing();
        asking.ask(questions.collect());
        assert_eq!(slots(&mut asking, 5).await, [0, 1, 2, 3, 4]);
        let first = threads.recv().unwrap();
        assert!(threads.try_iter().all(|thread| thread == first));
    }

    #[tokio::test]
    async fn one_that_hangs_and_one_that_breaks_hold_no_other_up() {
        let (let_go, held) = channel::<()>();
        let mut asking = Asking::nothing();
        asking.ask(vec![
            question(0, || panic!("as a probe that meets what nobody thought of")),
            question(1, move || assert!(held.recv().is_err())),
            question(2, || {}),
            question(3, || {}),
        ]);
        let mut others = slots(&mut asking, 2).await;
        others.sort_unstable();
        assert_eq!(others, [2, 3]);
        drop(let_go);
        assert_eq!(slots(&mut asking, 1).await, [1]);
    }
}

//! Asks every question in its turn, each on a thread of its own and under a limit: one that hangs holds no other up,
//! and is not asked a second time while it hangs.
//! It knows no question. What comes of them goes to the history, the board and the alerts.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    board::Board,
    history::History,
    itself::Lag,
    logs,
    nudge::{Nudge, SETTLES_WITHIN},
    probe::{At, Finding, Probe, Seen, Verdict},
};
use crate::{
    alert::{Alerts, rule::AlertKey},
    beat::Beat,
};

/// The watch as a whole.
pub struct Cycle {
    /// Who hears of what is wrong.
    pub alerts: Alerts,
    /// Where figures are kept.
    pub history: History,
    /// Where everything stands.
    pub board: Board,
    /// Progress for the watchdog.
    pub beat: Beat,
    /// By how much a cycle begins too late.
    pub lag: Lag,
    /// That the logs are worth a look before their turn.
    pub nudge: Nudge,
    /// The time from one cycle to the next; no question is asked more often.
    pub every: Duration,
    /// The questions.
    pub probes: Vec<Box<dyn Probe>>,
}

/// One question and where it is.
struct Slot {
    name: &'static str,
    every: Duration,
    limit: Duration,
    /// Here, unless it is being asked.
    probe: Option<Box<dyn Probe>>,
    asked: Option<Instant>,
    /// It has been asked for longer than its limit, and that was said.
    is_late: bool,
    /// What it last told of.
    keys: Vec<AlertKey>,
}

/// What comes back from a thread. A probe that broke does not come back.
struct Answer {
    slot: usize,
    probe: Box<dyn Probe>,
    seen: Seen,
}

impl Cycle {
    /// Watches for as long as the agent lives.
    pub async fn run(mut self) -> Infallible {
        let mut slots: Vec<Slot> = std::mem::take(&mut self.probes)
            .into_iter()
            .map(Slot::new)
            .collect();
        let mut asked = JoinSet::new();
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut expected = Instant::now();
        let mut settled = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let at = At { now: now(), tick: Instant::now() };
                    self.lag.set(at.tick.saturating_duration_since(expected));
                    expected = at.tick + self.every;
                    self.beat.progress(at.tick);
                    self.ask_those_due(&mut slots, &mut asked, at);
                }
                () = self.nudge.given() => {
                    settled.get_or_insert(Instant::now() + SETTLES_WITHIN);
                }
                () = reached(settled) => {
                    settled = None;
                    let at = At { now: now(), tick: Instant::now() };
                    if let Some(slot) = slots.iter().position(|slot| slot.name == logs::NAME) {
                        slots[slot].ask(slot, &mut asked, at);
                    }
                }
                Some(answer) = asked.join_next() => match answer {
                    Ok(answer) => self.take_in(&mut slots, answer),
                    Err(error) => tracing::error!(%error, "a question broke; it is not asked again until the agent restarts"),
                },
            }
        }
    }

    fn ask_those_due(&self, slots: &mut [Slot], asked: &mut JoinSet<Answer>, at: At) {
        for (slot, state) in slots.iter_mut().enumerate() {
            if state.is_due(at.tick) {
                state.ask(slot, asked, at);
            }
            if state.is_overdue(at.tick) {
                state.is_late = true;
                tracing::warn!(
                    question = state.name,
                    "a question is not answered in time; what it watches is unknown"
                );
                for key in &state.keys {
                    let verdict = Verdict::Unknown("no answer in time".to_owned());
                    let key = key.clone();
                    self.board.note(&Finding { key, verdict }, at.now);
                }
            }
        }
    }

    fn take_in(&self, slots: &mut [Slot], answer: Answer) {
        let Some(slot) = slots.get_mut(answer.slot) else {
            return;
        };
        slot.probe = Some(answer.probe);
        slot.is_late = false;
        let keys: Vec<AlertKey> = answer
            .seen
            .findings
            .iter()
            .map(|finding| finding.key.clone())
            .collect();
        let gone = slot.keys.iter().filter(|key| !keys.contains(key));
        gone.for_each(|key| self.board.forget(key));
        slot.keys = keys;
        let now = now();
        if let Err(error) = self.history.add(now, &answer.seen.samples) {
            tracing::error!(%error, "five minutes of figures could not be kept");
        }
        for finding in answer.seen.findings {
            self.board.note(&finding, now);
            if let Verdict::Known(seen) = finding.verdict
                && let Err(error) = self.alerts.observe(&finding.key, seen, now)
            {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the agent's database refused what was seen: the owner was not told"
                );
            }
        }
    }
}

impl Slot {
    fn new(probe: Box<dyn Probe>) -> Self {
        Self {
            name: probe.name(),
            every: probe.every(),
            limit: probe.limit(),
            probe: Some(probe),
            asked: None,
            is_late: false,
            keys: Vec::new(),
        }
    }

    /// Asks, unless it is being asked.
    fn ask(&mut self, slot: usize, asked: &mut JoinSet<Answer>, at: At) {
        let Some(mut probe) = self.probe.take() else {
            return;
        };
        self.asked = Some(at.tick);
        asked.spawn_blocking(move || {
            let seen = probe.look(at);
            Answer { slot, probe, seen }
        });
    }

    /// It hangs, and that was not said yet.
    fn is_overdue(&self, tick: Instant) -> bool {
        self.probe.is_none() && !self.is_late && self.age(tick) > self.limit
    }

    /// A tick that comes a little early must not put a question off to the next one.
    fn is_due(&self, tick: Instant) -> bool {
        const EARLY: Duration = Duration::from_millis(50);
        self.asked.is_none_or(|_| self.age(tick) + EARLY >= self.every)
    }

    fn age(&self, tick: Instant) -> Duration {
        self.asked
            .map_or(Duration::MAX, |asked| tick.saturating_duration_since(asked))
    }
}

/// Resolves at that moment; never without one.
async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

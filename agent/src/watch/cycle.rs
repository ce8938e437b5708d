//! Asks every question in its turn and under a limit: one that hangs holds no other up, and is not asked a second time
//! while it hangs.
//! It knows no question. What comes of them goes to the history, the board and the alerts.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    asking::{Answer, Asking, Question, reached},
    board::Board,
    bot_health::BotState,
    command::NO_ANSWER,
    history::History,
    itself::Lag,
    logs,
    nudge::{Nudge, SETTLES_WITHIN},
    probe::{At, Finding, Probe, Verdict},
    unit,
};
use crate::{
    alert::{Alerts, rule::AlertKey},
    beat::Beat,
};

/// A question that speaks of other things than before does so for so long before what it left out ends: a disk may be
/// mounted again within a minute.
const LEFT_OUT_AFTER: Duration = Duration::from_secs(120);

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
    /// How the bot is: systemd says for two seconds why one ended, and then has started the next.
    pub bot: watch::Receiver<BotState>,
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
    /// When it began to speak of just these, or its alerts were last held against them.
    settled: Option<Instant>,
}

impl Cycle {
    /// Watches for as long as the agent lives.
    pub async fn run(mut self) -> Infallible {
        let mut slots: Vec<Slot> = std::mem::take(&mut self.probes)
            .into_iter()
            .map(Slot::new)
            .collect();
        let mut asking = Asking::nothing();
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
                    asking.ask(self.those_due(&mut slots, at));
                }
                () = self.nudge.given() => {
                    settled.get_or_insert(Instant::now() + SETTLES_WITHIN);
                }
                Ok(()) = self.bot.changed() => {
                    settled.get_or_insert(Instant::now() + SETTLES_WITHIN);
                }
                () = reached(settled) => {
                    settled = None;
                    asking.ask(those_nudged(&mut slots));
                }
                answers = asking.answers() => {
                    answers.into_iter().for_each(|answer| self.take_in(&mut slots, answer));
                    self.alerts.unwatched().replace(self.board.unknown());
                }
            }
        }
    }

    fn those_due(&self, slots: &mut [Slot], at: At) -> Vec<Question> {
        let mut due = Vec::new();
        for (slot, state) in slots.iter_mut().enumerate() {
            if state.is_due(at.tick) {
                due.extend(state.question(slot, at));
            }
            if state.is_overdue(at.tick) {
                state.is_late = true;
                tracing::warn!(
                    question = state.name,
                    "a question is not answered in time; what it watches is unknown"
                );
                for key in &state.keys {
                    let verdict = Verdict::Unknown(NO_ANSWER.to_owned());
                    let key = key.clone();
                    self.board.note(&Finding { key, verdict }, at.now);
                }
                self.alerts.unwatched().replace(self.board.unknown());
            }
        }
        due
    }

    fn take_in(&self, slots: &mut [Slot], answer: Answer) {
        let Some(slot) = slots.get_mut(answer.slot) else {
            return;
        };
        slot.is_late = false;
        let keys: Vec<AlertKey> = answer
            .seen
            .findings
            .iter()
            .map(|finding| finding.key.clone())
            .collect();
        let gone = slot.keys.iter().filter(|key| !keys.contains(key));
        gone.for_each(|key| self.board.forget(key));
        let now = now();
        if let Err(error) = self.look_after_alerts(slot, answer.probe.as_ref(), &keys, now) {
            tracing::error!(
                error = format!("{error:#}"),
                "the agent's database refused to end alerts that nobody looks at any more"
            );
        }
        slot.keys = keys;
        slot.every = answer.probe.every();
        slot.probe = Some(answer.probe);
        if let Err(error) = self.history.add(now, &answer.seen.samples) {
            tracing::error!(%error, "five minutes of figures could not be kept");
        }
        for finding in &answer.seen.findings {
            self.board.note(finding, now);
        }
        let findings = answer.seen.findings.into_iter();
        let counting = findings.filter_map(|Finding { key, verdict }| Some((key, verdict.counts()?)));
        self.alerts.observe_all(counting.collect(), now);
    }
}

/// Those whose answer changes at once with a log's rotation or a bot's end.
fn those_nudged(slots: &mut [Slot]) -> Vec<Question> {
    let at = At {
        now: now(),
        tick: Instant::now(),
    };
    let slots = slots.iter_mut().enumerate();
    let nudged = slots.filter(|(_, state)| [logs::NAME, unit::NAME].contains(&state.name));
    nudged
        .filter_map(|(slot, state)| state.question(slot, at))
        .collect()
}

impl Cycle {
    /// Alerts follow their question: to a new key at once, to their end once it has left them out for a while.
    fn look_after_alerts(
        &self,
        slot: &mut Slot,
        probe: &dyn Probe,
        keys: &[AlertKey],
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let is_changed = slot.keys != keys;
        let is_due = !is_changed && slot.settled.is_some_and(|at| at.elapsed() >= LEFT_OUT_AFTER);
        if is_changed || is_due {
            slot.settled = Some(Instant::now());
            self.alerts.hand_over(|key| probe.owns(key), keys, now)?;
        }
        // Again and again: what a question owns may hang on what it has learnt meanwhile.
        if is_due {
            self.alerts.end_unspoken(|key| probe.owns(key), keys, now)?;
        }
        Ok(())
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
            settled: None,
        }
    }

    /// To be asked, unless it is being asked.
    fn question(&mut self, slot: usize, at: At) -> Option<Question> {
        let probe = self.probe.take()?;
        self.asked = Some(at.tick);
        Some(Question { slot, probe, at })
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

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

//! Is the bot there, is it well, and does it have something to tell? One request to it is always held: the kernel
//! closes that connection when the process dies, and so a crash is known in milliseconds.
//! It restarts nothing, and never takes a planned stop for a crash.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{health::Health, time::UnixMillis};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::sleep};

use super::{
    bot_link::{BotLink, Missing},
    bot_word::observation_of,
    died_unseen,
};
use crate::{
    alert::{
        Alerts,
        before::Before,
        planned::Planned,
        rule::{AlertKey, Observation, Rule},
        standing,
    },
    beat::Beat,
};

mod absence;
mod pace;

use absence::Absence;
use pace::until_next_look;

/// The name of the loop that asks, among the vital ones.
pub const BOT_LOOP: &str = "bot";
/// Between two looks at a bot that runs.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// How long a cut connection's bot has to show that it lives, twice.
const CONFIRM_LIMIT: Duration = Duration::from_millis(130);
/// Before a held request is repeated that did not end as it should.
const REPEAT_AFTER: Duration = Duration::from_millis(200);

/// What is known of the bot at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// Not asked yet.
    Unknown,
    /// It answers and is well.
    Running,
    /// It answers and is not well.
    Ailing,
    /// It is there, and does not answer.
    Silent,
    /// It said goodbye.
    Stopped,
    /// It does not run.
    Gone,
}

impl BotState {
    /// As the alerts remember it: who was started since a stop on purpose sees nobody, and misses whoever is overdue.
    #[must_use]
    pub fn as_remembered(self, planned: &Planned) -> Self {
        match self {
            Self::Gone if planned.stopped_since.is_some() && !planned.overdue => Self::Stopped,
            seen => seen,
        }
    }
}

/// The watch over the bot.
pub struct BotWatch {
    link: BotLink,
    alerts: Alerts,
    beat: Beat,
    seen: watch::Sender<BotState>,
    said: watch::Sender<Option<Health>>,
}

/// What came of one held request.
enum Held {
    /// The bot had nothing to say for as long as it holds.
    Expired,
    /// It said something.
    Told,
    /// It stops on purpose.
    Goodbye,
    /// The agent's database did not say what to ask for.
    NotStored,
}

impl BotWatch {
    /// A watch that hands what it sees to the alerts.
    #[must_use]
    pub fn new(link: BotLink, alerts: Alerts, beat: Beat) -> Self {
        Self {
            link,
            alerts,
            beat,
            seen: watch::Sender::new(BotState::Unknown),
            said: watch::Sender::new(None),
        }
    }

    /// What is known of the bot, for those who ask the agent.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<BotState> {
        self.seen.subscribe()
    }

    /// What the bot said of itself last, for those who judge it; `None` while it does not answer.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Option<Health>> {
        self.said.subscribe()
    }

    /// Watches for as long as the agent lives.
    pub async fn run(self) -> Infallible {
        let mut absence = Absence::NotSeenYet(Before::known_to(&self.alerts));
        loop {
            let health = self.await_bot(absence).await;
            tracing::info!(
                boot = health.boot,
                version = health.version,
                "the bot answers; its connection is held"
            );
            absence = tokio::select! {
                absence = self.hold(&health) => absence,
                never = self.poll() => match never {},
            };
            tracing::warn!(?absence, "the bot's connection has ended");
        }
    }

    /// Looks for the bot until it answers.
    async fn await_bot(&self, mut absence: Absence) -> Health {
        let begun = Instant::now();
        loop {
            self.beat.progress(Instant::now());
            match self.ask().await {
                Ok(health) if absence.is_over(&health) => {
                    let is_first = matches!(absence, Absence::NotSeenYet(_));
                    if let Err(error) = died_unseen::meet(&self.alerts, &health, is_first, now()) {
                        cannot_store(&error);
                    }
                    self.observe(observation_of(&health));
                    return health;
                }
                // The one that said goodbye goes on answering until it is through with its work.
                Ok(_) => {
                    absence = absence.answered();
                    self.observe(self.absent(absence));
                }
                Err(missing) => {
                    absence = absence.after(&missing, Instant::now());
                    self.observe(self.missed(absence, missing));
                }
            }
            let alarm_waits = || self.alerts.has_untold_alarm();
            sleep(until_next_look(begun.elapsed(), alarm_waits)).await;
        }
    }

    fn absent(&self, absence: Absence) -> Observation {
        let detail = match absence {
            Absence::Died => self.alerts.restart_that_ended_it(now()),
            Absence::NotSeenYet(before) => before.note().to_owned(),
            Absence::Goodbye(_) => String::new(),
        };
        let rule = absence.rule();
        Observation::Wrong { rule, detail }
    }

    /// What it means that the bot did not answer while it is waited for. A process that listens and is silent is no absent
    /// one, and neither is another program in its place.
    fn missed(&self, absence: Absence, missing: Missing) -> Observation {
        match (missing, absence) {
            (Missing::Strange(what), _) => self.taken(&what),
            (Missing::Refused, _) | (Missing::Cut, Absence::Goodbye(_)) => self.absent(absence),
            (Missing::Silent, absence) if absence.excuses_silence() => self.absent(absence),
            (Missing::Silent, _) => self.alerts.hung(now()),
            (Missing::Cut, _) => self.taken("no HTTP"),
        }
    }

    fn taken(&self, what: &str) -> Observation {
        Observation::Wrong {
            rule: Rule::BotPortTaken,
            detail: self.link.found_there(what),
        }
    }

    async fn ask(&self) -> Result<Health, Missing> {
        let answer = self.link.health(LOOK_LIMIT).await;
        self.said.send_replace(answer.as_ref().ok().cloned());
        answer
    }

    /// Keeps a request open until the bot is gone, on purpose or not.
    async fn hold(&self, health: &Health) -> Absence {
        if let Err(error) = self.alerts.rewind_if_restored(health.last_incident, now()) {
            cannot_store(&error);
        }
        loop {
            match self.next_incidents().await {
                Ok(Held::Goodbye) => return Absence::goodbye(health.boot, Instant::now()),
                Ok(Held::Expired) | Err(Missing::Silent) => {}
                Err(Missing::Refused | Missing::Cut | Missing::Strange(_))
                    if self.is_gone(health.boot).await =>
                {
                    self.observe(Observation::Wrong {
                        rule: Rule::BotGone,
                        detail: self.alerts.restart_that_ended_it(now()),
                    });
                    return Absence::Died;
                }
                Ok(Held::Told | Held::NotStored) | Err(_) => sleep(REPEAT_AFTER).await,
            }
        }
    }

    /// One held request and what came of it.
    async fn next_incidents(&self) -> Result<Held, Missing> {
        let after = match self.alerts.last_incident() {
            Ok(after) => after,
            Err(error) => {
                cannot_store(&error);
                return Ok(Held::NotStored);
            }
        };
        let Some(page) = self.link.incidents(after).await? else {
            return Ok(Held::Expired);
        };
        // Asked anew, so that nobody judges what was reported by what the bot said before it.
        if page.incidents.iter().any(standing::may_last) {
            let _ = self.ask().await;
        }
        let said = self.said.borrow().clone();
        // A bot that waits for its database may not answer now: then what it reports is judged by its age alone.
        let standing = match &said {
            Some(health) => health.standing.as_deref(),
            None => Some(&[][..]),
        };
        if let Err(error) = self.alerts.report(&page.incidents, standing, now()) {
            cannot_store(&error);
        }
        Ok(if page.goodbye { Held::Goodbye } else { Held::Told })
    }

    /// Whether the process that held the connection has ended. It has, too, when another one answers already, or another
    /// program.
    async fn is_gone(&self, boot: i64) -> bool {
        for _ in 0..2 {
            match self.link.live(CONFIRM_LIMIT).await {
                Ok(()) => {
                    return match self.link.health(LOOK_LIMIT).await {
                        Ok(health) => health.boot != boot,
                        Err(Missing::Refused | Missing::Strange(_)) => true,
                        Err(Missing::Cut | Missing::Silent) => false,
                    };
                }
                Err(Missing::Refused) => return true,
                Err(Missing::Cut | Missing::Silent | Missing::Strange(_)) => {}
            }
        }
        true
    }

    /// Asks how the bot is, beside the held request.
    async fn poll(&self) -> Infallible {
        loop {
            sleep(POLL_EVERY).await;
            self.beat.progress(Instant::now());
            self.observe(match self.ask().await {
                Ok(health) => observation_of(&health),
                Err(Missing::Strange(what)) => self.taken(&what),
                Err(Missing::Refused | Missing::Cut | Missing::Silent) => self.alerts.hung(now()),
            });
        }
    }

    fn observe(&self, seen: Observation) {
        // Only a change is one: whoever waits for it asks systemd.
        let state = state_of(&seen);
        self.seen
            .send_if_modified(|known| std::mem::replace(known, state) != state);
        let stored = match seen {
            Observation::Fine => self.alerts.bot_is_well(now()),
            seen => self.alerts.observe(&AlertKey::new("bot", "bot"), seen, now()),
        };
        if let Err(error) = stored {
            cannot_store(&error);
        }
    }
}

/// Logged here, because the watch must go on; the next look tries again.
fn cannot_store(error: &anyhow::Error) {
    tracing::error!(
        error = format!("{error:#}"),
        "the agent's database refused what was seen of the bot: the owner was not told"
    );
}

fn state_of(seen: &Observation) -> BotState {
    match seen {
        Observation::Fine => BotState::Running,
        Observation::Wrong {
            rule: Rule::BotStopped,
            ..
        } => BotState::Stopped,
        Observation::Wrong {
            rule: Rule::BotGone | Rule::BotNotRunning | Rule::BotPortTaken,
            ..
        } => BotState::Gone,
        Observation::Wrong {
            rule: Rule::BotHung | Rule::BotRestartsSpent,
            ..
        } => BotState::Silent,
        Observation::Wrong { .. } | Observation::Measured { .. } => BotState::Ailing,
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

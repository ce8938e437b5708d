//! Is the bot there, is it well, and does it have something to tell? One request to it is always held: the kernel
//! closes that connection when the process dies, and so a crash is known in milliseconds.
//! It restarts nothing, and never takes a planned stop for a crash.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protocol::{
    health::{Ailment, Health},
    time::UnixMillis,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::sleep};

use super::bot_link::{BotLink, Missing};
use crate::{
    alert::{
        Alerts,
        rule::{AlertKey, Observation, Rule},
        standing,
    },
    beat::{self, Beat},
};

/// The name of the loop that asks, among the vital ones.
pub const BOT_LOOP: &str = "bot";
/// Between two looks at a bot that runs.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// Between two looks for a bot that does not: soon at first, since systemd starts it again at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Between two looks for one that has been away for [`LONG_AWAY`].
const LOOK_SELDOM: Duration = Duration::from_secs(2);
const LONG_AWAY: Duration = Duration::from_secs(60);
/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// How long a cut connection's bot has to show that it lives, twice.
const CONFIRM_LIMIT: Duration = Duration::from_millis(130);
/// Before a held request is repeated that did not end as it should.
const REPEAT_AFTER: Duration = Duration::from_millis(200);
/// A late loop's name and figures, for at most this many loops.
const LATE_LOOPS_MAX: usize = 5;

/// The bot's own sentences about what is wrong: as many, and as long.
const TROUBLES_MAX: usize = 3;
const TROUBLE_CHARS_MAX: usize = 200;

/// What is known of the bot at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// Not asked yet.
    Unknown,
    /// It answers and is well.
    Running,
    /// It answers and is not well, or holds the connection and does not answer.
    Ailing,
    /// It said goodbye.
    Stopped,
    /// It does not run.
    Gone,
}

/// The watch over the bot.
pub struct BotWatch {
    link: BotLink,
    alerts: Alerts,
    beat: Beat,
    seen: watch::Sender<BotState>,
    said: watch::Sender<Option<Health>>,
}

/// Why the bot is not held at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absence {
    /// The agent has just started.
    NotSeenYet,
    /// It said goodbye; the process with this boot number is the one that goes.
    Goodbye { boot: i64 },
    /// Its connection was cut, and it is not there.
    Died,
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
        let mut absence = Absence::NotSeenYet;
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
    async fn await_bot(&self, absence: Absence) -> Health {
        let begun = Instant::now();
        loop {
            self.beat.progress(Instant::now());
            match self.ask().await {
                Ok(health) if absence.is_over(&health) => {
                    self.observe(observation_of(&health));
                    return health;
                }
                Ok(_) | Err(_) => self.observe(self.absent(absence)),
            }
            sleep(match begun.elapsed() < LONG_AWAY {
                true => LOOK_EVERY,
                false => LOOK_SELDOM,
            })
            .await;
        }
    }

    fn absent(&self, absence: Absence) -> Observation {
        let detail = match absence {
            Absence::Died => self.alerts.restart_that_ended_it(now()),
            Absence::NotSeenYet | Absence::Goodbye { .. } => String::new(),
        };
        let rule = absence.rule();
        Observation::Wrong { rule, detail }
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
                Ok(Held::Goodbye) => return Absence::Goodbye { boot: health.boot },
                Ok(Held::Expired) | Err(Missing::Silent) => {}
                Err(Missing::Refused | Missing::Cut) if self.is_gone(health.boot).await => {
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
        let standing = said.as_ref().and_then(|health| health.standing.as_deref());
        if let Err(error) = self.alerts.report(&page.incidents, standing, now()) {
            cannot_store(&error);
        }
        Ok(if page.goodbye { Held::Goodbye } else { Held::Told })
    }

    /// Whether the process that held the connection has ended. It has, too, when another one answers already.
    async fn is_gone(&self, boot: i64) -> bool {
        for _ in 0..2 {
            match self.link.live(CONFIRM_LIMIT).await {
                Ok(()) => {
                    return self
                        .link
                        .health(LOOK_LIMIT)
                        .await
                        .is_ok_and(|health| health.boot != boot);
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
                Err(Missing::Strange(detail)) => Observation::Wrong {
                    rule: Rule::BotUnhealthy,
                    detail,
                },
                Err(Missing::Refused | Missing::Cut | Missing::Silent) => Observation::Wrong {
                    rule: Rule::BotHung,
                    detail: self.alerts.restarts_told(now()),
                },
            });
        }
    }

    fn observe(&self, seen: Observation) {
        self.seen.send_replace(state_of(&seen));
        if let Err(error) = self.alerts.observe(&AlertKey::new("bot", "bot"), seen, now()) {
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

impl Absence {
    fn rule(self) -> Rule {
        match self {
            Self::NotSeenYet => Rule::BotNotRunning,
            Self::Goodbye { .. } => Rule::BotStopped,
            Self::Died => Rule::BotGone,
        }
    }

    /// The process that said goodbye goes on answering until it is through with its work.
    fn is_over(self, health: &Health) -> bool {
        match self {
            Self::NotSeenYet | Self::Died => true,
            Self::Goodbye { boot } => health.boot != boot,
        }
    }
}

fn observation_of(health: &Health) -> Observation {
    if health.healthy {
        return Observation::Fine;
    }
    let late = health.loops.iter().filter(|beat| beat::is_late(beat));
    let hangs = health.stuck.iter().chain(late).take(LATE_LOOPS_MAX);
    let hangs: Vec<String> = hangs
        .map(|beat| {
            format!(
                "{}: {} s > {} s",
                beat.name,
                beat.age_ms / 1000,
                beat.limit_ms / 1000
            )
        })
        .collect();
    let detail: Vec<String> = troubles_of(health).chain(hangs).collect();
    Observation::Wrong {
        rule: Rule::BotUnhealthy,
        detail: detail.join(", "),
    }
}

/// Its codes, which are said in the owner's language; its own sentences are for what neither these nor names and figures
/// tell.
fn troubles_of(health: &Health) -> impl Iterator<Item = String> {
    let told = health.troubles.iter().enumerate().filter_map(|(at, trouble)| {
        let sentence = || trouble.chars().take(TROUBLE_CHARS_MAX).collect();
        match health.ailments.get(at) {
            Some(Ailment::Hangs) => None,
            Some(ailment) => Some(ailment.name().map_or_else(sentence, str::to_owned)),
            None => health.stuck.is_empty().then(sentence),
        }
    });
    told.take(TROUBLES_MAX)
}

fn state_of(seen: &Observation) -> BotState {
    match seen {
        Observation::Fine => BotState::Running,
        Observation::Wrong {
            rule: Rule::BotStopped,
            ..
        } => BotState::Stopped,
        Observation::Wrong {
            rule: Rule::BotGone | Rule::BotNotRunning,
            ..
        } => BotState::Gone,
        Observation::Wrong { .. } | Observation::Measured { .. } => BotState::Ailing,
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use protocol::{health::LoopBeat, incident::IncidentId};

    use super::*;

    fn health(boot: i64, healthy: bool) -> Health {
        let late = |name: &str, age_ms| LoopBeat {
            name: name.to_owned(),
            age_ms,
            limit_ms: 30_000,
        };
        Health {
            healthy,
            started_at: UnixMillis(0),
            boot,
            version: String::new(),
            last_incident: IncidentId(0),
            loops: vec![late("inbox", 34_000), late("jobs", 10)],
            troubles: vec!["the disk is full".to_owned()],
            ..Health::default()
        }
    }

    #[test]
    fn a_bot_that_is_not_well_names_the_loops_that_stand_still() {
        assert_eq!(observation_of(&health(1, true)), Observation::Fine);
        let detail = "the disk is full, inbox: 34 s > 30 s".to_owned();
        assert_eq!(
            observation_of(&health(1, false)),
            Observation::Wrong {
                rule: Rule::BotUnhealthy,
                detail
            }
        );
    }

    #[test]
    fn what_hangs_is_told_by_name_and_figures_and_in_no_sentence() {
        let stuck = vec![LoopBeat {
            name: "create_invoice".to_owned(),
            age_ms: 61_000,
            limit_ms: 50_000,
        }];
        let health = Health {
            stuck,
            troubles: vec!["create_invoice hangs: nothing heard".to_owned()],
            ..health(1, false)
        };
        let Observation::Wrong { detail, .. } = observation_of(&health) else {
            panic!("it is not well");
        };
        assert_eq!(detail, "create_invoice: 61 s > 50 s, inbox: 34 s > 30 s");
    }

    #[test]
    fn what_the_bot_says_in_codes_is_told_by_them_and_a_newer_bots_word_by_its_sentence() {
        let health = Health {
            ailments: vec![Ailment::SlowWrites, Ailment::Hangs, Ailment::Other],
            troubles: ["a write takes long", "a job hangs", "it rains"]
                .map(str::to_owned)
                .to_vec(),
            loops: Vec::new(),
            ..health(1, false)
        };
        let Observation::Wrong { detail, .. } = observation_of(&health) else {
            panic!("it is not well");
        };
        assert_eq!(detail, "slow_writes, it rains");
    }

    #[test]
    fn the_process_that_said_goodbye_does_not_count_as_the_next_one() {
        let goodbye = Absence::Goodbye { boot: 4 };
        assert!(!goodbye.is_over(&health(4, true)) && goodbye.is_over(&health(5, true)));
        assert!(
            Absence::Died.is_over(&health(4, true)),
            "its connection may have been cut and nothing else"
        );
    }
}

//! Whether the checks at the outside take what they are told: each that does not is an alert, because the owner relies on
//! them for the day on which this server tells nothing any more.
//! It does not know when to tell what.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{
    Alerts,
    heartbeat::{Heartbeat, Missed, RunId, Signal},
    rule::{AlertKey, Observation, Rule},
};
use crate::{
    backup::{TakeError, Taken},
    config::{self, Config},
    store::Store,
};

/// What the alerts are called.
const KIND: &str = "heartbeat";
/// After what was not taken by a service that may be back in a moment: several may be lost before the outside tells.
const UNREACHED_AGAIN: Duration = Duration::from_secs(15);
/// A service that refuses is not asked more often than it would be told anyway.
const REFUSED_AGAIN: Duration = Duration::from_secs(60);

/// What a check at the outside is told of; its name is its key under `[heartbeat]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Agent and bot are well.
    Shop,
    /// Each backup.
    Backup,
    /// Each daily rehearsal.
    Drill,
}

/// One check of the configuration.
pub struct Check {
    subject: Subject,
    heartbeat: Heartbeat,
    alerts: Alerts,
    store: Arc<Store>,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shop, Self::Backup, Self::Drill];

    /// The key under `[heartbeat]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shop => "url",
            Self::Backup => "backup_url",
            Self::Drill => "drill_url",
        }
    }

    /// What its alert is called.
    #[must_use]
    pub fn key(self) -> AlertKey {
        AlertKey::new(KIND, self.name())
    }

    /// The check, where the configuration names one.
    #[must_use]
    pub fn heartbeat(self, config: &Config, client: &reqwest::Client) -> Option<Heartbeat> {
        let config::heartbeat::Heartbeat {
            url,
            backup_url,
            drill_url,
        } = &config.heartbeat;
        let url = match self {
            Self::Shop => url,
            Self::Backup => backup_url,
            Self::Drill => drill_url,
        };
        let url = url.as_ref()?;
        Some(Heartbeat::new(client.clone(), url, config.owner.language))
    }

    /// Under which name the store remembers the address that took, or refused, a beat last.
    fn remembered_as(self, was_taken: bool) -> String {
        let what = if was_taken { KIND } else { "heartbeat_refused" };
        AlertKey::new(what, self.name()).to_string()
    }
}

/// Ends the alerts about checks that were taken out of the configuration.
///
/// # Errors
/// When the agent's database refuses.
pub fn forget_others(config: &Config, alerts: &Alerts, now: UnixMillis) -> anyhow::Result<()> {
    let urls = &config.heartbeat;
    let named = [&urls.url, &urls.backup_url, &urls.drill_url];
    let kept: Vec<&str> = Subject::ALL
        .into_iter()
        .zip(named)
        .filter(|(_, url)| url.is_some())
        .map(|(subject, _)| subject.name())
        .collect();
    alerts.withdraw_others(KIND, &kept, now)
}

/// What became of the last that a running agent told the check of this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Taken,
    /// It was refused.
    Refused,
    /// No agent told this address anything yet.
    Nothing,
}

/// What a running agent knows of the check of this address.
///
/// # Errors
/// When the database refuses.
pub fn heard(store: &Store, subject: Subject, heartbeat: &Heartbeat) -> rusqlite::Result<Heard> {
    let rows = store.alerts()?;
    let wrong = rows.iter().find(|row| row.key == subject.key().as_str());
    let is_of_this = |was_taken| -> rusqlite::Result<bool> {
        let address = store.remembered(&subject.remembered_as(was_taken))?;
        Ok(address.is_some_and(|mark| mark == heartbeat.mark()))
    };
    Ok(match wrong {
        None if is_of_this(true)? => Heard::Taken,
        Some(row) if row.rule == Rule::HeartbeatRefused.name() && is_of_this(false)? => Heard::Refused,
        _ => Heard::Nothing,
    })
}

/// What is told of a backup that ended so, a remote that it did not get to being a failure; `why` is told of one that could
/// not be taken. `None` where another one was being taken, and this one was not begun.
#[must_use]
pub fn of_backup(taken: Result<&Taken, &TakeError>, why: &str) -> Option<Signal> {
    let failed = match taken {
        Ok(taken) => taken.remotes.iter().filter(|outcome| outcome.error.is_some()),
        Err(TakeError::AlreadyRunning) => return None,
        Err(TakeError::Failed(_)) => return Some(Signal::Fail(why.to_owned())),
    };
    let names: Vec<&str> = failed.map(|outcome| outcome.remote.as_str()).collect();
    Some(match names.is_empty() {
        true => Signal::Success,
        false => Signal::Fail(format!("the backup did not get to: {}", names.join(", "))),
    })
}

impl Missed {
    /// How long to wait before it is told again.
    #[must_use]
    pub fn again_after(&self) -> Duration {
        match self {
            Self::NoSuchCheck(_) | Self::Refused { .. } => REFUSED_AGAIN,
            Self::Unreached(_) => UNREACHED_AGAIN,
        }
    }
}

impl Check {
    /// The check of that subject, where the configuration names one.
    #[must_use]
    pub fn of(
        subject: Subject,
        (config, client): (&Config, &reqwest::Client),
        alerts: &Alerts,
        store: &Arc<Store>,
    ) -> Option<Self> {
        Some(Self {
            subject,
            heartbeat: subject.heartbeat(config, client)?,
            alerts: alerts.clone(),
            store: Arc::clone(store),
        })
    }

    /// Tells it once and hands over whether that was taken. `Some` is how long to wait before it is told again.
    pub async fn tell(&self, signal: &Signal, run: Option<&RunId>) -> Option<Duration> {
        let missed = self.ask(signal, run).await.err()?;
        let (check, why) = (self.subject.name(), missed.why());
        match missed {
            Missed::NoSuchCheck(_) | Missed::Refused { .. } => {
                tracing::warn!(check, why, "the outside heartbeat refuses what it is told");
            }
            Missed::Unreached(_) => {
                tracing::warn!(check, why, "the outside heartbeat was not reached");
            }
        }
        Some(missed.again_after())
    }

    /// As [`Check::tell`], for a command, which says itself what was not taken and why.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn ask(&self, signal: &Signal, run: Option<&RunId>) -> Result<(), Missed> {
        let told = self.heartbeat.ping(signal, run).await;
        let now = UnixMillis(Timestamp::now().as_millisecond());
        if let Err(error) = self.hand_over(&told, now) {
            tracing::error!(
                error = format!("{error:#}"),
                "the agent's database refused whether the outside heartbeat was taken"
            );
        }
        told
    }

    fn hand_over(&self, told: &Result<(), Missed>, now: UnixMillis) -> anyhow::Result<()> {
        let seen = match told {
            Ok(()) => {
                self.remember(true)?;
                Observation::Fine
            }
            Err(missed) => Observation::Wrong {
                rule: match missed {
                    Missed::NoSuchCheck(_) | Missed::Refused { .. } => {
                        self.remember(false)?;
                        Rule::HeartbeatRefused
                    }
                    Missed::Unreached(_) => Rule::HeartbeatUnreached,
                },
                detail: missed.why().to_owned(),
            },
        };
        self.alerts.observe(&self.subject.key(), seen, now)
    }

    /// Written only when it is another address than before.
    fn remember(&self, was_taken: bool) -> anyhow::Result<()> {
        let (name, mark) = (self.subject.remembered_as(was_taken), self.heartbeat.mark());
        self.store
            .remember(&name, &mark)
            .context("remembering how the outside heartbeat took it")
    }
}

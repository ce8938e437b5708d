//! Why the bot is not held at the moment, and what a look that found none makes of that.
//! It asks nobody.

use std::time::{Duration, Instant};

use protocol::health::Health;

use crate::{
    alert::{before::Before, rule::Rule},
    watch::bot_link::Missing,
};

/// A bot that stops closes its port within a second of its goodbye, and its unit ends one that hangs on its way after half a
/// minute. What listens there for longer and says nothing is the next one.
const CLOSES_WITHIN: Duration = Duration::from_secs(35);

/// Why the bot is not held at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The agent has just started.
    NotSeenYet(Before),
    /// It said goodbye.
    Goodbye(Leaving),
    /// Its connection was cut, and it is not there.
    Died,
}

/// A bot that said goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    /// The number of the process that goes.
    boot: i64,
    /// When it said so.
    at: Instant,
    /// Whether its port was seen closed: whoever listens there later is another process.
    is_through: bool,
    /// Since when something listens in its place and says nothing.
    silent_since: Option<Instant>,
}

impl Absence {
    pub(super) fn goodbye(boot: i64, at: Instant) -> Self {
        Self::Goodbye(Leaving {
            boot,
            at,
            is_through: false,
            silent_since: None,
        })
    }

    pub(super) fn rule(self) -> Rule {
        match self {
            Self::NotSeenYet(_) => Rule::BotNotRunning,
            Self::Goodbye(_) => Rule::BotStopped,
            Self::Died => Rule::BotGone,
        }
    }

    /// The process that said goodbye goes on answering until it is through with its work. One that begins after that may have
    /// its number, where the database was restored meanwhile.
    pub(super) fn is_over(self, health: &Health) -> bool {
        match self {
            Self::NotSeenYet(_) | Self::Died => true,
            Self::Goodbye(leaving) => leaving.is_through || health.boot != leaving.boot,
        }
    }

    /// Whether silence is that of a process that goes, and no hang.
    pub(super) fn excuses_silence(self) -> bool {
        matches!(self, Self::Goodbye(leaving) if leaving.silent_since.is_none())
    }

    /// After a look that was answered: whoever says something is not silent.
    pub(super) fn answered(self) -> Self {
        match self {
            Self::Goodbye(leaving) => Self::Goodbye(Leaving {
                silent_since: None,
                ..leaving
            }),
            Self::NotSeenYet(_) | Self::Died => self,
        }
    }

    /// After a look that was not answered. Another process ends the excuse of the goodbye as soon as it is known to be there;
    /// one that was there for as long as a hang, and went without having said a word, has died.
    pub(super) fn after(self, missing: &Missing, now: Instant) -> Self {
        let Self::Goodbye(leaving) = self else {
            return self;
        };
        match missing {
            Missing::Refused => match leaving.has_hung(now) {
                true => Self::Died,
                false => Self::Goodbye(Leaving {
                    is_through: true,
                    silent_since: None,
                    ..leaving
                }),
            },
            Missing::Silent if leaving.is_through || leaving.should_have_closed(now) => {
                Self::Goodbye(Leaving {
                    silent_since: leaving.silent_since.or(Some(now)),
                    ..leaving
                })
            }
            Missing::Silent | Missing::Cut | Missing::Strange(_) => self,
        }
    }
}

impl Leaving {
    fn should_have_closed(self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) >= CLOSES_WITHIN
    }

    /// Only of a process that began after the one that said goodbye: that one's end is as it was planned, however long it hung.
    fn has_hung(self, now: Instant) -> bool {
        let lasts = Rule::BotHung.spec().lasts;
        let silent = self.silent_since.filter(|_| self.is_through);
        silent.is_some_and(|since| now.saturating_duration_since(since) >= lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(boot: i64) -> Health {
        Health {
            boot,
            ..Health::default()
        }
    }

    /// What is left of a goodbye after looks that found this, so many seconds after it.
    fn after(looks: &[(u64, Missing)]) -> Absence {
        let said = Instant::now();
        let at = |seconds: u64| said + Duration::from_secs(seconds);
        looks
            .iter()
            .fold(Absence::goodbye(4, said), |absence, (seconds, missing)| {
                absence.after(missing, at(*seconds))
            })
    }

    #[test]
    fn the_process_that_said_goodbye_does_not_count_as_the_next_one() {
        let goodbye = after(&[]);
        assert!(!goodbye.is_over(&health(4)) && goodbye.is_over(&health(5)));
        assert!(
            after(&[(1, Missing::Refused)]).is_over(&health(4)),
            "its database was restored, and it began anew"
        );
        assert!(
            Absence::Died.is_over(&health(4)),
            "its connection may have been cut and nothing else"
        );
    }

    #[test]
    fn whoever_is_silent_after_the_port_was_closed_is_another_one_and_not_excused() {
        let is_excused = |looks: &[(u64, Missing)]| {
            let absence = after(looks);
            assert_eq!(absence.rule(), Rule::BotStopped, "{looks:?}");
            absence.excuses_silence()
        };
        assert!(
            is_excused(&[(3, Missing::Silent), (7, Missing::Silent)]),
            "it is on its way"
        );
        assert!(is_excused(&[(1, Missing::Refused), (500, Missing::Refused)]));
        assert!(!is_excused(&[(1, Missing::Refused), (5, Missing::Silent)]));
        assert!(
            !is_excused(&[(3, Missing::Silent), (35, Missing::Silent)]),
            "no look met the closed port, which no end leaves open for so long"
        );
        assert!(
            is_excused(&[
                (3, Missing::Silent),
                (35, Missing::Silent),
                (60, Missing::Refused)
            ]),
            "it took long, and it has stopped"
        );
    }

    #[test]
    fn one_that_hung_after_a_planned_stop_has_died_and_one_that_was_stopped_again_at_its_start_has_not() {
        let seen = |until: u64| {
            let looks = [
                (1, Missing::Refused),
                (5, Missing::Silent),
                (until, Missing::Refused),
            ];
            after(&looks).rule()
        };
        assert_eq!(seen(19), Rule::BotStopped);
        assert_eq!(seen(20), Rule::BotGone);
    }
}

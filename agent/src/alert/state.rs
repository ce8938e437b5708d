//! Where an alert stands, and the only ways it may move.
//! Pure. The caller stores the state and queues the message in one transaction, or does neither.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::rule::{Observation, Rule, Severity};

/// What is wrong with one key, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub rule: Rule,
    /// What else is known.
    pub detail: String,
    /// Since when something is wrong without a break.
    pub since: UnixMillis,
    /// Since when it is this rule: not before `since`.
    pub rule_since: UnixMillis,
}

/// Where one alert stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is wrong.
    Quiet,
    /// Something is wrong, and not for long enough.
    Pending(Trouble),
    /// The owner was told, or will be as soon as a message gets through.
    Firing {
        /// What is wrong by now.
        trouble: Trouble,
        /// The loudest that was told.
        told: Severity,
    },
}

/// Why the owner is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is wrong.
    First(Trouble),
    /// It was told, and is graver now.
    Worse(Trouble),
    /// It is over.
    Resolved {
        /// What it was in the end.
        trouble: Trouble,
        /// How long it lasted.
        lasted: Duration,
    },
    /// What it is about is not watched any more.
    Withdrawn(Trouble),
}

/// The next state of an alert, and what there is to say.
#[must_use]
pub fn step(state: State, seen: Observation, now: UnixMillis) -> (State, Option<Reason>) {
    match (state, seen) {
        (State::Quiet | State::Pending(_), Observation::Fine) => (State::Quiet, None),
        (State::Quiet, Observation::Wrong { rule, detail }) => {
            pending(Trouble::begins(rule, detail, now), now)
        }
        // Who is back from a stop and not well yet is given the time that a new trouble has.
        (State::Pending(trouble), Observation::Wrong { rule, detail })
            if rule.is_absence() != trouble.rule.is_absence() =>
        {
            pending(Trouble::begins(rule, detail, now), now)
        }
        (State::Pending(trouble), Observation::Wrong { rule, detail }) => {
            pending(trouble.goes_on(rule, detail, now), now)
        }
        (State::Firing { trouble, told }, Observation::Wrong { rule, detail }) => {
            firing(trouble.goes_on(rule, detail, now), told, now)
        }
        (State::Firing { trouble, told: _ }, Observation::Fine) => {
            let lasted = now.since(trouble.since);
            (State::Quiet, Some(Reason::Resolved { trouble, lasted }))
        }
    }
}

/// The end of an alert about something that the configuration does not name any more: nobody would ever see it well.
#[must_use]
pub fn withdraw(state: State) -> (State, Option<Reason>) {
    match state {
        State::Quiet | State::Pending(_) => (State::Quiet, None),
        State::Firing { trouble, told: _ } => (State::Quiet, Some(Reason::Withdrawn(trouble))),
    }
}

/// Counted from the beginning of the trouble: a bot that is unhealthy and mute in turns is not well in between.
fn pending(trouble: Trouble, now: UnixMillis) -> (State, Option<Reason>) {
    if now.since(trouble.since) < trouble.rule.lasts_before_told() {
        return (State::Pending(trouble), None);
    }
    let told = trouble.rule.severity();
    (
        State::Firing {
            trouble: trouble.clone(),
            told,
        },
        Some(Reason::First(trouble)),
    )
}

/// Counted from the beginning of this rule: one missed poll does not make a told trouble graver.
fn firing(trouble: Trouble, told: Severity, now: UnixMillis) -> (State, Option<Reason>) {
    let severity = trouble.rule.severity();
    if severity <= told || now.since(trouble.rule_since) < trouble.rule.lasts_before_told() {
        return (State::Firing { trouble, told }, None);
    }
    (
        State::Firing {
            trouble: trouble.clone(),
            told: severity,
        },
        Some(Reason::Worse(trouble)),
    )
}

impl Trouble {
    fn begins(rule: Rule, detail: String, now: UnixMillis) -> Self {
        Self {
            rule,
            detail,
            since: now,
            rule_since: now,
        }
    }

    fn goes_on(self, rule: Rule, detail: String, now: UnixMillis) -> Self {
        if rule.is_explained_by(self.rule) {
            return self;
        }
        let rule_since = if rule == self.rule {
            self.rule_since
        } else {
            now.max(self.since)
        };
        Self {
            rule,
            detail,
            since: self.since,
            rule_since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn trouble(rule: Rule, seconds_ago: i64) -> Trouble {
        let since = UnixMillis(NOW.0 - seconds_ago * 1000);
        Trouble {
            rule,
            detail: String::new(),
            since,
            rule_since: since,
        }
    }

    fn told(rule: Rule, seconds_ago: i64) -> State {
        State::Firing {
            trouble: trouble(rule, seconds_ago),
            told: rule.severity(),
        }
    }

    fn shown(state: &State, reason: Option<&Reason>) -> String {
        let state = match state {
            State::Quiet => "quiet".to_owned(),
            State::Pending(trouble) => format!("pending {}", trouble.rule.name()),
            State::Firing { trouble, told } => format!("firing {} {told:?}", trouble.rule.name()),
        };
        let reason = match reason {
            None => String::new(),
            Some(Reason::First(_)) => " + first".to_owned(),
            Some(Reason::Worse(_)) => " + worse".to_owned(),
            Some(Reason::Withdrawn(_)) => " + withdrawn".to_owned(),
            Some(Reason::Resolved { lasted, .. }) => format!(" + resolved after {} s", lasted.as_secs()),
        };
        state + &reason
    }

    #[test]
    fn the_table_of_every_state_and_observation() {
        let states = [
            ("quiet", State::Quiet),
            ("pending hung 5 s", State::Pending(trouble(Rule::BotHung, 5))),
            ("pending hung 15 s", State::Pending(trouble(Rule::BotHung, 15))),
            (
                "pending stopped 60 s",
                State::Pending(trouble(Rule::BotStopped, 60)),
            ),
            ("told unhealthy 60 s", told(Rule::BotUnhealthy, 60)),
            ("told gone 60 s", told(Rule::BotGone, 60)),
        ];
        let seen = [
            ("fine", Observation::Fine),
            ("unhealthy", Observation::wrong(Rule::BotUnhealthy)),
            ("hung", Observation::wrong(Rule::BotHung)),
            ("not running", Observation::wrong(Rule::BotNotRunning)),
            ("stopped", Observation::wrong(Rule::BotStopped)),
            ("gone", Observation::wrong(Rule::BotGone)),
        ];
        let mut table = String::new();
        for (name, state) in &states {
            for (what, observation) in &seen {
                let (next, reason) = step(state.clone(), observation.clone(), NOW);
                table += &format!("{name}, {what}: {}\n", shown(&next, reason.as_ref()));
            }
        }
        assert_eq!(table, TABLE.trim_start());
    }

    const TABLE: &str = "
quiet, fine: quiet
quiet, unhealthy: pending bot_unhealthy
quiet, hung: pending bot_hung
quiet, not running: pending bot_not_running
quiet, stopped: pending bot_stopped
quiet, gone: firing bot_gone Critical + first
pending hung 5 s, fine: quiet
pending hung 5 s, unhealthy: firing bot_unhealthy Warning + first
pending hung 5 s, hung: pending bot_hung
pending hung 5 s, not running: pending bot_not_running
pending hung 5 s, stopped: pending bot_stopped
pending hung 5 s, gone: firing bot_gone Critical + first
pending hung 15 s, fine: quiet
pending hung 15 s, unhealthy: firing bot_unhealthy Warning + first
pending hung 15 s, hung: firing bot_hung Critical + first
pending hung 15 s, not running: pending bot_not_running
pending hung 15 s, stopped: pending bot_stopped
pending hung 15 s, gone: firing bot_gone Critical + first
pending stopped 60 s, fine: quiet
pending stopped 60 s, unhealthy: pending bot_unhealthy
pending stopped 60 s, hung: pending bot_hung
pending stopped 60 s, not running: pending bot_stopped
pending stopped 60 s, stopped: pending bot_stopped
pending stopped 60 s, gone: firing bot_gone Critical + first
told unhealthy 60 s, fine: quiet + resolved after 60 s
told unhealthy 60 s, unhealthy: firing bot_unhealthy Warning
told unhealthy 60 s, hung: firing bot_hung Warning
told unhealthy 60 s, not running: firing bot_not_running Warning
told unhealthy 60 s, stopped: firing bot_stopped Warning
told unhealthy 60 s, gone: firing bot_gone Critical + worse
told gone 60 s, fine: quiet + resolved after 60 s
told gone 60 s, unhealthy: firing bot_unhealthy Critical
told gone 60 s, hung: firing bot_hung Critical
told gone 60 s, not running: firing bot_gone Critical
told gone 60 s, stopped: firing bot_stopped Critical
told gone 60 s, gone: firing bot_gone Critical
";

    #[test]
    fn a_told_trouble_that_gets_worse_is_told_once_it_lasts() {
        let hung = Observation::wrong(Rule::BotHung);
        let (state, reason) = step(told(Rule::BotUnhealthy, 60), hung.clone(), NOW);
        assert_eq!(reason, None);
        let later = NOW.plus(Rule::BotHung.lasts_before_told());
        let (state, reason) = step(state, hung.clone(), later);
        assert!(matches!(reason, Some(Reason::Worse(_))), "{reason:?}");
        assert_eq!(
            step(state, hung, later.plus(Duration::from_secs(3600))).1,
            None,
            "and never again"
        );
    }

    #[test]
    fn a_planned_stop_is_told_only_when_it_lasts() {
        let stopped = Observation::wrong(Rule::BotStopped);
        let limit = Rule::BotStopped.lasts_before_told();
        let (state, _) = step(State::Quiet, stopped.clone(), NOW);
        let just_before = NOW.plus(limit - Duration::from_millis(1));
        let (state, reason) = step(state, stopped.clone(), just_before);
        assert_eq!(reason, None);
        let (_, reason) = step(state, stopped, NOW.plus(limit));
        assert!(matches!(reason, Some(Reason::First(_))), "{reason:?}");
    }
}

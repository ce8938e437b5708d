//! Where one alert stands by itself, and the only ways it may move: what was seen, for how long, how often.
//! Pure. Whether the owner hears of it is the engine's to decide: others may explain it, or a silence hold it.

use protocol::time::UnixMillis;

use super::rule::{Rule, Seen};

/// What is wrong with one key, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What.
    pub rule: Rule,
    /// What else is known.
    pub detail: String,
    /// The figure that was seen last, in the unit of the rule's threshold.
    pub value: Option<f64>,
    /// Since when something is wrong without a break.
    pub since: UnixMillis,
    /// Since when it is this rule: not before `since`.
    pub rule_since: UnixMillis,
    /// The last eight looks, the newest in the lowest bit; 1 is bad.
    pub looks: u8,
    /// Good looks in a row.
    pub good_looks: u32,
    /// Since when it is away instead, as after a stop on purpose, or something else that must last itself, and not for long
    /// enough to count as that.
    pub away_since: Option<UnixMillis>,
}

/// Where one alert stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Nothing is wrong.
    Quiet,
    /// Something is wrong, and not for long or often enough.
    Pending(Trouble),
    /// It counts.
    Firing {
        /// What is wrong by now.
        trouble: Trouble,
        /// By what it counts: the gravest rule that it has been.
        loudest: Rule,
        /// Since when it is, or was, that.
        loudest_since: UnixMillis,
    },
}

/// What a look has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Nothing that counts.
    Same,
    /// It counts from now on.
    Raised,
    /// It is graver than it was.
    Worse,
    /// It is over; this is what it was, named by the gravest, and since when it was that.
    Cleared(Trouble),
}

/// The next state of an alert.
#[must_use]
pub(super) fn step(state: State, seen: Seen, now: UnixMillis) -> (State, Turn) {
    match (state, seen) {
        (State::Quiet, Seen::Fine) => (State::Quiet, Turn::Same),
        (State::Quiet, Seen::Wrong { rule, detail, value }) => {
            pending(Trouble::begins(rule, detail, value, now), now)
        }
        (State::Pending(trouble), Seen::Fine) => (trouble.doubted(), Turn::Same),
        // Who is back from a stop and not well yet is given the time that a new trouble has.
        (State::Pending(trouble), Seen::Wrong { rule, detail, value })
            if rule.spec().is_absence != trouble.rule.spec().is_absence =>
        {
            pending(Trouble::begins(rule, detail, value, now), now)
        }
        (State::Pending(trouble), Seen::Wrong { rule, detail, value }) => {
            let begins_anew = rule.spec().is_itself && rule != trouble.rule;
            let trouble = trouble.goes_on(rule, detail, value, now);
            let since = if begins_anew { now } else { trouble.since };
            pending(Trouble { since, ..trouble }, now)
        }
        (
            State::Firing {
                trouble,
                loudest,
                loudest_since,
            },
            Seen::Wrong { rule, detail, value },
        ) => {
            let trouble = match trouble.goes_away((rule, loudest), now) {
                Ok(away) => {
                    let same = State::Firing {
                        trouble: away,
                        loudest,
                        loudest_since,
                    };
                    return (same, Turn::Same);
                }
                Err(trouble) => trouble,
            };
            let was_absent = trouble.rule.spec().is_absence;
            let spec = rule.spec();
            let away_since = trouble.away_since.filter(|_| spec.is_absence || spec.is_itself);
            let mut trouble = trouble.goes_on(rule, detail, value, now);
            trouble.rule_since = away_since.unwrap_or(trouble.rule_since);
            // What something else stood in for meanwhile has not been back: it is away since it was told to be.
            if was_absent && rule == loudest {
                trouble.rule_since = loudest_since;
            }
            firing(trouble, (loudest, loudest_since), now)
        }
        (
            State::Firing {
                trouble,
                loudest,
                loudest_since,
            },
            Seen::Fine,
        ) => trouble.mends(loudest, loudest_since),
    }
}

/// Counted from the beginning of the trouble: a bot that is unhealthy and mute in turns is not well in between. What must last
/// itself begins the trouble anew.
fn pending(trouble: Trouble, now: UnixMillis) -> (State, Turn) {
    let spec = trouble.rule.spec();
    let (bad, of) = spec.votes;
    let counted = (u32::from(trouble.looks) & ((1 << of) - 1)).count_ones();
    if counted < bad || now.since(trouble.since) < spec.lasts {
        return (State::Pending(trouble), Turn::Same);
    }
    (trouble.counts(), Turn::Raised)
}

/// Counted from the beginning of this rule: one missed poll does not make a told trouble graver.
fn firing(trouble: Trouble, (loudest, loudest_since): (Rule, UnixMillis), now: UnixMillis) -> (State, Turn) {
    if !trouble.rule.is_graver_than(loudest) || now.since(trouble.rule_since) < trouble.rule.spec().lasts {
        let same = State::Firing {
            trouble,
            loudest,
            loudest_since,
        };
        return (same, Turn::Same);
    }
    (trouble.counts(), Turn::Worse)
}

impl Trouble {
    fn begins(rule: Rule, detail: String, value: Option<f64>, now: UnixMillis) -> Self {
        Self {
            rule,
            detail,
            value,
            since: now,
            rule_since: now,
            looks: 1,
            good_looks: 0,
            away_since: None,
        }
    }

    /// What counts stays what it was while an absence, or what must last itself, is no graver and has not lasted: whoever is
    /// told of that would be told too early.
    fn goes_away(self, (rule, loudest): (Rule, Rule), now: UnixMillis) -> Result<Self, Self> {
        let spec = rule.spec();
        let must_last = match spec.is_absence {
            true => !self.rule.spec().is_absence,
            false => spec.is_itself && rule != self.rule,
        };
        if !must_last || rule.is_graver_than(loudest) {
            return Err(self);
        }
        let since = self.away_since.unwrap_or(now);
        let away = Self {
            away_since: Some(since),
            good_looks: 0,
            ..self
        };
        match now.since(since) < spec.lasts {
            true => Ok(away),
            false => Err(away),
        }
    }

    fn goes_on(self, rule: Rule, detail: String, value: Option<f64>, now: UnixMillis) -> Self {
        let (looks, good_looks) = ((self.looks << 1) | 1, 0);
        if rule.is_explained_by(self.rule) {
            return Self {
                looks,
                good_looks,
                ..self
            };
        }
        let rule_since = if rule == self.rule {
            self.rule_since
        } else {
            now.max(self.since)
        };
        Self {
            rule,
            detail,
            value,
            since: self.since,
            rule_since,
            looks,
            good_looks,
            away_since: None,
        }
    }

    fn counts(self) -> State {
        State::Firing {
            loudest: self.rule,
            loudest_since: self.rule_since,
            trouble: self,
        }
    }

    /// One good look forgets a trouble that does not count yet, unless its rule counts bad looks among good ones.
    fn doubted(self) -> State {
        let (_, of) = self.rule.spec().votes;
        let looks = self.looks << 1;
        if u32::from(looks) & ((1 << of) - 1) == 0 || of == 1 {
            return State::Quiet;
        }
        State::Pending(Self { looks, ..self })
    }

    fn mends(self, loudest: Rule, loudest_since: UnixMillis) -> (State, Turn) {
        let trouble = Self {
            looks: self.looks << 1,
            good_looks: self.good_looks.saturating_add(1),
            away_since: None,
            ..self
        };
        if trouble.good_looks >= trouble.rule.spec().good_looks {
            return (State::Quiet, Turn::Cleared(trouble.named(loudest, loudest_since)));
        }
        let same = State::Firing {
            trouble,
            loudest,
            loudest_since,
        };
        (same, Turn::Same)
    }

    /// By what the owner was told: a bot that died, and did not answer for a moment when it was back, has died.
    fn named(self, gravest: Rule, since: UnixMillis) -> Self {
        let rule_since = since.max(self.since);
        if self.rule == gravest {
            return Self { rule_since, ..self };
        }
        Self {
            rule: gravest,
            detail: String::new(),
            value: None,
            rule_since,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn trouble(rule: Rule, seconds_ago: i64) -> Trouble {
        let since = UnixMillis(NOW.0 - seconds_ago * 1000);
        Trouble::begins(rule, String::new(), None, since)
    }

    fn told(rule: Rule, seconds_ago: i64) -> State {
        trouble(rule, seconds_ago).counts()
    }

    fn wrong(rule: Rule) -> Seen {
        Seen::Wrong {
            rule,
            detail: String::new(),
            value: None,
        }
    }

    fn shown(state: &State, turn: &Turn) -> String {
        let state = match state {
            State::Quiet => "quiet".to_owned(),
            State::Pending(trouble) => format!("pending {}", trouble.rule.name()),
            State::Firing { trouble, loudest, .. } => {
                format!("firing {} {:?}", trouble.rule.name(), loudest.severity())
            }
        };
        let turn = match turn {
            Turn::Same => "",
            Turn::Raised => " + raised",
            Turn::Worse => " + worse",
            Turn::Cleared(_) => " + cleared",
        };
        state + turn
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
            ("fine", Seen::Fine),
            ("unhealthy", wrong(Rule::BotUnhealthy)),
            ("hung", wrong(Rule::BotHung)),
            ("not running", wrong(Rule::BotNotRunning)),
            ("stopped", wrong(Rule::BotStopped)),
            ("gone", wrong(Rule::BotGone)),
        ];
        let mut table = String::new();
        for (name, state) in &states {
            for (what, seen) in &seen {
                let (next, turn) = step(state.clone(), seen.clone(), NOW);
                table += &format!("{name}, {what}: {}\n", shown(&next, &turn));
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
quiet, gone: firing bot_gone Critical + raised
pending hung 5 s, fine: quiet
pending hung 5 s, unhealthy: firing bot_unhealthy Warning + raised
pending hung 5 s, hung: pending bot_hung
pending hung 5 s, not running: pending bot_not_running
pending hung 5 s, stopped: pending bot_stopped
pending hung 5 s, gone: firing bot_gone Critical + raised
pending hung 15 s, fine: quiet
pending hung 15 s, unhealthy: firing bot_unhealthy Warning + raised
pending hung 15 s, hung: firing bot_hung Critical + raised
pending hung 15 s, not running: pending bot_not_running
pending hung 15 s, stopped: pending bot_stopped
pending hung 15 s, gone: firing bot_gone Critical + raised
pending stopped 60 s, fine: quiet
pending stopped 60 s, unhealthy: pending bot_unhealthy
pending stopped 60 s, hung: pending bot_hung
pending stopped 60 s, not running: pending bot_stopped
pending stopped 60 s, stopped: pending bot_stopped
pending stopped 60 s, gone: firing bot_gone Critical + raised
told unhealthy 60 s, fine: quiet + cleared
told unhealthy 60 s, unhealthy: firing bot_unhealthy Warning
told unhealthy 60 s, hung: firing bot_hung Warning
told unhealthy 60 s, not running: firing bot_not_running Warning
told unhealthy 60 s, stopped: firing bot_unhealthy Warning
told unhealthy 60 s, gone: firing bot_gone Critical + worse
told gone 60 s, fine: quiet + cleared
told gone 60 s, unhealthy: firing bot_unhealthy Critical
told gone 60 s, hung: firing bot_hung Critical
told gone 60 s, not running: firing bot_gone Critical
told gone 60 s, stopped: firing bot_stopped Critical
told gone 60 s, gone: firing bot_gone Critical
";

    #[test]
    fn a_check_that_is_not_reached_counts_by_its_own_time_whatever_it_refused_before() {
        let (refused, unreached) = (wrong(Rule::HeartbeatRefused), wrong(Rule::HeartbeatUnreached));
        let before = State::Pending(trouble(Rule::HeartbeatRefused, 3600));
        let (state, turn) = step(before, unreached.clone(), NOW);
        assert_eq!(shown(&state, &turn), "pending heartbeat_unreached");
        let just_before = NOW.plus(Duration::from_secs(299));
        let (state, turn) = step(state, unreached.clone(), just_before);
        assert_eq!(shown(&state, &turn), "pending heartbeat_unreached");
        let (told, turn) = step(state.clone(), unreached, NOW.plus(Duration::from_secs(300)));
        assert_eq!(turn, Turn::Raised);
        assert!(
            matches!(told, State::Firing { trouble, .. } if trouble.since == NOW && trouble.rule_since == NOW)
        );
        // One that does this and that in turns takes nothing all the same.
        let (told, turn) = step(state, refused.clone(), just_before);
        assert_eq!(turn, Turn::Raised);
        // What was told as refused is that until it has not been reached for as long.
        let missed = wrong(Rule::HeartbeatUnreached);
        let at = |seconds| just_before.plus(Duration::from_secs(seconds));
        let rules = [
            (&missed, 60),
            (&refused, 120),
            (&missed, 180),
            (&missed, 479),
            (&missed, 480),
        ];
        let mut state = told;
        let told = rules.map(|(seen, seconds)| {
            state = step(state.clone(), seen.clone(), at(seconds)).0;
            match &state {
                State::Firing { trouble, .. } => (trouble.rule, trouble.rule_since),
                other => panic!("{other:?}"),
            }
        });
        let since = told[0].1;
        assert_eq!(told[..4], [(Rule::HeartbeatRefused, since); 4]);
        assert_eq!(told[4], (Rule::HeartbeatUnreached, at(180)));
    }

    #[test]
    fn a_trouble_that_gets_worse_counts_as_such_once_it_lasts() {
        let hung = wrong(Rule::BotHung);
        let (state, turn) = step(told(Rule::BotUnhealthy, 60), hung.clone(), NOW);
        assert_eq!(turn, Turn::Same);
        let later = NOW.plus(Rule::BotHung.spec().lasts);
        let (state, turn) = step(state, hung.clone(), later);
        assert_eq!(turn, Turn::Worse);
        let hour_later = later.plus(Duration::from_secs(3600));
        assert_eq!(step(state, hung, hour_later).1, Turn::Same, "and never again");
    }

    #[test]
    fn a_death_keeps_its_time_also_where_something_else_answered_in_between() {
        let seconds = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
        let (state, _) = step(told(Rule::BotGone, 60), wrong(Rule::BotPortTaken), NOW);
        let (state, turn) = step(state, wrong(Rule::BotGone), seconds(300));
        let State::Firing { trouble, .. } = &state else {
            panic!("{state:?}")
        };
        let died = UnixMillis(NOW.0 - 60_000);
        assert_eq!((trouble.rule_since, turn), (died, Turn::Same));
        // One that hangs again has answered in between.
        let (state, _) = step(told(Rule::BotHung, 60), wrong(Rule::BotUnhealthy), NOW);
        let (state, _) = step(state, wrong(Rule::BotHung), seconds(300));
        assert!(matches!(state, State::Firing { trouble, .. } if trouble.rule_since == seconds(300)));
    }

    #[test]
    fn an_end_is_named_by_the_gravest_that_it_was() {
        let after = |rule: Rule, seconds: u64| {
            let (state, _) = step(told(Rule::BotGone, 60), wrong(rule), NOW);
            match step(state, Seen::Fine, NOW.plus(Duration::from_secs(seconds))) {
                (State::Quiet, Turn::Cleared(trouble)) => trouble.rule,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(after(Rule::BotUnhealthy, 3600), Rule::BotGone);
        assert_eq!(after(Rule::BotHung, 1), Rule::BotGone);
        assert_eq!(after(Rule::BotHung, 3600), Rule::BotGone, "as its message began");
        assert_eq!(after(Rule::BotGone, 0), Rule::BotGone);
    }

    #[test]
    fn a_planned_stop_of_what_is_wrong_already_counts_only_when_it_lasts() {
        let (stopped, limit) = (wrong(Rule::BotStopped), Rule::BotStopped.spec().lasts);
        let rule_of = |state: &State| match state {
            State::Firing { trouble, .. } => trouble.rule,
            other => panic!("{other:?}"),
        };
        let (state, turn) = step(told(Rule::BotUnhealthy, 60), stopped.clone(), NOW);
        assert_eq!((rule_of(&state), turn), (Rule::BotUnhealthy, Turn::Same));
        let (state, _) = step(state, stopped.clone(), NOW.plus(limit - Duration::from_millis(1)));
        assert_eq!(rule_of(&state), Rule::BotUnhealthy);
        // Whoever came back in between begins a stop of his own.
        let (back, _) = step(state.clone(), wrong(Rule::BotUnhealthy), NOW.plus(limit));
        let (back, _) = step(back, stopped.clone(), NOW.plus(limit));
        assert_eq!(rule_of(&back), Rule::BotUnhealthy);
        let (state, _) = step(state, stopped, NOW.plus(limit));
        assert_eq!(rule_of(&state), Rule::BotStopped);
        // A death is one at once.
        let (dead, turn) = step(told(Rule::BotUnhealthy, 60), wrong(Rule::BotGone), NOW);
        assert_eq!((rule_of(&dead), turn), (Rule::BotGone, Turn::Worse));
    }

    #[test]
    fn a_planned_stop_counts_only_when_it_lasts() {
        let stopped = wrong(Rule::BotStopped);
        let limit = Rule::BotStopped.spec().lasts;
        let (state, _) = step(State::Quiet, stopped.clone(), NOW);
        let just_before = NOW.plus(limit - Duration::from_millis(1));
        let (state, turn) = step(state, stopped.clone(), just_before);
        assert_eq!(turn, Turn::Same);
        assert_eq!(step(state, stopped, NOW.plus(limit)).1, Turn::Raised);
    }

    #[test]
    fn an_end_takes_as_many_good_looks_in_a_row_as_the_rule_says() {
        let rule = Rule::AgentBlind;
        assert_eq!(rule.spec().good_looks, 2);
        let (state, turn) = step(told(rule, 90), Seen::Fine, NOW);
        assert_eq!(turn, Turn::Same);
        let (state, _) = step(state, wrong(rule), NOW);
        let (state, turn) = step(state, Seen::Fine, NOW);
        assert_eq!(turn, Turn::Same, "a bad look in between begins the count anew");
        assert!(matches!(
            step(state, Seen::Fine, NOW),
            (State::Quiet, Turn::Cleared(_))
        ));
    }
}

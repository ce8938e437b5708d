//! What the bot's own word about itself means: whether it is well, and what it says is not.
//! It asks nothing.

use protocol::health::{Ailment, Health};

use crate::{
    alert::rule::{Observation, Rule},
    beat,
};

/// A late loop's name and figures, for at most this many loops.
const LATE_LOOPS_MAX: usize = 5;
/// The bot's own sentences about what is wrong: as many, and as long.
const TROUBLES_MAX: usize = 3;
const TROUBLE_CHARS_MAX: usize = 200;

/// How a bot is that answers.
#[must_use]
pub(super) fn observation_of(health: &Health) -> Observation {
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

#[cfg(test)]
mod tests {
    use protocol::{health::LoopBeat, incident::IncidentId, time::UnixMillis};

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
}

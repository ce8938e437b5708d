//! The ways to the owner in the order in which they are tried, and when a message takes the next one.
//! Pure; it knows no channel from inside.

use std::{collections::BTreeSet, time::Duration};

use protocol::{incident::Severity, time::UnixMillis};

use crate::{
    config::{Config, channels::ChannelKind},
    store::outbox::{Climb, Rung, Stuck},
};

/// The first way: the owner's own bot, at the address of `[owner] api_url`.
pub const TELEGRAM: &str = "telegram";

/// How long one way may keep a message before the next one is tried as well.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// With what is critical.
    pub critical: Duration,
    /// With everything else.
    pub other: Duration,
    /// A further way: the message has waited long enough already.
    pub further: Duration,
}

/// So many ways are tried one after the other, the first one included. What is behind them is tried all at once: each of any
/// number has its chance in time, and who has only a few ways is not told by all of them.
const ONE_BY_ONE: usize = 3;

impl Patience {
    /// What is critical is on a further way that works within 90 s, the attempt on it included, also behind any number of
    /// ways that are mute: one that fails is passed at once.
    pub const USUAL: Self = Self {
        critical: Duration::from_secs(60),
        other: Duration::from_secs(600),
        further: Duration::from_secs(8),
    };
}

/// The ladder that the configuration describes: the owner's bot, then the channels in the order of the file.
#[must_use]
pub fn ladder(config: &Config) -> Vec<Rung> {
    let chats = || config.owner.chat_ids.clone();
    let first = Rung {
        name: TELEGRAM.to_owned(),
        chats: chats(),
    };
    let further = config.channels.iter().map(|channel| Rung {
        name: channel.name.clone(),
        chats: match channel.kind {
            ChannelKind::Telegram { .. } => chats(),
            ChannelKind::Ntfy { .. } | ChannelKind::Email(_) | ChannelKind::Webhook { .. } => vec![0],
        },
    });
    std::iter::once(first).chain(further).collect()
}

/// Which messages that have arrived nowhere take their next ways now, one or all that are left: at once when every way so far has refused, when the
/// last one is known as broken, or as a further one has failed; otherwise when it had its time. A broken way is passed and
/// still tried: the message waits there as well.
#[must_use]
pub fn climb(
    ladder: &[Rung],
    patience: Patience,
    broken: &BTreeSet<String>,
    stuck: &[Stuck],
    now: UnixMillis,
) -> Vec<Climb> {
    let mut climbs = Vec::new();
    for stuck in stuck {
        let Some(last) = last_way(ladder, stuck) else {
            continue;
        };
        let is_broken = |rung: &usize| ladder.get(*rung).is_some_and(|rung| broken.contains(&rung.name));
        if !is_broken(&last) && !is_over(ladder, last, patience, stuck, now) {
            continue;
        }
        let takes_all = steps(stuck, now) >= ONE_BY_ONE;
        for rung in last + 1..ladder.len() {
            climbs.push(Climb {
                message: stuck.message,
                rung,
            });
            if !takes_all && !is_broken(&rung) {
                break;
            }
        }
    }
    climbs
}

/// How often it has taken ways: broken ones are passed in the same step as the one behind them, and one that holds it back was
/// not taken yet.
fn steps(stuck: &Stuck, now: UnixMillis) -> usize {
    let opened = stuck.ways.iter().map(|way| way.opened_at);
    let opened: BTreeSet<UnixMillis> = opened.filter(|at| *at <= now).collect();
    opened.len()
}

fn last_way(ladder: &[Rung], stuck: &Stuck) -> Option<usize> {
    let place = |name: &str| ladder.iter().position(|rung| rung.name == name);
    stuck.ways.iter().filter_map(|way| place(&way.rung)).max()
}

/// Whether the last way has had its chance.
fn is_over(ladder: &[Rung], last: usize, patience: Patience, stuck: &Stuck, now: UnixMillis) -> bool {
    let first = match stuck.severity {
        Severity::Critical => patience.critical,
        Severity::Info | Severity::Warning => patience.other,
    };
    let waits = if last == 0 {
        first
    } else {
        patience.further.min(first)
    };
    let opened_at = stuck.ways.iter().map(|way| way.opened_at).max();
    let since = opened_at.map_or(stuck.since, |opened_at| opened_at.max(stuck.since));
    let mut there = stuck.ways.iter().filter(|way| way.rung == ladder[last].name);
    let has_failed = last > 0 && there.all(|way| way.failed);
    let all_refused = stuck.ways.iter().all(|way| way.refused);
    all_refused || has_failed || now.since(since) >= waits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::outbox::Taken;

    fn rungs() -> Vec<Rung> {
        let rung = |name: &str| Rung {
            name: name.to_owned(),
            chats: vec![0],
        };
        ["telegram", "push", "mail"].map(rung).to_vec()
    }

    fn stuck(severity: Severity, ways: &[Way]) -> Stuck {
        Stuck {
            message: 1,
            severity,
            since: UnixMillis(0),
            ways: ways.iter().map(way).collect(),
        }
    }

    /// A way's name, since when in seconds, and what it said.
    type Way = (&'static str, i64, Said);

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Said {
        Nothing,
        Failed,
        Refused,
    }
    use Said::{Failed, Nothing, Refused};

    fn way((name, at_s, said): &Way) -> Taken {
        Taken {
            rung: (*name).to_owned(),
            opened_at: UnixMillis(at_s * 1000),
            refused: *said == Refused,
            failed: *said != Nothing,
        }
    }

    fn rungs_taken(broken: &[&str], severity: Severity, ways: &[Way], now_s: i64) -> Vec<usize> {
        let broken = broken.iter().map(|name| (*name).to_owned()).collect();
        let stuck = [stuck(severity, ways)];
        let found = climb(
            &rungs(),
            Patience::USUAL,
            &broken,
            &stuck,
            UnixMillis(now_s * 1000),
        );
        found.iter().map(|climb| climb.rung).collect()
    }

    #[test]
    fn the_table_of_when_the_next_way_is_taken() {
        use Severity::{Critical, Warning};
        let cases: [(Severity, &[Way], i64, &[usize]); 11] = [
            (Critical, &[("telegram", 0, Nothing)], 59, &[]),
            // The first way may stumble; then it has all its time.
            (Critical, &[("telegram", 0, Failed)], 59, &[]),
            (Critical, &[("telegram", 0, Nothing)], 60, &[1]),
            (Warning, &[("telegram", 0, Nothing)], 599, &[]),
            (Warning, &[("telegram", 0, Nothing)], 600, &[1]),
            (Warning, &[("telegram", 0, Refused)], 1, &[1]),
            (
                Warning,
                &[("telegram", 0, Refused), ("telegram", 0, Nothing)],
                1,
                &[],
            ),
            (
                Critical,
                &[("telegram", 0, Failed), ("push", 60, Nothing)],
                67,
                &[],
            ),
            (
                Critical,
                &[("telegram", 0, Failed), ("push", 60, Nothing)],
                68,
                &[2],
            ),
            (
                Critical,
                &[("telegram", 0, Failed), ("push", 60, Failed)],
                61,
                &[2],
            ),
            (
                Critical,
                &[
                    ("telegram", 0, Refused),
                    ("push", 0, Refused),
                    ("mail", 0, Refused),
                ],
                9999,
                &[],
            ),
        ];
        for (severity, ways, now_s, expected) in cases {
            let found = rungs_taken(&[], severity, ways, now_s);
            assert_eq!(found, expected, "{severity:?} {ways:?} {now_s}");
        }
    }

    #[test]
    fn each_of_any_number_of_mute_ways_is_tried_within_the_time_that_the_second_has() {
        for count in [2, 4, 5, 8, 17] {
            let names: Vec<String> = (0..count).map(|number| format!("way {number}")).collect();
            let rung = |name: &String| Rung {
                name: name.clone(),
                chats: vec![0],
            };
            let ladder: Vec<Rung> = names.iter().map(rung).collect();
            let taken = |name: &str, at_s: i64| Taken {
                rung: name.to_owned(),
                opened_at: UnixMillis(at_s * 1000),
                refused: false,
                failed: false,
            };
            let mut one = stuck(Severity::Critical, &[]);
            one.ways.push(taken(&names[0], 0));
            // The clock of the alerts ticks every two seconds.
            for now_s in (1..=90).step_by(2) {
                let now = UnixMillis(now_s * 1000);
                let climbs = climb(&ladder, Patience::USUAL, &BTreeSet::new(), &[one.clone()], now);
                assert!(climbs.len() <= 1 || now_s >= 76, "{climbs:?} at {now_s}");
                one.ways
                    .extend(climbs.iter().map(|climb| taken(&names[climb.rung], now_s)));
            }
            let last_s = one.ways.iter().map(|way| way.opened_at.0 / 1000).max().unwrap();
            assert_eq!(one.ways.len(), count, "{one:?}");
            assert!(last_s <= 82, "{count}: {last_s}");
        }
    }

    #[test]
    fn a_way_that_is_known_as_broken_is_passed_at_once_and_a_healthy_one_behind_is_not() {
        let fresh: &[Way] = &[("telegram", 0, Nothing)];
        let taken = |broken: &[&str]| rungs_taken(broken, Severity::Warning, fresh, 0);
        assert_eq!(taken(&["telegram"]), [1]);
        assert_eq!(taken(&["telegram", "push"]), [1, 2]);
        assert_eq!(taken(&["telegram", "push", "mail"]), [1, 2]);
        assert_eq!(taken(&["push"]), [] as [usize; 0]);
        let late = rungs_taken(&["push"], Severity::Critical, fresh, 60);
        assert_eq!(late, [1, 2]);
    }
}

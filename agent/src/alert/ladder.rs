//! The ways to the owner in the order in which they are tried, and when a message takes the next one.
//! Pure; it knows no channel from inside.

use std::time::Duration;

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
}

impl Patience {
    /// What is critical is on the second way within 90 s, the attempt on it included.
    pub const USUAL: Self = Self {
        critical: Duration::from_secs(60),
        other: Duration::from_secs(600),
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

/// Which messages that have arrived nowhere take their next way now: at once when every way so far has refused,
/// otherwise when the last one had its time.
#[must_use]
pub fn climb(ladder: &[Rung], patience: Patience, stuck: &[Stuck], now: UnixMillis) -> Vec<Climb> {
    stuck
        .iter()
        .filter_map(|stuck| climb_of(ladder, patience, stuck, now))
        .collect()
}

fn climb_of(ladder: &[Rung], patience: Patience, stuck: &Stuck, now: UnixMillis) -> Option<Climb> {
    let place = |name: &str| ladder.iter().position(|rung| rung.name == name);
    let last = stuck.ways.iter().filter_map(|way| place(&way.0)).max()?;
    let rung = last + 1;
    ladder.get(rung)?;
    let waits = match stuck.severity {
        Severity::Critical => patience.critical,
        Severity::Info | Severity::Warning => patience.other,
    };
    let opened_at = stuck.ways.iter().map(|way| way.1).max()?.max(stuck.since);
    let all_refused = stuck.ways.iter().all(|way| way.2);
    (all_refused || now.since(opened_at) >= waits).then_some(Climb {
        message: stuck.message,
        rung,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rungs() -> Vec<Rung> {
        let rung = |name: &str| Rung {
            name: name.to_owned(),
            chats: vec![0],
        };
        ["telegram", "push", "mail"].map(rung).to_vec()
    }

    fn stuck(severity: Severity, ways: &[(&str, i64, bool)]) -> Stuck {
        Stuck {
            message: 1,
            severity,
            since: UnixMillis(0),
            ways: ways
                .iter()
                .map(|(name, at_s, refused)| ((*name).to_owned(), UnixMillis(at_s * 1000), *refused))
                .collect(),
        }
    }

    type Way = (&'static str, i64, bool);

    #[test]
    fn the_table_of_when_the_next_way_is_taken() {
        use Severity::{Critical, Warning};
        let cases: [(Severity, &[Way], i64, Option<usize>); 9] = [
            (Critical, &[("telegram", 0, false)], 59, None),
            (Critical, &[("telegram", 0, false)], 60, Some(1)),
            (Warning, &[("telegram", 0, false)], 599, None),
            (Warning, &[("telegram", 0, false)], 600, Some(1)),
            (Warning, &[("telegram", 0, true)], 1, Some(1)),
            (Warning, &[("telegram", 0, true), ("telegram", 0, false)], 1, None),
            (
                Critical,
                &[("telegram", 0, false), ("push", 60, false)],
                119,
                None,
            ),
            (
                Critical,
                &[("telegram", 0, false), ("push", 60, false)],
                120,
                Some(2),
            ),
            (
                Critical,
                &[("telegram", 0, true), ("push", 0, true), ("mail", 0, true)],
                9999,
                None,
            ),
        ];
        for (severity, ways, now_s, expected) in cases {
            let found = climb(
                &rungs(),
                Patience::USUAL,
                &[stuck(severity, ways)],
                UnixMillis(now_s * 1000),
            );
            assert_eq!(
                found.first().map(|climb| climb.rung),
                expected,
                "{severity:?} {ways:?} {now_s}"
            );
        }
    }
}

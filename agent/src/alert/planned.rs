//! Whether the bot is away by plan: it said goodbye a moment ago, or the owner works on the server.
//! It looks at nothing itself, and a plan always ends: what is away for longer was forgotten.

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::{engine::MAINTENANCE, rule::Rule};
use crate::store::book::Book;

/// What is planned at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Since when the bot is stopped on purpose; absent while it is not.
    pub stopped_since: Option<UnixMillis>,
    /// Whether it should be back by now.
    pub overdue: bool,
    /// Until when the owner works on the server; absent when not.
    pub maintenance_until: Option<UnixMillis>,
}

impl Planned {
    /// By what the alerts know.
    #[must_use]
    pub fn of(book: &Book, now: UnixMillis) -> Self {
        let stopped = Rule::BotStopped;
        let stopped_since = book.alerts.get("bot/bot").and_then(|row| {
            let is_told_so = row.rule == stopped.name();
            row.away_since.or_else(|| is_told_so.then_some(row.rule_since))
        });
        let stands = book.silences.values().filter(|silence| silence.until > now);
        let maintenance = stands.filter(|silence| silence.scope == MAINTENANCE);
        let maintenance_until = maintenance.map(|silence| silence.until).max();
        let is_long = |since| now.since(since) >= stopped.spec().lasts;
        Self {
            stopped_since,
            overdue: maintenance_until.is_none() && stopped_since.is_some_and(is_long),
            maintenance_until,
        }
    }

    /// Whether a bot that is not there, or not well, is so by plan.
    #[must_use]
    pub fn covers(&self, is_there: bool) -> bool {
        self.maintenance_until.is_some() || (!is_there && self.stopped_since.is_some() && !self.overdue)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        alert::{
            engine,
            rule::{AlertKey, Observation},
        },
        store::Store,
    };

    #[test]
    fn a_stop_is_by_plan_for_ten_minutes_and_as_long_as_somebody_works_on_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let calendar = crate::alert::calendar::Calendar {
            timezone: jiff::tz::TimeZone::UTC,
            quiet_hours: None,
            digest_at: jiff::civil::time(8, 0, 0, 0),
        };
        let (key, begun) = (AlertKey::new("bot", "bot"), UnixMillis(1_000_000_000));
        let at = |seconds| begun.plus(Duration::from_secs(seconds));
        let step = |seen: Observation, now: UnixMillis| {
            let change = |book: &mut Book| {
                drop(engine::observe(book, &calendar, &key, seen, now));
                Vec::new()
            };
            store.change_book(&[], now, change).unwrap();
            Planned::of(&store.book().unwrap(), now)
        };
        let stopped = || Observation::wrong(Rule::BotStopped);
        assert_eq!(step(Observation::Fine, begun), Planned::default());
        let seen = step(stopped(), begun);
        assert_eq!((seen.stopped_since, seen.covers(false)), (Some(begun), true));
        assert!(!seen.covers(true), "one that answers has not stopped");
        let seen = step(stopped(), at(600));
        assert_eq!((seen.overdue, seen.covers(false)), (true, false));
        let maintain = |book: &mut Book| {
            engine::silence(book, MAINTENANCE, Duration::from_secs(60), at(600));
            Vec::new()
        };
        store.change_book(&[], at(600), maintain).unwrap();
        let seen = Planned::of(&store.book().unwrap(), at(601));
        assert!(
            !seen.overdue && seen.covers(false) && seen.covers(true),
            "{seen:?}"
        );
        assert!(!Planned::of(&store.book().unwrap(), at(661)).covers(false));
        // Of what was wrong before, the stop has a time of its own.
        step(Observation::Fine, at(700));
        for now in [at(700), at(710)] {
            step(Observation::wrong(Rule::BotUnhealthy), now);
        }
        assert_eq!(step(stopped(), at(720)).stopped_since, Some(at(720)));
    }
}

//! What waits for the morning is told then, also by an agent that was started anew: a start mends nothing.

use std::{path::Path, sync::Arc};

use agent::{
    alert::{
        Alerts,
        calendar::Calendar,
        ladder::TELEGRAM,
        rule::{AlertKey, Observation, Rule},
    },
    config::Language,
    store::{Store, outbox::Rung},
    watch::rehearsals::RehearsalWatch,
};
use jiff::civil::time;
use protocol::time::UnixMillis;

use crate::{
    alert_outbox::address,
    world::{OWNER, calendar, voice},
};

fn at(text: &str) -> UnixMillis {
    UnixMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// An agent as it is after a start, with a night from ten to six.
fn started(dir: &Path) -> (Arc<Store>, Alerts) {
    let store = Arc::new(Store::open(dir).unwrap());
    let night = Calendar {
        quiet_hours: Some((time(22, 0, 0, 0), time(6, 0, 0, 0))),
        ..calendar()
    };
    let ladder = [Rung {
        name: TELEGRAM.to_owned(),
        chats: vec![OWNER],
    }];
    let alerts = Alerts::new(Arc::clone(&store), voice(Language::En), night, &ladder);
    (store, alerts)
}

fn watch(dir: &Path, started_at: UnixMillis) -> (Arc<Store>, Alerts, RehearsalWatch) {
    let (store, alerts) = started(dir);
    let watch = RehearsalWatch {
        store: Arc::clone(&store),
        alerts: alerts.clone(),
        remotes: vec!["offsite".to_owned()],
        schedule: "0 30 3 * * *".parse().unwrap(),
        timezone: jiff::tz::TimeZone::UTC,
        started_at,
    };
    (store, alerts, watch)
}

#[test]
fn a_rehearsal_that_is_long_due_is_told_in_the_morning_although_the_agent_has_just_started() {
    let dir = tempfile::tempdir().unwrap();
    let night = at("2026-11-27T23:00:00Z");
    let (_, alerts, before) = watch(dir.path(), at("2026-11-20T00:00:00Z"));
    before.look(night).unwrap();
    alerts.tick(night).unwrap();
    drop((alerts, before));
    let morning = at("2026-11-28T06:00:00Z");
    let (store, alerts, after) = watch(dir.path(), morning);
    after.look(morning).unwrap();
    alerts.tick(morning).unwrap();
    let waiting = store.waiting(&address(OWNER), 10, morning).unwrap();
    assert_eq!(waiting.len(), 1, "{:?}", alerts.book().unwrap());
    assert!(waiting[0].message.loud);
    assert_eq!(waiting[0].message.runbook.as_deref(), Some(Rule::DrillOld.name()));
}

#[test]
fn what_the_bot_reported_at_night_comes_in_the_morning_from_an_agent_started_anew() {
    let dir = tempfile::tempdir().unwrap();
    let night = at("2026-11-27T23:00:00Z");
    let (_, alerts) = started(dir.path());
    let report = crate::pretend_bot::incident(1, "A job was given up.");
    alerts.report(&[report], None, night).unwrap();
    drop(alerts);
    let (store, alerts) = started(dir.path());
    let waiting = |now| store.waiting(&address(OWNER), 10, now).unwrap().len();
    let morning = at("2026-11-28T06:00:00Z");
    assert_eq!((waiting(UnixMillis(morning.0 - 1)), waiting(morning)), (0, 1));
    let key = AlertKey::new("backup_remote", "a");
    alerts
        .observe(&key, Observation::wrong(Rule::BackupFailed), morning)
        .unwrap();
    assert_eq!(waiting(morning), 2);
}

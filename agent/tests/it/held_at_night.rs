//! What waits for the morning, or for a way, is told in time: also by an agent that was started anew, because a start mends
//! nothing, and also after the clock was set.

use std::{path::Path, sync::Arc};

use agent::{
    alert::{
        Alerts,
        calendar::Calendar,
        engine,
        ladder::TELEGRAM,
        rule::{AlertKey, Observation, Rule},
    },
    config::Language,
    store::{Store, book::Book, outbox::Rung},
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
        has_room: Box::new(|_| true),
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

const YEAR_MS: i64 = 365 * 86_400_000;

#[test]
fn what_came_up_while_the_clock_ran_ahead_goes_out_once_it_is_put_right() {
    for sees_it in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let (store, alerts) = started(dir.path());
        let noon = at("2026-11-27T12:00:00Z");
        let ahead = UnixMillis(noon.0 + YEAR_MS);
        let key = AlertKey::new("bot", "bot");
        alerts
            .observe(&key, Observation::wrong(Rule::BotGone), ahead)
            .unwrap();
        let waiting = |now| store.waiting(&address(OWNER), 10, now).unwrap();
        assert!(waiting(noon).is_empty());
        // Seen by the agent that runs, or found by the next one.
        if sees_it {
            let step = |book: &mut Book| {
                engine::stepped(book, -YEAR_MS);
                Vec::new()
            };
            store.change_book(&[], noon, step).unwrap();
        } else {
            let _started = alerts.steadied(noon);
        }
        assert_eq!(waiting(noon).len(), 1, "{sees_it}");
        assert_eq!(waiting(noon)[0].created_at, noon);
    }
}

#[test]
fn what_was_put_off_to_a_near_morning_keeps_it_and_to_a_far_one_does_not() {
    // The clock is three hours ahead of the evening, and once a year as well.
    for (more_ms, comes) in [(0, "2026-11-28T06:00:00Z"), (YEAR_MS, "2026-11-28T03:00:00Z")] {
        let dir = tempfile::tempdir().unwrap();
        let (store, alerts) = started(dir.path());
        let evening = at("2026-11-27T20:00:00Z");
        let ahead = UnixMillis(at("2026-11-27T23:00:00Z").0 + more_ms);
        let report = crate::pretend_bot::incident(1, "A job was given up.");
        alerts.report(&[report], None, ahead).unwrap();
        let _started = alerts.steadied(evening);
        let waiting = |now| store.waiting(&address(OWNER), 10, now).unwrap().len();
        let comes = at(comes);
        assert_eq!(
            (waiting(UnixMillis(comes.0 - 1)), waiting(comes)),
            (0, 1),
            "{more_ms}"
        );
    }
}

#[test]
fn a_digest_of_a_clock_that_ran_ahead_keeps_no_later_one_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, alerts) = started(dir.path());
    let ahead = UnixMillis(at("2026-11-27T09:00:00Z").0 + YEAR_MS);
    alerts.digest_if_due(ahead).unwrap();
    for now in [
        "2026-11-27T10:00:00Z",
        "2026-11-28T07:59:00Z",
        "2026-11-28T08:00:00Z",
        "2026-11-28T08:01:00Z",
    ] {
        alerts.digest_if_due(at(now)).unwrap();
    }
    let waiting = store
        .waiting(&address(OWNER), 10, at("2026-11-28T09:00:00Z"))
        .unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].created_at, at("2026-11-28T08:00:00Z"));
}

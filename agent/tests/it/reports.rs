//! What the bot reports: what lasts becomes an alert with an end, what does not is told and counted for a day.

use std::{path::Path, sync::Arc, time::Duration};

use agent::{
    alert::{Alerts, reports::Reported},
    config::Language,
    store::Store,
};
use protocol::{
    health::Standing,
    incident::{Incident, IncidentId, Severity},
    time::UnixMillis,
};

use crate::{shop::Shop, world};

const NOW: UnixMillis = UnixMillis(1_795_338_000_000);

fn incident(id: i64, kind: &str, text: &str) -> Incident {
    Incident {
        id: IncidentId(id),
        at: NOW,
        kind: kind.to_owned(),
        severity: Severity::Critical,
        text: text.to_owned(),
    }
}

fn alerts(state: &Path) -> Alerts {
    world::alerts(&Arc::new(Store::open(state).unwrap()), Language::Id, &[])
}

#[test]
fn the_status_of_a_server_where_nothing_stands_names_what_was_reported() {
    let shop = Shop::new();
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let reported = Incident {
        at: now,
        ..incident(1, "dead_job", "deliver · failed")
    };
    let state = shop.path("state");
    alerts(&state).report(&[reported], Some(&[]), now).unwrap();
    let output = shop.agent(&["status"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("none stood when the agent last ran") && said.contains("within 24 hours: dead_job ×1"),
        "{said}"
    );
}

#[test]
fn a_state_becomes_an_alert_and_an_event_is_counted_for_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let alerts = alerts(dir.path());
    let page = [
        incident(1, "telegram_refuses", "BOT_TOKEN"),
        incident(2, "dead_job", "deliver · failed"),
        incident(3, "dead_job", "deliver · too_often"),
    ];
    let nothing_stands: &[Standing] = &[];
    // Read twice, as after a restart of the agent: the second time changes nothing.
    for _ in 0..2 {
        alerts.report(&page, Some(nothing_stands), NOW).unwrap();
    }
    let book = alerts.book().unwrap();
    let rules: Vec<&str> = book.alerts.values().map(|row| row.rule.as_str()).collect();
    assert_eq!(rules, ["telegram_refuses"]);
    let told = [Reported {
        kind: "dead_job".to_owned(),
        title: "Satu pekerjaan bot tidak dicoba lagi".to_owned(),
        count: 2,
    }];
    assert_eq!(alerts.reported(NOW).unwrap(), told);
    let digest = alerts.digest(NOW, NOW).unwrap().text;
    assert!(
        digest.contains("Dilaporkan bot dalam 24 jam:\nSatu pekerjaan bot tidak dicoba lagi ×2"),
        "{digest}"
    );
    let tomorrow = NOW.plus(Duration::from_secs(86_401));
    assert_eq!(alerts.reported(tomorrow).unwrap(), []);
}

#[test]
fn a_report_of_a_bot_whose_clock_ran_ahead_keeps_none_back_after_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let alerts = alerts(dir.path());
    let ahead = Incident {
        at: NOW.plus(Duration::from_secs(365 * 86_400)),
        ..incident(5, "money_owed", "Rp1 · W1 · late")
    };
    alerts.report(&[ahead], Some(&[]), NOW).unwrap();
    // The shop was restored to before it, and its clock is right again.
    alerts.rewind_if_restored(IncidentId(2), NOW).unwrap();
    let now = NOW.plus(Duration::from_secs(60));
    let told = incident(2, "dead_job", "deliver · failed");
    let new = Incident {
        at: now,
        ..incident(3, "dead_job", "deliver · failed")
    };
    alerts.report(&[told, new], Some(&[]), now).unwrap();
    let reported = alerts.reported(now).unwrap();
    let jobs = reported.iter().find(|one| one.kind == "dead_job").unwrap();
    assert_eq!(jobs.count, 1, "{reported:?}");
}

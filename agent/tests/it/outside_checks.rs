//! The checks at the outside that do not take what they are told: the owner relies on them for the day on which this server
//! is gone, so that he must hear of it while it is not.

use std::{fs, process::Stdio, sync::Arc, time::Duration};

use agent::{
    alert::{
        channels::http_client,
        heartbeat::Signal,
        outside::{Check, Heard, Subject, forget_others, heard},
        rule::{Observation, Rule},
    },
    config::{Config, Language},
    store::Store,
};
use axum::http::StatusCode;
use protocol::time::UnixMillis;

use crate::{
    pretend_channels::Service,
    shop::{NO_TELEGRAM, Shop, telegram_line},
    world::{alerts, config_from, text, until},
};

/// The first backup of a start has its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What healthchecks.io answers to a UUID that it does not know.
const NOT_FOUND: &str = "OK (not found)";

fn with_checks(dir: &std::path::Path, section: &str) -> Config {
    let nobody = "127.0.0.1:9".parse().unwrap();
    config_from(dir, &(text(nobody, nobody, &[1]) + section))
}

fn rules(store: &Store) -> Vec<(String, String)> {
    let rows = store.alerts().unwrap();
    rows.into_iter().map(|row| (row.key, row.rule)).collect()
}

#[tokio::test]
async fn a_check_that_is_not_known_there_is_an_alert_until_a_beat_is_taken() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let service = Service::answering(StatusCode::OK, NOT_FOUND).await;
    let section = format!("[heartbeat]\nurl = \"http://{}/mistyped\"\n", service.address);
    let config = with_checks(dir.path(), &section);
    let store = Arc::new(Store::open(&config.state_dir).unwrap());
    let alerts = alerts(&store, Language::En, &agent::alert::ladder::ladder(&config));
    let client = http_client().unwrap();
    let check = Check::of(Subject::Shop, (&config, &client), &alerts, &store).unwrap();
    let firing = || {
        let book = alerts.book().unwrap();
        let row = book.alerts.get("heartbeat/url");
        row.is_some_and(|row| row.loudest.is_some())
    };
    for (status, body) in [
        (StatusCode::OK, NOT_FOUND),
        (StatusCode::NOT_FOUND, "not found"),
        (StatusCode::GONE, ""),
        (StatusCode::BAD_REQUEST, "invalid url format"),
    ] {
        service.answer(status, body);
        assert!(check.tell(&Signal::Success, None).await.is_some());
        assert!(
            !firing(),
            "once may be a service that is just being put up: {status}"
        );
        check.tell(&Signal::Success, None).await;
        assert!(firing(), "{status} {body}");
        assert_eq!(
            rules(&store),
            [(
                "heartbeat/url".to_owned(),
                Rule::HeartbeatRefused.name().to_owned()
            )]
        );
        service.answer(StatusCode::OK, "OK");
        assert_eq!(check.tell(&Signal::Success, None).await, None);
        assert!(!firing(), "{status}");
    }
    let heartbeat = Subject::Shop.heartbeat(&config, &client).unwrap();
    let heard = || heard(&store, Subject::Shop, &heartbeat).unwrap();
    assert_eq!(heard(), Heard::Taken);
    // What is not configured any more is nobody's trouble.
    service.answer(StatusCode::GONE, "");
    for _ in 0..2 {
        check.tell(&Signal::Success, None).await;
    }
    assert!(firing());
    assert_eq!(heard(), Heard::Refused);
    forget_others(&with_checks(dir.path(), ""), &alerts, UnixMillis(0)).unwrap();
    assert!(rules(&store).is_empty());
}

#[tokio::test]
async fn a_service_in_trouble_or_in_haste_is_one_that_is_not_reached_and_has_minutes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let service = Service::answering(StatusCode::OK, "OK (rate limited)").await;
    let section = format!("[heartbeat]\nbackup_url = \"http://{}/b\"\n", service.address);
    let config = with_checks(dir.path(), &section);
    let store = Arc::new(Store::open(&config.state_dir).unwrap());
    let alerts = alerts(&store, Language::En, &agent::alert::ladder::ladder(&config));
    let check = Check::of(
        Subject::Backup,
        (&config, &http_client().unwrap()),
        &alerts,
        &store,
    )
    .unwrap();
    for (status, body) in [
        (StatusCode::OK, "OK (rate limited)"),
        (StatusCode::TOO_MANY_REQUESTS, ""),
        (StatusCode::SERVICE_UNAVAILABLE, ""),
        (StatusCode::BAD_GATEWAY, ""),
    ] {
        service.answer(status, body);
        assert!(check.tell(&Signal::Start, None).await.is_some(), "{status}");
    }
    let row = store.alerts().unwrap().remove(0);
    assert_eq!(row.rule, Rule::HeartbeatUnreached.name());
    let is_told = |minutes: u64| {
        let seen = Observation::wrong(Rule::HeartbeatUnreached);
        let now = row.since.plus(Duration::from_secs(minutes * 60));
        alerts.observe(&Subject::Backup.key(), seen, now).unwrap();
        let book = alerts.book().unwrap();
        book.alerts["heartbeat/backup_url"].loudest.is_some()
    };
    assert!(!is_told(4));
    assert!(is_told(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_by_hand_is_told_as_the_agents_own_are() {
    let service = Service::answering(StatusCode::OK, "OK").await;
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let outside = format!("[heartbeat]\nbackup_url = \"http://{}/b\"\n", service.address);
    fs::write(shop.path("agent.toml"), settings + &outside).unwrap();
    shop.agent_done(&["backup"]);
    let told = || -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let taken = service.taken();
        taken
            .iter()
            .map(|ping| (text(&ping["path"]), text(&ping["body"])))
            .collect()
    };
    let well = ["/b/start", "/b"].map(|path| (path.to_owned(), String::new()));
    assert_eq!(told(), well);
    shop.agent_done(&["backup", "--remote", "local"]);
    assert_eq!(told().len(), 2, "what makes up for no other remote is not told");
    fs::remove_file(shop.database()).unwrap();
    shop.agent_refuses(1, &["backup"]);
    let (path, body) = told().pop().unwrap();
    assert_eq!(path, "/b/fail");
    assert!(body.contains("perintah") || body.contains("by hand"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_backup_by_hand_is_told_again_for_a_while_and_that_of_one_without_a_remote_as_well() {
    let service = Service::answering(StatusCode::SERVICE_UNAVAILABLE, "").await;
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let outside = format!("[heartbeat]\nbackup_url = \"http://{}/b\"\n", service.address);
    fs::write(shop.path("agent.toml"), settings + &outside).unwrap();
    let paths = || -> Vec<String> {
        let taken = service.taken();
        taken
            .iter()
            .map(|ping| ping["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut backup = shop.command(&["backup"]).stdout(Stdio::null()).spawn().unwrap();
    until(PATIENCE, || paths().len() == 2).await;
    service.answer(StatusCode::OK, "OK");
    assert!(backup.wait().unwrap().success());
    assert_eq!(paths(), ["/b/start", "/b", "/b"]);

    // A service that refuses is not asked again, and the command says that it was not told.
    service.answer(StatusCode::GONE, "");
    let done = shop.command(&["backup"]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    assert!(said.contains("[heartbeat] backup_url was not told"), "{said}");
    assert!(
        said.contains("(the service answers with status 410 Gone)"),
        "{said}"
    );
    assert!(!said.contains("WARN"), "a command says it in a sentence: {said}");
    assert_eq!(paths()[3..], ["/b/start", "/b"]);

    service.answer(StatusCode::OK, "OK");
    for remote in ["local", "offsite"] {
        fs::remove_dir_all(shop.path(remote)).unwrap();
    }
    shop.agent_refuses(2, &["backup"]);
    assert_eq!(paths()[5..], ["/b/start", "/b/fail"]);
}

#[tokio::test]
async fn each_backup_is_told_again_until_the_check_takes_it_and_nothing_waits_for_that() {
    let service = Service::answering(StatusCode::NOT_FOUND, "not found").await;
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let settings = settings
        .replace(&telegram_line(), NO_TELEGRAM)
        .replace("[backup]", "[backup]\nsnapshot = \"* * * * * *\"");
    let outside = format!(
        "[http]\nprivate = \"127.0.0.1:0\"\n[heartbeat]\nbackup_url = \"http://{}/b\"\n",
        service.address
    );
    fs::write(shop.path("agent.toml"), settings + &outside).unwrap();
    let mut agent = shop
        .command(&["run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_wrong = || {
        let store = Store::open_to_look(&shop.path("state")).ok().flatten();
        let rows = store.and_then(|store| store.alerts().ok()).unwrap_or_default();
        rows.iter()
            .any(|row| row.key == "heartbeat/backup_url" && row.loudest.is_some())
    };
    until(PATIENCE, &is_wrong).await;
    service.answer(StatusCode::OK, "OK");
    until(PATIENCE, || !is_wrong()).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
}

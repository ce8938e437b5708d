//! The ways to the owner themselves: one that cannot be gone is found at the start, one that loses answers does not ring
//! without end, and broken ones are passed on the way to one that works.

use std::time::Duration;

use agent::{
    alert::{
        Alerts,
        channels::{Channel, ntfy::Ntfy},
        ladder::{Patience, TELEGRAM},
        outbox::Pace,
        rule::{AlertKey, Observation, Rule},
    },
    config::Language,
    store::{
        Store,
        outbox::{Address, Rung},
    },
};
use axum::http::StatusCode;
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::{Value, json};

use crate::{
    alert_outbox::{Desk, address, now},
    channels::{push_and_hook, with_channels},
    pretend_bot::{Bot, incident},
    pretend_channels::{Service, TOPIC},
    pretend_telegram::{Fault, Taken, Telegram},
    world::{Agent, HASTE, LIMIT, OWNER, alerts, until},
};

/// What is told together waits for ten seconds first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A repetition would come long after the test.
pub(crate) const LOSSY: Pace = Pace {
    doubt_first: Duration::from_secs(3600),
    doubt_next: Duration::from_secs(3600),
    doubt_most: Duration::from_secs(3600),
    ..HASTE
};

/// The first repetition comes at once.
const LOSSY_TWICE: Pace = Pace {
    doubt_first: Duration::from_millis(10),
    ..LOSSY
};

const PUSH: &str = "push";

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Who was asked and answers has shown that the agent's own line works.
#[tokio::test]
async fn a_token_that_telegram_does_not_know_is_wrong_from_the_start_until_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    telegram.refuse(true);
    let mut config = with_channels(dir.path(), &bot, &telegram, "");
    config.http.private.set_port(free_port());
    let health = format!("http://{}/health", config.http.private);
    let agent = Agent::start(config);
    let is_broken = async || -> bool {
        let Ok(answer) = reqwest::get(&health).await else {
            return false;
        };
        let health: Value = answer.json().await.unwrap();
        health["ways_broken"] == json!(["telegram"])
    };
    let wait = async {
        while !is_broken().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, wait)
        .await
        .expect("the health says so");
    let store = Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    let broken = || {
        let rows = store.alerts().unwrap();
        rows.into_iter()
            .find(|row| row.rule == Rule::ChannelBroken.name())
    };
    let is_wrong = || broken().is_some();
    assert!(broken().unwrap().told.is_some(), "{:?}", broken());
    assert_eq!(
        store.backlog().unwrap().waiting,
        1,
        "at once, by whatever way works"
    );
    agent.stop().await;
    // The owner mends it and starts the agent anew.
    telegram.refuse(false);
    let agent = Agent::start(with_channels(dir.path(), &bot, &telegram, ""));
    until(PATIENCE, || !is_wrong()).await;
    assert!(store.channel_tests().unwrap().iter().all(|test| test.ok));
    agent.stop().await;
}

fn two_ways(desk: &Desk) -> Alerts {
    let rung = |name: &str, chat: i64| Rung {
        name: name.to_owned(),
        chats: vec![chat],
    };
    alerts(&desk.store, Language::En, &[rung(TELEGRAM, OWNER), rung(PUSH, 0)])
}

/// The second way takes the one message that waits, as it does after a while.
fn told_by_push(desk: &Desk) {
    let later = UnixMillis(now().0 + 3_600_000);
    desk.alerts.climb(Patience::USUAL, later).unwrap();
    let push = Address {
        rung: PUSH.to_owned(),
        chat_id: 0,
    };
    let row = desk.store.waiting(&push, 10, later).unwrap();
    assert_eq!(row.len(), 1);
    desk.store.delivery_sent(&row, None, now()).unwrap();
}

#[tokio::test]
async fn what_was_taken_and_not_answered_holds_nothing_else_up_and_is_handed_on_once_another_way_told_it() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let mut desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    desk.alerts = two_ways(&desk);
    telegram.fail_next([Fault::BreakAfter, Fault::BreakAfter]);
    desk.fail("a");
    let sender = desk.send_at(OWNER, LOSSY_TWICE);
    telegram.wait_until_faults_are_used().await;
    desk.alerts
        .report(&[incident(1, "A job was given up.")], None, now())
        .unwrap();
    let told = telegram.wait_for(3).await;
    assert!(told[2].text().contains("A job was given up."), "{told:?}");
    let waits = || {
        let due = UnixMillis(now().0 + 3_600_000);
        desk.store.waiting(&address(OWNER), 10, due).unwrap().len()
    };
    until(PATIENCE, || waits() == 1).await;
    told_by_push(&desk);
    desk.fail("b");
    until(PATIENCE, || waits() == 0).await;
    sender.abort();
    let told = telegram.taken();
    let copies: Vec<&str> = told
        .iter()
        .map(Taken::text)
        .filter(|text| text.contains("Backup failed (a)"))
        .collect();
    assert_eq!(copies.len(), 2, "{told:?}");
    assert!(copies[1].starts_with("(may be repeated)"), "{copies:?}");
}

/// A way that failed and is back a moment later may not have taken it: one answer that was lost proves nothing.
#[tokio::test]
async fn what_another_way_told_is_said_once_more_where_it_may_not_have_arrived() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let mut desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    desk.alerts = two_ways(&desk);
    telegram.fail_next([Fault::Answer(502, json!({}))]);
    desk.fail("a");
    told_by_push(&desk);
    let sender = desk.send_at(OWNER, LOSSY_TWICE);
    let told = telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(told[0].text().contains("Backup failed (a)"), "{told:?}");
    assert_eq!(telegram.taken().len(), 1);
}

#[tokio::test]
async fn what_was_taken_and_not_answered_is_not_repeated_once_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::BreakAfter]);
    desk.fail("a");
    let sender = desk.send_at(OWNER, LOSSY);
    telegram.wait_until_faults_are_used().await;
    let key = AlertKey::new("backup_remote", "a");
    desk.alerts.observe(&key, Observation::Fine, now()).unwrap();
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(
        told[1].text().starts_with('✅') && told[1].text().contains("Backup failed (a)"),
        "it says what it was: {told:?}"
    );
    assert_eq!(telegram.taken().len(), 2);
}

#[tokio::test]
async fn what_was_not_answered_because_telegram_was_down_comes_as_soon_as_it_is_back_and_rings() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.set_down(true);
    desk.fail("a");
    let sender = desk.send_at(OWNER, LOSSY);
    // Down for messages, and for the question whether it is there.
    until(PATIENCE, || telegram.asked_for_chats() > 1).await;
    assert_eq!(telegram.requests(), 1, "no second request before it is back");
    telegram.set_down(false);
    let told = telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(told[0].body["disable_notification"], false);
    assert!(told[0].text().starts_with("(may be repeated)"), "{told:?}");
}

/// The last way is reached although each before it fails in its own manner and may take its time.
#[tokio::test]
async fn broken_ways_are_passed_at_once_on_the_way_to_one_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, hook) = (Telegram::start().await, Service::webhook().await);
    let ntfy = Service::in_ntfys_place(StatusCode::INTERNAL_SERVER_ERROR, "").await;
    let bot = Bot::start(None, 1);
    telegram.set_down(true);
    let alt = "[channels.alt]\ntype = \"telegram\"\napi_url = \"http://127.0.0.1:9\"\n";
    let sections = alt.to_owned() + &push_and_hook(&ntfy, &hook);
    let config = with_channels(dir.path(), &bot, &telegram, &sections);
    let pace = Pace {
        patience: Patience {
            further: Duration::from_secs(3600),
            ..HASTE.patience
        },
        ..LOSSY
    };
    let agent = Agent::start_at(config, pace);
    bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
    let hooked = hook.wait_for(1).await;
    assert!(
        hooked[0]["text"]
            .as_str()
            .unwrap()
            .contains("A job was given up.")
    );
    agent.stop().await;
    let store = Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    let rows = store.alerts().unwrap();
    assert!(
        rows.iter().all(|row| row.rule != Rule::BotGone.name()),
        "{rows:?}"
    );
    assert!(
        store
            .broken_ways(Duration::ZERO, now())
            .unwrap()
            .contains(TELEGRAM)
    );
}

#[tokio::test]
async fn a_locked_screen_shows_what_is_wrong_and_not_that_there_are_several_messages() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy) = (Telegram::start().await, Service::ntfy().await);
    let mut desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let rung = Rung {
        name: TELEGRAM.to_owned(),
        chats: vec![OWNER],
    };
    desk.alerts = alerts(&desk.store, Language::En, &[rung]);
    let hour_ago = UnixMillis(now().0 - 3_600_000);
    desk.alerts
        .report(&[incident(1, "A job was given up.")], None, hour_ago)
        .unwrap();
    let key = AlertKey::new("bot", "bot");
    desk.alerts
        .observe(&key, Observation::wrong(Rule::BotGone), hour_ago)
        .unwrap();
    desk.alerts
        .report(&[incident(2, "Another one.")], None, hour_ago)
        .unwrap();
    let client = reqwest::Client::new();
    let url = format!("http://{}", ntfy.address);
    let channel = Ntfy::new(client, &url, &Secret::new(TOPIC), None);
    let sender = desk.send_by(OWNER, HASTE, Channel::Ntfy(channel));
    let pushed = ntfy.wait_for(1).await;
    sender.abort();
    assert_eq!(pushed[0]["title"], "🔴 The shop's bot died (+2)");
    assert!(
        pushed[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("3 messages at once")
    );
    assert_eq!(pushed[0]["priority"], 5);
}

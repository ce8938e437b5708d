//! What the agent says of itself on its private address, and that only one that is well says so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use agent::{
    beat::Beats,
    config::Language,
    http::Report,
    store::Store,
    watch::{
        bot_health::{BotState, BotWatch},
        bot_link::BotLink,
    },
};
use tokio::net::TcpListener;

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    world::{Agent, LIMIT, OWNER, alerts, config, until},
};

#[tokio::test]
async fn the_private_address_tells_how_agent_and_bot_are() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let mut settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
    settings.http.private = free_address();
    let url = format!("http://{}", settings.http.private);
    let agent = Agent::start(settings);
    bot.held().await;
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    assert!(
        client
            .get(format!("{url}/live"))
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    assert_eq!(report(&client, &url).await["bot"], "running");

    drop(bot);
    telegram.wait_for(1).await;
    let told = report(&client, &url).await;
    assert_eq!(told["bot"], "gone");
    assert_eq!(told["healthy"], true, "a dead bot does not make its watcher ill");
    let read: Report = serde_json::from_value(told).unwrap();
    let loops: Vec<&str> = read.loops.iter().map(|beat| beat.name.as_str()).collect();
    assert_eq!(loops, ["bot", "watch", "backup_age", "alerts", "outbox"]);
    agent.stop().await;
    let after = client
        .get(format!("{url}/live"))
        .timeout(Duration::from_secs(1))
        .send()
        .await;
    assert!(after.is_err(), "who has stopped says nothing");
}

async fn report(client: &reqwest::Client, url: &str) -> serde_json::Value {
    let text = client
        .get(format!("{url}/health"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn free_address() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Whoever waits for a change asks systemd, and each time starts a program.
#[tokio::test]
async fn how_the_bot_is_counts_as_changed_only_when_it_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let looks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&looks);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let beat = Beats::new(Instant::now()).add("bot", LIMIT, Instant::now());
    let link = BotLink::new(reqwest::Client::new(), &url);
    let bot = BotWatch::new(link, alerts(&store, Language::En, &[]), beat);
    let mut state = bot.state();
    let watching = tokio::spawn(bot.run());
    state.changed().await.unwrap();
    assert_ne!(*state.borrow_and_update(), BotState::Unknown);
    let before = looks.load(Ordering::SeqCst);
    until(LIMIT, || looks.load(Ordering::SeqCst) > before + 2).await;
    assert!(!state.has_changed().unwrap());
    watching.abort();
}

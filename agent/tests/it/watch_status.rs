//! What the agent says of itself on its private address, and that only one that is well says so.

use std::time::Duration;

use agent::http::Report;

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    world::{Agent, LIMIT, OWNER, config},
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

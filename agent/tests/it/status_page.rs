//! The status page and the metrics over a real socket, without a browser: what they hold, and whom they refuse.

use agent::{config::Language, watch::bot_health::BotState};

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    world::{Agent, LIMIT, OWNER, config},
};

#[tokio::test]
async fn the_page_and_the_figures_are_there_and_only_for_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let mut settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    settings.http.private = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://{}", settings.http.private);
    let agent = Agent::start(settings);
    bot.held().await;
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    let get = |path: &str| client.get(format!("{url}{path}"));

    let page = get("/").send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(
        html.contains("All is well") && html.contains("<dt>Bot</dt><dd>running</dd>"),
        "{html}"
    );
    assert!(!html.contains("<script"), "{html}");
    // The first look at everything may still be under way.
    let begun = std::time::Instant::now();
    let mut html = html;
    while !html.contains("a second way to you, the agent from outside") {
        assert!(begun.elapsed() < LIMIT, "{html}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        html = get("/").send().await.unwrap().text().await.unwrap();
    }

    // Things come and go while the first looks are under way; then every place says the same number.
    let begun = std::time::Instant::now();
    loop {
        let text = async |path: &str| get(path).send().await.unwrap().text().await.unwrap();
        let (html, figures, health) = (text("/").await, text("/metrics").await, text("/health").await);
        let health: agent::http::Report = serde_json::from_str(&health).unwrap();
        let counts = [
            number_after(&html, "<dt>Not watched at present</dt><dd>"),
            number_after(&figures, "\nwarung_unknown "),
            number_after(
                &agent::alert::unwatched::line(Language::En, &health.unknown).unwrap_or_default(),
                "Not watched at present: ",
            ),
        ];
        if counts[0] > 0 && counts.iter().all(|count| *count == counts[0]) {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{counts:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }

    let figures = get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(
        figures.contains("# TYPE warung_bot_up gauge\nwarung_bot_up 1\n"),
        "{figures}"
    );

    for name in ["server", "orders", "backups", "traffic"] {
        for theme in ["light", "dark"] {
            let chart = get(&format!("/chart/{name}.png?theme={theme}"))
                .send()
                .await
                .unwrap();
            assert_eq!(chart.headers()["content-type"], "image/png");
            assert!(chart.bytes().await.unwrap().starts_with(b"\x89PNG"));
        }
    }
    assert_eq!(get("/chart/secrets.png").send().await.unwrap().status(), 404);
    assert_eq!(get("/chart/disk.png?span=9d").send().await.unwrap().status(), 400);
    assert_eq!(
        get("/style.css").send().await.unwrap().headers()["content-type"],
        "text/css; charset=utf-8"
    );
    for path in ["/", "/metrics", "/chart/disk.png"] {
        let asked = get(path).header("host", "evil.example").send().await.unwrap();
        assert_eq!(asked.status(), 421, "{path}");
        assert!(!asked.text().await.unwrap().contains("warung"));
    }
    assert_eq!(
        client.post(&url).send().await.unwrap().status(),
        405,
        "nothing can be changed"
    );

    drop(bot);
    telegram.wait_for_text("The shop's bot died").await;
    let html = get("/").send().await.unwrap().text().await.unwrap();
    assert!(
        html.contains("class=\"critical\"") && html.contains("<code>bot_gone</code>"),
        "{html}"
    );
    agent.stop().await;
}

/// What everybody looks at who is not told: the page, health-check, and the heartbeat, which would call the owner.
#[tokio::test]
async fn a_bot_that_was_stopped_on_purpose_is_called_that_also_by_an_agent_that_was_started_since() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let private = free.local_addr().unwrap();
    drop(free);
    let settings = || {
        let mut settings = config(dir.path(), address, telegram.address, &[OWNER]);
        settings.http.private = private;
        settings
    };
    let agent = Agent::start(settings());
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    let report = async || {
        let asked = client.get(format!("http://{private}/health")).send().await;
        let body = asked.ok()?.bytes().await.ok()?;
        serde_json::from_slice::<agent::http::Report>(&body).ok()
    };
    bot.held().await;
    bot.think(|mind| mind.goodbye = true);
    let begun = std::time::Instant::now();
    while report()
        .await
        .is_none_or(|report| report.planned.stopped_since.is_none())
    {
        assert!(begun.elapsed() < LIMIT, "the goodbye was not heard");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(bot);
    agent.stop().await;
    let agent = Agent::start(settings());
    let begun = std::time::Instant::now();
    let mut seen = Vec::new();
    // Whether it is there has been asked by then.
    while seen.last() != Some(&BotState::Stopped) {
        assert!(begun.elapsed() < LIMIT, "{seen:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen.extend(report().await.map(|report| report.bot));
    }
    assert!(!seen.contains(&BotState::Gone), "{seen:?}");
    let page = client.get(format!("http://{private}/")).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("<dt>Bot</dt><dd>stopped on purpose</dd>"), "{page}");
    agent.stop().await;
}

/// The whole number that stands behind these words; 0 where it does not.
fn number_after(text: &str, words: &str) -> usize {
    let rest = text.split_once(words).map_or("", |(_, rest)| rest);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

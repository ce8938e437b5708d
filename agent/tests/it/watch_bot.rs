//! The owner hears of the bot: gone, back, its incidents, and nothing of a planned stop.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{
    alert::{
        engine::Fault,
        message,
        rule::{AlertKey, Observation, Rule},
    },
    config::Language,
    store::Store,
};
use protocol::{
    incident::{Incident, Severity},
    time::UnixMillis,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::{
    pretend_bot::{Bot, incident},
    pretend_telegram::Telegram,
    world::{Agent, OWNER, TOKEN, alerts, config, settled, voice},
};

#[tokio::test]
async fn a_killed_bot_is_told_at_once_and_its_return_too() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
    bot.held().await;
    let killed = Instant::now();
    drop(bot);
    let told = telegram.wait_for(1).await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(
        told[0].text().starts_with("🔴 The shop's bot died"),
        "{}",
        told[0].text()
    );
    assert_eq!(told[0].path, format!("bot{TOKEN}"));
    assert_eq!(told[0].body["chat_id"], OWNER);

    let bot = Bot::start(Some(address), 2);
    let edit = telegram.wait_for_edit("✅ The shop's bot runs again").await;
    assert_eq!(edit["message_id"], told[0].message_id);
    let text = edit["text"].as_str().unwrap();
    assert!(text.contains("🔴 The shop's bot died\n"), "what it was: {text}");
    bot.held().await;
    agent.stop().await;
    assert_eq!(telegram.taken().len(), 1, "a short death rings once");
}

#[tokio::test]
async fn a_bot_that_was_restarted_within_milliseconds_is_told_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
    bot.held().await;
    drop(bot);
    let bot = Bot::start(Some(address), 2);
    telegram.wait_for_edit("runs again").await;
    assert!(telegram.taken()[0].text().contains("died"));
    drop(bot);
    agent.kill().await;
}

#[tokio::test]
async fn the_end_of_a_hung_bot_says_what_the_agents_restart_came_to_whatever_it_was_in_between() {
    for between in [Rule::BotHung, Rule::BotGone, Rule::BotUnhealthy] {
        let dir = tempfile::tempdir().unwrap();
        let telegram = Telegram::start().await;
        let bot = Bot::start(None, 1);
        let config = config(dir.path(), bot.address, telegram.address, &[OWNER]);
        let seconds_ago = |seconds: i64| UnixMillis(jiff::Timestamp::now().as_millisecond() - seconds * 1000);
        {
            let store = Arc::new(Store::open(&dir.path().join("state")).unwrap());
            let alerts = alerts(&store, Language::En, &[]);
            let key = AlertKey::new("bot", "bot");
            let wrong = |rule, detail| Observation::Wrong { rule, detail };
            for ago in [100, 80] {
                alerts
                    .observe(&key, alerts.hung(seconds_ago(ago)), seconds_ago(ago))
                    .unwrap();
            }
            // systemctl has not returned yet.
            store.add_bot_restart(seconds_ago(20), UnixMillis(0)).unwrap();
            alerts.tell_restarts(seconds_ago(15)).unwrap();
            let detail = match between {
                Rule::BotUnhealthy => "inbox: 34 s > 30 s".to_owned(),
                _ => alerts.restarts_told(seconds_ago(10)),
            };
            for ago in [10, 2] {
                alerts
                    .observe(&key, wrong(between, detail.clone()), seconds_ago(ago))
                    .unwrap();
            }
        }
        let agent = Agent::start(config);
        let told = telegram.wait_for(1).await;
        agent.stop().await;
        let text = told[0].text();
        assert!(text.starts_with("✅ The shop's bot answers again"), "{text}");
        assert!(
            text.contains("The agent restarted the bot (1 of 3 within an hour)"),
            "{between:?}: {text}"
        );
        assert!(!text.contains("follows"), "{between:?}: {text}");
        drop(bot);
    }
}

#[tokio::test]
async fn what_a_bot_reports_that_waits_for_its_database_is_the_alert_and_no_event_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let agent = Agent::start(config(dir.path(), bot.address, telegram.address, &[OWNER]));
    bot.held().await;
    let at = UnixMillis(jiff::Timestamp::now().as_millisecond());
    bot.think(|mind| {
        mind.silent = true;
        mind.incidents.push(Incident {
            kind: "database_refuses".to_owned(),
            severity: Severity::Critical,
            at,
            ..incident(1, "busy")
        });
    });
    let told = telegram.wait_for(1).await;
    let text = told[0].text();
    assert!(text.contains("lsof"), "it says what to do of a busy one: {text}");
    let state = dir.path().join("state");
    let store = Store::open_to_look(&state).unwrap().unwrap();
    let rows = store.alerts().unwrap();
    let is_alert = rows.iter().any(|row| row.key == "database/commits");
    assert!(
        is_alert && store.reported(UnixMillis(0)).unwrap().is_empty(),
        "{rows:?}"
    );
    bot.think(|mind| mind.silent = false);
    agent.stop().await;
}

#[tokio::test]
async fn a_goodbye_is_no_alarm_and_neither_is_the_start_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
    bot.held().await;
    bot.think(|mind| mind.goodbye = true);
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(bot);
    tokio::time::sleep(Duration::from_millis(700)).await;
    // Started again, with something to say: the first message of all is that.
    let bot = Bot::start(Some(address), 2);
    bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
    let told = telegram.wait_for(1).await;
    assert!(
        told[0].text().contains("A job was given up."),
        "{}",
        told[0].text()
    );
    agent.stop().await;
}

#[tokio::test]
async fn a_bot_that_hangs_at_its_start_after_a_planned_stop_is_told_within_half_a_minute() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
    bot.held().await;
    bot.think(|mind| mind.goodbye = true);
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(bot);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // The kernel takes connections for it, and nobody answers.
    let _hung = std::net::TcpListener::bind(address).unwrap();
    let begun = Instant::now();
    while telegram.taken().is_empty() && begun.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = telegram.taken();
    assert!(
        told.first()
            .is_some_and(|told| told.text().contains("does not answer")),
        "{:?}",
        told.first().map(|told| told.text().to_owned())
    );
    agent.stop().await;
}

#[tokio::test]
async fn an_agent_restarted_in_the_middle_repeats_nothing_and_forgets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let settings = || config(dir.path(), address, telegram.address, &[OWNER]);
    let agent = Agent::start(settings());
    bot.held().await;
    drop(bot);
    telegram.wait_for(1).await;
    settled(dir.path()).await;
    agent.kill().await;

    let agent = Agent::start(settings());
    tokio::time::sleep(Duration::from_millis(800)).await;
    agent.stop().await;
    assert_eq!(telegram.taken().len(), 1, "the same trouble is not told twice");

    let _bot = Bot::start(Some(address), 2);
    let agent = Agent::start(settings());
    telegram.wait_for_edit("runs again").await;
    agent.stop().await;
}

#[tokio::test]
async fn a_bot_that_died_while_no_agent_ran_is_told_once_by_its_own_word() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let mut bot = Bot::start(None, 1);
    let address = bot.address;
    let settings = || config(dir.path(), address, telegram.address, &[OWNER]);
    let mut agent = Agent::start(settings());
    bot.held().await;
    // One that was ended on purpose, one that died, and then the agent alone.
    for (boot, follows_crash, count) in [(2, false, 0), (3, true, 1), (3, true, 1)] {
        agent.kill().await;
        drop(bot);
        bot = Bot::start(Some(address), boot);
        bot.think(|mind| mind.follows_crash = follows_crash);
        agent = Agent::start(settings());
        bot.held().await;
        telegram.wait_for(count).await;
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert_eq!(telegram.taken().len(), count, "boot {boot}");
    }
    assert!(telegram.taken()[0].text().contains("had died"));
    // Whoever holds the bot tells its end by itself.
    drop(bot);
    telegram.wait_for(2).await;
    let bot = Bot::start(Some(address), 4);
    bot.think(|mind| mind.follows_crash = true);
    telegram.wait_for_edit("runs again").await;
    assert_eq!(telegram.taken().len(), 2);
    agent.stop().await;
}

#[tokio::test]
async fn a_bot_that_hung_before_the_agent_was_killed_and_is_gone_after_it_is_told_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    drop(bot);
    let store = Arc::new(Store::open(&dir.path().join("state")).unwrap());
    let began = UnixMillis(jiff::Timestamp::now().as_millisecond() - 120_000);
    let hung = Observation::wrong(Rule::BotHung);
    let key = AlertKey::new("bot", "bot");
    for seconds in [0, 30] {
        let at = began.plus(Duration::from_secs(seconds));
        alerts(&store, Language::En, &[])
            .observe(&key, hung.clone(), at)
            .unwrap();
    }
    drop(store);
    // That nobody is there has to last; the agent after the next knows it too.
    for seconds in [11, 1] {
        let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        agent.kill().await;
    }
    let book = Store::open(&dir.path().join("state")).unwrap().book().unwrap();
    let row = &book.alerts["bot/bot"];
    assert_eq!(row.rule, Rule::BotNotRunning.name());
    let cause = message::cause(&voice(Language::En), &Fault::of(row).unwrap()).unwrap();
    assert!(cause.contains("the bot's process was there"), "{cause}");
}

#[tokio::test]
async fn every_incident_is_told_once_also_after_restarts_and_a_restored_shop() {
    // Several of one kind would be told together.
    let of = |kind: &str, incident| Incident {
        kind: kind.to_owned(),
        ..incident
    };
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let settings = || config(dir.path(), address, telegram.address, &[OWNER]);
    bot.think(|mind| {
        mind.incidents
            .extend([incident(1, "first"), of("send_refused", incident(2, "second"))])
    });
    let agent = Agent::start(settings());
    telegram.wait_for(2).await;
    settled(dir.path()).await;
    agent.kill().await;
    let agent = Agent::start(settings());
    let third = of("payment_mismatch", incident(3, "third"));
    bot.think(|mind| mind.incidents.push(third));
    telegram.wait_for(3).await;
    settled(dir.path()).await;
    agent.kill().await;

    // The shop went back to its first incident; a new one takes the number of one that was told.
    let mut renewed = of("restored_sales_paused", incident(2, "after the restore"));
    renewed.at = incident(99, "").at;
    bot.think(|mind| mind.incidents = vec![incident(1, "first"), renewed]);
    let agent = Agent::start(settings());
    let told = telegram.wait_for(4).await;
    agent.stop().await;
    let texts: Vec<&str> = told
        .iter()
        .map(|taken| taken.text().lines().nth(3).unwrap())
        .collect();
    let own_words = |text: &'static str| format!("The bot's own words: {text}");
    assert_eq!(
        texts,
        ["first", "second", "third", "after the restore"].map(own_words)
    );
}

/// Another program on the bot's address, which says this to everybody.
fn squat(address: SocketAddr, says: &'static str) -> JoinHandle<()> {
    tokio::spawn(async move {
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 2048];
                // Whoever goes away meanwhile is no fault.
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(says.as_bytes()).await;
            });
        }
    })
}

/// The newest message or change that says so: a trouble that may be over at the next look is told after ten seconds.
async fn told(telegram: &Telegram, part: &str) -> String {
    let wait = async {
        loop {
            let edits = telegram.edits();
            let edits = edits.iter().map(|edit| edit["text"].as_str().unwrap().to_owned());
            let texts = telegram
                .taken()
                .iter()
                .map(|taken| taken.text().to_owned())
                .chain(edits)
                .collect::<Vec<_>>();
            if let Some(text) = texts.into_iter().rev().find(|text| text.contains(part)) {
                break text;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .expect(part)
}

async fn taken_by(says: &'static str, told_as: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let agent = Agent::start(config(dir.path(), address, telegram.address, &[OWNER]));
    bot.held().await;
    drop(bot);
    let other = squat(address, says);
    told(&telegram, "🔴 The shop's bot died").await;
    let text = told(&telegram, "🔴 Something else answers in the bot's place").await;
    let listener = format!("pid {}", std::process::id());
    assert!(text.contains(told_as) && text.contains(&listener), "{text}");
    assert_eq!(telegram.taken().len(), 1, "one trouble rings once");
    agent.stop().await;

    // An agent that starts meanwhile says the same, and as gravely.
    let (fresh, other_telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let agent = Agent::start(config(fresh.path(), address, other_telegram.address, &[OWNER]));
    told(&other_telegram, "🔴 Something else answers").await;
    other.abort();
    assert!(other.await.unwrap_err().is_cancelled());
    let _bot = Bot::start(Some(address), 2);
    told(&other_telegram, "✅ The shop's bot runs again").await;
    agent.stop().await;
}

#[tokio::test]
async fn another_program_in_the_bots_place_is_as_grave_as_no_bot_and_is_named() {
    tokio::join!(
        taken_by(
            "HTTP/1.1 404 Not Found\r\nserver: other\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "/health: 404 Not Found (other)",
        ),
        taken_by(
            "HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{\"healthy\":true}",
            "/health: 200 OK",
        ),
        taken_by("SSH-2.0-other\r\n", "no HTTP"),
        taken_by("", "no HTTP"),
    );
}

#[tokio::test]
async fn a_second_agent_on_the_same_state_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let settings = || config(dir.path(), bot.address, telegram.address, &[OWNER]);
    let agent = Agent::start(settings());
    bot.held().await;
    let second = agent::app::run_until(settings(), crate::world::HASTE, std::future::pending()).await;
    assert!(
        second
            .unwrap_err()
            .to_string()
            .contains("another agent is running")
    );
    agent.stop().await;
}

//! What Telegram does not take goes the next way, is ended there too, and every way is tried without ringing.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use agent::{
    alert::heartbeat::{Heartbeat, RunId, Signal},
    app,
    config::{Config, Environment, Purpose},
};
use axum::http::StatusCode;
use protocol::{secret::Secret, settings::Faults};
use serde_json::{Value, json};

use crate::{
    pretend_bot::{Bot, incident},
    pretend_channels::{HOOK_KEY, Service, TOPIC},
    pretend_telegram::Telegram,
    world::{Agent, LIMIT, OWNER, TOKEN, settled, text, until},
};

/// The usual configuration with these sections behind it.
pub(crate) fn with_channels(dir: &std::path::Path, bot: &Bot, telegram: &Telegram, sections: &str) -> Config {
    let path = dir.join("agent.toml");
    std::fs::write(&path, text(bot.address, telegram.address, &[OWNER]) + sections).unwrap();
    let secrets = [
        ("OWNER_BOT_TOKEN", TOKEN),
        ("CHANNEL_PUSH_TOPIC", TOPIC),
        ("CHANNEL_HOOK_SECRET", HOOK_KEY),
    ];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value)));
    let environment = Environment::new(None, secrets, &path);
    let mut faults = Faults::default();
    let config = Config::read(&path, Purpose::Keep, &environment, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    config
}

pub(crate) fn push_and_hook(ntfy: &Service, hook: &Service) -> String {
    format!(
        "[channels.push]\ntype = \"ntfy\"\nurl = \"http://{}\"\n[channels.hook]\ntype = \"webhook\"\nurl = \"http://{}/hook\"\n",
        ntfy.address, hook.address
    )
}

fn title(message: &Value) -> &str {
    message["title"].as_str().unwrap()
}

#[tokio::test]
async fn what_telegram_does_not_take_goes_the_second_way_and_ends_there_too() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy, hook) = (
        Telegram::start().await,
        Service::ntfy().await,
        Service::webhook().await,
    );
    let bot = Bot::start(None, 1);
    let address = bot.address;
    telegram.set_down(true);
    let agent = Agent::start(with_channels(
        dir.path(),
        &bot,
        &telegram,
        &push_and_hook(&ntfy, &hook),
    ));
    bot.held().await;
    drop(bot);
    let pushed = ntfy.wait_for(1).await;
    assert_eq!(title(&pushed[0]), "🔴 The shop's bot died");
    assert_eq!(pushed[0]["priority"], 5);

    let _bot = Bot::start(Some(address), 2);
    let pushed = ntfy.wait_for(2).await;
    assert_eq!(title(&pushed[1]), "✅ The shop's bot runs again");
    assert_eq!(pushed[1]["priority"], 3, "good news is no siren");
    telegram.set_down(false);
    telegram.wait_for_edit("runs again").await;
    let told = telegram.taken();
    assert!(
        told[0].text().contains("died") && told[0].text().contains("(this way was down; it went by push at "),
        "{told:?}"
    );
    settled(dir.path()).await;
    agent.stop().await;
    assert_eq!(ntfy.taken().len(), 2, "what has no message to mark says nothing");
    assert!(hook.taken().is_empty(), "a way that is not needed is not taken");
}

#[tokio::test]
async fn a_refusal_takes_the_next_way_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy, hook) = (
        Telegram::start().await,
        Service::ntfy().await,
        Service::webhook().await,
    );
    let bot = Bot::start(None, 1);
    telegram.refuse(true);
    let sections = push_and_hook(&ntfy, &hook).replace(&ntfy.address.to_string(), "127.0.0.1:9");
    let agent = Agent::start(with_channels(dir.path(), &bot, &telegram, &sections));
    bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
    // So does what the agent has to say of the way itself.
    let of_job = || {
        let says = |message: &Value| message["text"].as_str().unwrap().contains("A job was given up.");
        hook.taken().into_iter().find(says)
    };
    until(LIMIT, || of_job().is_some()).await;
    let hooked = of_job().unwrap();
    assert_eq!(
        (&hooked["severity"], &hooked["test"]),
        (&json!("warning"), &json!(false))
    );
    agent.stop().await;
}

#[tokio::test]
async fn every_way_is_tried_without_ringing() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy, hook) = (
        Telegram::start().await,
        Service::ntfy().await,
        Service::webhook().await,
    );
    let bot = Bot::start(None, 1);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = with_channels(dir.path(), &bot, &telegram, &push_and_hook(&ntfy, &hook));
    let voice = agent::alert::message::Voice::of(&config);
    let ways = app::ways(&config, &agent::alert::channels::http_client().unwrap()).unwrap();
    for way in &ways {
        let test = agent::alert::rehearsal::test(way, &voice, protocol::time::UnixMillis(1)).await;
        assert!(test.ok, "{test:?}");
    }
    let told = telegram.taken();
    assert_eq!(told[0].body["disable_notification"], true);
    assert_eq!(telegram.deleted(), [told[0].message_id]);
    assert_eq!(
        (&ntfy.taken()[0]["priority"], &ntfy.taken()[0]["cache"]),
        (&json!(1), &json!("no"))
    );
    assert_eq!(hook.taken()[0]["test"], true);
}

/// Told on the second way because Telegram is down: what stands there says something else than ntfy.
#[tokio::test]
async fn what_takes_a_message_in_ntfys_place_gets_it_once_and_the_test_says_so_and_a_page_is_no_ntfy() {
    for (status, answer, is_taken) in [
        (StatusCode::OK, r#"{"ok":true}"#, true),
        (StatusCode::ACCEPTED, "", true),
        (StatusCode::OK, r#"{"error":"no"}"#, false),
        (StatusCode::OK, "<html>Welcome to this network</html>", false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (telegram, relay) = (
            Telegram::start().await,
            Service::in_ntfys_place(status, answer).await,
        );
        let bot = Bot::start(None, 1);
        let sections = format!(
            "[channels.push]\ntype = \"ntfy\"\nurl = \"http://{}\"\n",
            relay.address
        );
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = with_channels(dir.path(), &bot, &telegram, &sections);
        let voice = agent::alert::message::Voice::of(&config);
        let ways = app::ways(&config, &agent::alert::channels::http_client().unwrap()).unwrap();
        let way = ways.iter().find(|way| way.rung.name == "push").unwrap();
        let test = agent::alert::rehearsal::test(way, &voice, protocol::time::UnixMillis(1)).await;
        assert_eq!(test.ok, is_taken, "{answer}: {test:?}");
        assert!(!test.said.is_empty(), "{answer}");
        telegram.set_down(true);
        bot.think(|mind| mind.incidents = vec![incident(1, "first")]);
        let agent = Agent::start(config);
        // The test before it came there too.
        relay.wait_for(if is_taken { 2 } else { 3 }).await;
        if is_taken {
            // What comes after it proves that the first was not sent again.
            bot.think(|mind| mind.incidents.push(incident(2, "second")));
            let told = relay.wait_for(3).await;
            assert!(told[1]["message"].as_str().unwrap().contains("first"), "{told:?}");
            assert!(
                told[2]["message"].as_str().unwrap().contains("second"),
                "{told:?}"
            );
        }
        agent.stop().await;
    }
}

/// A real SMTP server, aiosmtpd, that prints the mails that it took.
struct Mail {
    server: Child,
    port: u16,
}

impl Mail {
    /// `None` where there is none: `scripts/setup --tests` installs it.
    fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let is_there = |python: &&str| {
            let status = Command::new(python)
                .args(["-c", "import aiosmtpd"])
                .stderr(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        let python = ["python3", "/usr/bin/python3"].into_iter().find(is_there)?;
        let server = Command::new(python)
            .args([
                "-u",
                "-m",
                "aiosmtpd",
                "-n",
                "-c",
                "aiosmtpd.handlers.Debugging",
                "stdout",
                "-l",
            ])
            .arg(format!("127.0.0.1:{port}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the mail server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { server, port })
    }

    /// The lines of the next mail that says this.
    fn next_that_says(&mut self, part: &str) -> String {
        let mut mail = String::new();
        for line in BufReader::new(self.server.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if !line.contains("END MESSAGE") {
                mail += &(line + "\n");
            } else if mail.contains(part) {
                break;
            } else {
                mail.clear();
            }
        }
        mail
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test]
async fn a_real_mail_server_takes_what_telegram_refuses() {
    let Some(mut mail) = Mail::start() else {
        panic!("aiosmtpd is missing: scripts/setup --tests installs it (python3-aiosmtpd)")
    };
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    telegram.refuse(true);
    let section = format!(
        "[channels.mail]\ntype = \"email\"\nhost = \"127.0.0.1\"\nport = {}\nfrom = \"warung@example.org\"\nto = \"owner@example.org\"\n",
        mail.port
    );
    let config = with_channels(dir.path(), &bot, &telegram, &section);
    let client = agent::alert::channels::http_client();
    let agent = Agent::start(config);
    bot.held().await;
    drop(bot);
    let text = tokio::task::spawn_blocking(move || mail.next_that_says("systemctl status"))
        .await
        .unwrap();
    agent.stop().await;
    assert!(client.is_ok());
    assert!(
        text.contains("To: owner@example.org")
            && text.contains("Subject: ")
            && text.contains("Message-ID: <warung."),
        "{text}"
    );
    assert!(text.contains("systemctl status"), "{text}");
}

#[tokio::test]
async fn the_outside_heartbeat_hears_start_success_and_failure_with_the_run() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = Service::heartbeat().await;
    let url = Secret::new(&format!("http://{}/0a1b", service.address));
    let heartbeat = Heartbeat::new(
        agent::alert::channels::http_client().unwrap(),
        &url,
        agent::config::Language::Id,
    );
    let run = RunId::random();
    for signal in [Signal::Start, Signal::Fail("the bot does not run".to_owned())] {
        assert_eq!(heartbeat.ping(&signal, Some(&run)).await, Ok(()));
    }
    assert_eq!(
        heartbeat.ping(&Signal::Success, None).await,
        Ok(()),
        "it was taken"
    );
    let pings = service.taken();
    let paths: Vec<&str> = pings.iter().map(|ping| ping["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/0a1b/start", "/0a1b/fail", "/0a1b"]);
    assert_eq!(pings[1]["body"], "bot tidak berjalan");
    assert_eq!(pings[0]["query"], pings[1]["query"]);
    let rid = pings[0]["query"].as_str().unwrap();
    assert!(rid.starts_with("rid=") && rid.len() == 40, "{rid}");
    assert!(pings[2]["query"].is_null());
}

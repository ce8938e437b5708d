//! What is queued arrives: through outages, restarts and refusals, in order, and marked when it may be known.

use std::{path::Path, sync::Arc, time::Duration};

use agent::{
    alert::{
        Alerts,
        channels::telegram::Telegram as Channel,
        message::Voice,
        outbox::Sender,
        rule::{AlertKey, Observation, Rule},
    },
    beat::Beats,
    config::Language,
    store::Store,
};
use jiff::tz::TimeZone;
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    pretend_telegram::{Fault, Telegram},
    world::{HASTE, LIMIT, OWNER, TOKEN},
};

/// A store, its alerts, and senders that can be started and killed.
struct Desk {
    store: Arc<Store>,
    alerts: Alerts,
    voice: Voice,
    api_url: String,
    _stop: watch::Sender<bool>,
}

impl Desk {
    fn open(dir: &Path, telegram: &Telegram, chats: &[i64]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Arc::new(Store::open(dir).unwrap());
        let voice = Voice {
            language: Language::En,
            timezone: TimeZone::UTC,
            unit: "bot.service".to_owned(),
        };
        let alerts = Alerts::new(Arc::clone(&store), voice.clone(), chats);
        let api_url = format!("http://{}", telegram.address);
        Self {
            store,
            alerts,
            voice,
            api_url,
            _stop: watch::Sender::new(false),
        }
    }

    fn send_to(&self, chat_id: i64) -> JoinHandle<()> {
        let now = std::time::Instant::now();
        let client = reqwest::Client::new();
        let sender = Sender {
            store: Arc::clone(&self.store),
            channel: Arc::new(Channel::new(client, &self.api_url, Secret::new(TOKEN))),
            voice: self.voice.clone(),
            pace: HASTE,
            chat_id,
            beat: Beats::new(now).add("outbox", Duration::from_secs(1), now),
        };
        tokio::spawn(sender.run(self.alerts.subscribe(), self._stop.subscribe()))
    }

    fn see(&self, object: &str, seen: Observation) {
        self.alerts
            .observe(&AlertKey::new("backup_remote", object), seen, UnixMillis(1_000))
            .unwrap();
    }

    fn fail(&self, object: &str) {
        self.see(object, Observation::wrong(Rule::BackupFailed));
    }

    async fn wait_until_sent(&self) {
        let wait = async {
            while self.store.backlog().unwrap().waiting > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .expect("everything is sent");
    }
}

#[tokio::test]
async fn a_telegram_that_is_down_for_a_while_delays_messages_and_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let down = || Fault::Answer(401, json!({ "ok": false, "description": "Unauthorized" }));
    let flood = Fault::Answer(429, json!({ "ok": false, "parameters": { "retry_after": 1 } }));
    telegram.fail_next([down(), down(), flood]);
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    telegram.wait_until_faults_are_used().await;
    desk.see("a", Observation::Fine);
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(
        told[0].text().starts_with("🟡 Backup failed (a)"),
        "{}",
        told[0].text()
    );
    assert!(told[1].text().starts_with("✅"), "{}", told[1].text());
    assert_eq!(
        (telegram.taken().len(), telegram.requests()),
        (2, 5),
        "each exactly once"
    );
}

#[tokio::test]
async fn what_may_have_arrived_is_repeated_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::BreakAfter]);
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(!told[0].text().contains("(repeated)"));
    assert_eq!(told[1].text(), format!("(repeated) {}", told[0].text()));
}

#[tokio::test]
async fn a_sender_killed_with_its_request_open_repeats_it_marked() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::Hang]);
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    telegram.wait_for(1).await;
    sender.abort();
    let _ = sender.await;
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(told[1].text().starts_with("(repeated) 🟡"), "{}", told[1].text());
}

#[tokio::test]
async fn a_backlog_becomes_one_message_with_the_true_times() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    for object in ["a", "b", "c", "d", "e", "f"] {
        desk.fail(object);
    }
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 1);
    assert!(
        told[0].text().starts_with("6 messages at once"),
        "{}",
        told[0].text()
    );
    assert_eq!(
        told[0]
            .text()
            .matches("1970-01-01 00:00:01 UTC  🟡 Backup failed")
            .count(),
        6
    );
}

#[tokio::test]
async fn a_chat_that_refuses_does_not_hold_another_up() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, 2002]);
    desk.fail("a");
    let blocked = Fault::Answer(
        403,
        json!({ "ok": false, "description": "Forbidden: bot was blocked by the user" }),
    );
    telegram.fail_next(std::iter::repeat_n(blocked, 3));
    let refused = desk.send_to(OWNER);
    telegram.wait_until_faults_are_used().await;
    refused.abort();
    let sender = desk.send_to(2002);
    let told = telegram.wait_for(1).await;
    sender.abort();
    assert_eq!(told[0].body["chat_id"], 2002);
    assert_eq!(
        desk.store.waiting(OWNER, 10).unwrap().len(),
        1,
        "the other one still waits"
    );
}

#[tokio::test]
async fn nothing_is_sent_to_a_chat_that_is_not_the_owners_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, 2002]);
    desk.fail("a");
    assert_eq!(desk.store.forget_other_chats(&[OWNER]).unwrap(), 1);
    assert!(desk.store.waiting(2002, 10).unwrap().is_empty());
    assert_eq!(desk.store.waiting(OWNER, 10).unwrap().len(), 1);
}

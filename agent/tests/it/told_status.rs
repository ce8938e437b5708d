//! `agent status` says of each alert what the owner really knows of it, and what is silenced.

use std::{path::Path, process::Command, time::Duration};

use agent::{
    alert::rule::{AlertKey, Observation, Rule},
    store::outbox::Failure,
};
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::{
    alert_outbox::{Desk, address, now},
    pretend_telegram::Telegram,
    world::{OWNER, config},
};

const FORBIDDEN: &str = "403 Forbidden: bot can't initiate conversation with a user";

fn status(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_agent"))
        .arg("status")
        .args(arguments)
        .arg("--config")
        .arg(dir.join("agent.toml"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn see(desk: &Desk, key: (&str, &str), seen: Observation, seconds_ago: i64) {
    let at = UnixMillis(now().0 - seconds_ago * 1000);
    let key = AlertKey::new(key.0, key.1);
    desk.alerts.observe(&key, seen, at).unwrap();
}

#[tokio::test]
async fn status_says_what_was_told_what_is_queued_what_is_held_and_what_is_silenced() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let nobody = "127.0.0.1:9".parse().unwrap();
    config(dir.path(), nobody, telegram.address, &[OWNER]);
    let state = dir.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let desk = Desk::open(&state, &telegram, &[OWNER]);
    let bot = ("bot", "bot");
    see(&desk, bot, Observation::wrong(Rule::BotGone), 300);
    see(&desk, bot, Observation::Fine, 280);
    see(&desk, bot, Observation::wrong(Rule::BotGone), 200);
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    sender.abort();
    let _ = sender.await;
    desk.alerts
        .silence("backup_remote/b", Duration::from_secs(3600), now())
        .unwrap();
    see(
        &desk,
        ("backup_remote", "b"),
        Observation::wrong(Rule::BackupFailed),
        90,
    );
    see(
        &desk,
        ("backup_remote", "a"),
        Observation::wrong(Rule::BackupFailed),
        80,
    );
    let rows = desk.store.waiting(&address(OWNER), 10, now()).unwrap();
    let failure = Failure {
        in_doubt: false,
        refused: true,
        why: FORBIDDEN,
    };
    desk.store
        .delivery_failed(&address(OWNER), &rows, failure)
        .unwrap();
    desk.alerts.maintenance(Duration::from_secs(600), now()).unwrap();

    let seen: Value = serde_json::from_str(&status(dir.path(), &["--json"])).unwrap();
    let alerts = seen["alerts"].as_array().unwrap();
    let of = |key: &str| alerts.iter().find(|alert| alert["key"] == key).unwrap();
    let bot = of("bot/bot");
    assert_eq!(bot["told"], true, "{bot:#}");
    assert_eq!(bot["telling"], "the owner was told; comes and goes");
    assert_eq!(of("backup_remote/b")["telling"], "not told: silenced");
    let queued = of("backup_remote/a");
    assert_eq!(
        (&queued["told"], queued["queued_since"].is_i64()),
        (&Value::Bool(false), true)
    );
    let telling = queued["telling"].as_str().unwrap();
    assert!(telling.starts_with("queued since "), "{telling}");
    let why =
        format!("not delivered yet (telegram: {FORBIDDEN}); press Start in the chat with the agent's bot");
    assert!(telling.ends_with(&why), "{telling}");
    let scopes: Vec<&str> = seen["silences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|silence| silence["scope"].as_str().unwrap())
        .collect();
    assert_eq!(scopes, ["backup_remote/b", "*"]);

    let said = status(dir.path(), &[]);
    for part in [
        "; the owner was told; comes and goes\n",
        "; not told: silenced\n",
        "Silenced: Backup failed (b) until ",
        "Silenced: everything (maintenance) until ",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[tokio::test]
async fn status_says_what_waits_for_one_of_two_owners_and_has_reached_the_other() {
    let (dir, other) = (tempfile::tempdir().unwrap(), OWNER + 1);
    let telegram = Telegram::start().await;
    let nobody = "127.0.0.1:9".parse().unwrap();
    config(dir.path(), nobody, telegram.address, &[OWNER, other]);
    let state = dir.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let desk = Desk::open(&state, &telegram, &[OWNER, other]);
    see(
        &desk,
        ("backup_remote", "a"),
        Observation::wrong(Rule::BackupFailed),
        80,
    );
    let said = status(dir.path(), &[]);
    assert!(
        said.contains("Messages: 1 has not arrived anywhere yet, by any way to the owner; the oldest is of "),
        "{said}"
    );
    let deliver = |chat_id| {
        let rows = desk.store.waiting(&address(chat_id), 10, now()).unwrap();
        desk.store.delivery_sent(&rows, Some(7), now()).unwrap();
    };
    deliver(OWNER);
    let said = status(dir.path(), &[]);
    let waits = "Messages: each has arrived somewhere; arrived elsewhere, and waiting still: 1 by telegram (chat 2 of the 2 in [owner] chat_ids)\n";
    assert!(said.contains(waits), "{said}");
    let seen: Value = serde_json::from_str(&status(dir.path(), &["--json"])).unwrap();
    assert_eq!(seen["messages"]["waiting"], 0);
    assert_eq!(seen["messages"]["behind"][0]["waiting"], 1);
    deliver(other);
    let said = status(dir.path(), &[]);
    assert!(
        said.contains("Messages: none waits to reach the owner\n"),
        "{said}"
    );
}

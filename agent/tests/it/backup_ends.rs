//! Backups that end before their time: stopped, killed, refused for another one. What they staged is gone.

use std::{
    fs::{self, File},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use agent::{
    alert::{
        Alerts,
        calendar::Calendar,
        ladder::{TELEGRAM, ladder},
        message::Voice,
        rule::{AlertKey, Observation, Rule},
    },
    store::{
        Store,
        outbox::{Address, Rung},
    },
};
use protocol::time::UnixMillis;

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    shop::{NO_TELEGRAM, Shop, signal, stderr, telegram_line},
    world::{Agent, LIMIT, OWNER, config},
};

/// What systemd would wait for much longer, and a person would not.
const END_LIMIT: Duration = Duration::from_secs(5);

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "waited for {what} in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Stops it while the database is staged, and gives its exit code.
fn stop_in_the_middle(shop: &Shop, mut child: Child) -> Option<i32> {
    // The hashes of pages are written as they are read.
    wait_until("the first pages", || {
        let table = fs::metadata(shop.path("state/staging/base.pages"));
        table.is_ok_and(|table| table.len() > 0)
    });
    let asked = Instant::now();
    signal(child.id(), "TERM");
    let code = child.wait().unwrap().code();
    assert!(asked.elapsed() < END_LIMIT, "it took {:?}", asked.elapsed());
    assert!(
        !shop.path("state/staging").exists(),
        "the shop in plain text stayed behind"
    );
    code
}

#[test]
fn a_backup_by_hand_that_is_stopped_leaves_nothing_in_plain_text() {
    let shop = Shop::new();
    shop.fill(64 * 1024);
    let child = shop.command(&["backup"]).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(stop_in_the_middle(&shop, child), Some(1));
    assert!(shop.listed().is_empty());
}

#[test]
fn an_agent_that_is_stopped_during_a_large_backup_ends_in_time() {
    let shop = Shop::new();
    shop.fill(64 * 1024);
    let text = fs::read_to_string(shop.path("agent.toml"))
        .unwrap()
        .replace(
            "[backup]",
            "[http]\nprivate = \"127.0.0.1:0\"\n[backup]\nsnapshot = \"* * * * * *\"",
        )
        // Nothing listens there: a message that cannot be sent must not hold the end up either.
        .replace(&telegram_line(), NO_TELEGRAM);
    fs::write(shop.path("agent.toml"), text).unwrap();
    let child = shop.command(&["run"]).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(stop_in_the_middle(&shop, child), Some(0));
}

#[test]
fn a_second_backup_at_the_same_time_is_refused_as_what_it_is() {
    let shop = Shop::new();
    shop.back_up();
    let other = File::create(shop.path("state/backup.lock")).unwrap();
    other.lock().unwrap();
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("another backup is being taken"), "{said}");
    drop(other);
    shop.agent_done(&["backup"]);
}

#[test]
fn a_backup_by_hand_ends_the_alert_that_asked_for_it() {
    let shop = Shop::new();
    let store = std::sync::Arc::new(Store::open(&shop.path("state")).unwrap());
    let voice = Voice {
        language: agent::config::Language::En,
        timezone: jiff::tz::TimeZone::UTC,
        unit: "bot.service".to_owned(),
        database: "/srv/shop.db".to_owned(),
    };
    let calendar = Calendar {
        timezone: jiff::tz::TimeZone::UTC,
        quiet_hours: None,
        digest_at: jiff::civil::time(8, 0, 0, 0),
    };
    let ladder = [Rung {
        name: TELEGRAM.to_owned(),
        chats: vec![1],
    }];
    let alerts = Alerts::new(std::sync::Arc::clone(&store), voice, calendar, &ladder);
    let wrong = |rule| Observation::Wrong {
        rule,
        detail: "disk full".to_owned(),
    };
    let at = UnixMillis(1_000);
    alerts
        .observe(&AlertKey::new("backup", "any"), wrong(Rule::BackupNotTaken), at)
        .unwrap();
    alerts
        .observe(
            &AlertKey::new("backup_remote", "local"),
            wrong(Rule::BackupFailed),
            at,
        )
        .unwrap();
    shop.agent_done(&["backup"]);
    assert_eq!(store.alerts().unwrap(), []);
    let address = Address {
        rung: TELEGRAM.to_owned(),
        chat_id: 1,
    };
    let texts: Vec<String> = store
        .waiting(&address, 10, UnixMillis(i64::MAX))
        .unwrap()
        .into_iter()
        .map(|row| row.message.text)
        .collect();
    assert_eq!(
        texts.len(),
        2,
        "two faults of one topic are one episode: {texts:?}"
    );
    assert!(
        texts[1].contains("Cadangan berhasil lagi") && texts[1].contains("2 masalah"),
        "{texts:?}"
    );
}

#[tokio::test]
async fn an_alert_about_a_remote_that_is_not_configured_any_more_ends_with_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
    let store = std::sync::Arc::new(Store::open(&settings.state_dir).unwrap());
    let alerts = Alerts::new(
        std::sync::Arc::clone(&store),
        Voice::of(&settings),
        Calendar::of(&settings),
        &ladder(&settings),
    );
    // Too far apart to be one episode.
    for (remote, at) in [("old", UnixMillis(1_000)), ("local", UnixMillis(1_000_000))] {
        let seen = Observation::Wrong {
            rule: Rule::BackupFailed,
            detail: "down".to_owned(),
        };
        alerts
            .observe(&AlertKey::new("backup_remote", remote), seen, at)
            .unwrap();
    }
    let agent = Agent::start(settings);
    telegram
        .wait_for_text("No longer watched: Backup failed (old)")
        .await;
    agent.stop().await;
    // What the machine itself is like while the tests run is not the question.
    let mut keys: Vec<String> = store.alerts().unwrap().into_iter().map(|row| row.key).collect();
    keys.retain(|key| key.starts_with("backup_remote/"));
    assert_eq!(keys, ["backup_remote/local"]);
}

#[test]
fn a_command_by_root_leaves_everything_to_the_agents_own_user() {
    use std::os::unix::fs::{MetadataExt, chown};
    let shop = Shop::new();
    for dir in ["state", "local", "offsite"] {
        fs::create_dir(shop.path(dir)).unwrap();
        if chown(shop.path(dir), Some(4242), Some(4242)).is_err() {
            eprintln!("not run as root: nothing to see here");
            return;
        }
    }
    shop.agent_done(&["check"]);
    shop.back_up();
    for dir in ["state", "local", "offsite"] {
        let listed = std::process::Command::new("find")
            .arg(shop.path(dir))
            .args(["!", "-uid", "4242"])
            .output()
            .unwrap();
        assert!(
            listed.stdout.is_empty(),
            "{}{}",
            String::from_utf8_lossy(&listed.stdout),
            stderr(&listed)
        );
        assert_eq!(fs::metadata(shop.path(dir)).unwrap().uid(), 4242);
    }
}

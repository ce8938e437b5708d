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
use protocol::{
    incident::{Incident, Severity},
    secret::Secret,
    time::UnixMillis,
};
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

/// Nor does it go on within the test with a way that is down.
const PATIENT: Pace = Pace {
    retry_first: Duration::from_secs(3600),
    retry_most: Duration::from_secs(3600),
    ..LOSSY
};

const PUSH: &str = "push";
const LATER: UnixMillis = UnixMillis(i64::MAX);

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

/// Each answer is lost and all else is answered: that is no outage, which what comes next would have to wait through.
#[tokio::test]
async fn what_is_new_does_not_wait_for_a_way_that_loses_answers_and_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::BreakAfter, Fault::BreakAfter, Fault::BreakAfter]);
    let sender = desk.send_at(OWNER, PATIENT);
    for id in 1..=3 {
        desk.alerts
            .report(&[incident(id, "A job was given up.")], None, now())
            .unwrap();
        telegram.wait_for(id as usize).await;
    }
    sender.abort();
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

/// What is found out when another answer is lost says nothing of a message that was taken before.
#[tokio::test]
async fn what_was_taken_and_not_answered_keeps_its_own_time_when_the_way_is_down_for_what_comes_next() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::BreakAfter]);
    desk.fail("a");
    let sender = desk.send_at(OWNER, LOSSY);
    telegram.wait_until_faults_are_used().await;
    until(PATIENCE, || telegram.asked_for_chats() > 0).await;
    for id in 1..=2 {
        telegram.set_down(true);
        let (asked, tried) = (telegram.asked_for_chats(), telegram.requests());
        desk.alerts
            .report(&[incident(id, "A job was given up.")], None, now())
            .unwrap();
        until(PATIENCE, || {
            telegram.requests() > tried && telegram.asked_for_chats() > asked + 1
        })
        .await;
        telegram.set_down(false);
        let waits = || desk.store.waiting(&address(OWNER), 10, LATER).unwrap().len();
        until(PATIENCE, || waits() == 1).await;
    }
    sender.abort();
    let told = telegram.taken();
    let copies = told
        .iter()
        .filter(|taken| taken.text().contains("Backup failed (a)"));
    assert_eq!(copies.count(), 1, "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
}

/// Somebody is told of a dead bot for the second time before the first message was answered.
async fn a_reminder_waits_behind_what_may_have_arrived(others: bool) -> (Vec<Taken>, Vec<Value>) {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let at = |seconds: i64| UnixMillis(now().0 - 1_000_000 + seconds * 1000);
    let key = AlertKey::new("bot", "bot");
    let see = |seen, seconds| desk.alerts.observe(&key, seen, at(seconds)).unwrap();
    see(Observation::wrong(Rule::BotGone), 0);
    let rows = desk.store.waiting(&address(OWNER), 10, LATER).unwrap();
    desk.store.delivery_opened(&rows).unwrap();
    desk.alerts.tick(at(301)).unwrap();
    if others {
        desk.fail("b");
    }
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    see(Observation::Fine, 900);
    desk.wait_until_sent().await;
    sender.abort();
    (telegram.taken(), telegram.edits())
}

#[tokio::test]
async fn the_message_that_a_reminder_goes_on_from_says_so_and_the_end_stands_in_the_reminder() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let at = |seconds: i64| UnixMillis(now().0 - 400_000 + seconds * 1000);
    see(&desk, ("bot", "bot"), Observation::wrong(Rule::BotGone), at(0));
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    desk.alerts.tick(at(301)).unwrap();
    desk.wait_until_sent().await;
    let older = telegram.wait_for_edit("⏬ Goes on in the next message").await;
    see(&desk, ("bot", "bot"), Observation::Fine, at(350));
    let over = telegram.wait_for_edit("✅").await;
    desk.wait_until_sent().await;
    sender.abort();
    let told = telegram.taken();
    assert_eq!(older["message_id"], told[0].message_id);
    assert!(older["reply_markup"].is_null(), "{older}");
    assert!(told[1].text().starts_with("🔴 Still wrong"), "{told:?}");
    assert_eq!(over["message_id"], told[1].message_id);
    assert_eq!(telegram.edits().len(), 2, "{:?}", telegram.edits());
}

#[tokio::test]
async fn a_summary_names_each_trouble_once_and_marks_what_may_have_arrived_in_part() {
    let (told, _) = a_reminder_waits_behind_what_may_have_arrived(true).await;
    let summary = told[0].text();
    assert!(summary.starts_with("2 messages at once"), "{summary}");
    assert_eq!(summary.matches("The shop's bot died").count(), 1, "{summary}");
    let marked = "(may be repeated) 🔴 Still wrong, for 5 min";
    assert!(summary.contains(marked), "{summary}");
    assert_eq!(summary.matches("(may be repeated)").count(), 1, "{summary}");
}

#[tokio::test]
async fn a_reminder_that_says_all_that_waits_is_a_message_of_its_own_and_is_ended_there() {
    let (told, edits) = a_reminder_waits_behind_what_may_have_arrived(false).await;
    let first = told[0].text();
    assert!(
        first.starts_with("(may be repeated) 🔴 Still wrong, for 5 min"),
        "{first}"
    );
    assert!(first.contains("What to do:"), "{first}");
    let edit = edits.last().unwrap();
    assert_eq!(edit["message_id"], told[0].message_id, "{edits:?}");
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

/// What waits, an hour old and more, goes out to a locked screen.
async fn shown(happened: impl FnOnce(&Desk, UnixMillis)) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy) = (Telegram::start().await, Service::ntfy().await);
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    happened(&desk, UnixMillis(now().0 - 3_600_000));
    let client = reqwest::Client::new();
    let url = format!("http://{}", ntfy.address);
    let channel = Ntfy::new(client, &url, &Secret::new(TOPIC), None);
    let sender = desk.send_by(OWNER, HASTE, Channel::Ntfy(channel));
    let mut pushed = ntfy.wait_for(1).await;
    sender.abort();
    pushed.remove(0)
}

fn see(desk: &Desk, key: (&str, &str), seen: Observation, at: UnixMillis) {
    let key = AlertKey::new(key.0, key.1);
    desk.alerts.observe(&key, seen, at).unwrap();
}

#[tokio::test]
async fn a_locked_screen_shows_what_is_wrong_and_not_that_there_are_several_messages() {
    let pushed = shown(|desk, hour_ago| {
        let report = |id, what| {
            let incident = incident(id, what);
            desk.alerts.report(&[incident], None, hour_ago).unwrap();
        };
        report(1, "A job was given up.");
        see(desk, ("bot", "bot"), Observation::wrong(Rule::BotGone), hour_ago);
        report(2, "Another one.");
    })
    .await;
    assert_eq!(pushed["title"], "🔴 The shop's bot died (+2)");
    let message = pushed["message"].as_str().unwrap();
    assert!(message.starts_with("3 messages at once"), "{message}");
    assert_eq!(pushed["priority"], 5);
}

#[tokio::test]
async fn a_locked_screen_shows_the_gravest_that_stands_else_how_the_gravest_ended() {
    let (bot, backup) = (("bot", "bot"), ("backup_remote", "a"));
    let begin = |desk: &Desk, at: UnixMillis| {
        see(desk, bot, Observation::wrong(Rule::BotGone), at);
        see(desk, backup, Observation::wrong(Rule::BackupFailed), at);
        see(desk, bot, Observation::Fine, at.plus(PATIENCE));
    };
    let pushed = shown(begin).await;
    assert_eq!(pushed["title"], "🟡 Backup failed (a) (+2)");
    let pushed = shown(|desk, at| {
        begin(desk, at);
        see(desk, backup, Observation::Fine, at.plus(PATIENCE * 2));
    })
    .await;
    assert_eq!(pushed["title"], "✅ The shop's bot runs again (+3)");
    // Nothing that was only reported is ever over.
    let pushed = shown(|desk, at| {
        see(desk, backup, Observation::wrong(Rule::BackupFailed), at);
        let report = |id, severity| {
            let incident = Incident {
                severity,
                ..incident(id, "Another one.")
            };
            desk.alerts.report(&[incident], None, at).unwrap();
        };
        report(1, Severity::Critical);
        report(2, Severity::Warning);
    })
    .await;
    let title = pushed["title"].as_str().unwrap();
    assert!(title.starts_with('🔴'), "{title}");
}

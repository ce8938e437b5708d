//! A way that refuses: what waits for it is tried as soon as the owner is heard there, and what comes meanwhile takes the
//! next way at once.

use std::{sync::Arc, time::Duration};

use agent::{
    alert::{
        channels::{Channel, telegram::Telegram as OwnersBot},
        ladder::{Patience, TELEGRAM},
        outbox::Pace,
        rehearsal::{Way, reach, record, test},
        rule::{AlertKey, Observation, Rule},
    },
    store::{
        Store,
        channels::ChannelTest,
        outbox::{Climb, Rung, Stuck},
    },
};
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::json;

use crate::{
    alert_outbox::{Desk, address, now},
    pretend_bot::{Bot, incident},
    pretend_telegram::{Fault, Telegram},
    world::{Agent, HASTE, LIMIT, OWNER, TOKEN, config, until},
};

/// Nothing but the owner ends a wait.
const PATIENT: Pace = Pace {
    retry_first: Duration::from_secs(3600),
    retry_most: Duration::from_secs(3600),
    refused: Duration::from_secs(3600),
    patience: Patience {
        critical: Duration::from_secs(3600),
        other: Duration::from_secs(3600),
        further: Duration::from_secs(3600),
    },
    ..HASTE
};

#[tokio::test]
async fn what_a_chat_refused_or_did_not_answer_comes_once_the_owner_writes_there() {
    for fault in [
        json!({ "ok": false, "description": "Forbidden: bot can't initiate conversation with a user" }),
        json!(null),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let telegram = Telegram::start().await;
        let bot = Bot::start(None, 1);
        let status = if fault.is_null() { 502 } else { 403 };
        telegram.fail_next([Fault::Answer(status, fault)]);
        let settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
        let agent = Agent::start_at(settings, PATIENT);
        bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
        telegram.wait_until_faults_are_used().await;
        // A stranger's word is no reason.
        telegram.says(4004, "private", "/start", 0);
        telegram.wait_for_text("private").await;
        assert_eq!(telegram.taken().len(), 1, "{:#?}", telegram.taken());
        telegram.says(OWNER, "private", "/start", 0);
        telegram.wait_for_text("A job was given up.").await;
        agent.stop().await;
    }
}

#[tokio::test]
async fn what_comes_while_a_chat_refuses_counts_as_refused_until_it_takes_something() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let refused = |desk: &Desk| -> Vec<bool> {
        let rung = Rung {
            name: TELEGRAM.to_owned(),
            chats: vec![OWNER],
        };
        let mut found = Vec::new();
        let look = |stuck: &[Stuck]| -> rusqlite::Result<Vec<Climb>> {
            found = stuck.iter().map(|stuck| stuck.ways[0].refused).collect();
            Ok(Vec::new())
        };
        desk.store.climb(&[rung], now(), look).unwrap();
        found
    };
    let see = |object: &str, seen: Observation| {
        let key = AlertKey::new("backup_remote", object);
        desk.alerts.observe(&key, seen, now()).unwrap();
    };
    desk.alerts
        .report(&[incident(1, "First."), incident(2, "Second.")], None, now())
        .unwrap();
    assert_eq!(refused(&desk), [false, false]);
    let forbidden = json!({ "ok": false, "description": "Forbidden: bot was blocked by the user" });
    telegram.fail_next([Fault::Answer(403, forbidden)]);
    let sender = desk.send_at(OWNER, PATIENT);
    telegram.wait_until_faults_are_used().await;
    let known = async {
        while refused(&desk) != [true, true] {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, known).await.unwrap();
    see("a", Observation::wrong(Rule::BackupFailed));
    assert_eq!(
        refused(&desk),
        [true, true, true],
        "it need not be tried there first"
    );
    let tested = |ok| ChannelTest {
        rung: TELEGRAM.to_owned(),
        tested_at: now(),
        ok,
        said: String::new(),
    };
    desk.store.put_channel_test(&tested(false)).unwrap();
    assert_eq!(desk.store.refusing().unwrap().len(), 1);
    desk.store.put_channel_test(&tested(true)).unwrap();
    let refusing = desk.store.refusing().unwrap();
    assert_eq!(
        refusing,
        [],
        "what was refused before the test is no news after it"
    );
    desk.alerts.heard(OWNER);
    desk.wait_until_sent().await;
    sender.abort();
    let _ = sender.await;
    see("b", Observation::wrong(Rule::BackupFailed));
    desk.alerts.report(&[incident(3, "Third.")], None, now()).unwrap();
    assert!(refused(&desk).iter().all(|refused| !refused));
    let rows = desk.store.waiting(&address(OWNER), 10, now()).unwrap();
    assert!(!rows.is_empty());
}

#[tokio::test]
async fn a_way_that_takes_a_message_is_not_broken_any_more_once_every_chat_of_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, 2002]);
    let failed = ChannelTest {
        rung: TELEGRAM.to_owned(),
        tested_at: UnixMillis(now().0 - 100_000),
        ok: false,
        said: "403 Forbidden".to_owned(),
    };
    record(&desk.store, &desk.alerts, &failed).unwrap();
    desk.alerts.tick(now()).unwrap();
    let stands = || {
        desk.alerts.end_what_delivers(now()).unwrap();
        let rows = desk.store.alerts().unwrap();
        rows.iter().any(|row| row.rule == Rule::ChannelBroken.name())
    };
    assert!(stands());
    let first = desk.send_to(OWNER);
    telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    assert!(stands(), "the other chat has got nothing yet");
    let second = desk.send_to(2002);
    telegram.wait_for(2).await;
    let ended = async {
        while stands() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.unwrap();
    assert!(
        desk.store.channel_tests().unwrap()[0].ok,
        "and the digest says so"
    );
    telegram.wait_for_edit("✅").await;
    first.abort();
    second.abort();
}

/// One of two owners.
const BLOCKER: i64 = 2002;

#[tokio::test]
async fn a_way_that_refuses_one_of_two_owners_is_broken_from_that_moment_by_the_place_and_not_the_number() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    telegram.block(BLOCKER, true);
    let settings = config(dir.path(), bot.address, telegram.address, &[OWNER, BLOCKER]);
    let agent = Agent::start(settings);
    bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
    telegram.wait_for_text("A job was given up.").await;
    let store = Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    let broken = || {
        let rows = store.alerts().unwrap();
        rows.into_iter()
            .find(|row| row.rule == Rule::ChannelBroken.name())
    };
    until(LIMIT, || broken().is_some()).await;
    let row = broken().unwrap();
    assert_eq!(row.key, "channel/telegram");
    let names_it = row.detail.starts_with("chat 2 of the 2 in [owner] chat_ids: 403");
    assert!(names_it && !row.detail.contains("2002"), "{}", row.detail);
    agent.stop().await;
}

#[tokio::test]
async fn one_of_two_owners_hears_that_the_other_has_blocked_the_bot_until_that_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    telegram.block(BLOCKER, true);
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, BLOCKER]);
    let report = [incident(1, "A job was given up.")];
    desk.alerts.report(&report, None, now()).unwrap();
    let senders = [desk.send_to(OWNER), desk.send_to(BLOCKER)];
    until(LIMIT, || !desk.store.refusing().unwrap().is_empty()).await;
    // A minute ago: the agent's own line may have been the cause until now.
    desk.alerts
        .note_what_refuses(UnixMillis(now().0 - 61_000))
        .unwrap();
    desk.alerts.tick(now()).unwrap();
    let told = telegram
        .wait_for_text("A way to reach you does not work (telegram)")
        .await;
    assert_eq!(told.body["chat_id"], OWNER);
    let place = "chat 2 of the 2 in [owner] chat_ids: the agent's bot is blocked in that chat";
    assert!(told.text().contains(place), "{}", told.text());
    telegram.block(BLOCKER, false);
    until(LIMIT, || {
        desk.alerts.note_what_refuses(now()).unwrap();
        desk.alerts.end_what_delivers(now()).unwrap();
        desk.store.alerts().unwrap().is_empty()
    })
    .await;
    senders.iter().for_each(tokio::task::JoinHandle::abort);
}

/// What a way says is the same by whatever it was found, so that its alert says one thing.
#[tokio::test]
async fn of_two_owners_who_have_both_blocked_the_bot_each_is_named_by_whatever_that_was_found() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, BLOCKER]);
    for chat_id in [OWNER, BLOCKER] {
        telegram.block(chat_id, true);
    }
    let report = [incident(1, "A job was given up.")];
    desk.alerts.report(&report, None, now()).unwrap();
    let senders = [desk.send_to(BLOCKER), desk.send_to(OWNER)];
    until(LIMIT, || desk.store.refusing().unwrap().len() == 2).await;
    senders.iter().for_each(tokio::task::JoinHandle::abort);
    desk.alerts.note_what_refuses(now()).unwrap();
    let refused = desk.store.channel_tests().unwrap().remove(0).said;
    let bot = OwnersBot::new(
        reqwest::Client::new(),
        &format!("http://{}", telegram.address),
        Secret::new(TOKEN),
    );
    let way = Way {
        rung: Rung {
            name: TELEGRAM.to_owned(),
            chats: vec![OWNER, BLOCKER],
        },
        channel: Arc::new(Channel::Telegram(bot)),
    };
    let tested = test(&way, &desk.voice, now()).await.said;
    assert_eq!(refused, tested);
    for chat in ["chat 1 of the 2", "chat 2 of the 2"] {
        assert!(tested.contains(chat), "{tested}");
    }
    assert!(reach(&way).await.is_ok(), "it was there to be asked");
}

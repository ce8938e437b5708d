//! What is queued arrives: through outages, restarts and refusals, in order, and marked when it may be known.

use std::{path::Path, sync::Arc, time::Duration};

use agent::{
    alert::{
        Alerts,
        channels::{Channel, telegram::Telegram as Bot},
        engine::MAINTENANCE,
        ladder::{Patience, TELEGRAM},
        message::Voice,
        outbox::{Pace, Sender},
        rule::{AlertKey, Observation, Rule},
    },
    beat::Beats,
    config::Language,
    store::{
        Store,
        outbox::{Address, Rung},
    },
};
use jiff::tz::TimeZone;
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    pretend_bot::{dead_job, incident},
    pretend_telegram::{Fault, Telegram},
    world::{HASTE, LIMIT, OWNER, TOKEN, alerts, voice},
};

pub(crate) fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

const LATER: UnixMillis = UnixMillis(i64::MAX);

/// A store, its alerts, and senders that can be started and killed.
pub(crate) struct Desk {
    pub(crate) store: Arc<Store>,
    pub(crate) alerts: Alerts,
    pub(crate) voice: Voice,
    api_url: String,
    _stop: watch::Sender<bool>,
}

fn ladder(chats: &[i64]) -> Vec<Rung> {
    vec![Rung {
        name: TELEGRAM.to_owned(),
        chats: chats.to_vec(),
    }]
}

pub(crate) fn address(chat_id: i64) -> Address {
    Address {
        rung: TELEGRAM.to_owned(),
        chat_id,
    }
}

impl Desk {
    pub(crate) fn open(dir: &Path, telegram: &Telegram, chats: &[i64]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Arc::new(Store::open(dir).unwrap());
        let (voice, alerts) = (voice(Language::En), alerts(&store, Language::En, &ladder(chats)));
        let api_url = format!("http://{}", telegram.address);
        Self {
            store,
            alerts,
            voice,
            api_url,
            _stop: watch::Sender::new(false),
        }
    }

    pub(crate) fn send_to(&self, chat_id: i64) -> JoinHandle<()> {
        self.send_at(chat_id, HASTE)
    }

    pub(crate) fn send_at(&self, chat_id: i64, pace: Pace) -> JoinHandle<()> {
        let client = reqwest::Client::new();
        let bot = Bot::new(client, &self.api_url, Secret::new(TOKEN));
        self.send_by(chat_id, pace, Channel::Telegram(bot))
    }

    pub(crate) fn send_by(&self, chat_id: i64, pace: Pace, channel: Channel) -> JoinHandle<()> {
        let now = std::time::Instant::now();
        let sender = Sender {
            store: Arc::clone(&self.store),
            channel: Arc::new(channel),
            voice: self.voice.clone(),
            pace,
            address: address(chat_id),
            roads: None,
            beat: Beats::new(now).add("outbox", Duration::from_secs(1), now),
        };
        tokio::spawn(sender.run(self.alerts.subscribe(), self._stop.subscribe()))
    }

    fn see(&self, object: &str, seen: Observation) {
        self.alerts
            .observe(&AlertKey::new("backup_remote", object), seen, now())
            .unwrap();
    }

    pub(crate) fn fail(&self, object: &str) {
        self.see(object, Observation::wrong(Rule::BackupFailed));
    }

    /// What waits has reached somebody.
    async fn wait_until_told_once(&self) {
        let wait = async {
            while self.store.backlog().unwrap().untold > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.expect("somebody is told");
    }

    pub(crate) async fn wait_until_sent(&self) {
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
    telegram.wait_for_edit("✅").await;
    desk.wait_until_sent().await;
    sender.abort();
    let told = telegram.taken();
    assert!(
        told[0].text().starts_with("🟡 Backup failed (a)"),
        "{}",
        told[0].text()
    );
    assert_eq!(
        (told.len(), telegram.requests(), telegram.edits().len()),
        (1, 4, 1),
        "each exactly once"
    );
}

#[tokio::test]
async fn what_may_have_arrived_is_repeated_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    telegram.fail_next([Fault::BreakAfter, Fault::BreakAfter]);
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(3).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(!told[0].text().contains("(may be repeated)"));
    assert_eq!(told[1].text(), format!("(may be repeated) {}", told[0].text()));
    let rang = |at: usize| told[at].body["disable_notification"] == false;
    assert!(
        rang(0) && rang(1) && !rang(2),
        "what was probably read rings once more: {told:?}"
    );
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
    assert!(
        told[1].text().starts_with("(may be repeated) 🟡"),
        "{}",
        told[1].text()
    );
}

#[tokio::test]
async fn a_backlog_becomes_one_message_with_the_true_times() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let incidents: Vec<_> = (1..=6).map(|id| dead_job(id, "A job was given up.")).collect();
    desk.alerts.report(&incidents, None, UnixMillis(1_000)).unwrap();
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
            .matches("2026-11-22 09:00:00 UTC  🟡 A job of the bot was given up: A job")
            .count(),
        6
    );
}

#[tokio::test]
async fn a_report_of_the_bots_has_buttons_and_a_silenced_kind_waits_and_is_not_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    desk.alerts
        .report(&[incident(1, "A job was given up.")], None, now())
        .unwrap();
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    sender.abort();
    let rows = told[0].body["reply_markup"]["inline_keyboard"]
        .as_array()
        .unwrap();
    let pressed: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|button| button["callback_data"].as_str().unwrap())
        .collect();
    assert_eq!(
        pressed,
        [
            "alert:mine:report",
            "alert:runbook:dead_job",
            "alert:quiet:dead_job:1",
            "alert:quiet:dead_job:8",
            "alert:logs:err",
            "alert:graph:orders"
        ]
    );
    let hour = Duration::from_secs(3600);
    let until = desk.alerts.silence("incident/dead_job", hour, now()).unwrap();
    desk.alerts
        .report(&[dead_job(2, "Another one.")], None, now())
        .unwrap();
    assert!(desk.store.waiting(&address(OWNER), 10, now()).unwrap().is_empty());
    assert_eq!(desk.store.waiting(&address(OWNER), 10, until).unwrap().len(), 1);
    // Maintenance may end before its time, and a silence be given again for less.
    desk.alerts.maintenance(hour, now()).unwrap();
    desk.alerts.end_silence(MAINTENANCE, now()).unwrap();
    assert!(desk.store.waiting(&address(OWNER), 10, now()).unwrap().is_empty());
    let until = desk
        .alerts
        .silence("incident/dead_job", Duration::from_secs(60), now())
        .unwrap();
    assert_eq!(desk.store.waiting(&address(OWNER), 10, until).unwrap().len(), 1);
    desk.alerts.end_silence("incident/dead_job", now()).unwrap();
    assert_eq!(desk.store.waiting(&address(OWNER), 10, now()).unwrap().len(), 1);
}

#[tokio::test]
async fn what_waited_through_an_outage_is_one_message_and_what_comes_together_at_a_start_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let hour_ago = UnixMillis(now().0 - 3_600_000);
    let fault = Observation::wrong(Rule::BackupFailed);
    let key = AlertKey::new("backup_remote", "a");
    let half_an_hour = Duration::from_secs(1_800);
    desk.alerts.maintenance(half_an_hour, hour_ago).unwrap();
    desk.alerts.observe(&key, fault, hour_ago).unwrap();
    desk.alerts.tick(hour_ago.plus(half_an_hour)).unwrap();
    desk.alerts
        .report(&[incident(1, "A job was given up.")], None, now())
        .unwrap();
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    let told = telegram.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].text().starts_with("2 messages at once"),
        "{}",
        told[0].text()
    );
    let at = agent::alert::message::moment(&TimeZone::UTC, hour_ago);
    assert!(
        told[0].text().contains(&format!("{at}  🟡 Backup failed (a)")),
        "{}",
        told[0].text()
    );
    // What is still wrong, and alone so, can be taken on from there.
    let buttons = told[0].body["reply_markup"]["inline_keyboard"]
        .as_array()
        .unwrap();
    assert_eq!(buttons[0][0]["callback_data"], "alert:ack:1");
    // Several at once without an outage are each a message of its own.
    desk.alerts
        .report(&[incident(2, "Second."), incident(3, "Third.")], None, now())
        .unwrap();
    let told = telegram.wait_for(3).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert!(
        told[1].text().contains("Second.") && told[2].text().contains("Third."),
        "{told:?}"
    );
    assert!(!told[1].text().contains("could not be sent before"));
}

#[tokio::test]
async fn reports_of_one_kind_that_come_behind_the_first_are_one_message_a_minute_later() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let page: Vec<_> = (1..=4).map(|id| dead_job(id, "A job was given up.")).collect();
    let a_minute_ago = UnixMillis(now().0 - 61_000);
    desk.alerts.report(&page, None, a_minute_ago).unwrap();
    let first = desk.store.waiting(&address(OWNER), 10, a_minute_ago).unwrap();
    assert_eq!(first.len(), 1, "{first:?}");
    desk.store.delivery_sent(&first, Some(7), a_minute_ago).unwrap();
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    sender.abort();
    let told = telegram.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text().starts_with("3 messages at once"), "{told:?}");
}

#[tokio::test]
async fn one_message_that_waited_through_an_outage_says_its_true_time_and_keeps_its_buttons() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let hour_ago = UnixMillis(now().0 - 3_600_000);
    let key = AlertKey::new("backup_remote", "a");
    desk.alerts
        .observe(&key, Observation::wrong(Rule::BackupFailed), hour_ago)
        .unwrap();
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    let told = telegram.taken();
    let at = agent::alert::message::moment(&TimeZone::UTC, hour_ago);
    assert!(
        told[0]
            .text()
            .ends_with(&format!("(of {at}; it could not be sent before)")),
        "{}",
        told[0].text()
    );
    // The end comes while Telegram is away: it waits, and the mark on the first message with it.
    desk.alerts
        .observe(&key, Observation::Fine, UnixMillis(now().0 - 600_000))
        .unwrap();
    desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 2);
    let edits = telegram.edits();
    assert_eq!(edits.len(), 1, "{edits:?}");
    assert!(edits[0]["text"].as_str().unwrap().starts_with("✅"));
}

#[tokio::test]
async fn a_death_that_lasted_within_an_outage_rings_after_it_also_where_the_hours_messages_were_spent() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let key = AlertKey::new("bot", "bot");
    let mut at = UnixMillis(now().0 - 1_800_000);
    let mut turn = |seen: Observation, lasts: u64| {
        desk.alerts.observe(&key, seen, at).unwrap();
        at = at.plus(Duration::from_secs(lasts));
        desk.alerts.tick(at).unwrap();
    };
    let sender = desk.send_to(OWNER);
    for lasts in [5, 5, 100] {
        turn(Observation::wrong(Rule::BotGone), lasts);
        desk.wait_until_sent().await;
        turn(Observation::Fine, 100);
        desk.wait_until_sent().await;
    }
    sender.abort();
    let before = telegram.taken().len();
    // Nothing is sent for a while.
    for lasts in [100, 5, 5] {
        turn(Observation::wrong(Rule::BotGone), lasts);
        turn(Observation::Fine, 100);
    }
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    sender.abort();
    let told = telegram.taken();
    assert_eq!(told.len(), before + 1, "{told:?}");
    let last = told.last().unwrap();
    assert!(last.body["disable_notification"] != true, "{last:?}");
    assert!(
        last.text().contains("It did not answer for 1 min 40 s"),
        "{}",
        last.text()
    );
    // What came after it is a change of that.
    let edits = telegram.edits();
    let edit = edits.last().unwrap();
    assert_eq!(edit["message_id"], last.message_id, "{edits:?}");
    assert!(edit["text"].as_str().unwrap().contains("6 times"), "{edit}");
}

#[tokio::test]
async fn a_mark_on_what_is_only_a_line_of_a_summary_is_no_message() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let incidents: Vec<_> = (1..=5).map(|id| incident(id, "A job was given up.")).collect();
    desk.alerts.report(&incidents, None, UnixMillis(1_000)).unwrap();
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    let episode = *desk.alerts.book().unwrap().episodes.keys().next().unwrap();
    assert!(
        desk.alerts
            .acknowledge(episode, None, UnixMillis(2_000))
            .unwrap()
            .is_some()
    );
    desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 1, "{:?}", telegram.taken());
}

#[tokio::test]
async fn what_one_owner_took_on_while_another_ones_chat_was_away_stands_in_that_ones_summary() {
    let (dir, other) = (tempfile::tempdir().unwrap(), OWNER + 1);
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER, other]);
    desk.fail("a");
    let sender = desk.send_to(OWNER);
    desk.wait_until_told_once().await;
    let incidents: Vec<_> = (1..=5).map(|id| incident(id, "A job was given up.")).collect();
    desk.alerts.report(&incidents, None, now()).unwrap();
    let episode = *desk.alerts.book().unwrap().episodes.keys().next().unwrap();
    let acked = desk.alerts.acknowledge(episode, Some("Ani".to_owned()), now());
    assert!(acked.unwrap().is_some());
    let senders = [sender, desk.send_to(other)];
    desk.wait_until_sent().await;
    senders.iter().for_each(JoinHandle::abort);
    let taken = telegram.taken();
    let mut summaries = taken.iter().filter(|taken| taken.body["chat_id"] == other);
    let summary = summaries.next().unwrap().text();
    assert!(
        summary.contains("messages at once") && summary.contains("Ani took this on at"),
        "{summary}"
    );
    assert_eq!(summaries.count(), 0);
}

#[tokio::test]
async fn an_end_follows_on_a_way_that_still_waits_and_is_not_needed_there_once_another_told_it() {
    for push_is_first in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let telegram = Telegram::start().await;
        let mut desk = Desk::open(dir.path(), &telegram, &[OWNER]);
        let push = Address {
            rung: "push".to_owned(),
            chat_id: 0,
        };
        let mut ways = ladder(&[OWNER]);
        ways.push(Rung {
            name: push.rung.clone(),
            chats: vec![push.chat_id],
        });
        desk.alerts = alerts(&desk.store, Language::En, &ways);
        desk.fail("a");
        let at_once = Patience {
            critical: Duration::ZERO,
            other: Duration::ZERO,
            further: Duration::ZERO,
        };
        desk.alerts.climb(at_once, now()).unwrap();
        desk.see("a", Observation::Fine);
        let waiting = |address: &Address| desk.store.waiting(address, 10, LATER).unwrap();
        assert_eq!(
            (waiting(&push).len(), waiting(&address(OWNER)).len()),
            (2, 2),
            "what was wrong and that it is over"
        );
        let first = if push_is_first { &push } else { &address(OWNER) };
        for row in waiting(first) {
            desk.store.delivery_sent(&[row], None, now()).unwrap();
        }
        let left = if push_is_first { 2 } else { 0 };
        assert_eq!(
            waiting(&push).len() + waiting(&address(OWNER)).len(),
            left,
            "the first way gets everything, the detour only what it must"
        );
    }
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
        desk.store.waiting(&address(OWNER), 10, LATER).unwrap().len(),
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
    assert_eq!(desk.store.forget_other_ways(&ladder(&[OWNER]), LATER).unwrap(), 1);
    assert!(desk.store.waiting(&address(2002), 10, LATER).unwrap().is_empty());
    let waits = |chat| desk.store.waiting(&address(chat), 10, now()).unwrap().len();
    assert_eq!(waits(OWNER), 1, "it waits where it waited before, and once");
    // The owner had mistyped the number: what waits was not told to anybody.
    assert_eq!(desk.store.forget_other_ways(&ladder(&[3003]), now()).unwrap(), 1);
    assert_eq!((waits(OWNER), waits(3003)), (0, 1));
    let rows = desk.store.waiting(&address(3003), 10, now()).unwrap();
    desk.store.delivery_sent(&rows, Some(7), now()).unwrap();
    desk.store.forget_other_ways(&ladder(&[OWNER]), now()).unwrap();
    assert_eq!(waits(OWNER), 0, "what has arrived is told");
}

#[tokio::test]
async fn thirty_faults_are_one_message_that_is_edited_in_place_and_says_in_the_end_that_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let sender = desk.send_to(OWNER);
    // Nothing may go out before its time, and the story takes five minutes.
    let start = UnixMillis(now().0 - 400_000);
    for number in 0..30 {
        let key = AlertKey::new("backup_remote", &number.to_string());
        let fault = Observation::wrong(Rule::BackupFailed);
        desk.alerts.observe(&key, fault, start).unwrap();
    }
    telegram.wait_for(1).await;
    desk.wait_until_sent().await;
    for seconds in [11, 12, 80, 200] {
        desk.alerts
            .tick(start.plus(Duration::from_secs(seconds)))
            .unwrap();
        desk.wait_until_sent().await;
    }
    for number in 0..30 {
        let key = AlertKey::new("backup_remote", &number.to_string());
        desk.alerts
            .observe(&key, Observation::Fine, start.plus(Duration::from_secs(300)))
            .unwrap();
    }
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    let buttons = told[0].body["reply_markup"]["inline_keyboard"]
        .as_array()
        .unwrap();
    assert_eq!(buttons[0][0]["callback_data"], "alert:ack:1");
    assert_eq!(told[1].body["reply_parameters"]["message_id"], told[0].message_id);
    let edits = telegram.edits();
    assert!((1..=3).contains(&edits.len()), "{edits:#?}");
    assert!(edits.iter().all(|edit| edit["message_id"] == told[0].message_id));
    // All thirty by name: there is room for them.
    let named = edits[0]["text"]
        .as_str()
        .unwrap()
        .matches("\n🟡 Backup failed (")
        .count();
    assert_eq!(named, 29, "{edits:#?}");
    let last = edits.last().unwrap();
    assert!(last["text"].as_str().unwrap().starts_with("✅") && last["reply_markup"].is_null());
    assert_eq!(telegram.taken().len(), 2);
}

#[tokio::test]
async fn what_the_owner_takes_on_or_silences_is_remembered_for_the_console() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    desk.fail("a");
    let now = UnixMillis(2_000);
    let episode = *desk.alerts.book().unwrap().episodes.keys().next().unwrap();
    assert!(desk.alerts.acknowledge(episode, None, now).unwrap().is_some());
    let until = desk
        .alerts
        .silence_episode(episode, Duration::from_secs(3600), now)
        .unwrap();
    assert_eq!(until, Some(UnixMillis(3_602_000)));
    desk.alerts.maintenance(Duration::from_secs(60), now).unwrap();
    let book = desk.alerts.book().unwrap();
    assert_eq!(book.episodes[&episode].acked.as_ref().unwrap().at, now);
    let scopes: Vec<&str> = book
        .silences
        .values()
        .map(|silence| silence.scope.as_str())
        .collect();
    assert_eq!(scopes, ["backup_remote/a", "*"]);
    desk.see("a", Observation::Fine);
    assert!(
        desk.alerts.acknowledge(episode, None, now).unwrap().is_none(),
        "it is over"
    );
    let left_out = ("domain/any".to_owned(), "not configured".to_owned());
    desk.alerts.unwatched().replace([left_out].into());
    let digest = desk.alerts.digest(UnixMillis(0), now).unwrap();
    let left_out = "⚪ Not watched at present: 1 (the shop's domain). Details: agent status";
    assert!(digest.text.contains(left_out), "{}", digest.text);
    assert!(digest.text.contains("✅ Nothing is wrong."), "{}", digest.text);
    assert!(
        digest.text.contains("everything (maintenance) → "),
        "{}",
        digest.text
    );
    assert!(digest.text.contains("Backup failed (a), 0 s"), "{}", digest.text);
}

#[tokio::test]
async fn a_digest_that_waited_with_others_is_told_whole() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let hours = |hours: i64| UnixMillis(hours * 3_600_000);
    desk.alerts.digest_if_due(hours(7)).unwrap();
    for id in 1..=2 {
        let incident = incident(id, "A job was given up.");
        desk.alerts.report(&[incident], None, hours(8)).unwrap();
        desk.alerts.digest_if_due(hours(9)).unwrap();
    }
    let sender = desk.send_to(OWNER);
    let told = telegram.wait_for(2).await;
    desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 2);
    assert!(told[0].text().starts_with("2 messages"), "{}", told[0].text());
    assert!(
        told[1].text().contains("The ways to you have not been tested"),
        "{}",
        told[1].text()
    );
}

#[tokio::test]
async fn the_digest_comes_once_a_day_and_first_at_the_first_time_after_the_agent_was_set_up() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let hours = |hours: i64| UnixMillis(hours * 3_600_000);
    for now in [
        hours(7),
        hours(9),
        hours(20),
        hours(31),
        hours(32),
        hours(33),
        hours(55),
        hours(57),
    ] {
        desk.alerts.digest_if_due(now).unwrap();
    }
    let waiting = desk.store.waiting(&address(OWNER), 10, LATER).unwrap();
    let at: Vec<UnixMillis> = waiting.iter().map(|row| row.created_at).collect();
    assert_eq!(at, [hours(9), hours(32), hours(57)]);
}

#[tokio::test]
async fn a_restart_of_a_hung_bot_is_told_in_its_message_with_its_count_and_whether_it_worked() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let desk = Desk::open(dir.path(), &telegram, &[OWNER]);
    let bot = AlertKey::new("bot", "bot");
    let hung = || Observation::Wrong {
        rule: Rule::BotHung,
        detail: desk.alerts.restarts_told(now()),
    };
    desk.alerts
        .observe(&bot, hung(), UnixMillis(now().0 - 16_000))
        .unwrap();
    desk.alerts.observe(&bot, hung(), now()).unwrap();
    let sender = desk.send_to(OWNER);
    desk.wait_until_sent().await;
    let at = now();
    desk.store.add_bot_restart(at, UnixMillis(0)).unwrap();
    desk.alerts.tell_restarts(at).unwrap();
    desk.wait_until_sent().await;
    desk.alerts
        .restart_ended(at, Some("systemctl said no"), now())
        .unwrap();
    desk.wait_until_sent().await;
    // The next look says the same of it, and so does the end.
    desk.alerts.observe(&bot, hung(), now()).unwrap();
    desk.alerts.observe(&bot, Observation::Fine, now()).unwrap();
    desk.wait_until_sent().await;
    sender.abort();
    let told = telegram.taken();
    assert!(!told[0].text().contains("within an hour"), "{}", told[0].text());
    let edits: Vec<String> = telegram
        .edits()
        .iter()
        .map(|edit| edit["text"].as_str().unwrap().to_owned())
        .collect();
    let when = agent::alert::message::moment(&TimeZone::UTC, at);
    let sentence = format!("The agent has been restarting the bot since {when} (1 of 3 within an hour)");
    let tried = format!("The agent tried to restart the bot (1 of 3 within an hour), last at {when}");
    assert!(
        edits[0].contains(&sentence) && !edits[0].contains("failed"),
        "{edits:?}"
    );
    assert!(
        !edits.iter().any(|edit| edit.contains("restarted the bot")),
        "it never did: {edits:?}"
    );
    assert!(
        edits[1].contains(&format!(
            "{tried}; of these failed: 1. The reason: systemctl said no"
        )) && !edits[1].contains(&sentence),
        "{edits:?}"
    );
    assert!(
        edits[2].starts_with("✅") && edits[2].contains(&tried),
        "{edits:?}"
    );
}

//! What comes and goes: that it is over reaches every way that told the beginning, also where the beginning was only a
//! line of a summary or a message that cannot be changed.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use agent::{
    alert::{
        Alerts,
        channels::{Channel, ntfy::Ntfy},
        ladder::{Patience, TELEGRAM, climb},
        outbox::{Pace, Sender},
        rule::{AlertKey, Observation, Rule},
    },
    beat::Beats,
    store::outbox::{Address, Rung, Stuck},
};
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    alert_outbox::Desk,
    pretend_channels::{Service, TOPIC},
    pretend_telegram::Telegram,
    world::{HASTE, LIMIT, OWNER, calendar, until},
};

const PUSH: &str = "push";
const AT_ONCE: Patience = Patience {
    critical: Duration::ZERO,
    other: Duration::ZERO,
    further: Duration::ZERO,
};

/// A bot that comes and goes, told by Telegram and by push.
struct Flapping {
    desk: Desk,
    start: UnixMillis,
    stop: watch::Sender<bool>,
}

impl Flapping {
    /// Long enough ago that nothing of the story waits for its time.
    fn begin(dir: &Path, telegram: &Telegram) -> Self {
        Self::begin_by(dir, telegram, &[(TELEGRAM, OWNER), (PUSH, 0)])
    }

    fn begin_by(dir: &Path, telegram: &Telegram, ways: &[(&str, i64)]) -> Self {
        let mut desk = Desk::open(dir, telegram, &[OWNER]);
        let rung = |(name, chat): &(&str, i64)| Rung {
            name: (*name).to_owned(),
            chats: vec![*chat],
        };
        let ways: Vec<Rung> = ways.iter().map(rung).collect();
        desk.alerts = Alerts::new(Arc::clone(&desk.store), desk.voice.clone(), calendar(), &ways);
        let now = jiff::Timestamp::now().as_millisecond();
        Self {
            desk,
            start: UnixMillis(now - 3_500_000),
            stop: watch::Sender::new(false),
        }
    }

    fn at(&self, seconds: u64) -> UnixMillis {
        self.start.plus(Duration::from_secs(seconds))
    }

    fn see(&self, seen: Observation, seconds: u64) {
        let key = AlertKey::new("bot", "bot");
        self.desk.alerts.observe(&key, seen, self.at(seconds)).unwrap();
    }

    fn gone(&self, seconds: u64) {
        self.see(Observation::wrong(Rule::BotGone), seconds);
    }

    fn back(&self, seconds: u64) {
        self.see(Observation::Fine, seconds);
    }

    fn pass(&self, seconds: u64) {
        self.desk.alerts.tick(self.at(seconds)).unwrap();
    }

    /// What has arrived nowhere goes by push as well.
    fn climb(&self) {
        let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
        self.desk.alerts.climb(AT_ONCE, now).unwrap();
    }

    fn push(&self, service: &Service) -> JoinHandle<()> {
        self.push_at(service, HASTE)
    }

    fn push_at(&self, service: &Service, pace: Pace) -> JoinHandle<()> {
        let now = std::time::Instant::now();
        let url = format!("http://{}", service.address);
        let ntfy = Ntfy::new(reqwest::Client::new(), &url, &Secret::new(TOPIC), None);
        let sender = Sender {
            store: Arc::clone(&self.desk.store),
            channel: Arc::new(Channel::Ntfy(ntfy)),
            voice: self.desk.voice.clone(),
            pace,
            address: Address {
                rung: PUSH.to_owned(),
                chat_id: 0,
            },
            roads: None,
            beat: Beats::new(now).add("outbox", Duration::from_secs(1), now),
        };
        tokio::spawn(sender.run(self.desk.alerts.subscribe(), self.stop.subscribe()))
    }

    /// It crashed once and is back, which both is told; then it crashes again.
    async fn twice(&self) {
        self.gone(0);
        let sender = self.desk.send_to(OWNER);
        self.desk.wait_until_sent().await;
        self.back(20);
        self.desk.wait_until_sent().await;
        sender.abort();
        let _ = sender.await;
        self.gone(120);
    }
}

fn title(message: &Value) -> &str {
    message["title"].as_str().unwrap()
}

#[tokio::test]
async fn what_came_back_in_a_summary_is_ended_by_a_message_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.desk.fail("a");
    let sender = flapping.desk.send_to(OWNER);
    let summary = telegram.wait_for_text("🔴 Again (2 times since").await;
    assert!(
        summary.text().starts_with("2 messages at once"),
        "{}",
        summary.text()
    );
    flapping.desk.wait_until_sent().await;
    flapping.back(165);
    let over = telegram.wait_for_text("✅ The shop's bot runs again").await;
    assert_eq!(
        over.body["reply_parameters"]["message_id"], summary.message_id,
        "it goes on from the summary"
    );
    assert_eq!(over.body["disable_notification"], true);
    flapping.desk.wait_until_sent().await;
    // From now on there is a message that can be changed, and it is at each moment.
    flapping.gone(300);
    let red = telegram.wait_for_edit("🔴 Again (3 times since").await;
    assert_eq!(red["message_id"], over.message_id);
    // What lasts is a message that rings, and the one before says that it goes on there.
    flapping.pass(361);
    let rings = telegram.wait_for(4).await.pop().unwrap();
    assert!(
        rings.text().starts_with("🔴 Again (3 times since"),
        "{}",
        rings.text()
    );
    assert_eq!(rings.body["disable_notification"], false);
    let before = telegram.wait_for_edit("⏬ Goes on in the next message").await;
    assert_eq!(before["message_id"], over.message_id);
    flapping.back(370);
    let green = telegram.wait_for_edit("It comes and goes: 3 times").await;
    assert_eq!(green["message_id"], rings.message_id);
    flapping.pass(370 + 900);
    let green = telegram.wait_for_edit("came and went 3 times").await;
    assert_eq!(green["message_id"], rings.message_id);
    flapping.desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 4, "{:#?}", telegram.taken());
}

#[tokio::test]
async fn what_came_back_by_a_way_without_edits_is_ended_there() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    let sender = flapping.push(&push);
    push.wait_for(1).await;
    // What comes and goes in moments is no message there: it rings when it lasts, and is said to be over in the end.
    for seconds in [130, 140, 150] {
        flapping.back(seconds);
        flapping.gone(seconds + 5);
    }
    flapping.back(165);
    flapping.pass(165 + 900);
    push.wait_for(2).await;
    // The third message of the hour.
    flapping.gone(1100);
    flapping.pass(1161);
    flapping.climb();
    push.wait_for(3).await;
    flapping.back(1170);
    flapping.pass(1170 + 900);
    push.wait_for(4).await;
    // Whoever reads that it is over must read as well that it is not any more, without a sound.
    flapping.gone(2100);
    push.wait_for(5).await;
    flapping.back(2110);
    flapping.pass(2110 + 900);
    let told = push.wait_for(6).await;
    sender.abort();
    let is_red: Vec<bool> = told
        .iter()
        .map(|message| title(message).contains("The shop's bot died"))
        .collect();
    assert_eq!(is_red, [true, false, true, false, true, false], "{told:#?}");
    assert!(title(&told[1]).contains("The shop's bot runs again"), "{told:#?}");
    let loudness = |at: usize| told[at]["priority"].as_u64().unwrap();
    assert!(
        loudness(4) < loudness(2) && loudness(1) < loudness(0),
        "{told:#?}"
    );
}

/// Telegram takes nothing: whoever was told of it by push is told there that it is well once that lasts, and that it is back,
/// and then, after three messages, how it ended.
#[tokio::test]
async fn of_what_comes_and_goes_an_hour_has_three_messages_there_too_and_nothing_spins() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    // The story began an hour ago: after two messages it must stay well for longer than that.
    let soon = Pace {
        stays_away: Duration::from_secs(850),
        ..HASTE
    };
    let sender = flapping.push_at(&push, soon);
    push.wait_for(1).await;
    flapping.back(165);
    let told = push.wait_for(2).await;
    assert!(title(&told[1]).contains("The shop's bot runs again"), "{told:#?}");
    flapping.gone(185);
    push.wait_for(3).await;
    for seconds in [210, 300] {
        flapping.back(seconds);
        tokio::time::sleep(Duration::from_millis(300)).await;
        flapping.gone(seconds + 20);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    flapping.back(330);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        push.taken().len(),
        3,
        "{:#?}",
        push.taken()
            .iter()
            .map(|it| title(it).to_owned())
            .collect::<Vec<_>>()
    );
    flapping.pass(330 + 900);
    let told = push.wait_for(4).await;
    assert!(title(&told[3]).contains("The shop's bot runs again"), "{told:#?}");
    let waits = || {
        let push = Address {
            rung: PUSH.to_owned(),
            chat_id: 0,
        };
        let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
        flapping.desk.store.waiting(&push, 10, now).unwrap().len()
    };
    until(6 * LIMIT, || waits() == 0).await;
    // What there was nothing to say of on a way does not take it again and again.
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let mut climbed = 0;
    let look = |stuck: &[Stuck]| {
        let ladder = [TELEGRAM, PUSH].map(|name| Rung {
            name: name.to_owned(),
            chats: vec![OWNER],
        });
        let climbs = climb(&ladder, AT_ONCE, &BTreeSet::new(), stuck, now);
        climbed = climbs.len();
        Ok(Vec::new())
    };
    flapping.desk.store.climb(&[], now, look).unwrap();
    assert_eq!(climbed, 0);
    sender.abort();
    assert_eq!(push.taken().len(), 4);
}

/// It was read on the phone, and only its answer was lost: what is over by then is not repeated, and is said to be over.
#[tokio::test]
async fn what_came_back_by_push_is_ended_there_also_when_the_answer_to_its_beginning_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy_that_loses(1).await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    let sender = flapping.push_at(
        &push,
        Pace {
            doubt_first: Duration::from_secs(2),
            stays_away: Duration::ZERO,
            ..HASTE
        },
    );
    push.wait_for(1).await;
    flapping.back(165);
    let told = push.wait_for(2).await;
    sender.abort();
    assert!(title(&told[0]).contains("The shop's bot died"), "{told:#?}");
    assert!(title(&told[1]).contains("The shop's bot runs again"), "{told:#?}");
}

/// The agent was killed while its request by push was open, and Telegram is back when the next agent starts.
#[tokio::test]
async fn what_may_have_come_back_by_push_is_ended_there_also_when_telegram_takes_all_of_it_first() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    flapping.back(165);
    let way = Address {
        rung: PUSH.to_owned(),
        chat_id: 0,
    };
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let rows = flapping.desk.store.waiting(&way, 1, now).unwrap();
    flapping.desk.store.delivery_opened(&rows).unwrap();
    let by_telegram = flapping.desk.send_to(OWNER);
    flapping.desk.wait_until_sent().await;
    by_telegram.abort();
    let _ = by_telegram.await;
    let sender = flapping.push(&push);
    let told = push.wait_for(1).await.remove(0);
    sender.abort();
    let text = told["message"].as_str().unwrap();
    assert!(
        text.contains("🔴 Again (2 times since") && text.contains("✅ The shop's bot runs again"),
        "{told:#?}"
    );
}

/// Telegram is back in the moment in which push still waits whether it stays well, and tells all of it.
#[tokio::test]
async fn what_came_back_by_push_is_ended_there_also_when_telegram_has_told_the_end_first() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    let sender = flapping.push(&push);
    push.wait_for(1).await;
    flapping.back(165);
    let by_telegram = flapping.desk.send_to(OWNER);
    telegram.wait_for_text("✅ The shop's bot runs again").await;
    by_telegram.abort();
    sender.abort();
    let _ = sender.await;
    let later = flapping.push_at(
        &push,
        Pace {
            stays_away: Duration::ZERO,
            ..HASTE
        },
    );
    let told = push.wait_for(2).await;
    later.abort();
    assert!(title(&told[1]).contains("The shop's bot runs again"), "{told:#?}");
}

#[tokio::test]
async fn what_was_over_before_anybody_was_told_that_it_came_back_is_told_as_over_too() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.back(165);
    let sender = flapping.desk.send_to(OWNER);
    let summary = telegram.wait_for_text("🔴 Again (2 times since").await;
    flapping.desk.wait_until_sent().await;
    sender.abort();
    assert!(
        summary.text().contains("✅ The shop's bot runs again"),
        "{}",
        summary.text()
    );
}

#[tokio::test]
async fn a_beginning_that_waits_goes_out_with_its_end_where_nothing_can_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    flapping.climb();
    flapping.back(165);
    let sender = flapping.push(&push);
    let told = push.wait_for(1).await.remove(0);
    sender.abort();
    let text = told["message"].as_str().unwrap();
    assert!(
        text.contains("🔴 Again (2 times since") && text.contains("✅ The shop's bot runs again"),
        "{told:#?}"
    );
    assert!(told["priority"].as_u64().unwrap() < 5, "it is over: {told:#?}");
}

#[tokio::test]
async fn a_mark_on_a_message_that_a_chat_does_not_have_does_not_count_as_sent() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.gone(0);
    flapping.desk.fail("a");
    let sender = flapping.desk.send_to(OWNER);
    flapping.desk.wait_until_sent().await;
    let book = flapping.desk.alerts.book().unwrap();
    for episode in book.episodes.keys() {
        assert!(
            flapping
                .desk
                .alerts
                .acknowledge(*episode, None, flapping.at(100))
                .unwrap()
                .is_some()
        );
    }
    flapping.desk.wait_until_sent().await;
    sender.abort();
    assert_eq!(telegram.taken().len(), 1);
    let file = rusqlite::Connection::open(dir.path().join("agent.db")).unwrap();
    let count = |condition: &str| -> i64 {
        let query = format!(
            "SELECT count(*) FROM deliveries d JOIN messages m ON m.id = d.message WHERE m.is_edit = 1 AND {condition}"
        );
        file.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        (count("d.sent_at IS NOT NULL"), count("d.dropped_at IS NOT NULL")),
        (0, 2)
    );
}

#[tokio::test]
async fn a_summary_names_each_place_and_has_a_row_of_buttons_for_each_that_stands() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    for (role, disk) in [("disk_of_remote", "/mnt/backup"), ("disk_of_logs", "/mnt/logs")] {
        let key = AlertKey::new(role, disk);
        let full = Observation::wrong(Rule::DiskReadOnly);
        flapping.desk.alerts.observe(&key, full, flapping.at(0)).unwrap();
    }
    flapping.pass(100);
    let sender = flapping.desk.send_to(OWNER);
    let summary = telegram.wait_for(1).await.remove(0);
    flapping.desk.wait_until_sent().await;
    sender.abort();
    let text = summary.text();
    assert!(text.starts_with("2 messages at once"), "{text}");
    assert!(
        text.contains(": /mnt/backup\n") && text.contains(": /mnt/logs"),
        "{text}"
    );
    let rows = summary.body["reply_markup"]["inline_keyboard"]
        .as_array()
        .unwrap();
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert_eq!(rows[0][0]["callback_data"], "alert:ack:1");
    assert_eq!(rows[1][0]["callback_data"], "alert:ack:2");
    let label = rows[1][0]["text"].as_str().unwrap();
    assert!(label.starts_with("I am on it: "), "{label}");
    assert_eq!(rows[1][1]["callback_data"], "alert:runbook:disk_read_only");
}

#[tokio::test]
async fn what_came_back_can_be_taken_on_and_silenced_by_its_own_message() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.twice().await;
    let alerts = &flapping.desk.alerts;
    let book = alerts.book().unwrap();
    let (_, episode) = book.floors["bot/bot"].flapping.unwrap();
    assert!(
        alerts
            .acknowledge(episode, None, flapping.at(130))
            .unwrap()
            .is_some(),
        "it is not over"
    );
    let hour = Duration::from_secs(3600);
    let until = alerts.silence_episode(episode, hour, flapping.at(130)).unwrap();
    assert_eq!(until, Some(flapping.at(130 + 3600)));
    let scopes: Vec<String> = alerts
        .book()
        .unwrap()
        .silences
        .into_values()
        .map(|it| it.scope)
        .collect();
    assert_eq!(scopes, ["bot/bot"]);
    flapping.back(165);
    assert!(
        alerts
            .acknowledge(episode, None, flapping.at(170))
            .unwrap()
            .is_none(),
        "it is over"
    );
}

/// Nobody was told by the change of a message that nothing could change: what lasts goes the next way as early as anything new,
/// and the summary tells each time as it was.
#[tokio::test]
async fn what_comes_a_third_time_without_telegram_goes_the_next_way_in_time_and_is_told_with_its_own_time() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let flapping = Flapping::begin(dir.path(), &telegram);
    flapping.gone(0);
    let sender = flapping.desk.send_to(OWNER);
    flapping.desk.wait_until_sent().await;
    flapping.back(20);
    flapping.desk.wait_until_sent().await;
    sender.abort();
    let _ = sender.await;
    flapping.gone(120);
    flapping.back(140);
    flapping.gone(200);
    flapping.pass(261);
    let ways = |rung: &str, chat_id| {
        let way = Address {
            rung: rung.to_owned(),
            chat_id,
        };
        flapping.desk.store.waiting(&way, 20, flapping.at(3_500)).unwrap()
    };
    let by_push = || ways(PUSH, 0).into_iter().map(|row| row.created_at).max();
    flapping
        .desk
        .alerts
        .climb(Patience::USUAL, flapping.at(199))
        .unwrap();
    assert_eq!(by_push(), Some(flapping.at(120)));
    flapping
        .desk
        .alerts
        .climb(Patience::USUAL, flapping.at(261))
        .unwrap();
    assert_eq!(
        by_push(),
        Some(flapping.at(200)),
        "its minute began with the change"
    );
    let sender = flapping.desk.send_to(OWNER);
    let summary = telegram.wait_for_text("messages at once").await;
    sender.abort();
    let lines: Vec<&str> = summary
        .text()
        .lines()
        .filter(|line| line.contains('🔴'))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("Again (2 times"), "{lines:#?}");
    assert!(lines[1].contains("Again (3 times"), "{lines:#?}");
    let time = |seconds| {
        let at = jiff::Timestamp::from_millisecond(flapping.at(seconds).0).unwrap();
        at.strftime("%H:%M:%S").to_string()
    };
    assert!(
        lines[0].contains(&time(120)) && lines[1].contains(&time(200)),
        "{lines:#?}"
    );
    let buttons = summary.body["reply_markup"].to_string();
    assert!(
        buttons.contains("alert:ack:3") && !buttons.contains("alert:ack:2"),
        "only what stands can be taken on: {buttons}"
    );
}

/// A way that holds such an end back until it has lasted does not fail by that: the ways behind it were told of no beginning.
#[tokio::test]
async fn an_end_that_a_way_holds_back_until_it_lasts_goes_no_further_way_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, push) = (Telegram::start().await, Service::ntfy().await);
    let flapping = Flapping::begin_by(
        dir.path(),
        &telegram,
        &[(TELEGRAM, OWNER), (PUSH, 0), ("hook", 0)],
    );
    let sender = flapping.push(&push);
    flapping.gone(0);
    flapping.climb();
    push.wait_for(1).await;
    flapping.back(20);
    push.wait_for(2).await;
    flapping.gone(120);
    flapping.climb();
    push.wait_for(3).await;
    flapping.back(165);
    // It stays away for an hour before it is said, and four times as long after three messages.
    let said_from = flapping.at(165 + 4 * 3_600);
    let is_held = |stuck: &[Stuck]| {
        let ways = stuck.iter().flat_map(|stuck| &stuck.ways);
        ways.filter(|way| way.rung == PUSH)
            .all(|way| way.opened_at == said_from)
    };
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let look = || {
        let mut held = false;
        let decide = |stuck: &[Stuck]| {
            held = !stuck.is_empty() && is_held(stuck);
            Ok(Vec::new())
        };
        flapping.desk.store.climb(&[], now, decide).unwrap();
        held
    };
    until(LIMIT, look).await;
    let by_hook = |climbs_at: UnixMillis| {
        flapping.desk.alerts.climb(Patience::USUAL, climbs_at).unwrap();
        let way = Address {
            rung: "hook".to_owned(),
            chat_id: 0,
        };
        flapping.desk.store.waiting(&way, 20, climbs_at).unwrap().len()
    };
    let seconds = |seconds| said_from.plus(Duration::from_secs(seconds));
    assert_eq!(by_hook(now), 0, "push has told the beginning and holds the end");
    assert_eq!(by_hook(seconds(7)), 0, "and has its time then");
    assert_eq!(by_hook(seconds(8)), 1, "after that it is like any other");
    sender.abort();
}

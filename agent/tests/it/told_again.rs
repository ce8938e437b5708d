//! Many that come and go together once the messages of the hour are spent: Telegram's last message of them is true at every
//! moment, and nothing else is said, also where that message is gone, waits, or cannot be changed.

use std::{sync::Arc, time::Duration};

use agent::{
    alert::{
        Alerts,
        channels::{Channel, ntfy::Ntfy},
        ladder::TELEGRAM,
        rule::{AlertKey, Observation, Rule},
    },
    store::outbox::{Address, Rung},
};
use protocol::{secret::Secret, time::UnixMillis};

use crate::{
    alert_outbox::Desk,
    pretend_channels::{Service, TOPIC},
    pretend_telegram::Telegram,
    world::{HASTE, OWNER, calendar, until},
};

/// Three gateways behind one line, told by one way.
struct Line {
    desk: Desk,
    start: UnixMillis,
    way: Address,
    _dir: tempfile::TempDir,
}

impl Line {
    /// Long enough ago that nothing of the story waits for its time.
    fn told_by(telegram: &Telegram, rung: &str, chat_id: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut desk = Desk::open(dir.path(), telegram, &[OWNER]);
        let way = Rung {
            name: rung.to_owned(),
            chats: vec![chat_id],
        };
        desk.alerts = Alerts::new(Arc::clone(&desk.store), desk.voice.clone(), calendar(), &[way]);
        Self {
            desk,
            start: UnixMillis(jiff::Timestamp::now().as_millisecond() - 3_000_000),
            way: Address {
                rung: rung.to_owned(),
                chat_id,
            },
            _dir: dir,
        }
    }

    fn at(&self, seconds: u64) -> UnixMillis {
        self.start.plus(Duration::from_secs(seconds))
    }

    fn see(&self, seen: &Observation, seconds: u64) {
        for number in 0..3 {
            let key = AlertKey::new("gateway", &number.to_string());
            self.desk
                .alerts
                .observe(&key, seen.clone(), self.at(seconds))
                .unwrap();
        }
    }

    /// All refuse, and what is due within a minute is due.
    fn breaks(&self, seconds: u64) {
        self.see(&Observation::wrong(Rule::GatewayRefuses), seconds);
        for after in [11, 60] {
            self.desk.alerts.tick(self.at(seconds + after)).unwrap();
        }
    }

    fn mends(&self, seconds: u64) {
        self.see(&Observation::Fine, seconds);
        self.see(&Observation::Fine, seconds + 1);
    }

    async fn sent(&self) {
        let waits = || {
            let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
            self.desk.store.waiting(&self.way, 10, now).unwrap().len()
        };
        until(Duration::from_secs(10), || waits() == 0).await;
    }

    /// The three messages of the hour.
    async fn three(&self) {
        for turn in 0..3 {
            self.breaks(200 * turn);
            self.sent().await;
            self.mends(200 * turn + 70);
            self.sent().await;
        }
    }
}

#[tokio::test]
async fn what_many_do_after_the_hours_messages_changes_the_last_one_alone() {
    let telegram = Telegram::start().await;
    let line = Line::told_by(&telegram, TELEGRAM, OWNER);
    let sender = line.desk.send_to(OWNER);
    line.three().await;
    let said = telegram.taken();
    let count = said.len();
    let last = said.last().unwrap().message_id;
    line.breaks(700);
    telegram.wait_for_edit("Again (4 times since").await;
    line.sent().await;
    let all = telegram.edits().pop().unwrap();
    assert_eq!(all["message_id"], last);
    assert!(all["text"].as_str().unwrap().contains("Also wrong"), "{all}");
    assert!(
        all["reply_markup"]["inline_keyboard"].is_array(),
        "it can be taken on: {all}"
    );
    line.mends(770);
    let green = telegram.wait_for_edit("It came and went 4 times").await;
    assert_eq!(green["message_id"], last);
    // Nobody is told of a change that has no place any more.
    assert_eq!(telegram.taken().len(), count, "{:#?}", telegram.taken());
    telegram.forget_taken();
    line.breaks(900);
    line.sent().await;
    assert!(telegram.taken().is_empty(), "{:#?}", telegram.taken());
    sender.abort();
}

#[tokio::test]
async fn an_end_that_waits_is_told_all_the_same_when_it_is_back() {
    let telegram = Telegram::start().await;
    let line = Line::told_by(&telegram, TELEGRAM, OWNER);
    let sender = line.desk.send_to(OWNER);
    for turn in 0..2 {
        line.breaks(200 * turn);
        line.sent().await;
        line.mends(200 * turn + 70);
        line.sent().await;
    }
    sender.abort();
    let _ = sender.await;
    // The third one and all that follows waits.
    let count = telegram.taken().len();
    for turn in 2..5 {
        line.breaks(200 * turn);
        line.mends(200 * turn + 70);
    }
    let sender = line.desk.send_to(OWNER);
    line.sent().await;
    let said: Vec<String> = telegram.taken()[count..]
        .iter()
        .map(|taken| taken.text().to_owned())
        .collect();
    sender.abort();
    let is_over = said.last().unwrap().contains('✅');
    assert!(
        is_over && said.iter().any(|text| text.contains("3 times")),
        "{said:#?}"
    );
}

#[tokio::test]
async fn a_way_that_cannot_change_its_messages_hears_nothing_of_it() {
    let telegram = Telegram::start().await;
    let push = Service::ntfy().await;
    let line = Line::told_by(&telegram, "push", 0);
    let url = format!("http://{}", push.address);
    let ntfy = Ntfy::new(reqwest::Client::new(), &url, &Secret::new(TOPIC), None);
    let sender = line.desk.send_on((line.way.clone(), HASTE), Channel::Ntfy(ntfy));
    line.three().await;
    let count = push.taken().len();
    for turn in 4..7 {
        line.breaks(200 * turn);
        line.sent().await;
        line.mends(200 * turn + 70);
        line.sent().await;
    }
    assert_eq!(push.taken().len(), count, "{:#?}", push.taken());
    // What lasts is a message there as before.
    line.breaks(1500);
    line.desk.alerts.tick(line.at(1801)).unwrap();
    push.wait_for(count + 1).await;
    sender.abort();
}

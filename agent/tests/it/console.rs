//! The owner's console over a real socket: who is heard, what is done, what is refused, and that no alert waits for it.

use std::time::Duration;

use agent::{
    alert::{
        Alerts,
        calendar::Calendar,
        message::Voice,
        rule::{AlertKey, Observation, Rule},
    },
    console::telegram::Line,
    store::Store,
};
use protocol::{secret::Secret, time::UnixMillis};
use serde_json::json;

use crate::{
    pretend_bot::{Bot, incident},
    pretend_telegram::{Fault, Taken, Telegram},
    world::{Agent, LIMIT, OWNER, config, config_from, settled, until},
};

const SELLER: i64 = 2001;
const PRIVATE: &str = "This bot is private";
const DIED: &str = "The shop's bot died";
const CLOSED: &str = "Too many wrong codes";

struct Scene {
    dir: tempfile::TempDir,
    telegram: Telegram,
    bot: Option<Bot>,
    agent: Option<Agent>,
}

impl Scene {
    async fn new() -> Self {
        let telegram = Telegram::start().await;
        let bot = Bot::start(None, 1);
        let dir = tempfile::tempdir().unwrap();
        let mut scene = Self {
            dir,
            telegram,
            bot: Some(bot),
            agent: None,
        };
        scene.start();
        scene.bot.as_ref().unwrap().held().await;
        scene
    }

    fn start(&mut self) {
        let bot = self.bot.as_ref().unwrap().address;
        let settings = config(self.dir.path(), bot, self.telegram.address, &[OWNER]);
        self.agent = Some(Agent::start(settings));
    }

    fn owner_says(&self, text: &str) {
        self.telegram.says(OWNER, "private", text, 0);
    }

    async fn end(self) {
        self.agent.unwrap().stop().await;
    }
}

#[tokio::test]
async fn the_owner_is_answered_text_first_and_the_picture_follows() {
    let scene = Scene::new().await;
    let menus = scene.telegram.wait_for_other("setMyCommands").await;
    assert!(
        menus[0].contains("\"chat_id\":1001") && menus[0].contains("\"status\""),
        "{}",
        menus[0]
    );
    scene.owner_says("/status");
    let status = scene.telegram.wait_for_text("All is well").await;
    assert!(status.text().contains("Bot: running"), "{}", status.text());
    scene.telegram.flood_next("sendPhoto");
    scene.owner_says("/graph 24h disk");
    scene.telegram.wait_for_text("Disk · 24 h").await;
    let photos = scene.telegram.wait_for_other("sendPhoto").await;
    assert!(photos[0].contains("name=\"chat_id\"\r\n\r\n1001\r\n") && photos[0].contains("PNG"));
    for (typed, answer) in [
        ("/alerts", "Nothing is wrong"),
        ("/backups", "No remote holds a backup"),
        ("/runbook bot_gone", "systemctl status bot"),
        ("/logs err", "cannot be read"),
        ("/silence 2h", "no alert to silence"),
        ("/maintenance 30m", "Maintenance: every alert"),
        ("/status", "🔕 everything (maintenance) → "),
        ("/maintenance off", "Maintenance is over"),
        ("/maintenance off", "There was no maintenance"),
        ("/digest", "20"),
        ("/help", "/maintenance 30m"),
        ("/shell reboot", "That is no command"),
        ("/graph 99d", "Write for example: /graph 24h disk"),
        ("/graph 24h nonsense", "What can be seen: server, disk"),
        ("/logs everything", "/logs err for those about trouble"),
        ("/silence", "/silence 2h NAME for one alone"),
        (
            "/silence 2h xyz",
            "There is no alert called xyz. Nothing is wrong",
        ),
        (
            "/silence 2h disk_low",
            "disk_low is not wrong at the moment; only what is wrong",
        ),
        ("/silence off", "Nothing was silenced"),
        ("/silence 8d", "The time is from 1m to 7d"),
        ("/maintenance 0m", "The time is from 1m to 7d"),
        ("/restart agent", "Write /restart alone"),
        ("/runbook nonsense", "no chapter of that name. /runbook shows"),
        ("/runbook disk", "Like it are: "),
        (
            "/graph traffic 7d",
            "local, on average an hour: 0 B and 0 requests (24 h)",
        ),
    ] {
        scene.owner_says(typed);
        scene.telegram.wait_for_text(answer).await;
    }
    assert!(
        scene
            .telegram
            .taken()
            .iter()
            .all(|taken| taken.body["chat_id"] == OWNER)
    );
    scene.end().await;
}

#[tokio::test]
async fn strangers_and_sellers_get_one_neutral_sentence_and_groups_nothing() {
    let scene = Scene::new().await;
    for (user, kind) in [
        (SELLER, "private"),
        (SELLER, "private"),
        (3001, "private"),
        (OWNER, "supergroup"),
    ] {
        scene.telegram.says(user, kind, "/status", 0);
        scene.telegram.says(user, kind, "/restart", 0);
    }
    scene.owner_says("/help");
    scene.telegram.wait_for_text("Commands:").await;
    let said: Vec<(i64, String)> = scene
        .telegram
        .taken()
        .iter()
        .map(|taken| (taken.body["chat_id"].as_i64().unwrap(), taken.text().to_owned()))
        .collect();
    let to_others: Vec<&(i64, String)> = said.iter().filter(|(chat, _)| *chat != OWNER).collect();
    assert_eq!(to_others.len(), 2, "{said:?}");
    assert!(
        to_others.iter().all(|(_, text)| text.starts_with(PRIVATE)),
        "{said:?}"
    );
    assert_eq!(said.len(), 3, "{said:?}");
    let store = Store::open_to_look(&scene.dir.path().join("state"))
        .unwrap()
        .unwrap();
    assert_eq!(store.strangers().unwrap(), 8);
    scene.end().await;
}

#[tokio::test]
async fn a_stranger_gets_no_second_sentence_within_the_hour_because_the_agent_was_restarted() {
    let mut scene = Scene::new().await;
    for round in 1..=3 {
        scene.telegram.says(SELLER, "private", "/start", 0);
        // Its answer proves that the stranger's would have been there before.
        scene.owner_says("/help");
        let begun = std::time::Instant::now();
        let is_help = |taken: &&Taken| taken.text().starts_with("Commands:");
        while scene.telegram.taken().iter().filter(is_help).count() < round {
            assert!(begun.elapsed() < LIMIT, "{:?}", scene.telegram.taken());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.agent.take().unwrap().kill().await;
        scene.start();
    }
    let taken = scene.telegram.taken();
    let sentences = taken.iter().filter(|taken| taken.text().starts_with(PRIVATE));
    assert_eq!(sentences.count(), 1, "{taken:?}");
    scene.end().await;
}

#[tokio::test]
async fn somebody_elses_press_in_the_owners_chat_is_answered_nowhere() {
    let scene = Scene::new().await;
    scene.owner_says("/help");
    let help = scene.telegram.wait_for_text("Commands:").await;
    scene.telegram.presses(SELLER, &help, "alert:ack:1");
    // The next answer proves that one to the press would have been there by now.
    scene.owner_says("/alerts");
    scene.telegram.wait_for_text("Nothing is wrong").await;
    let taken = scene.telegram.taken();
    assert!(
        taken.iter().all(|taken| !taken.text().starts_with(PRIVATE)),
        "{taken:?}"
    );
    let store = Store::open_to_look(&scene.dir.path().join("state"))
        .unwrap()
        .unwrap();
    assert_eq!(store.strangers().unwrap(), 1, "it is counted all the same");
    scene.end().await;
}

#[tokio::test]
async fn a_silence_that_is_given_again_for_less_says_that_it_ends_sooner() {
    let scene = Scene::new().await;
    scene.owner_says("/maintenance 2h");
    scene.telegram.wait_for_text("Maintenance: every alert").await;
    scene.owner_says("/maintenance 30m");
    let told = scene.telegram.wait_for_text("shorter than before").await;
    assert!(told.text().contains("it was to last until 20"), "{}", told.text());
    scene.owner_says("/maintenance off");
    scene.telegram.wait_for_text("Maintenance is over").await;
    drop(scene.bot);
    scene.telegram.wait_for_text(DIED).await;
    for (typed, is_shorter) in [
        ("/silence 1h", false),
        ("/silence 3h", false),
        ("/silence 2h", true),
    ] {
        let before = scene.telegram.taken().len();
        scene.telegram.says(OWNER, "private", typed, 0);
        let told = scene.telegram.wait_for(before + 1).await.pop().unwrap();
        assert!(told.text().starts_with("🔕 Silent until"), "{}", told.text());
        assert_eq!(told.text().contains("shorter than before"), is_shorter, "{typed}");
    }
    let look = || {
        Store::open_to_look(&scene.dir.path().join("state"))
            .unwrap()
            .unwrap()
    };
    assert!(!look().book().unwrap().silences.is_empty());
    scene.telegram.says(OWNER, "private", "/silence off", 0);
    scene.telegram.wait_for_text("Every silence is over").await;
    assert!(look().book().unwrap().silences.is_empty());
    scene.agent.unwrap().stop().await;
}

#[tokio::test]
async fn a_bot_that_was_stopped_on_purpose_is_no_trouble_to_whoever_asks() {
    let mut scene = Scene::new().await;
    let bot = scene.bot.take().unwrap();
    bot.think(|mind| mind.goodbye = true);
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(bot);
    scene.owner_says("/status");
    let told = scene.telegram.wait_for_text("24 hours: ").await;
    let text = told.text();
    assert!(
        text.starts_with("✅ All is well") && text.contains("Bot: stopped on purpose"),
        "{text}"
    );
    scene.agent.unwrap().stop().await;
}

#[tokio::test]
async fn days_of_quiet_need_a_second_step_and_hours_do_not() {
    let scene = Scene::new().await;
    scene.owner_says("/maintenance 7d");
    let asked = scene.telegram.wait_for_text("Send this code").await;
    assert!(
        asked.text().contains("would hear nothing of this"),
        "{}",
        asked.text()
    );
    let code = asked.text().rsplit(' ').next().unwrap().to_owned();
    scene.owner_says("/status");
    let status = scene.telegram.wait_for_text("All is well").await;
    assert!(!status.text().contains("maintenance"), "nothing is silent yet");
    scene.owner_says(&code);
    scene.telegram.wait_for_text("Maintenance: every alert").await;
    scene.owner_says("/maintenance 4h");
    scene.telegram.wait_for_text("shorter than before").await;
    scene.owner_says("/silence 3d");
    scene.telegram.wait_for_text("no alert to silence").await;
    scene.end().await;
}

#[tokio::test]
async fn a_silence_of_what_does_not_stand_says_so_and_lists_what_does() {
    let mut scene = Scene::new().await;
    drop(scene.bot.take());
    scene.telegram.wait_for_text(DIED).await;
    scene.owner_says("/silence 1h xyz");
    let told = scene
        .telegram
        .wait_for_text("There is no alert called xyz.")
        .await;
    assert!(
        told.text().contains(DIED) && told.text().contains("/silence 2h bot/bot"),
        "{}",
        told.text()
    );
    // By its rule's name, and with a unit of time as Indonesians write it.
    scene.owner_says("/bisukan BOT_GONE 2 jam");
    let told = scene.telegram.wait_for_text("Silent until").await;
    assert!(told.text().contains(DIED), "{}", told.text());
    scene.owner_says("/alerts");
    let list = scene.telegram.wait_for_text("Silenced:").await;
    assert!(
        list.text().contains("/silence 2h bot/bot · /runbook bot_gone"),
        "{}",
        list.text()
    );
    let rows = list.body["reply_markup"]["inline_keyboard"].as_array().unwrap();
    assert!(
        rows[0][0]["callback_data"]
            .as_str()
            .unwrap()
            .starts_with("alert:ack:"),
        "{rows:?}"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_command_for_another_bot_is_not_answered_and_one_by_the_own_name_is() {
    let scene = Scene::new().await;
    scene.telegram.call_it("owner_bot");
    scene.owner_says("/help@other_bot");
    scene.owner_says("/status@Owner_Bot");
    scene.telegram.wait_for_text("Bot: running").await;
    let taken = scene.telegram.taken();
    assert!(
        taken.iter().all(|taken| !taken.text().contains("Commands:")),
        "{taken:?}"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_restart_of_a_unit_that_systemd_does_not_know_asks_for_no_code() {
    let scene = Scene::new().await;
    let store = std::sync::Arc::new(Store::open(&scene.dir.path().join("state")).unwrap());
    let settings = config(
        scene.dir.path(),
        scene.telegram.address,
        scene.telegram.address,
        &[OWNER],
    );
    let alerts = Alerts::new(store, Voice::of(&settings), Calendar::of(&settings), &[]);
    let key = AlertKey::new("unit_name", "bot.service");
    let seen = Observation::wrong(Rule::BotUnitUnknown);
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    alerts.observe(&key, seen, now).unwrap();
    scene.owner_says("/restart");
    let told = scene
        .telegram
        .wait_for_text("systemd knows no unit bot.service")
        .await;
    assert!(!told.text().contains("code"), "{}", told.text());
    scene.end().await;
}

#[tokio::test]
async fn what_is_dangerous_needs_its_code_and_wrong_ones_close_the_door() {
    let mut scene = Scene::new().await;
    scene.owner_says("/maintenance 24h");
    let asked = scene.telegram.wait_for_text("Send this code").await;
    let code = asked.text().rsplit(' ').next().unwrap().to_owned();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    scene.owner_says(wrong);
    scene.telegram.wait_for_text("Tries left: 2").await;
    // What a stranger sends is not even looked at.
    scene.telegram.says(SELLER, "private", &code, 0);
    scene.owner_says(wrong);
    scene.telegram.wait_for_text("Tries left: 1").await;
    scene.owner_says(wrong);
    scene.telegram.wait_for_text("Too many wrong codes").await;
    scene.owner_says(&code);
    scene.telegram.wait_for_text("No command waits for a code").await;
    assert!(
        scene
            .telegram
            .taken()
            .iter()
            .all(|taken| !taken.text().starts_with("🔧"))
    );
    // Another start of the agent does not open it.
    scene.agent.take().unwrap().stop().await;
    scene.start();
    let closed = |scene: &Scene| {
        let taken = scene.telegram.taken();
        taken
            .iter()
            .filter(|taken| taken.text().contains("Too many wrong codes"))
            .count()
    };
    let before = closed(&scene);
    let begun = std::time::Instant::now();
    scene.owner_says("/maintenance 24h");
    while closed(&scene) == before {
        assert!(begun.elapsed() < LIMIT, "{:?}", scene.telegram.taken());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn what_was_typed_while_the_agent_was_away_is_told_and_not_done() {
    let scene = Scene::new().await;
    scene.telegram.says(OWNER, "private", "/maintenance 2h", 3_600);
    scene.telegram.wait_for_text("was sent 1 h ago").await;
    scene.telegram.says(OWNER, "private", "/alerts", 3_600);
    let alerts = scene.telegram.wait_for_text("Nothing is wrong").await;
    assert!(!alerts.text().contains("Silenced"), "{}", alerts.text());
    scene.end().await;
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_telegrams_is_told_and_holds_no_command_up() {
    let scene = Scene::new().await;
    scene.owner_says("/help");
    scene.telegram.wait_for_text("Commands:").await;
    scene.telegram.says(OWNER, "private", "/maintenance 2h", 7_200);
    scene.telegram.wait_for_text("Maintenance: every alert").await;
    let note = scene.telegram.wait_for_text("This server's clock is 2 h").await;
    assert!(note.text().contains("ahead of Telegram's"), "{}", note.text());
    scene.end().await;
}

#[tokio::test]
async fn nothing_is_heard_twice_across_a_restart() {
    let mut scene = Scene::new().await;
    scene.owner_says("/help");
    scene.telegram.wait_for_text("Commands:").await;
    scene.agent.take().unwrap().stop().await;
    scene.start();
    scene.owner_says("/runbook");
    scene.telegram.wait_for_text("one of these names").await;
    let helps = scene
        .telegram
        .taken()
        .iter()
        .filter(|taken| taken.text().starts_with("Commands:"))
        .count();
    assert_eq!(helps, 1);
    scene.end().await;
}

#[tokio::test]
async fn buttons_under_an_alert_take_it_on_and_silence_it_in_place() {
    let mut scene = Scene::new().await;
    drop(scene.bot.take());
    let alert = scene.telegram.wait_for_text(DIED).await;
    settled(scene.dir.path()).await;
    let data = |label: &str| -> String {
        let rows = alert.body["reply_markup"]["inline_keyboard"].as_array().unwrap();
        let buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
        let found = buttons
            .clone()
            .find(|button| button["callback_data"].as_str().unwrap().contains(label));
        found.unwrap()["callback_data"].as_str().unwrap().to_owned()
    };
    scene.telegram.presses(SELLER, &alert, &data("ack"));
    scene.telegram.presses(OWNER, &alert, &data("silence"));
    scene.telegram.presses(OWNER, &alert, &data("runbook"));
    scene.telegram.wait_for_text("📖 bot_gone").await;
    scene.telegram.presses(OWNER, &alert, &data("ack"));
    let mut answers = Vec::new();
    while answers.len() < 3 {
        answers = scene.telegram.others("answerCallbackQuery");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(answers[0].contains("Silent until"), "{answers:?}");
    assert!(answers[2].contains("you take this on"), "{answers:?}");
    let edits = scene.telegram.edits();
    let silenced = edits
        .iter()
        .find(|edit| edit["text"].as_str().unwrap().contains("🔕"))
        .unwrap();
    assert_eq!(silenced["message_id"], alert.message_id);
    assert!(silenced["reply_markup"].is_object(), "the buttons stay");
    scene.end().await;
}

#[tokio::test]
async fn buttons_under_a_report_take_it_on_and_silence_its_kind_in_place() {
    let scene = Scene::new().await;
    let bot = scene.bot.as_ref().unwrap();
    bot.think(|mind| mind.incidents = vec![incident(1, "job 7 died")]);
    let report = scene
        .telegram
        .wait_for_text("A job of the bot was given up")
        .await;
    settled(scene.dir.path()).await;
    scene.telegram.presses(OWNER, &report, "alert:mine:report");
    scene.telegram.presses(OWNER, &report, "alert:quiet:dead_job:8");
    let begun = std::time::Instant::now();
    let mut edits = Vec::new();
    while edits.len() < 2 {
        assert!(begun.elapsed() < LIMIT, "{edits:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        edits = scene.telegram.edits();
    }
    let texts: Vec<&str> = edits.iter().map(|edit| edit["text"].as_str().unwrap()).collect();
    assert!(texts[0].ends_with("✋ Noted: you take this on."), "{texts:?}");
    assert!(texts[1].contains("🔕 Silent until"), "{texts:?}");
    let store = Store::open_to_look(&scene.dir.path().join("state"))
        .unwrap()
        .unwrap();
    let silences = store.book().unwrap().silences;
    assert_eq!(silences.values().next().unwrap().scope, "incident/dead_job");
    scene.end().await;
}

#[tokio::test]
async fn an_alert_does_not_wait_for_a_console_that_telegram_keeps_waiting() {
    let mut scene = Scene::new().await;
    // The answer to the command hangs; the alert must go all the same.
    scene.telegram.fail_next([Fault::Hang]);
    scene.owner_says("/help");
    scene.telegram.wait_for(1).await;
    drop(scene.bot.take());
    scene.telegram.wait_for_text(DIED).await;
    scene.agent.take().unwrap().stop().await;
}

#[tokio::test]
async fn an_authenticators_password_is_the_second_step_where_there_is_one() {
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let dir = tempfile::tempdir().unwrap();
    let mut settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
    settings.secrets.console_totp = Some(Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    settings.bot.unit = "no-such-unit.service".to_owned();
    let agent = Agent::start(settings);
    bot.held().await;
    telegram.says(OWNER, "private", "/maintenance 24h", 0);
    let asked = telegram.wait_for_text("six digits of your authenticator").await;
    assert!(!asked.text().contains("Send this code"));
    let totp = agent::console::totp::Totp::new(&Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let right = (0..1_000_000)
        .map(|number| format!("{number:06}"))
        // That of the next half minute, which is taken already: a slow machine has a minute to send it.
        .find(|digits| totp.step_of(digits, now) > Some(now.0 / 30_000))
        .unwrap();
    telegram.says(OWNER, "private", &right, 0);
    telegram.wait_for_text("Maintenance: every alert").await;
    telegram.says(OWNER, "private", "/maintenance 24h", 0);
    // Sent again, and again: no try is lost by it, and the command waits on.
    let is_used = |taken: &Taken| taken.text().contains("was used already");
    for count in 1..=4 {
        telegram.says(OWNER, "private", &right, 0);
        until(LIMIT, || {
            telegram.taken().iter().filter(|taken| is_used(taken)).count() == count
        })
        .await;
    }
    let wrong = if right == "000000" { "000001" } else { "000000" };
    telegram.says(OWNER, "private", wrong, 0);
    telegram.wait_for_text("Tries left: 2").await;
    agent.stop().await;
}

const PARTNER: i64 = 1002;

#[tokio::test]
async fn of_two_owners_each_reads_what_the_other_silenced_and_took_on() {
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let dir = tempfile::tempdir().unwrap();
    let mut settings = config(dir.path(), bot.address, telegram.address, &[OWNER, PARTNER]);
    settings.bot.unit = "no-such-unit.service".to_owned();
    let agent = Agent::start(settings);
    bot.held().await;
    let said_to = |chat: i64, part: &str| {
        let is_it = |taken: &&Taken| taken.body["chat_id"] == chat && taken.text().contains(part);
        telegram.taken().iter().filter(is_it).count()
    };
    for (typed, told) in [
        ("/maintenance 30m", "Maintenance: every alert is held back until"),
        ("/maintenance off", "Maintenance is over"),
    ] {
        telegram.says(PARTNER, "private", typed, 0);
        until(LIMIT, || said_to(OWNER, told) == 1).await;
        assert_eq!(
            said_to(OWNER, "From Person-1002, another owner:\n"),
            said_to(OWNER, "Maint")
        );
        assert_eq!(said_to(PARTNER, told), 1);
    }
    drop(bot);
    until(LIMIT, || said_to(OWNER, DIED) + said_to(PARTNER, DIED) == 2).await;
    settled(dir.path()).await;
    let alert_of = |chat: i64| {
        let mut alerts = telegram.taken().into_iter();
        alerts
            .rfind(|taken| taken.body["chat_id"] == chat && taken.text().contains(DIED))
            .unwrap()
    };
    let book = || {
        Store::open_to_look(&dir.path().join("state"))
            .unwrap()
            .unwrap()
            .book()
            .unwrap()
    };
    let episode = book().episodes.into_keys().next().unwrap().0;
    telegram.presses(PARTNER, &alert_of(PARTNER), &format!("alert:ack:{episode}"));
    telegram.presses(OWNER, &alert_of(OWNER), &format!("alert:ack:{episode}"));
    let notes = || {
        let edits = telegram.edits().into_iter();
        let is_note = |edit: &serde_json::Value| {
            edit["text"]
                .as_str()
                .unwrap()
                .contains("Person-1002 took this on at")
        };
        let chats = edits
            .filter(is_note)
            .map(|edit| edit["chat_id"].as_i64().unwrap());
        chats.collect::<std::collections::BTreeSet<_>>()
    };
    until(LIMIT, || notes().into_iter().eq([OWNER, PARTNER])).await;
    until(LIMIT, || telegram.others("answerCallbackQuery").len() == 2).await;
    let answers = telegram.others("answerCallbackQuery");
    assert!(answers[0].contains("you take this on"), "{answers:?}");
    assert!(answers[1].contains("Person-1002 took this on"), "{answers:?}");
    telegram.presses(OWNER, &alert_of(OWNER), &format!("alert:silence:{episode}:1"));
    until(LIMIT, || {
        said_to(PARTNER, "From Person-1001, another owner:\n🔕 Silent until") == 1
    })
    .await;
    assert_eq!(said_to(PARTNER, ": 🔴 The shop's bot died"), 1);
    agent.stop().await;
}

#[tokio::test]
async fn taken_on_under_a_summary_stands_in_it_and_is_told_to_the_other_owner() {
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(config(
        dir.path(),
        bot.address,
        telegram.address,
        &[OWNER, PARTNER],
    ));
    bot.held().await;
    let look = || Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    telegram.set_down(true);
    bot.think(|mind| mind.incidents = (1..=6).map(|id| incident(id, "job 7 died")).collect());
    until(LIMIT, || look().backlog().unwrap().untold == 6).await;
    drop(bot);
    until(LIMIT, || look().backlog().unwrap().untold == 7).await;
    telegram.set_down(false);
    let summary_of = |chat: i64| {
        let is_it = |taken: &Taken| taken.body["chat_id"] == chat && taken.text().contains(DIED);
        telegram.taken().into_iter().rfind(is_it)
    };
    until(LIMIT, || {
        summary_of(OWNER).is_some() && summary_of(PARTNER).is_some()
    })
    .await;
    settled(dir.path()).await;
    let summary = summary_of(PARTNER).unwrap();
    assert!(summary.text().contains("messages at once"), "{}", summary.text());
    let episode = look().book().unwrap().episodes.into_keys().next().unwrap().0;
    telegram.presses(PARTNER, &summary, &format!("alert:ack:{episode}"));
    let note = format!("✋ 🔴 {DIED}: Person-1002 took this on");
    let edit = telegram.wait_for_edit(&note).await;
    assert_eq!(
        (&edit["message_id"], &edit["chat_id"]),
        (&json!(summary.message_id), &json!(PARTNER))
    );
    assert!(edit["reply_markup"].is_object(), "the buttons stay");
    let told = format!("✋ Taken on: 🔴 {DIED}");
    let to_owner = || {
        let is_it = |taken: &&Taken| taken.body["chat_id"] == OWNER && taken.text().contains(&told);
        telegram.taken().iter().filter(is_it).count()
    };
    until(LIMIT, || to_owner() == 1).await;
    agent.stop().await;
}

#[tokio::test]
async fn what_an_owner_did_reaches_the_other_one_also_after_an_outage_and_a_restart() {
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut settings = config(dir.path(), bot.address, telegram.address, &[OWNER, PARTNER]);
        settings.bot.unit = "no-such-unit.service".to_owned();
        Agent::start(settings)
    };
    let agent = start();
    bot.held().await;
    telegram.block(OWNER, true);
    telegram.says(PARTNER, "private", "/maintenance 30m", 0);
    telegram.wait_for_text("Maintenance: every alert").await;
    agent.stop().await;
    telegram.block(OWNER, false);
    let agent = start();
    let told = telegram.wait_for_text("From Person-1002, another owner:").await;
    assert_eq!(told.body["chat_id"], OWNER);
    assert!(
        told.text()
            .contains("Maintenance: every alert is held back until")
    );
    agent.stop().await;
    let taken = telegram.taken();
    let by_another = taken
        .iter()
        .filter(|taken| taken.text().contains("another owner"));
    assert_eq!(by_another.count(), 1, "{taken:?}");
}

#[tokio::test]
async fn wrong_codes_of_one_owner_close_the_door_to_that_one_alone_also_after_a_restart() {
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Agent::start(config(
            dir.path(),
            bot.address,
            telegram.address,
            &[OWNER, PARTNER],
        ))
    };
    let agent = start();
    bot.held().await;
    let closed = |chat: i64| {
        let is_it = |taken: &&Taken| taken.body["chat_id"] == chat && taken.text().contains(CLOSED);
        telegram.taken().iter().filter(is_it).count()
    };
    telegram.says(PARTNER, "private", "/maintenance 3d", 0);
    let asked = telegram.wait_for_text("Send this code").await;
    for _ in 0..3 {
        let wrong = if asked.text().contains("000000") {
            "000001"
        } else {
            "000000"
        };
        telegram.says(PARTNER, "private", wrong, 0);
    }
    until(LIMIT, || closed(PARTNER) == 1).await;
    agent.stop().await;
    let agent = start();
    telegram.says(OWNER, "private", "/maintenance 3d", 0);
    telegram.says(PARTNER, "private", "/maintenance 3d", 0);
    until(LIMIT, || closed(PARTNER) == 2).await;
    assert_eq!(closed(OWNER), 0);
    agent.stop().await;
}

#[tokio::test]
async fn another_program_at_the_agents_own_token_is_told_to_the_owner() {
    let mut scene = Scene::new().await;
    scene.agent.take().unwrap().stop().await;
    scene.telegram.share(true);
    scene.start();
    // The third conflict is a minute after the first.
    until(Duration::from_secs(90), || {
        let taken = scene.telegram.taken();
        let mut told = taken.iter().map(|taken| taken.text());
        told.any(|text| {
            text.contains("Another program uses the agent's bot") && text.contains("OWNER_BOT_TOKEN")
        })
    })
    .await;
    scene.end().await;
}

#[tokio::test]
async fn a_note_for_which_a_message_has_no_room_comes_beside_it() {
    let scene = Scene::new().await;
    let bot = scene.bot.as_ref().unwrap();
    bot.think(|mind| mind.incidents = vec![incident(1, "job 7 died")]);
    let mut report = scene
        .telegram
        .wait_for_text("A job of the bot was given up")
        .await;
    settled(scene.dir.path()).await;
    let long = format!("{}\n{}", report.text(), "x".repeat(4_070));
    report.body["text"] = long.chars().take(4_070).collect::<String>().into();
    scene.telegram.presses(OWNER, &report, "alert:quiet:dead_job:8");
    let beside = scene.telegram.wait_for_text("🔕 Silent until").await;
    assert!(
        beside.text().contains("A job of the bot was given up\n\n🔕"),
        "{}",
        beside.text()
    );
    assert!(scene.telegram.edits().is_empty());
    scene.end().await;
}

#[tokio::test]
async fn a_backup_that_was_asked_for_and_failed_says_why() {
    let scene = Scene::new().await;
    scene.owner_says("/backup");
    let edit = scene.telegram.wait_for_edit("The backup did not succeed").await;
    let text = edit["text"].as_str().unwrap();
    assert!(text.contains("owner.asc"), "the cause: {text}");
    scene.end().await;
}

const LAST_WORDS: &str = "ERROR the shop cannot be opened";

/// The agent comes up beside a bot that does not, as after a reboot.
async fn asked_without_a_bot(mut scene: Scene, more: &str) -> Taken {
    if let Some(agent) = scene.agent.take() {
        agent.stop().await;
    }
    let address = scene.bot.take().unwrap().address;
    let text = crate::world::text(address, scene.telegram.address, &[OWNER]);
    let settings = config_from(
        scene.dir.path(),
        &(text.replace("[http]", &format!("{more}[http]"))),
    );
    let agent = Agent::start(settings);
    scene.telegram.says(OWNER, "private", "/logs err", 0);
    let answer = scene.telegram.wait_for_text("log").await;
    agent.stop().await;
    answer
}

#[tokio::test]
async fn the_log_of_a_bot_that_does_not_start_is_read_where_it_said_before_that_it_lies() {
    let scene = Scene::new().await;
    let path = scene.dir.path().join("bot.log");
    std::fs::write(&path, LAST_WORDS).unwrap();
    let said = path.clone();
    scene.bot.as_ref().unwrap().think(|mind| mind.log = Some(said));
    let store = Store::open_to_look(&scene.dir.path().join("state"))
        .unwrap()
        .unwrap();
    let known = async {
        while store.remembered("bot_log").unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(2 * LIMIT, known)
        .await
        .expect("the bot was asked");
    let answer = asked_without_a_bot(scene, "").await;
    assert!(answer.text().contains(LAST_WORDS), "{}", answer.text());
}

#[tokio::test]
async fn the_log_of_a_bot_that_never_said_a_word_is_read_where_its_configuration_puts_it() {
    let scene = Scene::new().await;
    let logs = scene.dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("bot.log"), LAST_WORDS).unwrap();
    let settings = format!("[logs]\ndir = \"{}\"\n", logs.display());
    std::fs::write(scene.dir.path().join("bot.toml"), settings).unwrap();
    let answer = asked_without_a_bot(scene, "config = \"bot.toml\"\n").await;
    assert!(answer.text().contains(LAST_WORDS), "{}", answer.text());
}

#[tokio::test]
async fn where_no_log_can_be_read_the_owner_is_told_where_to_look() {
    let scene = Scene::new().await;
    // No journal holds a line of such a unit.
    let answer = asked_without_a_bot(scene, "unit = \"no-such-bot.service\"\n").await;
    let text = answer.text();
    assert!(
        text.contains("has not said yet where it lies") && text.contains("journalctl -u no-such-bot.service"),
        "{text}"
    );
}

/// As Telegram puts a request off, a second each time.
fn floods(count: usize) -> Vec<Fault> {
    let flood = json!({ "ok": false, "error_code": 429, "parameters": { "retry_after": 1 } });
    vec![Fault::Answer(429, flood); count]
}

#[tokio::test]
async fn what_telegram_puts_off_again_and_again_comes_once_it_is_taken() {
    let scene = Scene::new().await;
    scene.telegram.wait_for_other("setMyCommands").await;
    scene.telegram.fail_next(floods(5));
    scene.owner_says("/help");
    scene.telegram.wait_for_text("Commands:").await;
    (0..5).for_each(|_| scene.telegram.flood_next("sendPhoto"));
    scene.owner_says("/graph 24h disk");
    scene.telegram.wait_for_text("Disk · 24 h").await;
    let photos = scene.telegram.wait_for_other("sendPhoto").await;
    assert_eq!(photos.len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn progress_takes_nothing_from_an_answer_that_telegram_has_put_off() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let telegram = Telegram::start().await;
    let url = format!("http://{}", telegram.address);
    let line = Line::new(reqwest::Client::new(), &url, Secret::new("1:a"));
    let begun = line.post(OWNER, "The backup begins.").await.unwrap().unwrap();
    telegram.fail_next(floods(1));
    let answer = line.say(OWNER, "An answer.");
    let progress = async {
        telegram.wait_until_faults_are_used().await;
        // The line has read that by the time of its next turn.
        tokio::time::sleep(Duration::from_millis(200)).await;
        line.edit_in_passing(OWNER, begun, "Half of it.").await;
        line.edit_in_passing(OWNER, begun, "Most of it.").await;
        telegram.edits()
    };
    let (said, edits) = tokio::join!(answer, progress);
    said.unwrap();
    assert!(edits.is_empty(), "{edits:?}");
    telegram.wait_for_text("An answer.").await;
    line.edit_in_passing(OWNER, begun, "Nearly all of it.").await;
    assert_eq!(telegram.edits().len(), 1);
    // Another chat was not put off.
    telegram.fail_next(floods(1));
    let (said, other) = tokio::join!(line.say(OWNER, "One more."), async {
        telegram.wait_until_faults_are_used().await;
        line.say(SELLER, "To another chat.").await
    });
    said.unwrap();
    other.unwrap();
    let order: Vec<String> = telegram
        .taken()
        .iter()
        .map(|taken| taken.text().to_owned())
        .collect();
    assert_eq!(order[2..], ["To another chat.", "One more."]);
}

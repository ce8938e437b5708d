//! Two roads of one bot to one chat: what one of them delivered is there for the other one as well.

use std::path::Path;

use agent::{
    alert::ladder::TELEGRAM,
    config::Config,
    store::{Store, outbox::Address},
};
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::{
    pretend_bot::{Bot, incident},
    pretend_road::{Manner, Road},
    pretend_telegram::{Taken, Telegram},
    ways::LOSSY,
    world::{Agent, LIMIT, OWNER, config_from, text, until},
};

const SECOND: &str = "second";
const REPEATED: &str = "(may be repeated) ";

fn by_two_roads(dir: &Path, bot: &Bot, direct: &Road, second: &Road, chats: &[i64]) -> Config {
    let sections = format!(
        "[channels.{SECOND}]\ntype = \"telegram\"\napi_url = \"http://{}\"\n",
        second.address
    );
    config_from(dir, &(text(bot.address, direct.address, chats) + &sections))
}

/// Nothing waits on either road, not even to see whether it is there.
async fn nothing_waits(dir: &Path, chats: &[i64]) {
    let store = Store::open_to_look(&dir.join("state")).unwrap().unwrap();
    let waits = |rung: &str, chat_id: i64| {
        let address = Address {
            rung: rung.to_owned(),
            chat_id,
        };
        !store
            .waiting(&address, 10, UnixMillis(i64::MAX))
            .unwrap()
            .is_empty()
    };
    let is_waiting = || {
        let both = |chat: &i64| waits(TELEGRAM, *chat) || waits(SECOND, *chat);
        chats.iter().any(both)
    };
    // A sender that holds something back looks again every ten seconds.
    until(LIMIT * 3, || !is_waiting()).await;
}

fn is_of(chat_id: i64) -> impl Fn(&&Taken) -> bool {
    move |taken| taken.body["chat_id"] == chat_id
}

/// What the chat's last message says in the end.
fn last_word(telegram: &Telegram, chat_id: i64) -> String {
    let taken = telegram.taken();
    let last = taken.iter().rfind(is_of(chat_id)).unwrap();
    let edits = telegram.edits();
    let is_its = |edit: &&Value| edit["message_id"] == last.message_id;
    let edit = edits.iter().rev().find(is_its);
    edit.map_or(last.text(), |edit| edit["text"].as_str().unwrap())
        .to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direct {
    Refuses,
    Is(Manner),
}

/// The bot dies while the direct road is like that and is told by the second one; `is_over` says whether it runs again before
/// the direct road is there again, or after it.
async fn a_death_is_told(met: Direct, chats: &[i64], is_over: bool) {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let mut direct = Road::closed(&telegram).await;
    if let Direct::Is(manner) = met {
        direct.set(manner);
        direct.open().await;
    }
    let second = Road::start(&telegram, Manner::Open).await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let config = by_two_roads(dir.path(), &bot, &direct, &second, chats);
    let agent = Agent::start_at(config, LOSSY);
    bot.held().await;
    drop(bot);
    // The direct road may have brought one before.
    let direct_ones = match met {
        Direct::Is(Manner::LosesAnswers) => chats.len(),
        Direct::Refuses | Direct::Is(_) => 0,
    };
    telegram.wait_for(direct_ones + chats.len()).await;
    let run_again = async || {
        let bot = Bot::start(Some(address), 2);
        until(LIMIT, || {
            chats
                .iter()
                .all(|chat| last_word(&telegram, *chat).starts_with('✅'))
        })
        .await;
        bot
    };
    let mut bot = None;
    if is_over {
        bot = Some(run_again().await);
    }
    match met {
        Direct::Refuses => drop(direct.open().await),
        Direct::Is(_) => direct.set(Manner::Open),
    }
    nothing_waits(dir.path(), chats).await;
    if !is_over {
        bot = Some(run_again().await);
        nothing_waits(dir.path(), chats).await;
    }
    agent.stop().await;
    drop(bot);
    let told = telegram.taken();
    assert_eq!(told.len(), direct_ones + chats.len(), "{met:?}: {told:?}");
    for chat in chats {
        let last = told.iter().rfind(is_of(*chat)).unwrap();
        let is_unknown = met != Direct::Refuses;
        assert_eq!(
            last.text().starts_with(REPEATED),
            is_unknown,
            "{met:?}: {}",
            last.text()
        );
        assert!(!last.text().contains("could not be sent"), "{}", last.text());
        let word = last_word(&telegram, *chat);
        assert!(
            word.starts_with("✅ The shop's bot runs again"),
            "{met:?}: {word}"
        );
        assert!(!word.contains("this way was down"), "{met:?}: {word}");
    }
}

#[tokio::test]
async fn what_the_second_road_told_is_not_told_by_the_direct_one_that_refused_and_is_back() {
    a_death_is_told(Direct::Refuses, &[OWNER], true).await;
    a_death_is_told(Direct::Refuses, &[OWNER], false).await;
}

#[tokio::test]
async fn nor_by_one_that_hung() {
    a_death_is_told(Direct::Is(Manner::Hangs), &[OWNER], true).await;
    a_death_is_told(Direct::Is(Manner::Hangs), &[OWNER], false).await;
}

#[tokio::test]
async fn nor_by_one_that_lost_its_answers() {
    a_death_is_told(Direct::Is(Manner::LosesAnswers), &[OWNER], true).await;
    a_death_is_told(Direct::Is(Manner::LosesAnswers), &[OWNER], false).await;
}

#[tokio::test]
async fn nor_to_two_owners() {
    a_death_is_told(Direct::Refuses, &[OWNER, OWNER + 1], true).await;
    a_death_is_told(Direct::Is(Manner::LosesAnswers), &[OWNER, OWNER + 1], true).await;
}

/// The direct road takes the alarm and loses its answer, and brings the end; the second one is down all the while.
#[tokio::test]
async fn what_is_over_by_one_road_rings_by_no_other_that_is_back_later() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let direct = Road::start(&telegram, Manner::LosesAnswers).await;
    let mut second = Road::closed(&telegram).await;
    let bot = Bot::start(None, 1);
    let address = bot.address;
    let config = by_two_roads(dir.path(), &bot, &direct, &second, &[OWNER]);
    let agent = Agent::start_at(config, LOSSY);
    bot.held().await;
    drop(bot);
    telegram.wait_for(1).await;
    let of_second = Address {
        rung: SECOND.to_owned(),
        chat_id: OWNER,
    };
    let store = Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    let waits = || store.waiting(&of_second, 10, UnixMillis(i64::MAX)).unwrap();
    until(LIMIT, || !waits().is_empty()).await;
    let bot = Bot::start(Some(address), 2);
    direct.set(Manner::Open);
    let is_over = || last_word(&telegram, OWNER).starts_with('✅');
    until(LIMIT, is_over).await;
    let told = telegram.taken().len();
    second.open().await;
    nothing_waits(dir.path(), &[OWNER]).await;
    agent.stop().await;
    drop(bot);
    let since = &telegram.taken()[told..];
    assert!(
        since.iter().all(|taken| !taken.text().contains('🔴')),
        "{since:?}"
    );
    assert!(is_over(), "{:?}", telegram.taken());
}

#[tokio::test]
async fn what_waited_on_two_roads_is_one_summary() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let direct = Road::start(&telegram, Manner::Broken).await;
    let second = Road::start(&telegram, Manner::Broken).await;
    let bot = Bot::start(None, 1);
    let config = by_two_roads(dir.path(), &bot, &direct, &second, &[OWNER]);
    let agent = Agent::start(config);
    bot.think(|mind| {
        mind.incidents
            .extend((1..=6).map(|id| incident(id, "A job was given up.")))
    });
    let store = || Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    until(LIMIT, || dir.path().join("state/agent.db").exists()).await;
    let address = Address {
        rung: SECOND.to_owned(),
        chat_id: OWNER,
    };
    // Each was tried by the second road as well.
    until(LIMIT, || {
        let waiting = store().waiting(&address, 10, UnixMillis(i64::MAX)).unwrap();
        waiting.len() >= 6 && waiting.iter().any(|row| row.in_doubt)
    })
    .await;
    direct.set(Manner::Open);
    second.set(Manner::Open);
    nothing_waits(dir.path(), &[OWNER]).await;
    agent.stop().await;
    let told = telegram.taken();
    let jobs: usize = told
        .iter()
        .map(|taken| taken.text().matches("A job was given up.").count())
        .sum();
    assert_eq!(jobs, 6, "{told:?}");
    let summary = told[0].text();
    assert!(
        summary.contains("messages at once") && summary.contains(REPEATED),
        "{told:?}"
    );
}

/// A request that is on its way is no reason to say the same by the other road.
#[tokio::test]
async fn what_is_on_its_way_by_one_road_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let mut direct = Road::closed(&telegram).await;
    let second = Road::start(&telegram, Manner::Open).await;
    let bot = Bot::start(None, 1);
    let config = by_two_roads(dir.path(), &bot, &direct, &second, &[OWNER]);
    let agent = Agent::start(config);
    bot.held().await;
    let asked = telegram.asked_for_chats();
    second.set(Manner::Slow);
    bot.think(|mind| mind.incidents.push(incident(1, "A job was given up.")));
    let store = || Store::open_to_look(&dir.path().join("state")).unwrap().unwrap();
    let address = Address {
        rung: SECOND.to_owned(),
        chat_id: OWNER,
    };
    until(LIMIT, || {
        let waiting = store().waiting(&address, 10, UnixMillis(i64::MAX)).unwrap();
        waiting.iter().any(|row| row.in_doubt)
    })
    .await;
    direct.open().await;
    until(LIMIT, || telegram.asked_for_chats() > asked).await;
    second.set(Manner::Open);
    nothing_waits(dir.path(), &[OWNER]).await;
    agent.stop().await;
    let told = telegram.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].text().contains(REPEATED), "{told:?}");
}

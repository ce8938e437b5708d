//! An hour without Telegram at speed, the agent killed two hundred times in it: nothing is lost, and what is told twice
//! was being sent when the agent was killed, and says so.

use std::{collections::BTreeMap, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    pretend_bot::{Bot, incident},
    pretend_telegram::{Fault, Telegram},
    world::{Agent, OWNER, config, settled},
};

const KILLS: u64 = 200;
const INCIDENTS: i64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_while_telegram_is_down_lose_nothing_and_repeat_only_what_was_open() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let settings = || config(dir.path(), bot.address, telegram.address, &[OWNER]);
    let mut random = StdRng::seed_from_u64(7);
    telegram.set_down(true);
    let mut written = 0;
    for kill in 0..KILLS {
        let agent = Agent::start(settings());
        // Towards the end Telegram comes and goes, so that kills hit requests that are taken as well.
        let is_down = kill < KILLS * 3 / 4 || random.random_bool(0.3);
        telegram.set_down(is_down);
        if !is_down && random.random_bool(0.5) {
            telegram.fail_next([Fault::Hang]);
        }
        if written < INCIDENTS && random.random_bool(0.2) {
            written += 1;
            bot.think(|mind| {
                mind.incidents
                    .push(incident(written, &format!("Event {written}.")))
            });
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..120))).await;
        agent.kill().await;
    }
    while written < INCIDENTS {
        written += 1;
        bot.think(|mind| {
            mind.incidents
                .push(incident(written, &format!("Event {written}.")))
        });
    }
    telegram.forget_faults();
    telegram.set_down(false);
    let agent = Agent::start(settings());
    bot.held().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    settled(dir.path()).await;
    agent.stop().await;
    account_for(&telegram);
}

fn account_for(telegram: &Telegram) {
    let mut told: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    let taken = telegram.taken();
    for number in 1..=INCIDENTS {
        for text in taken.iter().map(|taken| taken.text()) {
            let needle = format!("Event {number}.");
            // A message of its own, or a line of a summary.
            let line = text.lines().find(|line| line.contains(&needle));
            let Some(line) = line else { continue };
            let marked = line.contains("(may be repeated)") || text.starts_with("(may be repeated)");
            let entry = told.entry(number).or_default();
            entry.0 += 1;
            entry.1 += usize::from(marked);
        }
    }
    let mut repeats = 0;
    for number in 1..=INCIDENTS {
        let (count, marked) = told.get(&number).copied().unwrap_or_default();
        assert!(count >= 1, "event {number} was lost: {taken:#?}");
        assert!(
            count <= 1 + marked,
            "event {number}: told {count} times, {marked} marked"
        );
        repeats += count - 1;
    }
    println!("{INCIDENTS} events, {KILLS} kills, {repeats} repeats, each marked");
}

//! What happens from one moment to the next, and how soon the owner knows: a crash, by the arrival that the pretend
//! Telegram recorded. `WARUNG_CRASHES` says how many crashes; a run that says so is held to the promise.

use std::{
    env, fs,
    thread::sleep,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use tests::{progress::Progress, sandbox::OWNER_BOT, shop::Shop, wait::until};

use crate::shelves::stocked;

const CRASHES: usize = 3;
/// The promise, for a machine that has nothing else to do.
const MEDIAN: Duration = Duration::from_secs(1);
const WORST: Duration = Duration::from_secs(2);
/// For a machine that runs other tests.
const GENEROUS: Duration = Duration::from_secs(20);
/// Telegram takes about one message a second in a chat: without this pause its patience would be measured.
const BETWEEN: Duration = Duration::from_millis(1_200);
const DIED: &str = "Bot toko mati mendadak";

/// When Telegram took each message that says so.
fn arrivals(shop: &Shop, words: &str) -> Vec<SystemTime> {
    let filter = format!("api=telegram&bot={OWNER_BOT}&method=sendMessage");
    let record = shop.sandbox.whole_record(&filter).unwrap();
    let taken = record.iter().filter(|entry| {
        entry["code"] == 200
            && entry["params"]["text"]
                .as_str()
                .unwrap_or_default()
                .contains(words)
    });
    taken
        .map(|entry| entry["at"].as_str().unwrap().parse::<Timestamp>().unwrap().into())
        .collect()
}

/// From `kill -9` to the message, each time with an agent that has never seen a crash: an agent that has seen one says
/// of the next only that it comes and goes.
#[test]
fn a_crash_is_known_at_once() {
    let wanted = env::var("WARUNG_CRASHES")
        .ok()
        .map(|count| count.parse().unwrap());
    let crashes = wanted.unwrap_or(CRASHES);
    let mut progress = Progress::new("crashes", crashes);
    let mut shop = Shop::open(&stocked(1));
    let mut took = Vec::new();
    for crash in 0..crashes {
        shop.start_agent().unwrap();
        shop.wait_for_watch();
        let killed_at = SystemTime::now();
        shop.kill_bot();
        let told_at = until("the owner to hear of the crash", GENEROUS, || {
            arrivals(&shop, DIED).get(crash).copied()
        });
        took.push(told_at.duration_since(killed_at).unwrap());
        shop.stop_agent().unwrap();
        fs::remove_dir_all(shop.place.agent_state()).unwrap();
        shop.start_bot().unwrap();
        sleep(BETWEEN);
        progress.at(crash + 1, 0);
    }
    took.sort();
    let (median, worst) = (took[crashes / 2], took[crashes - 1]);
    println!(
        "soak: {crashes} crashes, the owner was told after {median:?} in the median and {worst:?} at worst"
    );
    if wanted.is_some() {
        assert!(median < MEDIAN && worst < WORST, "{took:?}");
    }
}

//! A chain that has no base yet, while the bot leaves no pause or somebody takes a backup by hand: it gets one all the
//! same, and as soon as it can.

use std::{
    collections::BTreeSet,
    fs::File,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use agent::store::Store;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    running::Running,
    shop::{Shop, stderr, text},
};

/// A machine with other work takes its time.
const LIMIT: Duration = Duration::from_secs(40);

/// Commits without a pause, and without waiting for the disk: nothing real writes faster.
struct FlatOut {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl FlatOut {
    fn start(shop: &Shop) -> Self {
        let bot = Connection::open(shop.database()).unwrap();
        bot.busy_timeout(Duration::from_secs(10)).unwrap();
        bot.pragma_update(None, "synchronous", "OFF").unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut commits = 0;
            while !stopped.load(Ordering::Relaxed) {
                bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(100)))", [])
                    .unwrap();
                commits += 1;
            }
            commits
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for FlatOut {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes one by hand, after the agent's own if that is under way, and gives its chain.
fn backed_up(shop: &Shop) -> Value {
    let start = Instant::now();
    loop {
        let output = shop.agent(&["backup"]);
        if output.status.success() {
            return shop.listed().remove(0)["chain"].clone();
        }
        let said = stderr(&output);
        assert!(said.contains("another backup is being taken"), "{said}");
        assert!(start.elapsed() < LIMIT, "the agent's own does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_backup_by_hand_beside_a_bot_that_leaves_no_pause_stands_on_the_chain_that_is_captured() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_long_for("/rest", LIMIT);
    let writer = FlatOut::start(&shop);
    let point = backed_up(&shop);
    drop(writer);
    let followed = Store::open_to_look(&shop.path("state"))
        .unwrap()
        .and_then(|store| store.capture_state().unwrap())
        .unwrap();
    assert_eq!(text(&point), followed.chain.as_str());
    agent.wait_long_for("/durable", LIMIT);
    agent.burn();
}

#[test]
fn a_backup_by_hand_waits_for_a_bot_that_keeps_its_lock_and_begins_no_chain() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_long_for("/durable", LIMIT);
    let bot = Connection::open(shop.database()).unwrap();
    bot.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut by_hand = shop.command(&["backup", "--json"]);
    let mut by_hand = by_hand.stdout(Stdio::piped()).spawn().unwrap();
    // Ten tries of five seconds each and their pauses are over by then.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) && by_hand.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(200));
    }
    bot.execute_batch("COMMIT").unwrap();
    let output = by_hand.wait_with_output().unwrap();
    let taken: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        output.status.success() && taken["left_chain"].is_null(),
        "{taken}"
    );
    assert_eq!(taken["is_alone"], false, "{taken}");
    let chains: BTreeSet<String> = shop.listed().iter().map(|it| it["chain"].to_string()).collect();
    assert_eq!(chains.len(), 1, "{chains:?}");
    agent.burn();
}

#[test]
fn a_chain_that_began_during_a_backup_by_hand_has_its_base_soon_after_that_one() {
    let shop = Shop::new();
    std::fs::create_dir_all(shop.path("state")).unwrap();
    let by_hand = File::create(shop.path("state/backup.lock")).unwrap();
    by_hand.lock().unwrap();
    let agent = Running::start(&shop);
    agent.wait_long_for("/rest", LIMIT);
    // The base is due a second after the chain began: from then on it waits for the other one.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!agent.answers("/durable"), "there is no base yet");
    drop(by_hand);
    agent.wait_long_for("/durable", LIMIT);
    agent.burn();
}

#[test]
fn a_backup_for_one_remote_is_not_the_one_that_the_schedule_owes_all() {
    let shop = Shop::new();
    let now = || UnixMillis(Timestamp::now().as_millisecond());
    let counted = || {
        let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
        let for_all = [false, true].map(|delta_counts| store.newest_for_all_at(now(), delta_counts).unwrap());
        (store.newest_sound_at(now()).unwrap(), for_all)
    };
    shop.fill(512);
    shop.agent_done(&["backup", "--remote", "local"]);
    let (sound, for_all) = counted();
    assert_eq!((sound.is_some(), for_all), (true, [None, None]));
    shop.agent_done(&["backup"]);
    let (full, for_all) = counted();
    assert!(full > sound);
    assert_eq!(for_all, [full, full]);
    shop.fill(1);
    shop.agent_done(&["backup", "--delta"]);
    let (delta, for_all) = counted();
    assert_eq!(for_all, [full, delta]);
    shop.agent_done(&["backup", "--remote", "offsite"]);
    let (newest, for_all) = counted();
    assert!(newest > delta);
    assert_eq!(for_all, [full, delta]);
}

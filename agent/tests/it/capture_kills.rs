//! The real agent, killed with SIGKILL at random moments while the shop sells: nothing is lost, and nothing is there twice.
//! A few times here; `scripts/soak capture-kills` does it hundreds of times.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use agent::store::Store;
use rand::Rng;
use rusqlite::Connection;

use crate::{
    capture_rig::{Replica, Rig, bot, pages_of, root_of, wait_for},
    running::{Running, wait_until_both_hold_the_same},
    shop::Shop,
    site::{Process, wanted},
};

const KILLS: usize = 8;

/// What may be under way when everything is killed.
const ERRANDS: [&[&str]; 5] = [
    &["backup"],
    &["backup", "--delta"],
    &["drill"],
    &["prune"],
    &["verify", "--all"],
];

fn start(rig: &Rig) -> Child {
    Command::new(env!("CARGO_BIN_EXE_agent"))
        .args(["run", "--config"])
        .arg(rig.dir.path().join("agent.toml"))
        .env("OWNER_BOT_TOKEN", "1:x")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn sell(shop: &Connection) {
    shop.execute("INSERT INTO item (text) VALUES (hex(randomblob(300)))", [])
        .unwrap();
}

#[test]
fn an_agent_that_is_killed_at_any_moment_goes_on_without_a_gap() {
    let rig = Rig::new();
    let shop = bot(&rig.database());
    shop.execute_batch("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
        .unwrap();
    let mut agent = start(&rig);
    wait_for("the first look", || rig.store.capture_state().unwrap().is_some());
    let state = rig.store.capture_state().unwrap().unwrap();
    let mut replica = Replica::begin(state.chain, state.commit, &pages_of(&shop));
    let kills = wanted("WARUNG_CAPTURE_KILLS", KILLS);
    for kill in 1..=kills {
        let until = Instant::now() + Duration::from_millis(rand::rng().random_range(50..1_500));
        while Instant::now() < until {
            sell(&shop);
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..15)));
        }
        agent.kill().unwrap();
        agent.wait().unwrap();
        sell(&shop);
        agent = start(&rig);
        // Followed as it goes, so that hundreds of kills need no more memory than a few.
        replica.follow(&rig);
        println!("soak capture-kills: {kill} of {kills}");
    }
    let wanted = root_of(&pages_of(&shop));
    wait_for("the source's state", || {
        replica.follow(&rig);
        replica.root() == wanted
    });
    let store = Store::open(&rig.config.state_dir).unwrap();
    wait_for("an empty spool", || store.spool_bytes().unwrap() == 0);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(replica.resyncs, 0, "{:?}", store.capture_events(9));
    let rows: i64 = shop
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        replica.commit.get() - state.commit.get(),
        rows as u64,
        "each commit once"
    );
}

#[test]
fn agents_killed_with_whatever_they_were_at_go_on_and_the_shop_comes_back() {
    let shop = Shop::new();
    shop.fill(2_048);
    let till = bot(&shop.database());
    let mut agent = Running::start(&shop);
    agent.wait_for("/durable");
    let kills = wanted("WARUNG_CAPTURE_KILLS", ERRANDS.len());
    for kill in 0..kills {
        let errand = ERRANDS[kill % ERRANDS.len()];
        let mut command = shop.command(errand);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut other = Process(command.spawn().unwrap());
        let until = Instant::now() + Duration::from_millis(rand::rng().random_range(20..1_200));
        while Instant::now() < until {
            till.execute("INSERT INTO item (text) VALUES (hex(randomblob(300)))", [])
                .unwrap();
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..15)));
        }
        if rand::rng().random() {
            other.burn();
        }
        agent.burn();
        agent = Running::start(&shop);
        agent.wait_long_for("/durable", Duration::from_secs(120));
        other.burn();
        println!(
            "soak capture-kills: {} of {kills} during {}",
            kill + 1,
            errand.join(" ")
        );
    }
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    let expected = pages_of(&till);
    let store = Store::open(&shop.path("state")).unwrap();
    let events = store.capture_events(9).unwrap();
    assert!(events.iter().all(|event| event.kind == "begun"), "{events:?}");
    drop(store);
    shop.restore_to("back", &[]);
    assert!(pages_of(&bot(&shop.path("back/shop.db"))) == expected);
}

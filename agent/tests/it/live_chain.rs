//! Points and commits together, as they are in a shop that sells: a point stands on the chain that the running agent
//! captures, and what was durable when the server burnt comes back to the commit.

use std::{
    fs,
    time::{Duration, Instant},
};

use agent::store::Store;
use rusqlite::Connection;

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{CANARY, Shop, count_items, integrity_of, text},
    world::LIMIT,
};

#[test]
fn what_was_durable_when_the_server_burnt_comes_back_to_the_commit() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    agent.wait_for("/rest");
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(5)).unwrap();
    let sell = |count: i64| {
        for _ in 0..count {
            bot.execute("INSERT INTO item (text) VALUES (hex(randomblob(200)))", [])
                .unwrap();
        }
    };
    sell(10);
    let writer = shop.keep_writing();
    let point = shop.back_up();
    let written = i64::try_from(writer.stop()).unwrap();
    sell(20);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    let all = 1 + 10 + written + 20;
    assert_eq!(count_items(&shop.database()), all);
    let before = fs::read_dir(shop.path("local/segment")).unwrap().count();
    assert_eq!(before, 1, "one chain");
    agent.burn();
    drop(bot);
    for lost in ["live", "state", "local"] {
        fs::remove_dir_all(shop.path(lost)).unwrap();
    }
    let restore = |to: &str, more: &[&str]| {
        shop.restore_to(to, more);
        let path = shop.path(to).join("shop.db");
        assert_eq!(integrity_of(&path), "ok");
        count_items(&path)
    };
    assert_eq!(restore("back", &[]), all);
    let commit = point["commit"].as_u64().unwrap();
    let at_point = restore("point", &["--point", text(&point["id"])]);
    for more in [0, 1, 7] {
        let number = (commit + more).to_string();
        let found = restore(&format!("c{more}"), &["--commit", &number]);
        assert_eq!(
            found,
            at_point + i64::try_from(more).unwrap(),
            "every commit is a row"
        );
    }
}

#[test]
fn a_chain_goes_on_over_a_restart_and_a_delta_stands_in_its_middle() {
    let shop = Shop::new();
    shop.fill(512);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let full = shop.back_up();
    let sell = || {
        Connection::open(shop.database())
            .unwrap()
            .execute("INSERT INTO item (text) VALUES ('sold')", [])
            .unwrap()
    };
    sell();
    agent.wait_for("/durable");
    agent.burn();
    // Without an agent the chain is taken up for a moment.
    sell();
    shop.agent_done(&["backup", "--delta"]);
    let delta = shop.listed().remove(0);
    assert_eq!(
        (&delta["chain"], &delta["base"]),
        (&full["chain"], &full["id"]),
        "{delta}"
    );
    sell();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    // Nothing of it is a hole: what was committed without an agent is there as the delta.
    shop.agent_done(&["verify", "--all"]);
    let expected = count_items(&shop.database());
    fs::remove_dir_all(shop.path("state")).unwrap();
    shop.restore_to("back", &[]);
    assert_eq!(count_items(&shop.path("back/shop.db")), expected);
    let from_full = (full["commit"].as_u64().unwrap() + 1).to_string();
    shop.restore_to("one", &["--commit", &from_full]);
    assert_eq!(count_items(&shop.path("one/shop.db")), expected - 2);
}

/// Writes into the database's file past SQLite, as a failing disk or a wrong tool does: in a text, so that the structure
/// stays what it was.
fn alter(shop: &Shop) {
    let database = shop.database();
    let bytes = fs::read(&database).unwrap();
    let at = bytes
        .windows(CANARY.len())
        .position(|window| window == CANARY.as_bytes())
        .unwrap();
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"X", at as u64).unwrap();
}

#[test]
fn a_database_that_is_not_what_was_followed_is_compared_page_by_page_and_backed_up_again() {
    let shop = Shop::new();
    let config = shop.path("agent.toml");
    let settings = fs::read_to_string(&config).unwrap();
    let often = "[backup]\nsnapshot = \"* * * * * *\"";
    fs::write(&config, settings.replace("[backup]", often)).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    let store = || Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let followed = || store().capture_state().unwrap().unwrap();
    let (chain, root) = (followed().chain, followed().root);
    alter(&shop);
    let start = Instant::now();
    loop {
        let newest = store().last_point().unwrap().unwrap().manifest;
        if newest.page_root != root {
            let now = followed();
            assert_eq!((&newest.chain, newest.page_root), (&now.chain, now.root));
            assert_ne!(
                newest.chain, chain,
                "no chain goes on over what it does not explain"
            );
            break;
        }
        assert!(
            start.elapsed() < LIMIT * 4,
            "there is no backup of what is there now"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let events = store().capture_events(9).unwrap();
    assert!(
        events[0].kind == "replaced" && events[0].detail.contains("1 pages differ"),
        "{events:?}"
    );
    agent.burn();
}

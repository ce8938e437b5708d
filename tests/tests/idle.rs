//! A shop where nothing happens writes nothing, however often it is asked how it is: each of its commits is sealed and
//! shipped to every remote.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::Value;
use tests::{
    http,
    shop::Shop,
    volume::{fill, in_own_mounts, mount_small},
    wait::until,
};

use crate::shelves::stocked;

/// So often the agent would ask, and more.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Longer than the bot takes a commit for proof, and than its loops wait.
const QUIET: Duration = Duration::from_secs(8);
/// After its start the shop comes to rest; once an hour its upkeep may fall into it.
const LIMIT: Duration = Duration::from_secs(60);
const SMALL_BYTES: u64 = 12 << 20;

fn version(conn: &Connection) -> i64 {
    conn.query_row("PRAGMA data_version", [], |row| row.get(0))
        .unwrap()
}

fn health(shop: &Shop) -> Value {
    let answer = http::try_get(&format!("http://{}/health", shop.settings.bot_private)).unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn an_idle_shop_that_is_asked_for_its_health_commits_nothing() {
    let mut shop = Shop::new();
    shop.import(&stocked(3)).unwrap();
    shop.start_bot().unwrap();
    let conn = Connection::open(shop.place.data().join("shop.db")).unwrap();
    until("a while without a commit", LIMIT, || {
        let (begun, before) = (Instant::now(), version(&conn));
        while begun.elapsed() < QUIET {
            assert_eq!(health(&shop)["healthy"], true);
            // The pause is the experiment itself.
            sleep(ASK_EVERY);
            if version(&conn) != before {
                return None;
            }
        }
        Some(())
    });
    assert_eq!(health(&shop)["database"]["failed_commits"], 0);
}

#[test]
fn an_idle_shop_notices_a_full_disk_and_its_end() {
    if !in_own_mounts("idle::an_idle_shop_notices_a_full_disk_and_its_end") {
        return;
    }
    let mut shop = Shop::new();
    mount_small(&shop.place.data(), SMALL_BYTES).unwrap();
    shop.import(&stocked(3)).unwrap();
    shop.start_bot().unwrap();
    let well = |wanted: bool| move |shop: &Shop| (health(shop)["healthy"] == wanted).then_some(());
    until("a healthy start", LIMIT, || well(true)(&shop));
    let log = fill(&shop.place.data());
    until("health to notice the full disk", LIMIT, || well(false)(&shop));
    assert_eq!(health(&shop)["database"]["commit_fault"], "full");
    fs::remove_file(log).unwrap();
    until("health to notice that there is room", LIMIT, || well(true)(&shop));
}

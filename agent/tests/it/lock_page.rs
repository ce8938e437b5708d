//! A database that spans the page at 1 GiB, which SQLite keeps for its locks and never writes: backed up, captured,
//! with a delta and a resync in its history, and restored page by page.
//! It takes minutes and gibibytes: `scripts/soak lock-page`.

use std::{
    fs::{self, File},
    io::{BufReader, Read},
    path::Path,
    time::Duration,
};

use agent::store::Store;
use rusqlite::Connection;

use crate::{
    capture_rig::bot,
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, integrity_of, text},
    site::wanted,
};

const PAGE: usize = 65_536;
/// The page that holds byte 2^30.
const LOCK_PAGE: usize = (1 << 30) / PAGE + 1;
const BEYOND_MIB: usize = 1_100;
const LIMIT: Duration = Duration::from_secs(600);

/// Of zeros, but for a number in the last page of every blob: quick to make and to compress.
fn fill(shop: &Shop, mebibytes: usize) -> Connection {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(shop.path(&format!("live/shop.db{suffix}")));
    }
    let first = Connection::open(shop.database()).unwrap();
    first.pragma_update(None, "page_size", PAGE).unwrap();
    drop(first);
    let till = Connection::open(shop.database()).unwrap();
    for (pragma, value) in [
        ("page_size", "65536"),
        ("journal_mode", "WAL"),
        ("synchronous", "OFF"),
    ] {
        till.pragma_update(None, pragma, value).unwrap();
    }
    till.execute_batch(
        "CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT; CREATE TABLE blob (b BLOB)",
    )
    .unwrap();
    for _ in 0..mebibytes / 20 {
        till.execute("INSERT INTO blob VALUES (zeroblob(20 << 20))", [])
            .unwrap();
    }
    till.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(till);
    bot(&shop.database())
}

/// New rows, which land beyond the lock page, and a page before it.
fn sell(till: &Connection) {
    for _ in 0..40 {
        till.execute("INSERT INTO item (text) VALUES (hex(randomblob(9000)))", [])
            .unwrap();
    }
    till.execute("UPDATE item SET text = text || 'x' WHERE id % 7 = 0", [])
        .unwrap();
}

fn same(one: &Path, other: &Path) {
    let open = |path: &Path| BufReader::with_capacity(1 << 20, File::open(path).unwrap());
    let size = fs::metadata(one).unwrap().len();
    assert_eq!(size, fs::metadata(other).unwrap().len());
    let (mut left, mut right) = (open(one), open(other));
    let (mut a, mut b) = (vec![0; PAGE], vec![0; PAGE]);
    for page in 1..=size as usize / PAGE {
        left.read_exact(&mut a).unwrap();
        right.read_exact(&mut b).unwrap();
        assert!(page == LOCK_PAGE || a == b, "page {page} differs");
    }
    println!(
        "soak lock-page: {} pages of {PAGE} bytes are the same",
        size as usize / PAGE
    );
}

#[test]
#[ignore = "takes minutes and gibibytes: scripts/soak lock-page"]
fn a_database_beyond_the_lock_page_comes_back() {
    let shop = Shop::new();
    let till = fill(&shop, wanted("WARUNG_LARGE_MIB", BEYOND_MIB));
    assert!(fs::metadata(shop.database()).unwrap().len() > (LOCK_PAGE as u64 + 1) * PAGE as u64);
    let agent = Running::start(&shop);
    agent.wait_long_for("/durable", LIMIT);
    sell(&till);
    agent.wait_long_for("/durable", LIMIT);
    shop.agent_done(&["backup", "--delta"]);
    let delta = shop.listed().remove(0);
    assert!(!text(&delta["base"]).is_empty(), "{delta}");
    sell(&till);
    agent.wait_long_for("/durable", LIMIT);
    agent.burn();
    sell(&till);
    till.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let agent = Running::start(&shop);
    agent.wait_long_for("/durable", LIMIT);
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let newest = store.capture_events(1).unwrap().remove(0);
    assert_eq!(newest.kind, "resync", "{}", newest.detail);
    drop(store);
    sell(&till);
    agent.wait_long_for("/durable", LIMIT);
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    till.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(till);
    shop.agent_done(&["verify"]);
    shop.restore_to("back", &[]);
    let back = shop.path("back/shop.db");
    assert_eq!(integrity_of(&back), "ok");
    same(&shop.database(), &back);
}

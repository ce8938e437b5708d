//! A log that a killed shop has left: long, empty, with rubbish behind its end, or of another generation. The agent that
//! starts upon it holds little memory, and what comes back is the shop, page by page.

use std::{fs, io::Write, os::unix::fs::FileExt, time::Duration};

use rusqlite::{Connection, config::DbConfig};

use crate::{
    capture_rig::pages_of,
    running::{Running, wait_until_both_hold_the_same},
    shop::{RESTORE, Shop, integrity_of},
    site::wanted,
    source_faults::told,
};

/// `WARUNG_LEFT_MIB` makes it longer.
const LEFT_MIB: usize = 40;
const LIMIT: Duration = Duration::from_secs(180);
const MORE_KIB_MAX: u64 = 60 * 1024;

/// A shop that leaves its log as it is when it ends, as one that was killed does.
fn bot(shop: &Shop) -> Connection {
    let bot = Connection::open(shop.database()).unwrap();
    bot.busy_timeout(Duration::from_secs(10)).unwrap();
    bot.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    bot.pragma_update(None, "synchronous", "OFF").unwrap();
    bot.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    bot
}

fn sell(bot: &Connection, count: usize, bytes: usize) {
    for _ in 0..count {
        bot.execute(
            "INSERT INTO item (text) VALUES (hex(randomblob(?1)))",
            [bytes / 2],
        )
        .unwrap();
    }
}

fn settled(shop: &Shop, agent: &Running) {
    agent.wait_long_for("/durable", LIMIT);
    wait_until_both_hold_the_same(shop);
}

/// An agent that has followed the shop and was killed with it.
fn followed() -> (Shop, u64) {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/durable");
    sell(&bot(&shop), 20, 600);
    settled(&shop, &agent);
    let peak_kib = agent.memory_peak_kib();
    agent.burn();
    (shop, peak_kib)
}

fn comes_back(shop: &Shop, agent: Running) {
    sell(&bot(shop), 3, 600);
    settled(shop, &agent);
    agent.burn();
    // What lost commits with its log stands where a point stood: it is given to who names it.
    match told(shop).iter().any(|(kind, _)| kind == "replaced") {
        true => drop(shop.restore_other_to("back", &[])),
        false => drop(shop.agent_done(&RESTORE)),
    }
    let back = shop.path("back/shop.db");
    assert_eq!(integrity_of(&back), "ok");
    let (was, is) = (pages_of(&bot(shop)), pages_of(&Connection::open(back).unwrap()));
    assert_eq!(was.len(), is.len());
    let differ: Vec<usize> = (0..was.len() / 4096)
        .filter(|page| was[page * 4096..][..4096] != is[page * 4096..][..4096])
        .collect();
    assert!(differ.is_empty(), "pages {differ:?} differ");
}

#[test]
fn a_long_log_that_was_left_is_followed_with_little_memory() {
    let (shop, before_kib) = followed();
    let left = wanted("WARUNG_LEFT_MIB", LEFT_MIB);
    sell(&bot(&shop), left * 8, 128 * 1024);
    let log = fs::metadata(shop.path("live/shop.db-wal")).unwrap().len();
    assert!(log >= (left as u64) << 20, "{log}");
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    let more_kib = agent.memory_peak_kib().saturating_sub(before_kib);
    println!("soak left-log: {left} MiB left, {more_kib} KiB more memory");
    assert!(more_kib < MORE_KIB_MAX, "{more_kib} KiB more");
    comes_back(&shop, agent);
}

#[test]
fn one_transaction_as_long_as_the_log_takes_little_memory_too() {
    let (shop, before_kib) = followed();
    let left = wanted("WARUNG_LEFT_MIB", LEFT_MIB).max(2 * LEFT_MIB);
    let writer = bot(&shop);
    writer.execute_batch("BEGIN").unwrap();
    sell(&writer, left * 8, 128 * 1024);
    writer.execute_batch("COMMIT").unwrap();
    drop(writer);
    let agent = Running::start(&shop);
    settled(&shop, &agent);
    let more_kib = agent.memory_peak_kib().saturating_sub(before_kib);
    println!("soak left-log: {left} MiB in one transaction, {more_kib} KiB more memory");
    assert!(more_kib < MORE_KIB_MAX, "{more_kib} KiB more");
    comes_back(&shop, agent);
}

#[test]
fn a_log_that_is_empty_or_damaged_is_what_sqlite_takes_it_for() {
    type Spoil = fn(&fs::File);
    let spoils: [(&str, Spoil); 3] = [
        ("no byte", |log| log.set_len(0).unwrap()),
        ("rubbish behind its end", |mut log| {
            log.write_all(&[0xA5; 9_000]).unwrap()
        }),
        ("other salts", |log| log.write_all_at(&[0x5A; 8], 16).unwrap()),
    ];
    for (what, spoil) in spoils {
        let (shop, _) = followed();
        sell(&bot(&shop), 30, 600);
        let _ = fs::remove_file(shop.path("live/shop.db-shm"));
        let path = shop.path("live/shop.db-wal");
        let log = fs::OpenOptions::new()
            .append(what.starts_with("rub"))
            .write(true)
            .open(path);
        spoil(&log.unwrap());
        println!("{what}");
        let agent = Running::start(&shop);
        settled(&shop, &agent);
        comes_back(&shop, agent);
    }
}

//! The shop's disk fills up or turns read-only, or its database is exchanged, under the real programs: nothing that was
//! accepted is lost, nothing is confirmed that is not stored, the owner hears of it, and the shop goes on by itself.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tests::{
    chat::Chat,
    history::History,
    http,
    ledger::Books,
    purchase::order,
    settings::PAKASIR_WEBHOOK_SECRET,
    shop::Shop,
    volume::{Disk, fill, in_own_mounts, is_root, mount_nothing, mount_small},
    wait::until,
};

use crate::shelves::{NAME, stocked};

/// The bot notices at its next commit, the agent at its next look.
const SOON: Duration = Duration::from_secs(30);
/// What waits for its cause takes longer; a busy machine does not.
const AT_ONCE: Duration = Duration::from_secs(9);
/// A shop of a few orders takes two.
const SMALL_BYTES: u64 = 12 << 20;
const DISK_BYTES: u64 = 24 << 20;
const TELEGRAM_SECRET: &str = "pretend-telegram-secret";
/// What no customer may ever read.
const CRASH_WORDS: [&str; 6] = [
    "database",
    "disk",
    "error",
    "SQLite",
    "panic",
    "Terjadi kesalahan",
];

fn health(shop: &Shop) -> Option<Value> {
    let answer = http::try_get(&format!("http://{}/health", shop.settings.bot_private))?;
    serde_json::from_str(&answer.body).ok()
}

/// Health says so in words. Answers what it says of the database besides.
fn await_trouble(shop: &Shop, words: &str) -> Value {
    let (trouble, database) = until("health to say what is wrong", SOON, || {
        let health = health(shop)?;
        let trouble = health["troubles"][0].as_str()?.to_owned();
        (health["healthy"] == false).then_some((trouble, health["database"].clone()))
    });
    assert!(trouble.contains(words), "{trouble}");
    database
}

fn await_health(shop: &Shop) {
    until("the shop to be well again", SOON, || {
        (health(shop)?["healthy"] == true).then_some(())
    });
}

/// Telegram's call is not confirmed.
fn confirms_nothing(shop: &Shop, number: i64) {
    let public = format!("http://{}", shop.settings.bot_public);
    let update = json!({ "update_id": number }).to_string();
    let secret = ("x-telegram-bot-api-secret-token", TELEGRAM_SECRET);
    let told = http::post_raw(&format!("{public}/telegram"), secret, &update).unwrap();
    assert_ne!(told.status, 200, "{}", told.body);
}

fn webhook_status(shop: &Shop, order: &str) -> u16 {
    let transactions = shop.sandbox.transactions().unwrap();
    let paid = transactions
        .iter()
        .find(|transaction| transaction["order_id"] == order)
        .unwrap();
    let body = json!({ "order_id": order, "txn_id": paid["txn_id"], "amount": paid["amount"], "is_sandbox": false,
        "status": "completed", "completed_at": "2026-11-22T10:00:00.000Z" });
    let url = format!("http://{}/payments/pakasir", shop.settings.bot_public);
    let secret = ("x-secret", PAKASIR_WEBHOOK_SECRET);
    http::post_raw(&url, secret, &body.to_string()).unwrap().status
}

fn incidents(books: &Books, kind: &str) -> i64 {
    books.incidents(kind)
}

/// What was said while nothing could be stored is answered, once each.
fn answered(chat: &Chat, times: usize) {
    until("every /start to be answered", SOON, || {
        let pages = chat.messages();
        let pages = pages
            .iter()
            .filter(|message| message.text.contains("Selamat datang"));
        (pages.count() == times).then_some(())
    });
}

fn nothing_lost(shop: &Shop, people: &[i64]) {
    until("everything to be handled", SOON, || {
        let books = shop.books();
        (books.updates_undone() == 0 && books.customers_waiting() == 0).then_some(())
    });
    let findings = History::read(&shop.sandbox, people)
        .unwrap()
        .hold_against(&shop.books(), 1);
    assert!(findings.faults.is_empty(), "{:#?}", findings.faults);
    for user in people {
        let shown = shop.sandbox.customer(*user).unwrap().everything_ever_shown();
        for words in CRASH_WORDS {
            assert!(
                !shown.iter().any(|text| text.contains(words)),
                "{user} read '{words}'"
            );
        }
    }
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    if !in_own_mounts("disk::a_full_disk_stops_nothing_for_good") {
        return;
    }
    let mut shop = Shop::new();
    mount_small(&shop.place.data(), SMALL_BYTES).unwrap();
    shop.import(&stocked(10)).unwrap();
    shop.start_bot().unwrap();
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let (budi, citra) = (
        shop.sandbox.customer(3001).unwrap(),
        shop.sandbox.customer(3002).unwrap(),
    );
    let first = order(&budi, NAME).unwrap();
    let process = shop.bot_id();

    let begun = Instant::now();
    let log = fill(&shop.place.data());
    shop.sandbox.pay_order(&first).unwrap();
    for _ in 0..3 {
        citra.say("/start").unwrap();
    }
    let database = await_trouble(&shop, "the disk is full");
    assert_eq!(database["commit_fault"], "full");
    assert!(database["failed_commits"].as_u64() > Some(0));
    confirms_nothing(&shop, 900_000_001);
    assert_eq!(webhook_status(&shop, &first), 503);
    let (told, after) = shop
        .sandbox
        .owner_hears("Database tidak dapat ditulis", begun, SOON);
    println!("the owner read after {after:?}: {told}");
    assert!(after < AT_ONCE, "it took {after:?}");
    // The pause is the experiment itself: time in which a bot might die of it.
    sleep(Duration::from_secs(3));
    assert_eq!((shop.bot_has_ended(), shop.bot_id()), (false, process));
    assert!(citra.messages().is_empty());

    fs::remove_file(log).unwrap();
    budi.wait_for("akun001");
    answered(&citra, 3);
    await_health(&shop);
    assert_eq!(shop.bot_id(), process, "nobody had to start it again");
    assert_eq!(incidents(&shop.books(), "database_refuses"), 1);

    // The same, met at the start.
    let log = fill(&shop.place.data());
    shop.kill_bot();
    citra.say("/start").unwrap();
    shop.launch_bot(None).unwrap();
    await_trouble(&shop, "cannot be opened");
    confirms_nothing(&shop, 900_000_002);
    assert!(!shop.bot_has_ended());
    fs::remove_file(log).unwrap();
    answered(&citra, 4);
    await_health(&shop);
    assert!(!shop.bot_has_ended());
    assert_eq!(incidents(&shop.books(), "database_refuses"), 2);
    nothing_lost(&shop, &[3001, 3002]);
}

#[test]
fn a_disk_that_turns_read_only_loses_nothing() {
    if !in_own_mounts("disk::a_disk_that_turns_read_only_loses_nothing") {
        return;
    }
    if !is_root() {
        eprintln!("NOT RUN: only root has loop devices");
        return;
    }
    let mut shop = Shop::new();
    let data = shop.place.data();
    mount_nothing(&data).unwrap();
    let disk = Disk::mount(&shop.place.join("disk.img"), &data, DISK_BYTES).unwrap();
    shop.import(&stocked(10)).unwrap();
    shop.start_bot().unwrap();
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let (budi, citra) = (
        shop.sandbox.customer(3001).unwrap(),
        shop.sandbox.customer(3002).unwrap(),
    );
    let first = order(&budi, NAME).unwrap();
    let process = shop.bot_id();

    let begun = Instant::now();
    disk.fail().unwrap();
    shop.sandbox.pay_order(&first).unwrap();
    citra.say("/start").unwrap();
    await_trouble(&shop, "takes no writes");
    confirms_nothing(&shop, 900_000_001);
    assert_eq!(webhook_status(&shop, &first), 503);
    // As the disk's trouble where the kernel says so at once, else as the database's.
    shop.sandbox.owner_hears("tidak dapat ditulis", begun, SOON);
    assert_eq!((shop.bot_has_ended(), shop.bot_id()), (false, process));

    // A disk with a fault can be mended only once nobody uses it.
    shop.stop_agent().unwrap();
    shop.kill_bot();
    shop.launch_bot(None).unwrap();
    await_trouble(&shop, "cannot be opened");
    confirms_nothing(&shop, 900_000_002);
    disk.mend();
    budi.wait_for("akun001");
    answered(&citra, 1);
    await_health(&shop);
    assert!(!shop.bot_has_ended(), "it opened by itself");
    nothing_lost(&shop, &[3001, 3002]);
}

/// As by `mv` of a copy: what is committed to a file without its name is gone at the next start.
#[test]
fn a_database_that_is_exchanged_under_the_running_bot_loses_nothing() {
    let mut shop = Shop::new();
    shop.import(&stocked(10)).unwrap();
    shop.start_bot().unwrap();
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let (budi, citra) = (
        shop.sandbox.customer(3001).unwrap(),
        shop.sandbox.customer(3002).unwrap(),
    );
    let first = order(&budi, NAME).unwrap();
    let (database, aside) = (shop.place.database(), shop.place.data().join("aside.db"));
    let exchange = || {
        fs::rename(&database, &aside).unwrap();
        fs::copy(&aside, &database).unwrap();
    };

    let begun = Instant::now();
    exchange();
    shop.sandbox.pay_order(&first).unwrap();
    citra.say("/start").unwrap();
    let told = await_trouble(&shop, "deleted, renamed or replaced under the running bot");
    assert_eq!(told["commit_fault"], "moved");
    confirms_nothing(&shop, 900_000_001);
    assert_eq!(webhook_status(&shop, &first), 503);
    let (told, after) = shop
        .sandbox
        .owner_hears("Database tidak dapat ditulis", begun, SOON);
    println!("the owner read after {after:?}: {told}");
    assert!(told.contains("Kembalikan berkasnya"), "{told}");
    // What reads at the same time opens further connections; what was to take the file's place is none of theirs.
    let private = shop.settings.bot_private;
    let copy = fs::read(&database).unwrap();
    let asked = Instant::now();
    // Time in which the agent might copy the log into the wrong file, or the bot might die of it.
    while asked.elapsed() < Duration::from_secs(3) {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| http::try_get(&format!("http://{private}/health")));
            }
        });
    }
    assert!(
        fs::read(&database).unwrap() == copy,
        "the wrong file was written to"
    );

    fs::rename(&aside, &database).unwrap();
    budi.wait_for("akun001");
    answered(&citra, 1);
    await_health(&shop);
    assert_eq!(incidents(&shop.books(), "database_refuses"), 1);
    nothing_lost(&shop, &[3001, 3002]);
}

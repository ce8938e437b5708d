//! Work that never comes to an end, in the real bot: it is cut, told and done once, and nobody else waits for it.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{chat::PATIENCE, history::History, http, purchase::order, shop::Shop, wait::until};

use crate::shelves::{NAME, stocked};

/// A job's own limit is 50 s; it is tried again a second or two later.
const CUT_WITHIN: Duration = Duration::from_secs(75);

fn health(shop: &Shop) -> Option<Value> {
    http::get(&format!("http://{}/health", shop.settings.bot_private)).ok()
}

/// How many troubles hold these words.
fn troubles(shop: &Shop, words: &str) -> usize {
    let health = health(shop).unwrap_or_default();
    let troubles = health["troubles"].as_array().into_iter().flatten();
    troubles
        .filter(|trouble| trouble.as_str().is_some_and(|trouble| trouble.contains(words)))
        .count()
}

fn settled(shop: &Shop, people: &[i64]) {
    until("everything to be handled", PATIENCE, || {
        let books = shop.books();
        (books.updates_undone() == 0 && books.customers_waiting() == 0).then_some(())
    });
    let findings = History::read(&shop.sandbox, people)
        .unwrap()
        .hold_against(&shop.books(), 0);
    assert!(findings.faults.is_empty(), "{:#?}", findings.faults);
    assert_eq!(shop.books().incidents("handler_stuck"), 1);
    assert_eq!(shop.books().incidents("dead_job"), 0);
    until("the shop to be well", PATIENCE, || {
        (health(shop)?["healthy"] == true).then_some(())
    });
}

#[test]
fn two_jobs_that_hang_are_cut_and_done_once() {
    let mut shop = Shop::new();
    shop.import(&stocked(5)).unwrap();
    shop.start_hanging_bot("deliver:2").unwrap();
    let [budi, citra, dewi] = [3001, 3002, 3003].map(|user| shop.sandbox.customer(user).unwrap());
    for chat in [&budi, &citra] {
        let code = order(chat, NAME).unwrap();
        shop.sandbox.pay_order(&code).unwrap();
    }
    let begun = Instant::now();
    // Two hands of many are stuck: whoever comes next waits for nothing.
    let third = order(&dewi, NAME).unwrap();
    shop.sandbox.pay_order(&third).unwrap();
    dewi.wait_for("akun003");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "others waited {:?}",
        begun.elapsed()
    );
    until("health to name both", CUT_WITHIN, || {
        (troubles(&shop, "job deliver hangs") == 2).then_some(())
    });
    assert_eq!(health(&shop).unwrap()["healthy"], false);
    for (chat, goods) in [(&budi, "akun001"), (&citra, "akun002")] {
        until("the goods", CUT_WITHIN, || chat.newest_that_says(goods));
    }
    println!("delivered {:?} after they hung", begun.elapsed());
    settled(&shop, &[3001, 3002, 3003]);
}

#[test]
fn two_updates_that_hang_are_cut_and_answered_once_also_across_a_restart() {
    let mut shop = Shop::new();
    shop.import(&stocked(5)).unwrap();
    shop.start_hanging_bot("update:2").unwrap();
    let [budi, citra, dewi] = [3001, 3002, 3003].map(|user| shop.sandbox.customer(user).unwrap());
    budi.say("/start").unwrap();
    citra.say("/start").unwrap();
    until("health to name both", PATIENCE, || {
        (troubles(&shop, "update hangs") == 2).then_some(())
    });
    let begun = Instant::now();
    dewi.say("/start").unwrap();
    dewi.wait_for("Selamat datang");
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "others waited {:?}",
        begun.elapsed()
    );
    budi.wait_for("Selamat datang");
    citra.wait_for("Selamat datang");
    settled(&shop, &[3001, 3002, 3003]);

    // A restart meanwhile is as good as being cut.
    shop.kill_bot();
    shop.start_hanging_bot("update:1").unwrap();
    budi.say("/start").unwrap();
    until("health to name it", PATIENCE, || {
        (troubles(&shop, "update hangs") == 1).then_some(())
    });
    shop.kill_bot();
    shop.start_bot().unwrap();
    until("the second page", PATIENCE, || {
        let pages = budi.messages();
        let pages = pages
            .iter()
            .filter(|message| message.text.contains("Selamat datang"));
        (pages.count() == 2).then_some(())
    });
    settled(&shop, &[3001, 3002, 3003]);
}

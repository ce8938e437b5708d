//! Twenty times `kill -9` at random moments while customers buy: every order, payment and item is accounted for,
//! from what the pretend Telegram recorded and not by the bot's own word.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use tests::{
    chat::{Chat, PATIENCE},
    purchase::order,
    sandbox::{SHOP_BOT, Sandbox},
    shop::Shop,
    wait::until,
};

use crate::shelves::{NAME, PRICE, lines, stocked};

const KILLS: usize = 20;
const BUYERS: i64 = 8;
/// More than eight customers can buy in the time of twenty restarts.
const STOCK: usize = 400;
const BETWEEN_KILLS_MS: std::ops::Range<u64> = 50..1_200;

/// Buys, pays and waits for the goods until told to stop; returns the orders that were paid.
fn keep_buying(sandbox: &Sandbox, chat: &Chat, enough: &AtomicBool) -> Vec<String> {
    let mut paid = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let code = order(chat, NAME).unwrap();
        sandbox.pay_order(&code).unwrap();
        paid.push(code);
        until("the goods", PATIENCE, || {
            (lines_in(chat).len() == paid.len()).then_some(())
        });
    }
    paid
}

/// Which of the shelves' lines stand in the chat.
fn lines_in(chat: &Chat) -> BTreeSet<String> {
    let texts = chat.messages().into_iter().map(|message| message.text);
    texts.flat_map(|text| lines_of(&text)).collect()
}

fn lines_of(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| word.contains("@mail.example:"))
        .map(str::to_owned)
        .collect()
}

/// Every text in a call's parameters, however deep.
fn texts_in(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_in).collect(),
        Value::Object(fields) => fields.values().flat_map(texts_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[test]
fn twenty_kills_at_random_moments_lose_nothing_and_repeat_nothing() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut shop = Shop::open(&stocked(STOCK));
    let enough = Arc::new(AtomicBool::new(false));
    let buyers: Vec<JoinHandle<(i64, Vec<String>)>> = (4_001..=4_000 + BUYERS)
        .map(|user| {
            let (sandbox, enough) = (Arc::clone(&shop.sandbox), Arc::clone(&enough));
            spawn(move || {
                let chat = sandbox.customer(user).unwrap();
                (user, keep_buying(&sandbox, &chat, &enough))
            })
        })
        .collect();
    for _ in 0..KILLS {
        // The pause is the experiment itself: a moment of which the bot knows nothing.
        sleep(Duration::from_millis(chance.random_range(BETWEEN_KILLS_MS)));
        shop.kill_bot();
        shop.start_bot().unwrap();
    }
    enough.store(true, Ordering::Relaxed);
    let paid: BTreeMap<i64, Vec<String>> = buyers.into_iter().map(|buyer| buyer.join().unwrap()).collect();
    account(&shop, &paid);
}

fn account(shop: &Shop, paid: &BTreeMap<i64, Vec<String>>) {
    let count: usize = paid.values().map(Vec::len).sum();
    assert!(
        count >= KILLS / 2,
        "only {count} purchases: the kills hit an idle shop"
    );
    until("every order to be delivered", PATIENCE, || {
        let orders = shop.books().orders();
        let delivered = orders.iter().filter(|(_, state)| state == "delivered").count();
        (delivered == count).then_some(())
    });

    // By what Telegram took, everything that ever reached a chat, also what was edited away since.
    let goods = shop.books().goods();
    let shelf: BTreeSet<String> = lines(STOCK).into_iter().collect();
    let mut given = BTreeSet::new();
    for (user, codes) in paid {
        let reached = lines_that_reached(shop, *user);
        let meant: BTreeSet<String> = codes.iter().map(|code| goods[code].clone()).collect();
        assert_eq!(meant.len(), codes.len(), "user {user} paid for {codes:?}");
        assert_eq!(
            reached, meant,
            "user {user} was sent something else than was bought"
        );
        assert!(
            reached.is_subset(&shelf) && given.is_disjoint(&reached),
            "an item went to two customers"
        );
        given.extend(reached);
    }
    assert_eq!(given.len(), count);
    let sold = i64::try_from(count).unwrap() * PRICE;
    assert_eq!((shop.books().sales(), shop.books().ledger_sum()), (sold, 0));
    assert_eq!(shop.books().integrity(), "ok");
    assert!(shop.books().refunds_due().is_empty());
    until("every update to be handled", PATIENCE, || {
        (shop.books().updates_undone() == 0).then_some(())
    });
}

fn lines_that_reached(shop: &Shop, user: i64) -> BTreeSet<String> {
    let calls = shop
        .sandbox
        .record(&format!("api=telegram&bot={SHOP_BOT}&chat_id={user}"))
        .unwrap();
    let taken = calls.iter().filter(|call| call["code"] == 200);
    let texts = taken.flat_map(|call| texts_in(&call["params"]));
    texts.flat_map(lines_of).collect()
}

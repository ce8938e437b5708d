//! Buying, as a customer sees it: by labels and words alone.

use std::thread;

use serde_json::json;
use tests::{
    chat::{Chat, Message, PATIENCE},
    purchase::{MY_ORDERS, invoices, order},
    sandbox::SHOP_BOT,
    settings::SELLER,
    shop::Shop,
    wait::until,
};

use crate::shelves::{NAME, PRICE, lines, stocked};

/// The messages that hold goods of these shelves.
pub fn goods_in(chat: &Chat) -> Vec<String> {
    chat.messages()
        .into_iter()
        .map(|message| message.text)
        .filter(|text| text.contains("@mail.example:"))
        .collect()
}

#[test]
fn a_customer_buys_by_reading_labels_and_the_goods_arrive() {
    let shop = Shop::open(&stocked(2));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();

    let invoice = budi.wait_for(&code);
    assert!(
        invoice.is_photo && invoice.text.contains("25.000"),
        "the picture has no price: {invoice:?}"
    );
    assert!(goods_in(&budi).is_empty(), "goods before money");
    shop.sandbox.pay_order(&code).unwrap();

    let goods = budi.wait_for("akun001@mail.example:sandi001");
    assert!(!goods.text.contains("akun002"), "more than one item: {goods:?}");
    until("the order to be delivered", PATIENCE, || {
        (shop.books().orders() == [(code.clone(), "delivered".to_owned())]).then_some(())
    });
    assert_eq!((shop.books().ledger_sum(), shop.books().sales()), (0, PRICE));

    budi.say("/start").unwrap();
    budi.press(MY_ORDERS);
    let listed = |message: &Message| message.labels.iter().any(|label| label.contains(NAME));
    budi.wait("the list of orders", |message| {
        listed(message) || message.text.contains(&code)
    });
}

#[test]
fn two_race_for_the_last_item_and_nobody_pays_for_nothing() {
    let shop = Shop::open(&stocked(1));
    let racers = [3001, 3002].map(|user| shop.sandbox.customer(user).unwrap());
    for racer in &racers {
        racer.say("/start").unwrap();
        racer.press(NAME);
        racer.wait("the button for buying", |message| message.label("Beli").is_some());
    }
    thread::scope(|scope| {
        for racer in &racers {
            scope.spawn(|| racer.press("Beli"));
        }
    });
    let winner = until("one of two to get the QR picture", PATIENCE, || {
        racers.iter().position(|racer| !invoices(racer).is_empty())
    });
    let loser = &racers[1 - winner];
    until("the other to get a clear word", PATIENCE, || {
        loser
            .everything_ever_shown()
            .iter()
            .any(|text| text.contains("habis"))
            .then_some(())
    });
    assert!(invoices(loser).is_empty(), "both were asked for money");
    assert_eq!(
        shop.sandbox.transactions().unwrap().len(),
        1,
        "the gateway was asked for one item twice"
    );

    shop.sandbox.pay_order(&invoices(&racers[winner])[0]).unwrap();
    racers[winner].wait_for(&lines(1)[0]);
    assert!(goods_in(loser).is_empty());
}

#[test]
fn a_lost_webhook_is_found_by_asking() {
    let shop = Shop::open(&stocked(1));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox
        .pay(&json!({ "order_id": code, "webhook": { "lost": true } }))
        .unwrap();
    budi.wait_for(&lines(1)[0]);
}

#[test]
fn the_shop_keeps_the_pace_that_telegram_demands() {
    let shop = Shop::open(&stocked(3));
    // Telegram lets no bot begin a chat: without this word the seller's notices would be refused.
    shop.sandbox.chat(SHOP_BOT, SELLER).say("/start").unwrap();
    let budi = shop.sandbox.customer(3001).unwrap();
    for _ in 0..2 {
        let code = order(&budi, NAME).unwrap();
        shop.sandbox.pay_order(&code).unwrap();
        until("the goods", PATIENCE, || {
            shop.books().goods().contains_key(&code).then_some(())
        });
    }
    let calls = shop.sandbox.record("api=telegram&bot=warung_bot").unwrap();
    let refused: Vec<_> = calls
        .iter()
        .filter(|call| call["code"].as_u64().unwrap_or(0) >= 400)
        .collect();
    assert!(refused.is_empty(), "Telegram refused: {refused:#?}");
}

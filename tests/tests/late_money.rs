//! Money that comes late or twice is never lost: goods while there are any, else a refund that the seller sees.

use serde_json::json;
use tests::{
    chat::{Chat, PATIENCE},
    purchase::order,
    sandbox::SHOP_BOT,
    settings::SELLER,
    shop::Shop,
    wait::until,
};

use crate::{
    purchase::goods_in,
    shelves::{NAME, PRICE, stocked},
};

/// A shop in which customers have five seconds to pay, and its seller's chat.
fn hasty(stock: usize) -> (Shop, Chat) {
    let mut shop = Shop::new();
    shop.settings.payment_window = "5s".to_owned();
    shop.settings.write(&shop.place).unwrap();
    shop.import(&stocked(stock)).unwrap();
    shop.start_bot().unwrap();
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    (shop, seller)
}

/// Pays after the shop's window: while the gateway still offers the QR, or after it has closed it.
fn pay_late(shop: &Shop, code: &str) {
    let open = shop.sandbox.pay_order(code);
    open.or_else(|_| {
        shop.sandbox
            .pay(&json!({ "order_id": code, "how": "late" }))
            .map(drop)
    })
    .unwrap();
}

fn wait_for_state(shop: &Shop, code: &str, state: &str) {
    until(&format!("{code} to be {state}"), PATIENCE, || {
        shop.books()
            .orders()
            .contains(&(code.to_owned(), state.to_owned()))
            .then_some(())
    });
}

#[test]
fn paid_late_brings_the_goods_while_there_are_any() {
    let (shop, _) = hasty(1);
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    wait_for_state(&shop, &code, "expired");
    pay_late(&shop, &code);
    budi.wait_for("akun001");
    assert_eq!((shop.books().sales(), shop.books().ledger_sum()), (PRICE, 0));
}

#[test]
fn paid_late_without_stock_is_owed_back_and_both_sides_are_told() {
    let (shop, seller) = hasty(1);
    let [budi, citra] = [3001, 3002].map(|user| shop.sandbox.customer(user).unwrap());
    let late = order(&budi, NAME).unwrap();
    wait_for_state(&shop, &late, "expired");
    let quick = order(&citra, NAME).unwrap();
    shop.sandbox.pay_order(&quick).unwrap();
    citra.wait_for("akun001");

    pay_late(&shop, &late);
    wait_for_state(&shop, &late, "refund_due");
    budi.wait("a word about the money", |message| {
        message.text.contains("dikembalikan") && !message.is_photo
    });
    seller.wait("a word about the money", |message| {
        message.text.contains("dikembalikan")
    });
    assert!(goods_in(&budi).is_empty());
    assert_eq!(shop.books().refunds_due(), ["late"]);
    assert_eq!((shop.books().sales(), shop.books().ledger_sum()), (PRICE, 0));

    seller.say("/start").unwrap();
    seller.press("Perlu dikembalikan");
    seller.wait("the list of what is due", |message| {
        message.text.contains(&late) || message.label("25.000").is_some()
    });
}

#[test]
fn paid_twice_brings_one_item_and_the_second_payment_is_owed_back() {
    let shop = Shop::open(&stocked(3));
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox
        .pay(&json!({ "order_id": code, "how": "twice" }))
        .unwrap();
    budi.wait_for("akun001");
    until("the second payment to be owed back", PATIENCE, || {
        (shop.books().refunds_due() == ["second"]).then_some(())
    });
    budi.wait("a word about the second payment", |message| {
        message.text.contains("dikembalikan") && !message.is_photo
    });
    seller.wait("a word about the second payment", |message| {
        message.text.contains("dikembalikan")
    });
    assert_eq!(goods_in(&budi).len(), 1);
    assert_eq!((shop.books().sales(), shop.books().ledger_sum()), (PRICE, 0));
}

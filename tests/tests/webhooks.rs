//! The gateway's webhook is a hint from a stranger: repeated, forged, early or about nothing, it does no harm.

use serde_json::{Value, json};
use tests::{
    chat::PATIENCE,
    http::{Answer, post_raw},
    purchase::order,
    settings::{PAKASIR_API_KEY, PAKASIR_WEBHOOK_SECRET, PROJECT, SELLER},
    shop::Shop,
    wait::until,
};

use crate::{
    purchase::goods_in,
    shelves::{NAME, PRICE, stocked},
};

fn knock(shop: &Shop, secret: &str, body: &Value) -> Answer {
    let url = format!("http://{}/payments/pakasir", shop.settings.bot_public);
    post_raw(&url, ("X-Secret", secret), &body.to_string()).unwrap()
}

/// The webhook that the gateway would send for this order, had it been paid.
fn claim(shop: &Shop, code: &str, amount: i64) -> Value {
    let transactions = shop.sandbox.transactions().unwrap();
    let ours = transactions
        .iter()
        .find(|transaction| transaction["order_id"] == code);
    let txn_id = ours.map_or("unknown-txn", |transaction| {
        transaction["txn_id"].as_str().unwrap()
    });
    json!({
        "txn_id": txn_id, "order_id": code, "amount": amount, "is_sandbox": false, "status": "completed",
        "completed_at": "2026-11-22T10:00:00.000Z",
    })
}

#[test]
fn a_webhook_that_comes_three_times_delivers_once() {
    let shop = Shop::open(&stocked(3));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox
        .pay(&json!({ "order_id": code, "webhook": { "times": 3 } }))
        .unwrap();
    budi.wait_for("akun001");
    let paid = claim(&shop, &code, PRICE);
    assert_eq!(knock(&shop, PAKASIR_WEBHOOK_SECRET, &paid).status, 200);
    // A second purchase gives the shop every chance to send the first goods again.
    let next = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&next).unwrap();
    budi.wait_for("akun002");
    assert_eq!(
        goods_in(&budi)
            .iter()
            .filter(|text| text.contains("akun001"))
            .count(),
        1
    );
    assert_eq!(shop.books().sales(), 2 * PRICE);
    assert!(shop.books().refunds_due().is_empty());
}

#[test]
fn a_wrong_secret_is_refused_and_changes_nothing() {
    let shop = Shop::open(&stocked(1));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    let paid = claim(&shop, &code, PRICE);
    for secret in ["", "wrong", &PAKASIR_WEBHOOK_SECRET[1..]] {
        let answer = knock(&shop, secret, &paid);
        assert!(
            (400..500).contains(&answer.status),
            "'{secret}' was answered {}",
            answer.status
        );
    }
    assert_eq!(
        shop.books().orders(),
        [(code.clone(), "awaiting_payment".to_owned())]
    );
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for("akun001");
}

#[test]
fn a_webhook_that_lies_is_not_believed() {
    let shop = Shop::open(&stocked(1));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    let lies = [
        claim(&shop, &code, PRICE),
        claim(&shop, &code, 1),
        claim(&shop, "W000000000000", PRICE),
    ];
    for lie in &lies {
        // Known or not, it is acknowledged: a refusal would only bring it again.
        assert_eq!(knock(&shop, PAKASIR_WEBHOOK_SECRET, lie).status, 200, "{lie}");
    }
    for garbage in ["", "{", "[]", "\"x\"", r#"{"order_id":7}"#] {
        let url = format!("http://{}/payments/pakasir", shop.settings.bot_public);
        let answer = post_raw(&url, ("X-Secret", PAKASIR_WEBHOOK_SECRET), garbage).unwrap();
        assert!(answer.status < 500, "'{garbage}' was answered {}", answer.status);
    }
    // The truth, asked of the gateway after the lies, still counts.
    shop.sandbox
        .pay(&json!({ "order_id": code, "webhook": { "lost": true } }))
        .unwrap();
    budi.wait_for("akun001");
    assert_eq!(shop.books().sales(), PRICE);
}

#[test]
fn a_webhook_ahead_of_its_money_waits_for_the_money() {
    let shop = Shop::open(&stocked(1));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox
        .pay(&json!({ "order_id": code, "webhook": { "ahead_ms": 3000 } }))
        .unwrap();
    budi.wait_for("akun001");
}

#[test]
fn a_wrong_amount_brings_no_goods_and_both_sides_are_told() {
    let shop = Shop::open(&stocked(1));
    let seller = shop.sandbox.chat(tests::sandbox::SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox
        .pay(&json!({ "order_id": code, "how": "wrong_amount", "amount": 10_000 }))
        .unwrap();
    until("the order to be looked at", PATIENCE, || {
        (shop.books().orders() == [(code.clone(), "review".to_owned())]).then_some(())
    });
    budi.wait("a word about the amount", |message| {
        message.text.contains("10.000") && !message.is_photo
    });
    seller.wait_for("10.000");
    assert!(goods_in(&budi).is_empty());
    assert_eq!(shop.books().ledger_sum(), 0);
    assert_eq!(shop.books().refunds_due(), ["wrong_amount"]);
}

#[test]
fn money_for_an_order_that_the_shop_does_not_know_is_told_to_its_seller() {
    let shop = Shop::open(&stocked(1));
    let seller = shop.sandbox.chat(tests::sandbox::SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    // A customer of a time that was undone: the gateway has the invoice, the shop has nothing.
    let (code, create) = ("W1UNDONE00000", shop.sandbox.gateway_url());
    let url = format!("{create}/api/v2/create-transaction/{PROJECT}/{code}");
    let invoice = json!({ "method": "qris", "amount": PRICE }).to_string();
    assert_eq!(
        post_raw(&url, ("X-Api-Key", PAKASIR_API_KEY), &invoice)
            .unwrap()
            .status,
        200
    );
    knock(
        &shop,
        PAKASIR_WEBHOOK_SECRET,
        &claim(&shop, "W000000000000", PRICE),
    );
    shop.sandbox
        .pay(&json!({ "order_id": code, "webhook": { "times": 3 } }))
        .unwrap();
    seller.wait_for(code);
    assert_eq!(shop.books().incidents("payment_mismatch"), 1);
    assert_eq!(shop.books().ledger_sum(), 0);
    assert!(shop.books().orders().is_empty());
}

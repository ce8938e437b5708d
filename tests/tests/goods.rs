//! Goods that are longer than a message and goods that are files, bought by labels and words alone. What was pushed is
//! counted in the record of the pretend Telegram.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{
    chat::{Chat, PATIENCE},
    purchase::{MY_ORDERS, order, stock_files},
    sandbox::{OWNER_BOT, SHOP_BOT},
    settings::{OWNER, SELLER},
    shop::Shop,
    wait::until,
};

use crate::shelves::{FILE_NAME, LONG_LINES, LONG_NAME, all_kinds, file_item, long_item};

/// A shop with one item of each kind.
fn open() -> Shop {
    let shop = Shop::open(&all_kinds(1, 1));
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    stock_files(&seller, FILE_NAME, &[file_item(1)]).unwrap();
    seller.wait_for("Berkas buku001.pdf masuk. Stok sekarang: 1.");
    shop
}

fn bought(shop: &Shop, budi: &Chat, product: &str) -> String {
    let code = order(budi, product).unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    code
}

fn delivered(shop: &Shop, code: &str) {
    until("the order to be delivered", PATIENCE, || {
        let orders = shop.books().orders();
        orders
            .contains(&(code.to_owned(), "delivered".to_owned()))
            .then_some(())
    });
}

/// The calls of a method that Telegram took and whose parameters hold a text.
fn taken(shop: &Shop, method: &str, holds: &str) -> Vec<Value> {
    let calls = shop
        .sandbox
        .record(&format!("api=telegram&bot={SHOP_BOT}&method={method}"))
        .unwrap();
    let fits = |call: &Value| call["code"] == 200 && call["params"].to_string().contains(holds);
    calls.into_iter().filter(fits).collect()
}

/// The messages of a chat that hold licences, with the lines that each holds.
fn licences(chat: &Chat) -> Vec<Vec<String>> {
    let is_goods = |line: &&str| line.starts_with("LISENSI-") || line.contains("@mail.example:tamat");
    let lines = |text: String| -> Vec<String> { text.lines().filter(is_goods).map(str::to_owned).collect() };
    let all = chat.messages().into_iter().map(|message| lines(message.text));
    all.filter(|lines| !lines.is_empty()).collect()
}

#[test]
fn long_goods_come_in_order_each_part_once_and_again_on_request() {
    let shop = open();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = bought(&shop, &budi, LONG_NAME);
    delivered(&shop, &code);
    let parts = licences(&budi);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts.concat().join("\n"), long_item(1));
    assert_eq!(parts.concat().len(), LONG_LINES);
    for number in ["(1/2)", "(2/2)"] {
        budi.wait_for(number);
    }
    assert_eq!(taken(&shop, "editMessageText", "LISENSI-").len(), 2);

    budi.say("/orders").unwrap();
    budi.press(LONG_NAME);
    budi.press("Lihat barang");
    until("all parts to be there again", PATIENCE, || {
        (licences(&budi).len() == 4).then_some(())
    });
    assert_eq!(licences(&budi)[2..].concat().join("\n"), long_item(1));
}

#[test]
fn a_file_takes_the_place_of_its_frame_and_comes_again_on_request() {
    let shop = open();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = bought(&shop, &budi, FILE_NAME);
    delivered(&shop, &code);
    let goods = budi.wait_for("buku001@mail.example:sandi");
    assert_eq!(goods.document.as_deref(), Some("buku001.pdf"));
    let frames = taken(&shop, "sendDocument", &code);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0]["message_id"], goods.id);
    assert!(
        !frames[0]["params"].to_string().contains("buku001"),
        "goods in a frame"
    );
    assert_eq!(taken(&shop, "editMessageMedia", "buku001@").len(), 1);

    budi.press(MY_ORDERS);
    budi.press(FILE_NAME);
    budi.press("Lihat barang");
    let with_file = |message: &tests::chat::Message| message.document.as_deref() == Some("buku001.pdf");
    until("the file to be there again", PATIENCE, || {
        (budi
            .messages()
            .iter()
            .filter(|message| with_file(message))
            .count()
            == 2)
            .then_some(())
    });
}

/// Buys while Telegram takes no edits, deletes the frame when it is there, and lets Telegram go on.
fn deletes_the_frame(shop: &Shop, budi: &Chat, product: &str, edit: &str) -> String {
    let code = order(budi, product).unwrap();
    shop.sandbox
        .break_with(&json!({ "target": "telegram", "method": edit, "fault": "status", "code": 500, "chat_id": budi.user }))
        .unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    let frame = budi.wait("the frame", |message| {
        message.text.contains("sudah dibayar ✅") && message.text.contains(&code)
    });
    budi.delete(frame.id).unwrap();
    shop.sandbox.mend().unwrap();
    code
}

#[test]
fn a_deleted_frame_is_replaced_and_the_goods_are_pushed_once() {
    let shop = open();
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = deletes_the_frame(&shop, &budi, LONG_NAME, "editMessageText");
    delivered(&shop, &code);
    assert_eq!(licences(&budi).concat().join("\n"), long_item(1));
    assert_eq!(taken(&shop, "editMessageText", "LISENSI-").len(), 2);

    let citra = shop.sandbox.customer(3002).unwrap();
    let code = deletes_the_frame(&shop, &citra, FILE_NAME, "editMessageMedia");
    delivered(&shop, &code);
    assert_eq!(taken(&shop, "editMessageMedia", "buku001@").len(), 1);
    assert_eq!(taken(&shop, "sendDocument", &code).len(), 2);
}

#[test]
fn a_file_that_telegram_refuses_waits_for_the_seller_and_nobody_is_left_in_silence() {
    let mut shop = open();
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let budi = shop.sandbox.customer(3001).unwrap();
    let wrong = json!({
        "target": "telegram", "method": "editMessageMedia", "fault": "status", "code": 400,
        "description": "Bad Request: wrong file identifier/HTTP URL specified", "times": 1,
    });
    shop.sandbox.break_with(&wrong).unwrap();
    let code = bought(&shop, &budi, FILE_NAME);
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.wait_for("Telegram menolaknya");
    budi.wait_for("Barangnya belum bisa dikirim");
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    let heard = until("the owner to hear of it", Duration::from_secs(60), || {
        owner.newest_that_says(&code)
    });
    assert!(heard.contains(&code), "{heard}");

    let (_, content, words) = file_item(1);
    let again = ("buku-lagi.pdf".to_owned(), content, words);
    stock_files(&seller, FILE_NAME, &[again]).unwrap();
    seller.wait_for("sedang ditunggu pembelinya");
    delivered(&shop, &code);
    budi.wait_for("buku001@mail.example:sandi");
}

#[test]
fn a_file_that_the_shop_ever_held_is_refused() {
    let shop = open();
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    let (_, content, _) = file_item(1);
    seller.send_file("lain.pdf", content.as_bytes(), "").unwrap();
    seller.wait_for("lain.pdf ditolak karena pernah ada");
    assert_eq!(shop.books().free_items(), 3);
}

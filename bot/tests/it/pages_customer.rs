//! What customers see and can do, through the router.

use bot::{
    outbox::{MessageId, Outgoing, Purpose},
    shop::{
        catalog,
        customer::{self, CustomerId},
        money::Rupiah,
        order::{self, State},
        payment::{self, Invoice},
        stock::{self, Item},
        switch::{self, Pause},
    },
};
use serde_json::json;

use crate::world::{BUYER, SELLER, STRANGER, World, labels, text};

#[test]
fn a_person_buys_by_reading_labels() {
    let world = World::new();
    world.product("Netflix 1 bulan", &["a:1", "a:2"]);
    let home = world.read(BUYER, "/start");
    assert!(text(&home).contains("Warung Sari"));
    assert!(text(&home).contains("Streaming"));
    assert!(labels(&home).contains(&"Netflix 1 bulan · Rp25.000".to_owned()));
    let page = world.tap(BUYER, &home, "Netflix 1 bulan");
    assert!(
        page.is_edit && page.message == home.message,
        "pages change in place"
    );
    for part in [
        "Netflix 1 bulan",
        "Rp25.000",
        "Akun premium",
        "Kirim screenshot",
        "Sisa 2",
    ] {
        assert!(text(&page).contains(part), "{part} is not in: {}", text(&page));
    }
    let (toast, sent) = world.tap_all(BUYER, &page, "Beli");
    assert_eq!(toast.as_deref(), Some("Menyiapkan QRIS…"));
    assert!(sent.is_empty(), "the QR follows by itself");
    let order = &order::store::of_customer(&world.conn, CustomerId(BUYER), 0, 9).unwrap()[0];
    assert_eq!(order.state, State::AwaitingPayment);
    let orders = world.read(BUYER, "/orders");
    let page = world.tap(BUYER, &orders, &order.code);
    for part in [&*order.code, "Menunggu pembayaran", "15 menit", "09:29 WIB"] {
        assert!(text(&page).contains(part), "{part} is not in: {}", text(&page));
    }
}

#[test]
fn the_same_wish_twice_shows_the_same_order() {
    let world = World::new();
    let product = world.product("Netflix", &["a", "b"]);
    let order = world.buy(BUYER, product);
    let (toast, sent) = world.press(BUYER, &format!("buy:{}", product.0));
    assert!(toast.unwrap().contains("sudah ada"));
    assert!(text(&sent[0]).contains(&order.code));
    assert_eq!(
        order::store::of_customer(&world.conn, CustomerId(BUYER), 0, 9)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_last_item_goes_to_one_and_the_other_gets_a_clear_word() {
    let world = World::new();
    let product = world.product("Netflix", &["a"]);
    world.buy(BUYER, product);
    let (toast, sent) = world.press(STRANGER, &format!("buy:{}", product.0));
    assert!(toast.unwrap().contains("habis"));
    assert!(labels(&sent[0])[0].contains("(habis)"));
    let page = world.tap(STRANGER, &sent[0], "Netflix");
    assert!(!labels(&page).iter().any(|label| label.contains("Beli")));
}

#[test]
fn refusals_are_told_with_a_page() {
    let world = World::new();
    let products: Vec<_> = (0..4)
        .map(|n| world.product(&format!("P{n}"), &[&format!("x{n}")]))
        .collect();
    for product in &products[..3] {
        world.buy(BUYER, *product);
    }
    let (toast, sent) = world.press(BUYER, &format!("buy:{}", products[3].0));
    assert!(toast.unwrap().contains("3 pesanan yang belum dibayar"));
    assert!(text(&sent[0]).contains("Pesanan saya"));
    switch::store::set_paused(&world.conn, Some(Pause::Seller)).unwrap();
    let (toast, sent) = world.press(STRANGER, &format!("buy:{}", products[3].0));
    assert!(toast.unwrap().contains("istirahat sebentar"));
    assert!(text(&sent[0]).contains("istirahat sebentar"));
    switch::store::set_paused(&world.conn, None).unwrap();
    catalog::store::set_on_sale(&world.conn, products[3], false).unwrap();
    for data in ["buy", "item"] {
        let (toast, sent) = world.press(STRANGER, &format!("{data}:{}", products[3].0));
        assert!(toast.unwrap().contains("tidak dijual"));
        assert!(!labels(&sent[0]).iter().any(|label| label.contains("P3")));
    }
}

#[test]
fn anothers_order_does_not_exist() {
    let world = World::new();
    let product = world.product("Netflix", &["secret:goods"]);
    let order = world.buy(BUYER, product);
    let read = |verb: &str, code: &str| {
        let (toast, sent) = world.press(STRANGER, &format!("{verb}:{code}"));
        assert_eq!(toast.as_deref(), Some("Pesanan tidak ditemukan."), "{verb}");
        assert_eq!(sent.len(), 1);
        assert!(!text(&sent[0]).contains(&order.code));
    };
    for verb in ["order", "goods", "drop"] {
        read(verb, &order.code);
        read(verb, "WUNKNOWN");
    }
    world.pay(&order, "t1", 25_000);
    world.drain();
    read("goods", &order.code);
    assert_eq!(
        order::store::get(&world.conn, order.id).unwrap().state,
        State::Paid
    );
}

#[test]
fn an_unpaid_order_is_cancelled_once() {
    let world = World::new();
    let product = world.product("Netflix", &["a"]);
    let order = world.buy(BUYER, product);
    let (toast, sent) = world.press(BUYER, &format!("drop:{}", order.code));
    assert!(toast.unwrap().contains("dibatalkan"));
    assert!(text(&sent[0]).contains("Dibatalkan"));
    assert_eq!(
        catalog::store::get(&world.conn, product).unwrap().unwrap().free,
        1
    );
    let (toast, _) = world.press(BUYER, &format!("drop:{}", order.code));
    assert!(toast.unwrap().contains("tidak bisa dibatalkan"));
    let (toast, _) = world.press(BUYER, &format!("goods:{}", order.code));
    assert!(toast.unwrap().contains("belum ada"));
}

#[test]
fn a_cancel_under_the_qr_costs_no_message_of_its_own() {
    let world = World::new();
    let product = world.product("Netflix", &["a"]);
    let order = world.buy(BUYER, product);
    let picture = json!({"photo": [{"file_id": "f"}], "caption": "x"});
    let (toast, sent) = world.press_under(BUYER, &format!("drop:{}", order.code), MessageId(60), &picture);
    assert!(toast.unwrap().contains("dibatalkan"));
    assert!(sent.is_empty());
    let (_, sent) = world.press_under(BUYER, "home", MessageId(60), &picture);
    assert!(!sent[0].is_edit, "a page cannot take a picture's place");
}

#[test]
fn a_lost_qr_is_shown_again_and_every_picture_is_closed() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    let code = order.code.clone();
    let (_, before) = world.press(BUYER, &format!("qr:{code}"));
    assert!(before.is_empty(), "there is no invoice yet");
    let invoice = Invoice {
        txn_id: "t1".to_owned(),
        amount: order.price,
        fee: Rupiah(485),
        total: Rupiah(25_485),
        qr: "0002".to_owned(),
        sandbox: false,
    };
    payment::store::open(&world.conn, "pakasir", order.id, &invoice, world.now).unwrap();
    for _ in 0..2 {
        let (_, shown) = world.press(BUYER, &format!("qr:{code}"));
        assert!(matches!(&shown[0].outgoing, Outgoing::Qr { qr, .. } if qr == "0002"));
    }
    let (_, strangers) = world.press(STRANGER, &format!("qr:{code}"));
    assert!(strangers.iter().all(|sent| sent.purpose != Purpose::Qr));
    world.pay(&order, "t1", 25_000);
    let closed = world.drain();
    let captions = closed
        .iter()
        .filter(|sent| matches!(sent.outgoing, Outgoing::EditCaption(_)));
    assert_eq!(captions.count(), 2);
}

#[test]
fn goods_are_shown_again_and_stay_in_the_chat() {
    let world = World::new();
    let product = world.product("Netflix", &["user:pass"]);
    let order = world.pay(&world.buy(BUYER, product), "t1", 25_000);
    world.drain();
    let orders = world.read(BUYER, "/orders");
    let page = world.tap(BUYER, &orders, "Netflix");
    let (toast, sent) = world.tap_all(BUYER, &page, "Lihat barang");
    assert!(toast.unwrap().contains("di bawah"));
    assert_eq!(
        sent.iter().map(|sent| sent.purpose).collect::<Vec<_>>(),
        [Purpose::Placeholder, Purpose::Goods]
    );
    assert!(matches!(sent[1].outgoing, Outgoing::Goods { .. }));
    let (_, sent) = world.press_under(BUYER, "+mine:0", sent[1].message, &json!({"text": "user:pass"}));
    assert!(!sent[0].is_edit, "the goods are not overwritten");
    assert_eq!(
        stock::store::item(&world.conn, order.id).unwrap(),
        Some(Item::Text("user:pass".to_owned()))
    );
}

#[test]
fn one_who_returns_gets_what_waited() {
    let world = World::new();
    let product = world.product("Netflix", &["user:pass"]);
    let order = world.buy(BUYER, product);
    let change = |status: &str| {
        world.update(&json!({"update_id": 1, "my_chat_member": {
            "from": {"id": BUYER, "is_bot": false}, "chat": {"id": BUYER, "type": "private"}, "date": 1,
            "old_chat_member": {"status": "member"}, "new_chat_member": {"status": status}
        }}))
    };
    assert!(change("kicked").is_empty());
    world.pay(&order, "t1", 25_000);
    world.drain();
    let sent = change("member");
    assert_eq!(
        sent.iter().map(|sent| sent.purpose).collect::<Vec<_>>(),
        [Purpose::Placeholder, Purpose::Goods]
    );
    assert!(change("member").is_empty());
    assert!(!customer::store::seen(&world.conn, CustomerId(BUYER), world.now).unwrap());
}

#[test]
fn lists_are_read_page_by_page() {
    let world = World::new();
    for n in 0..17 {
        world.product(&format!("Barang {n:02}"), &[&format!("x{n}")]);
    }
    let goods = |sent: &_| {
        labels(sent)
            .iter()
            .filter(|label| label.contains("Barang"))
            .count()
    };
    let first = world.read(BUYER, "/start");
    assert_eq!(goods(&first), 8);
    assert!(!labels(&first).iter().any(|label| label.contains("Sebelumnya")));
    let second = world.tap(BUYER, &first, "Berikutnya");
    let third = world.tap(BUYER, &second, "Berikutnya");
    assert_eq!((goods(&second), goods(&third)), (8, 1));
    assert!(!labels(&third).iter().any(|label| label.contains("Berikutnya")));
    assert_eq!(goods(&world.tap(BUYER, &third, "Sebelumnya")), 8);
    for far in ["list:99", "list:4294967295", "mine:4294967295"] {
        assert_eq!(world.press(BUYER, far).1.len(), 1, "{far}");
    }
}

#[test]
fn a_language_once_chosen_holds() {
    let world = World::new();
    world.product("Netflix", &["a"]);
    let home = world.read(BUYER, "/start");
    let english = world.tap(BUYER, &home, "English");
    assert!(text(&english).contains("Welcome to Warung Sari"));
    assert!(text(&world.read(BUYER, "/orders")).contains("My orders"));
    let choice = world.read(BUYER, "/language");
    let home = world.tap(BUYER, &choice, "Indonesia");
    assert!(text(&home).contains("Selamat datang"));
    assert!(text(&world.read(STRANGER, "/start")).contains("Selamat datang"));
}

#[test]
fn anything_else_gets_one_short_answer() {
    let world = World::new();
    for words in ["halo", "/nonsense", "/seller"] {
        let hint = world.read(BUYER, words);
        assert!(text(&hint).contains("/help"), "{words}");
        assert_eq!(labels(&hint), ["🏠 Menu utama"]);
    }
    for command in ["/help", "/terms", "/paysupport"] {
        assert!(
            labels(&world.read(BUYER, command)).contains(&"🏠 Menu utama".to_owned()),
            "{command}"
        );
    }
    for data in [
        "",
        "x:1",
        "buy:x",
        "seller",
        "s.list:0",
        "s.open",
        "s.release",
        "s.done:1",
        "+s.due:0",
        "s.new",
    ] {
        let (toast, sent) = world.press(BUYER, data);
        assert_eq!(
            toast.as_deref(),
            Some("Tombol ini sudah lama, ketik /start"),
            "{data}"
        );
        assert!(sent.is_empty(), "{data}");
    }
    let (photo, seller) = (json!({"photo": []}), json!({"voice": {}}));
    for (user, content) in [(BUYER, photo), (SELLER, seller)] {
        let mut message = json!({"message_id": 1, "date": 1, "from": {"id": user}, "chat": {"id": user, "type": "private"}});
        message
            .as_object_mut()
            .unwrap()
            .extend(content.as_object().unwrap().clone());
        assert_eq!(
            world.update(&json!({"update_id": 1, "message": message})).len(),
            1
        );
    }
}

//! What sellers see and can do, through the router.

use std::{collections::BTreeSet, time::Duration};

use bot::{
    outbox::{NewSend, Purpose, Screen, store},
    queue::Boot,
    shop::{
        catalog::{self, ProductId},
        customer::CustomerId,
        money::Rupiah,
        order::{self, State},
        refund, stock,
        switch::{self, Pause},
    },
};
use serde_json::json;

use crate::world::{BUYER, SELLER, Sent, World, labels, text};

fn menu(world: &World) -> Sent {
    let home = world.read(SELLER, "/start");
    world.tap(SELLER, &home, "Menu penjual")
}

fn product(world: &World, id: ProductId) -> catalog::Product {
    catalog::store::get(&world.conn, id).unwrap().unwrap()
}

#[test]
fn a_product_is_made_step_by_step() {
    let world = World::new();
    let ask = world.tap(SELLER, &menu(&world), "Produk baru");
    assert!(text(&ask).contains("namanya"));
    assert!(text(&world.read(SELLER, &"x".repeat(61))).contains("1 sampai 60"));
    assert!(text(&world.read(SELLER, "Netflix 1 bulan")).contains("harganya"));
    for wrong in ["murah", "499", "10.000.001", "25rb"] {
        assert!(
            text(&world.read(SELLER, wrong)).contains("Rp500 sampai Rp10.000.000"),
            "{wrong}"
        );
    }
    assert!(text(&world.read(SELLER, "Rp 25.000")).contains("keterangannya"));
    assert!(text(&world.read(SELLER, &"x".repeat(1_501))).contains("1500"));
    let made = world.read(SELLER, "-");
    assert!(text(&made).contains("Produk dibuat"));
    let added = world.read(SELLER, "a:1\n\nb:2\na:1");
    assert!(
        text(&added).contains("2 barang masuk") && text(&added).contains("baris: 4"),
        "{}",
        text(&added)
    );
    let again = world.read(SELLER, "c:3");
    assert!(text(&again).contains("1 barang masuk. Stok sekarang: 3"));
    let page = world.tap(SELLER, &again, "Selesai");
    assert!(text(&page).contains("Netflix 1 bulan") && text(&page).contains("Stok: 3"));
    let made = catalog::store::by_sku(&world.conn, "netflix-1-bulan")
        .unwrap()
        .unwrap();
    assert_eq!(
        (made.draft.price, made.free, made.on_sale),
        (Rupiah(25_000), 3, true)
    );
    assert!(
        text(&world.read(SELLER, "d:4")).contains("/help"),
        "the question is closed"
    );
}

#[test]
fn the_same_name_twice_is_two_products() {
    let world = World::new();
    for _ in 0..2 {
        world.press(SELLER, "s.new");
        for answer in ["Netflix", "25000", "Akun"] {
            world.read(SELLER, answer);
        }
    }
    assert!(catalog::store::by_sku(&world.conn, "netflix").unwrap().is_some());
    assert!(
        catalog::store::by_sku(&world.conn, "netflix-2")
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_price_is_changed() {
    let world = World::new();
    let id = world.product("Netflix", &["a"]);
    let list = world.tap(SELLER, &menu(&world), "Daftar produk");
    let page = world.tap(SELLER, &list, "Netflix");
    let ask = world.tap(SELLER, &page, "Ubah harga");
    assert!(text(&ask).contains("Rp25.000"));
    assert!(text(&world.read(SELLER, "1")).contains("Rp500"));
    let done = world.read(SELLER, "30.000");
    assert!(text(&done).contains("Harga sekarang Rp30.000"));
    assert!(labels(&done).iter().any(|label| label.contains("Tambah stok")));
    assert_eq!(product(&world, id).draft.price, Rupiah(30_000));
    assert!(
        text(&world.read(SELLER, "40000")).contains("/help"),
        "the question is closed"
    );
}

#[test]
fn a_message_in_doubt_is_seen_and_settled_by_a_person() {
    let world = World::new();
    let notice = NewSend::notice(CustomerId(BUYER), None, Screen::default());
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = store::enqueue(&world.conn, &notice, world.now).unwrap();
        for boot in 1..=2 {
            store::begin(&world.conn, id, Boot(boot)).unwrap().unwrap();
            store::rescue(&world.conn, Boot(boot + 1), world.now).unwrap();
        }
        ids.push(id.0);
    }
    let list = world.tap(SELLER, &menu(&world), "Belum pasti sampai (2)");
    world.tap(SELLER, &list, "pemberitahuan");
    let (_, sent) = world.press(SELLER, &format!("s.again:{}", ids[0]));
    assert!(
        sent.iter().any(|sent| sent.chat == BUYER),
        "it went out once more"
    );
    world.press(SELLER, &format!("s.letbe:{}", ids[1]));
    assert_eq!(store::counts(&world.conn).unwrap().1, 0);
    let (toast, _) = world.press(SELLER, &format!("s.again:{}", ids[1]));
    assert!(toast.unwrap().contains("sudah diselesaikan"));
}

#[test]
fn unsold_stock_is_taken_out_and_never_comes_in_again() {
    let world = World::new();
    let product = world.product("Netflix", &["a:1", "b:2", "c:3"]);
    world.buy(BUYER, product);
    world.press(SELLER, &format!("s.out:{}", product.0));
    let page = world.read(SELLER, "a:1\nb:2\nnever:here");
    for words in [
        "1 barang dikeluarkan",
        "sedang dipesan, baris: 1",
        "Tidak ada di stok produk ini, baris: 3",
    ] {
        assert!(text(&page).contains(words), "{}", text(&page));
    }
    world.press(SELLER, &format!("s.stock:{}", product.0));
    assert!(text(&world.read(SELLER, "b:2")).contains("pernah ada di toko"));
}

#[test]
fn stock_is_added_in_bounds() {
    let world = World::new();
    let id = world.product("Netflix", &[]);
    let (_, sent) = world.press(SELLER, &format!("s.item:{}", id.0));
    world.tap(SELLER, &sent[0], "Tambah stok");
    let thousand: Vec<String> = (0..1_000).map(|n| format!("k{n}")).collect();
    assert!(text(&world.read(SELLER, &thousand[..500].join("\n"))).contains("500 barang masuk"));
    let refused = world.read(SELLER, &thousand[..500].join("\n"));
    assert!(text(&refused).contains("0 barang masuk") && text(&refused).contains("20 dan 480 lagi"));
    // The longest line that a message can hold is an item: it goes out in two messages.
    assert!(text(&world.read(SELLER, &"漢".repeat(4_096))).contains("1 barang masuk"));
    assert!(text(&world.read(SELLER, &"x\n".repeat(1_001))).contains("1000 baris"));
    assert_eq!(product(&world, id).free, 501);
}

#[test]
fn a_question_never_swallows_a_menu() {
    let world = World::new();
    let id = world.product("Netflix", &[]);
    for leave in ["s.never", "home", "s.list:0", "nonsense"] {
        world.press(SELLER, &format!("s.stock:{}", id.0));
        world.press(SELLER, leave);
        assert!(
            text(&world.read(SELLER, "secret:line")).contains("/help"),
            "{leave}"
        );
    }
    world.press(SELLER, &format!("s.stock:{}", id.0));
    assert!(text(&world.read(SELLER, "/start")).contains("Selamat datang"));
    assert!(text(&world.read(SELLER, "secret:line")).contains("/help"));
    assert_eq!(product(&world, id).free, 0);
}

#[test]
fn a_question_is_open_for_half_an_hour() {
    let mut world = World::new();
    let id = world.product("Netflix", &[]);
    world.press(SELLER, &format!("s.stock:{}", id.0));
    world.now = world.now.plus(Duration::from_secs(1_799));
    assert!(text(&world.read(SELLER, "a")).contains("1 barang masuk"));
    world.now = world.now.plus(Duration::from_secs(1_799));
    assert!(
        text(&world.read(SELLER, "b")).contains("1 barang masuk"),
        "every answer keeps it open"
    );
    let photo = json!({"update_id": 1, "message": {"message_id": 1, "date": 1, "photo": [],
        "from": {"id": SELLER}, "chat": {"id": SELLER, "type": "private"}}});
    assert!(text(&world.update(&photo)[0]).contains("teks"));
    world.now = world.now.plus(Duration::from_secs(1_800));
    assert!(text(&world.read(SELLER, "c")).contains("/help"));
    assert_eq!(product(&world, id).free, 2);
}

#[test]
fn one_who_is_no_seller_any_more_has_no_open_question() {
    let mut world = World::new();
    let id = world.product("Netflix", &[]);
    world.press(SELLER, &format!("s.stock:{}", id.0));
    world.shop.sellers.clear();
    assert!(text(&world.read(SELLER, "a")).contains("/help"));
    assert!(
        !labels(&world.read(SELLER, "/start"))
            .iter()
            .any(|label| label.contains("penjual"))
    );
    assert!(
        text(&world.read(1001, "/seller")).contains("Menu penjual"),
        "owners may do all that sellers may"
    );
}

#[test]
fn a_product_is_hidden_and_shown() {
    let world = World::new();
    let id = world.product("Netflix", &["a"]);
    let (_, sent) = world.press(SELLER, &format!("s.item:{}", id.0));
    let hidden = world.tap(SELLER, &sent[0], "Sembunyikan");
    assert!(text(&world.read(BUYER, "/start")).contains("Belum ada barang"));
    world.tap(SELLER, &hidden, "Tampilkan");
    assert!(text(&world.read(BUYER, "/start")).contains("Netflix"));
    let (toast, _) = world.press(SELLER, "s.item:999");
    assert!(toast.unwrap().contains("tidak ditemukan"));
}

#[test]
fn orders_are_seen_without_their_goods() {
    let world = World::new();
    let id = world.product("Netflix", &["secret:goods"]);
    let order = world.pay(&world.buy(BUYER, id), "t1", 25_000);
    let notices = world.drain();
    let sold = notices
        .iter()
        .find(|sent| sent.purpose == Purpose::Notice && sent.chat == SELLER)
        .unwrap();
    assert!(text(sold).contains("Terjual: Netflix"));
    let opened = world.tap(SELLER, sold, "Lihat pesanan");
    assert!(!opened.is_edit, "news stays in the chat");
    let list = world.tap(SELLER, &menu(&world), "Pesanan");
    let page = world.tap(SELLER, &list, &order.code);
    for part in [
        &*order.code,
        "Netflix",
        "Rp25.000",
        "Pembeli: 7001",
        "Dibayar: 22/11/2026 09:14 WIB",
    ] {
        assert!(text(&page).contains(part), "{part} is not in: {}", text(&page));
    }
    for sent in notices.iter().chain([&opened, &list, &page]) {
        assert!(!format!("{sent:?}").contains("secret:goods"));
    }
}

#[test]
fn a_wrong_amount_is_accepted_or_given_back() {
    let world = World::new();
    let id = world.product("Netflix", &["a", "b"]);
    let kept = world.pay(&world.buy(BUYER, id), "t1", 20_000);
    assert_eq!(kept.state, State::Review);
    let returned = world.pay(&world.buy(BUYER, id), "t2", 30_000);
    world.drain();
    let menu = menu(&world);
    let list = world.tap(SELLER, &menu, "Perlu dikembalikan (2)");
    let page = world.tap(SELLER, &list, &kept.code);
    for part in ["Rp20.000", "Rp25.000", "jumlahnya tidak sama", "Pembeli: 7001"] {
        assert!(text(&page).contains(part), "{part} is not in: {}", text(&page));
    }
    let (toast, _) = world.tap_all(SELLER, &page, "Terima & kirim barang");
    assert!(toast.unwrap().contains("Diterima"));
    assert_eq!(
        order::store::get(&world.conn, kept.id).unwrap().state,
        State::Paid
    );
    let (toast, _) = world.tap_all(SELLER, &page, "Sudah dikembalikan");
    assert!(toast.unwrap().contains("sebelumnya"));
    let page = world.tap(SELLER, &list, &returned.code);
    let (toast, sent) = world.tap_all(SELLER, &page, "Sudah dikembalikan");
    assert!(toast.unwrap().contains("Dicatat"));
    assert_eq!(
        order::store::get(&world.conn, returned.id).unwrap().state,
        State::Refunded
    );
    assert!(
        sent.iter().any(|sent| sent.chat == BUYER),
        "the customer hears of it"
    );
    assert_eq!(refund::store::count_due(&world.conn).unwrap(), 0);
}

#[test]
fn only_a_wrong_amount_can_be_kept() {
    let world = World::new();
    let id = world.product("Netflix", &["a", "b"]);
    let order = world.pay(&world.buy(BUYER, id), "t1", 25_000);
    world.pay(&order, "t2", 25_000);
    world.drain();
    let due = refund::store::due(&world.conn, 0, 9).unwrap().remove(0);
    let (_, sent) = world.press(SELLER, &format!("s.refund:{}", due.id.0));
    assert!(text(&sent[0]).contains("dibayar dua kali"));
    assert!(!labels(&sent[0]).iter().any(|label| label.contains("Terima")));
    world.press(SELLER, &format!("s.keep:{}", due.id.0));
    assert_eq!(refund::store::count_due(&world.conn).unwrap(), 1);
    world.press(BUYER, &format!("s.done:{}", due.id.0));
    assert_eq!(
        refund::store::count_due(&world.conn).unwrap(),
        1,
        "customers settle nothing"
    );
    world.press(SELLER, &format!("s.done:{}", due.id.0));
    assert_eq!(refund::store::count_due(&world.conn).unwrap(), 0);
}

#[test]
fn the_shop_is_closed_and_opened() {
    let world = World::new();
    world.product("Netflix", &["a"]);
    let closed = world.tap(SELLER, &menu(&world), "Tutup toko");
    assert_eq!(switch::store::paused(&world.conn).unwrap(), Some(Pause::Seller));
    world.tap(SELLER, &closed, "Buka lagi");
    assert_eq!(switch::store::paused(&world.conn).unwrap(), None);
}

#[test]
fn after_a_restore_the_shop_opens_at_the_second_press() {
    let world = World::new();
    let id = world.product("Netflix", &["a", "b"]);
    stock::store::hold_free(&world.conn).unwrap();
    switch::store::set_paused(&world.conn, Some(Pause::Restore)).unwrap();
    let menu = menu(&world);
    assert!(text(&menu).contains("2 barang ditahan"));
    world.press(SELLER, "s.close");
    let question = world.tap(SELLER, &menu, "Buka lagi");
    world.tap(SELLER, &menu, "Buka lagi");
    assert!(text(&question).contains("Keluarkan dulu"));
    assert_eq!(switch::store::paused(&world.conn).unwrap(), Some(Pause::Restore));
    let (toast, _) = world.tap_all(SELLER, &question, "Ya, lepas stok");
    assert!(toast.unwrap().contains("2 barang dilepas"));
    assert_eq!(switch::store::paused(&world.conn).unwrap(), None);
    assert_eq!(product(&world, id).free, 2);
}

#[test]
fn sellers_and_customers_read_nothing_about_the_machine() {
    for file in ["id", "en"] {
        let path = format!("{}/locales/{file}.ftl", env!("CARGO_MANIFEST_DIR"));
        let words = std::fs::read_to_string(path).unwrap().to_lowercase();
        for word in [
            "server", "backup", "cadangan", "database", "restore", "agent", "sqlite", "error", "log ",
        ] {
            assert!(!words.contains(word), "{file}.ftl says '{word}'");
        }
    }
}

#[test]
fn every_button_of_a_seller_leads_somewhere() {
    let world = World::new();
    let id = world.product("Netflix", &["a"]);
    let order = world.buy(BUYER, id);
    world.press(SELLER, "home");
    let mut seen = BTreeSet::new();
    let mut open = vec![
        menu(&world),
        world.read(SELLER, "/language"),
        world.read(SELLER, "/start"),
    ];
    while let Some(page) = open.pop() {
        for button in page.screen().unwrap().keyboard.iter().flatten() {
            let data = button.press.encode();
            if !seen.insert(data.clone()) {
                continue;
            }
            let (toast, sent) = world.press(SELLER, &data);
            let old = ["Tombol ini sudah lama", "This button is too old"];
            assert!(
                !toast
                    .iter()
                    .any(|toast| old.iter().any(|old| toast.contains(old))),
                "{data} is dead"
            );
            open.extend(
                sent.into_iter()
                    .filter(|sent| sent.chat == SELLER && sent.screen().is_some()),
            );
        }
    }
    let order = format!("s.order:{}", order.code);
    for data in [
        "s.item:1",
        "s.price:1",
        "s.stock:1",
        "s.show:1",
        "s.new",
        "s.due:0",
        "s.close",
        "s.open",
        &order,
    ] {
        assert!(seen.contains(data), "nothing leads to {data}: {seen:?}");
    }
}

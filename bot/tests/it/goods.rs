//! Goods of several messages and goods that are files: how they come in, how they go out, and what becomes of them
//! when something goes wrong in between.

use std::collections::BTreeMap;

use bot::{
    incident,
    outbox::{MessageId, NewSend, Outgoing, Purpose, Screen, store},
    queue::Boot,
    shop::{
        catalog,
        order::{self, Order, State},
        stock::{self, File, FileAdded, FileId, FileUniqueId, Item, TEXT_BYTES_MAX},
    },
    telegram::outcome::{Outcome, take_in},
};

use protocol::incident::IncidentId;
use serde_json::json;

use super::world::{BUYER, SELLER, World, text};

/// An item of four parts.
fn long_item() -> String {
    let lines: Vec<String> = (0..900).map(|line| format!("kunci-{line:05}")).collect();
    lines.join("\n")
}

fn paid(world: &World, content: &str) -> Order {
    let product = world.product("Lisensi", &[content]);
    world.pay(&world.buy(BUYER, product), "t1", 25_000)
}

/// The next message of the buyer leaves; what becomes of it is told.
fn next(world: &World, outcome: impl Fn(Option<MessageId>) -> Outcome) -> (Purpose, u32) {
    let (heads, _) = store::heads(&world.conn).unwrap();
    let head = heads.iter().find(|head| head.chat.0 == BUYER).unwrap();
    let sending = store::begin(&world.conn, head.id, Boot(1)).unwrap().unwrap();
    let became = outcome(sending.edits);
    take_in(&world.conn, &world.shop, &sending, became, world.now).unwrap();
    (sending.purpose, sending.part)
}

fn arrives(world: &World, number: i32) -> (Purpose, u32) {
    next(world, |edits| {
        Outcome::Sent(Some(edits.unwrap_or(MessageId(number))))
    })
}

fn deliver(world: &World, order: &Order) {
    world.drain();
    bot::jobs::trade::deliver_goods(&world.conn, &world.shop, order, world.now).unwrap();
}

fn state(world: &World, order: &Order) -> State {
    order::store::get(&world.conn, order.id).unwrap().state
}

fn is_quiet(world: &World) -> bool {
    let (heads, _) = store::heads(&world.conn).unwrap();
    heads.iter().all(|head| head.chat.0 != BUYER)
}

#[test]
fn parts_go_out_in_their_order_and_the_last_one_is_the_delivery() {
    let world = World::new();
    let order = paid(&world, &long_item());
    deliver(&world, &order);
    for part in 0..4 {
        assert_eq!(state(&world, &order), State::Paid);
        assert_eq!(
            arrives(&world, 200 + i32::try_from(part).unwrap()),
            (Purpose::Placeholder, part)
        );
        assert_eq!(arrives(&world, 0), (Purpose::Goods, part));
    }
    assert_eq!(state(&world, &order), State::Delivered);
    assert!(is_quiet(&world));
}

/// Delivers four parts to a Telegram that remembers what it shows, and dies once: when the message number `dies_at`
/// is on the wire, before Telegram acts or after. Answers which parts were pushed, and how many frames were sent.
fn delivered_through_a_crash(dies_at: usize, telegram_acts: bool) -> (Vec<u32>, i32) {
    let world = World::new();
    let order = paid(&world, &long_item());
    deliver(&world, &order);
    let (mut shown, mut pushed, mut frames, mut boot) = (BTreeMap::new(), Vec::new(), 0, Boot(1));
    for step in 0.. {
        let (heads, _) = store::heads(&world.conn).unwrap();
        let Some(head) = heads.iter().find(|head| head.chat.0 == BUYER) else {
            break;
        };
        let sending = store::begin(&world.conn, head.id, boot).unwrap().unwrap();
        let dies = step == dies_at;
        let mut message = sending.edits;
        if !dies || telegram_acts {
            if let Some(frame) = message {
                // The same words again change nothing.
                if shown.insert(frame.0, sending.part) != Some(sending.part) {
                    pushed.push(sending.part);
                }
            } else {
                frames += 1;
                message = Some(MessageId(200 + frames));
            }
        }
        if dies {
            boot = Boot(boot.0 + 1);
            store::rescue(&world.conn, boot, world.now).unwrap();
        } else {
            let sent = Outcome::Sent(message);
            take_in(&world.conn, &world.shop, &sending, sent, world.now).unwrap();
        }
    }
    assert_eq!(state(&world, &order), State::Delivered);
    (pushed, frames)
}

#[test]
fn a_crash_at_any_message_leaves_every_part_pushed_once_and_in_order() {
    for dies_at in 0..8 {
        for telegram_acts in [false, true] {
            let (pushed, frames) = delivered_through_a_crash(dies_at, telegram_acts);
            assert_eq!(pushed, [0, 1, 2, 3], "message {dies_at}, {telegram_acts}");
            // The frame that was on the wire is the only one that may be spare.
            let spare = i32::from(telegram_acts && dies_at % 2 == 0);
            assert_eq!(frames, 4 + spare, "message {dies_at}, {telegram_acts}");
        }
    }
}

#[test]
fn a_deleted_frame_is_replaced_and_the_parts_keep_their_order() {
    let world = World::new();
    let order = paid(&world, &long_item());
    deliver(&world, &order);
    for _ in 0..3 {
        arrives(&world, 200);
    }
    // The customer deleted the second frame.
    assert_eq!(next(&world, |_| Outcome::TargetGone), (Purpose::Goods, 1));
    let rest: Vec<(Purpose, u32)> = (0..6).map(|at| arrives(&world, 300 + at)).collect();
    let both = |part| [(Purpose::Placeholder, part), (Purpose::Goods, part)];
    assert_eq!(rest, [both(1), both(2), both(3)].concat());
    assert_eq!(state(&world, &order), State::Delivered);
    assert!(is_quiet(&world));
}

#[test]
fn one_who_blocks_between_two_parts_gets_the_rest_and_nothing_twice() {
    let world = World::new();
    let order = paid(&world, &long_item());
    deliver(&world, &order);
    for _ in 0..4 {
        arrives(&world, 200);
    }
    let oldest = || order::store::open_work(&world.conn).unwrap().1;
    assert!(oldest().is_some());
    next(&world, |_| Outcome::Unreachable);
    assert_eq!(oldest(), None, "the shop is not late: its customer is away");
    let told = world.drain();
    let sellers = told.iter().filter(|sent| sent.chat == SELLER);
    assert_eq!(
        sellers.count(),
        1,
        "a seller hears of an order once, not of each part"
    );
    bot::jobs::trade::deliver_goods(&world.conn, &world.shop, &order, world.now).unwrap();
    let rest: Vec<(Purpose, u32)> = (0..4).map(|at| arrives(&world, 300 + at)).collect();
    assert_eq!(
        rest.iter().map(|(_, part)| *part).collect::<Vec<_>>(),
        [2, 2, 3, 3]
    );
    assert_eq!(state(&world, &order), State::Delivered);
    assert!(is_quiet(&world));
}

#[test]
fn all_parts_are_shown_again_however_often_one_presses() {
    let world = World::new();
    let order = paid(&world, &long_item());
    deliver(&world, &order);
    for at in 0..8 {
        arrives(&world, 200 + at);
    }
    world.drain();
    for _ in 0..3 {
        bot::jobs::trade::show_goods(&world.conn, &world.shop, &order, world.now).unwrap();
    }
    let sent = world.drain();
    let goods = sent.iter().filter(|sent| sent.purpose == Purpose::Goods);
    assert_eq!(goods.count(), 4);
}

#[test]
fn an_item_is_bounded_and_a_too_long_one_is_named() {
    let world = World::new();
    let product = world.product("Lisensi", &["a"]);
    let (most, more) = ("x".repeat(TEXT_BYTES_MAX), "x".repeat(TEXT_BYTES_MAX + 1));
    let added = stock::store::add(&world.conn, product, [&*most, &*more], world.now).unwrap();
    assert_eq!((added.added, added.long), (1, vec![2]));
}

/// A seller's stock question that waits for a file.
fn asked(world: &World) -> catalog::ProductId {
    let product = world.product("Buku", &[]);
    world.press(SELLER, &format!("s.stock:{}", product.0));
    product
}

#[test]
fn a_file_comes_in_once_and_goes_out_into_a_document() {
    let world = World::new();
    let product = asked(&world);
    let first = world.send_file(SELLER, ("BQAC1", "AgAD1"), " sandi: 123 ");
    assert!(
        text(&first).contains("buku.pdf masuk. Stok sekarang: 1"),
        "{}",
        text(&first)
    );
    let again = world.send_file(SELLER, ("BQAC2", "AgAD1"), "");
    assert!(text(&again).contains("ditolak"), "{}", text(&again));

    let order = world.pay(&world.buy(BUYER, product), "t1", 25_000);
    let file = File {
        // What Telegram called it last is what it is sent by.
        id: FileId("BQAC2".to_owned()),
        name: "buku.pdf".to_owned(),
        words: "sandi: 123".to_owned(),
    };
    assert_eq!(
        stock::store::item(&world.conn, order.id).unwrap(),
        Some(Item::File(file))
    );
    deliver(&world, &order);
    let sent: Vec<_> = world
        .drain()
        .into_iter()
        .filter(|sent| sent.chat == BUYER)
        .collect();
    assert!(matches!(sent[0].outgoing, Outgoing::Note { .. }));
    assert_eq!(
        (sent[1].purpose, sent[1].message),
        (Purpose::Goods, sent[0].message)
    );
}

#[test]
fn a_file_is_taken_out_by_sending_it_again() {
    let world = World::new();
    let product = asked(&world);
    world.send_file(SELLER, ("BQAC1", "AgAD1"), "");
    world.press(SELLER, &format!("s.out:{}", product.0));
    for word in ["dikeluarkan", "tidak ada di stok"] {
        let said = world.send_file(SELLER, ("BQAC9", "AgAD1"), "");
        assert!(text(&said).contains(word), "{}", text(&said));
    }
    let unique = FileUniqueId("AgAD1".to_owned());
    let file = File {
        id: FileId("BQAC1".to_owned()),
        name: "x".to_owned(),
        words: String::new(),
    };
    let added = stock::store::add_file(&world.conn, product, &unique, &file, world.now).unwrap();
    assert_eq!(
        added,
        FileAdded::Known(None),
        "what was taken out never comes back"
    );
}

#[test]
fn an_item_of_several_lines_is_taken_out_as_a_whole() {
    let world = World::new();
    let product = world.product("Lisensi", &["satu\ndua", "tiga", "empat"]);
    world.press(SELLER, &format!("s.out:{}", product.0));
    let said = world.read(SELLER, "satu\ndua");
    assert!(text(&said).contains("1 barang dikeluarkan"), "{}", text(&said));
    assert!(text(&world.read(SELLER, "tiga\nempat")).contains("2 barang dikeluarkan"));
    assert!(text(&world.read(SELLER, "satu")).contains("Tidak ada di stok"));
}

#[test]
fn too_many_words_under_a_file_and_pictures_are_refused_kindly() {
    let world = World::new();
    asked(&world);
    let long = world.send_file(SELLER, ("BQAC1", "AgAD1"), &"x".repeat(601));
    assert!(text(&long).contains("600"), "{}", text(&long));
    let fits = world.send_file(SELLER, ("BQAC1", "AgAD1"), &"x".repeat(600));
    assert!(text(&fits).contains("masuk"), "{}", text(&fits));
}

#[test]
fn a_customers_file_is_no_stock() {
    let world = World::new();
    asked(&world);
    let said = world.send_file(BUYER, ("BQAC1", "AgAD1"), "");
    assert!(!text(&said).contains("masuk"), "{}", text(&said));
}

#[test]
fn a_file_that_telegram_refuses_is_told_and_goes_out_once_it_is_sent_in_anew() {
    let world = World::new();
    let product = asked(&world);
    world.send_file(SELLER, ("BQACold", "AgAD1"), "");
    let order = world.pay(&world.buy(BUYER, product), "t1", 25_000);
    deliver(&world, &order);
    arrives(&world, 200);
    let wrong = || Outcome::Refused("Bad Request: wrong file identifier/HTTP URL specified".to_owned());
    assert_eq!(next(&world, |_| wrong()), (Purpose::Goods, 0));
    assert_eq!(state(&world, &order), State::Paid);
    let told = world.drain();
    let seller = told
        .iter()
        .find(|sent| sent.chat == SELLER)
        .expect("the seller is told");
    assert!(text(seller).contains("kirim berkas yang sama sekali lagi"));
    let frame = told
        .iter()
        .find(|sent| sent.chat == BUYER)
        .expect("the frame says so");
    assert_eq!(frame.message, MessageId(200));
    assert!(matches!(frame.outgoing, Outgoing::EditCaption(_)));
    let incidents = incident::store::after(&world.conn, IncidentId(0)).unwrap();
    assert!(incidents.iter().any(|incident| incident.kind == "send_refused"));

    // The customer presses again: the frame answers, and nobody else hears of it once more.
    bot::jobs::trade::show_goods(&world.conn, &world.shop, &order, world.now).unwrap();
    arrives(&world, 201);
    next(&world, |_| wrong());
    assert!(world.drain().iter().all(|sent| sent.chat == BUYER));
    assert_eq!(
        incident::store::after(&world.conn, IncidentId(0)).unwrap().len(),
        incidents.len()
    );

    world.press(SELLER, &format!("s.stock:{}", product.0));
    bot::telegram::router::handle(
        &world.conn,
        &world.shop,
        &bot::telegram::event::Event {
            user: bot::shop::customer::CustomerId(SELLER),
            kind: bot::telegram::event::EventKind::Document {
                file: FileId("BQACnew".to_owned()),
                unique: FileUniqueId("AgAD1".to_owned()),
                name: "buku.pdf".to_owned(),
                caption: String::new(),
            },
        },
        world.now,
    )
    .unwrap();
    assert_eq!(arrives(&world, 300), (Purpose::Placeholder, 0));
    assert_eq!(arrives(&world, 0), (Purpose::Goods, 0));
    assert_eq!(state(&world, &order), State::Delivered);
    let Some(Item::File(file)) = stock::store::item(&world.conn, order.id).unwrap() else {
        panic!("no file")
    };
    assert_eq!(file.id, FileId("BQACnew".to_owned()));
}

#[test]
fn a_press_under_a_frame_is_answered_below_it_whatever_its_bytes_say() {
    let world = World::new();
    let order = paid(&world, "kunci-1");
    deliver(&world, &order);
    assert_eq!(arrives(&world, 200), (Purpose::Placeholder, 0));
    let opened = |number| {
        let (_, sent) = world.press_under(BUYER, "home", MessageId(number), &json!({"text": "x"}));
        let pages = sent.into_iter().map(|sent| sent.purpose);
        pages
            .filter(|purpose| matches!(purpose, Purpose::Screen | Purpose::Edit))
            .collect::<Vec<_>>()
    };
    assert_eq!(opened(200), [Purpose::Screen]);
    assert_eq!(
        opened(201),
        [Purpose::Edit],
        "any other page changes in its place"
    );
}

#[test]
fn a_page_that_was_meant_for_a_frame_before_its_number_was_known_comes_below_it() {
    let world = World::new();
    let order = paid(&world, "kunci-1");
    deliver(&world, &order);
    let page = NewSend::screen_in_place(order.customer, MessageId(200), Screen::default());
    store::enqueue(&world.conn, &page, world.now).unwrap();
    assert_eq!(arrives(&world, 200), (Purpose::Placeholder, 0));
    assert_eq!(arrives(&world, 0), (Purpose::Goods, 0));
    let gone = next(&world, |edits| {
        assert_eq!(edits, None, "it may not stand there");
        Outcome::TargetGone
    });
    assert_eq!((gone.0, arrives(&world, 201).0), (Purpose::Edit, Purpose::Screen));
}

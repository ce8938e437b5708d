//! Announcements: who gets them, how few rows that takes, and what a kill, a pause or a refusal changes.

use std::collections::{BTreeMap, BTreeSet};

use bot::{
    jobs::{
        broadcast::{Moved, happen, not_sent, restored, resume, schedule, settled, work},
        run::policy_of,
        task::{Task, TellBroadcastStopped},
    },
    outbox::{
        Lane, NewSend, Outgoing, Purpose, Screen,
        press::Press,
        store::{self as sends, Sending, window},
    },
    queue::{self, Boot},
    shop::{
        audit,
        broadcast::{
            Announcement, Broadcast, BroadcastId, Counts, Event, Fate, SETBACKS_MAX, State, WINDOW_MAX, store,
        },
        customer::{self, CustomerId},
    },
    telegram::outcome::{self, Outcome},
};
use protocol::time::UnixMillis;
use serde_json::json;

use super::world::{BUYER, SELLER, STRANGER, Sent, World, labels, text};

const FIRST: i64 = 10_000;

/// So many customers, numbered from [`FIRST`].
fn customers(world: &World, count: i64) {
    for id in FIRST..FIRST + count {
        customer::store::seen(&world.conn, CustomerId(id), world.now).unwrap();
    }
}

fn draft(world: &World) -> BroadcastId {
    let announcement = Announcement {
        text: "Stok baru!".to_owned(),
        ..Announcement::default()
    };
    store::draft(&world.conn, CustomerId(SELLER), &announcement, world.now).unwrap()
}

fn started(world: &World) -> BroadcastId {
    let id = draft(world);
    assert_eq!(it(world, id, Event::Send), Moved::Yes);
    id
}

fn it(world: &World, id: BroadcastId, event: Event) -> Moved {
    happen(&world.conn, id, event, world.now).unwrap()
}

fn get(world: &World, id: BroadcastId) -> Broadcast {
    let findings = audit::store::inspect(&world.conn).unwrap();
    assert_eq!(findings.faults, [""; 0]);
    store::get(&world.conn, id).unwrap().unwrap()
}

fn size(world: &World, id: BroadcastId) -> usize {
    window::size(&world.conn, id).unwrap()
}

/// Puts the next messages of the window on the wire.
fn on_the_wire(world: &World, count: usize, boot: Boot) -> Vec<Sending> {
    let heads = sends::heads(&world.conn).unwrap().0;
    let next = heads.iter().filter(|head| head.lane == Lane::Broadcast as i64);
    next.take(count)
        .map(|head| sends::begin(&world.conn, head.id, boot).unwrap().unwrap())
        .collect()
}

fn land(world: &World, sending: &Sending, fate: Fate) {
    let to = (sending.broadcast.unwrap(), sending.chat);
    settled(&world.conn, to, sending.id, fate, world.now).unwrap();
}

/// Sends until nothing waits; answers how often each person got it.
fn drain(world: &World, id: BroadcastId) -> BTreeMap<i64, usize> {
    let mut got = BTreeMap::new();
    loop {
        assert!(size(world, id) <= WINDOW_MAX);
        let wire = on_the_wire(world, 7, Boot(1));
        if wire.is_empty() {
            return got;
        }
        for sending in wire {
            *got.entry(sending.chat.0).or_default() += 1;
            land(world, &sending, Fate::Sent);
        }
    }
}

fn counts(audience: u64, sent: u64, blocked: u64, unknown: u64) -> Counts {
    Counts {
        audience,
        sent,
        blocked,
        unknown,
        failed: 0,
    }
}

fn menu(world: &World) -> Sent {
    let home = world.read(SELLER, "/start");
    world.tap(
        SELLER,
        &world.tap(SELLER, &home, "Menu penjual"),
        "Kirim pengumuman",
    )
}

#[test]
fn progress_follows_when_its_message_is_deleted() {
    let world = World::new();
    customers(&world, 2);
    let page = world.read(SELLER, "/start");
    let id = started(&world);
    let shown_in = |message: Option<i32>, send: Option<i64>| -> i64 {
        let count = "SELECT count(*) FROM broadcast WHERE id = ?1 AND page_chat = ?2 AND page_message IS ?3
            AND page_send IS ?4";
        let row = (id.0, SELLER, message, send);
        world.conn.query_row(count, row, |row| row.get(0)).unwrap()
    };
    let place = "UPDATE broadcast SET page_chat = ?1, page_message = ?2, page_send = NULL WHERE id = ?3";
    world.conn.execute(place, (SELLER, page.message.0, id.0)).unwrap();
    assert_eq!(shown_in(Some(page.message.0), None), 1);

    let edit = NewSend::screen_in_place(CustomerId(SELLER), page.message, Screen::default());
    let edit = sends::enqueue(&world.conn, &edit, world.now).unwrap();
    let sending = sends::begin(&world.conn, edit, Boot(1)).unwrap().unwrap();
    outcome::take_in(&world.conn, &world.shop, &sending, Outcome::TargetGone, world.now).unwrap();
    assert_eq!(shown_in(None, Some(newest_send(&world))), 1);
}

fn newest_send(world: &World) -> i64 {
    let newest = "SELECT max(id) FROM send WHERE chat_id = ?1";
    world.conn.query_row(newest, [SELLER], |row| row.get(0)).unwrap()
}

#[test]
fn a_seller_writes_looks_at_and_sends_an_announcement() {
    let world = World::new();
    let product = world.product("Netflix", &["a:1"]);
    world.read(BUYER, "/start");
    let ask = world.tap(SELLER, &menu(&world), "Tulis pengumuman");
    assert!(text(&ask).contains("satu pesan teks"));
    let page = world.read(SELLER, "Stok baru!\nBuruan <b>& beli</b>");
    assert!(text(&page).contains("Penerima: 2 orang"), "{}", text(&page));

    let products = world.tap(SELLER, &page, "Tombol produk");
    let chosen = world.tap(SELLER, &products, "▫️ Netflix");
    let page = world.tap(SELLER, &chosen, "Selesai");
    let preview = world.tap(SELLER, &page, "Lihat dulu");
    assert_eq!(
        (text(&preview), labels(&preview)),
        ("Stok baru!\nBuruan <b>& beli</b>", vec!["🛒 Netflix".to_owned()])
    );
    assert_eq!(
        size(&world, BroadcastId(1)),
        0,
        "a preview goes to the seller alone"
    );

    let running = world.tap(SELLER, &page, "Kirim sekarang ke 2 orang");
    assert!(text(&running).contains("Sedang dikirim") && text(&running).contains("░░░░░░░░░░ 0 %"));
    assert_eq!(
        running.message, page.message,
        "progress stands where the page stood"
    );
    for sending in on_the_wire(&world, 9, Boot(1)) {
        let Outgoing::Text(screen) = &sending.outgoing else {
            panic!("no text")
        };
        assert_eq!(
            screen.keyboard[0][0].press,
            Press::Anew(Box::new(Press::Product(product)))
        );
        land(&world, &sending, Fate::Sent);
    }
    assert_eq!(
        (
            get(&world, BroadcastId(1)).state,
            get(&world, BroadcastId(1)).counts
        ),
        (State::Done, counts(2, 2, 0, 0))
    );
    let done = world.tap(SELLER, &menu(&world), "Selesai");
    assert!(text(&done).contains("▓▓▓▓▓▓▓▓▓▓ 100 %") && text(&done).contains("Terkirim: 2"));
}

#[test]
fn a_picture_goes_out_by_telegrams_own_name() {
    let world = World::new();
    world.tap(SELLER, &menu(&world), "Tulis pengumuman");
    let sent = world.update(&json!({"update_id": 1, "message": {"message_id": 1, "date": 1,
        "from": {"id": SELLER, "is_bot": false}, "chat": {"id": SELLER, "type": "private"}, "caption": "Promo",
        "photo": [{"file_id": "small", "width": 9, "height": 9}, {"file_id": "large", "width": 90, "height": 90}]}}));
    assert!(text(&sent[0]).contains("🖼 Promo"), "{}", text(&sent[0]));
    world.tap(SELLER, &sent[0], "Kirim sekarang");
    let sending = on_the_wire(&world, 1, Boot(1)).remove(0);
    assert!(matches!(&sending.outgoing, Outgoing::Photo { photo, caption }
        if photo == "large" && caption.words.text == "Promo"));
    assert_eq!(
        (sending.purpose, sending.broadcast),
        (Purpose::Notice, Some(BroadcastId(1)))
    );
}

#[test]
fn what_telegram_would_not_take_is_asked_for_again() {
    let world = World::new();
    world.tap(SELLER, &menu(&world), "Tulis pengumuman");
    let sticker = world.update(
        &json!({"update_id": 1, "message": {"message_id": 1, "date": 1, "sticker": {},
        "from": {"id": SELLER, "is_bot": false}, "chat": {"id": SELLER, "type": "private"}}}),
    );
    assert!(text(&sticker[0]).contains("satu pesan teks"));
    assert!(text(&world.read(SELLER, "Promo")).contains("Penerima: 1 orang"));
}

#[test]
fn the_audience_is_frozen_when_the_announcement_is_written() {
    let world = World::new();
    customers(&world, 40);
    let blocked = CustomerId(FIRST + 3);
    customer::store::set_blocked(&world.conn, blocked, world.now).unwrap();
    let id = draft(&world);
    // One comes, one comes back, one goes: only the last makes a difference.
    customer::store::seen(&world.conn, CustomerId(1), world.now).unwrap();
    customer::store::seen(&world.conn, blocked, world.now).unwrap();
    customer::store::set_blocked(&world.conn, CustomerId(FIRST + 9), world.now).unwrap();
    assert_eq!(get(&world, id).counts.audience, 39);
    it(&world, id, Event::Send);
    let got = drain(&world, id);
    let not: BTreeSet<i64> = [FIRST + 3, FIRST + 9].into();
    let expected: BTreeMap<i64, usize> = (FIRST..FIRST + 40)
        .filter(|id| !not.contains(id))
        .map(|id| (id, 1))
        .collect();
    assert_eq!(got, expected);
    assert_eq!(
        (get(&world, id).state, get(&world, id).counts),
        (State::Done, counts(39, 38, 1, 0))
    );
}

#[test]
fn a_hundred_thousand_people_take_few_rows() {
    let world = World::new();
    let all = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO customer (id, first_seen_at) SELECT 20000 + i, 0 FROM n";
    world.conn.execute(all, []).unwrap();
    let rows = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        world.conn.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    let id = started(&world);
    let mut got = BTreeSet::new();
    for _ in 0..200 {
        for sending in on_the_wire(&world, 10, Boot(1)) {
            assert!(got.insert(sending.chat));
            land(&world, &sending, Fate::Sent);
        }
        assert!(rows("send") <= 30 && rows("job") == 1 && rows("broadcast_recipient") == 0);
    }
    assert_eq!(rows("broadcast_audience"), 200);
    assert_eq!(get(&world, id).counts, counts(100_000, 2_000, 0, 0));
    it(&world, id, Event::Cancel);
    assert_eq!((rows("broadcast_audience"), rows("send")), (0, 0));
}

#[test]
fn after_a_kill_only_what_was_on_the_wire_is_unknown_and_the_rest_goes_on() {
    let world = World::new();
    customers(&world, 200);
    let id = started(&world);
    let mut got: BTreeMap<i64, usize> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for boot in 1..=9 {
        for sending in on_the_wire(&world, 8, Boot(boot)) {
            *got.entry(sending.chat.0).or_default() += 1;
            land(&world, &sending, Fate::Sent);
        }
        let wire = on_the_wire(&world, 5, Boot(boot));
        unknown.extend(wire.iter().map(|sending| sending.chat));
        assert_eq!(sends::rescue(&world.conn, Boot(boot + 1), world.now).unwrap(), 5);
        resume(&world.conn, world.now).unwrap();
    }
    for (chat, times) in drain(&world, id) {
        *got.entry(chat).or_default() += times;
    }
    assert!(got.values().all(|times| *times == 1));
    let stored: BTreeSet<CustomerId> = store::in_state(&world.conn, id, Fate::Unknown)
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(stored, unknown);
    assert!(unknown.iter().all(|chat| !got.contains_key(&chat.0)));
    assert_eq!(
        (get(&world, id).state, get(&world, id).counts),
        (State::Done, counts(200, 155, 0, 45))
    );

    let page = world.tap(SELLER, &menu(&world), "Selesai");
    let again = world.tap(SELLER, &page, "Kirim lagi ke 45 orang");
    assert!(text(&again).contains("Belum pasti: 0"));
    let retried: BTreeSet<CustomerId> = drain(&world, id).into_keys().map(CustomerId).collect();
    assert_eq!(retried, unknown);
    assert_eq!(
        (get(&world, id).state, get(&world, id).counts),
        (State::Done, counts(200, 200, 0, 0))
    );
}

#[test]
fn a_pause_takes_back_what_waits_and_nobody_is_forgotten_or_gets_it_twice() {
    let world = World::new();
    customers(&world, 100);
    let id = started(&world);
    let wire = on_the_wire(&world, 6, Boot(1));
    assert_eq!(it(&world, id, Event::Pause), Moved::Yes);
    assert_eq!((size(&world, id), on_the_wire(&world, 9, Boot(1)).len()), (6, 0));
    // Five land during the pause; one was too fast, and waits for the end of the pause.
    for sending in &wire[..5] {
        land(&world, sending, Fate::Sent);
    }
    let later = (UnixMillis(world.now.0 + 1_000), "too fast", true);
    not_sent(&world.conn, (id, wire[5].chat), wire[5].id, later, world.now).unwrap();
    assert_eq!((size(&world, id), get(&world, id).state), (0, State::Paused));
    assert_eq!(it(&world, id, Event::Resume), Moved::Yes);
    let mut got = drain(&world, id);
    for sending in &wire[..5] {
        *got.entry(sending.chat.0).or_default() += 1;
    }
    let expected: BTreeMap<i64, usize> = (FIRST..FIRST + 100).map(|id| (id, 1)).collect();
    assert_eq!(got, expected);
    assert_eq!(
        (get(&world, id).state, get(&world, id).counts),
        (State::Done, counts(100, 100, 0, 0))
    );
}

#[test]
fn what_is_called_off_reaches_nobody_else() {
    let world = World::new();
    customers(&world, 100);
    let id = started(&world);
    let wire = on_the_wire(&world, 4, Boot(1));
    let page = world.tap(SELLER, &menu(&world), "Sedang dikirim");
    let ask = world.tap(SELLER, &page, "Batalkan");
    assert!(text(&ask).contains("100 orang"));
    assert!(text(&world.tap(SELLER, &ask, "Ya, batalkan")).contains("Dibatalkan"));
    for sending in &wire {
        land(&world, sending, Fate::Sent);
    }
    assert!(on_the_wire(&world, 9, Boot(1)).is_empty());
    assert_eq!(
        (get(&world, id).state, get(&world, id).counts),
        (State::Cancelled, counts(100, 4, 0, 0))
    );
    for event in Event::ALL {
        assert_eq!(it(&world, id, event), Moved::Refused);
    }
}

#[test]
fn somebody_who_blocks_the_shop_is_counted_and_does_not_stop_the_others() {
    let world = World::new();
    customers(&world, 60);
    let id = started(&world);
    let wire = on_the_wire(&world, 30, Boot(1));
    for sending in &wire {
        land(&world, sending, Fate::Blocked);
    }
    assert_eq!(
        get(&world, id).state,
        State::Running,
        "blocking is no trouble of the shop"
    );
    assert_eq!(drain(&world, id).len(), 30);
    assert_eq!(get(&world, id).counts, counts(60, 30, 30, 0));
    assert_eq!(store::in_state(&world.conn, id, Fate::Blocked).unwrap().len(), 30);
}

#[test]
fn giving_a_chat_up_leaves_the_broadcast_to_count_for_itself() {
    let world = World::new();
    customers(&world, 3);
    let id = started(&world);
    sends::give_up_chat(&world.conn, CustomerId(FIRST), world.now).unwrap();
    assert_eq!(drain(&world, id).len(), 3);
    assert_eq!(get(&world, id).state, State::Done);
}

#[test]
fn many_failures_in_a_row_pause_it() {
    let world = World::new();
    customers(&world, 200);
    let id = started(&world);
    let mut refused = 0;
    loop {
        let wire = on_the_wire(&world, 1, Boot(1));
        let Some(sending) = wire.first() else { break };
        refused += 1;
        land(&world, sending, Fate::Failed);
    }
    assert_eq!((refused, get(&world, id).state), (SETBACKS_MAX, State::Paused));
    let page = world.tap(SELLER, &menu(&world), "Dijeda");
    assert!(text(&page).contains("Berhenti sendiri"));

    // Nobody looks at the progress all the time: a notice comes, with the reason and the way on.
    let claimed = queue::store::claim(&world.conn, 16, Boot(1), world.now, policy_of).unwrap();
    let told = claimed
        .jobs
        .iter()
        .filter(|job| job.kind == TellBroadcastStopped::KIND);
    assert_eq!(told.count(), 1, "the seller is told once");
    work::notice_of_stop(&world.conn, &world.shop, id, world.now).unwrap();
    let notice = world.drain().remove(0);
    assert_eq!(notice.chat, SELLER);
    assert!(text(&notice).contains("Berhenti sendiri") && text(&notice).contains("170 orang"));
    world.tap(SELLER, &notice, "Lanjutkan");
    assert_eq!(drain(&world, id).len(), 170);
}

#[test]
fn a_time_is_typed_and_the_broadcast_begins_then() {
    let world = World::new();
    customers(&world, 5);
    world.tap(SELLER, &menu(&world), "Tulis pengumuman");
    let page = world.read(SELLER, "Promo");
    world.tap(SELLER, &page, "Jadwalkan");
    for wrong in ["besok", "22-11-2020 19:30", "22-11-2099 19:30"] {
        assert!(
            text(&world.read(SELLER, wrong)).contains("22-11-2026 19:30"),
            "{wrong}"
        );
    }
    let page = world.read(SELLER, "22-11-2026 19:30");
    assert!(
        text(&page).contains("Mulai: 22/11/2026 19:30 WIB"),
        "{}",
        text(&page)
    );
    let id = BroadcastId(1);
    let due = queue::store::next_due(&world.conn).unwrap();
    assert_eq!(due, get(&world, id).scheduled_at);
    // Another time takes the place of the first.
    let later = due.unwrap().plus(std::time::Duration::from_secs(3_600));
    assert_eq!(schedule(&world.conn, id, later, world.now).unwrap(), Moved::Yes);
    assert_eq!(queue::store::next_due(&world.conn).unwrap(), Some(later));
    assert_eq!(it(&world, id, Event::Due), Moved::Yes);
    assert_eq!((get(&world, id).state, size(&world, id)), (State::Running, 6));
}

#[test]
fn one_goes_out_at_a_time() {
    let world = World::new();
    customers(&world, 50);
    let first = started(&world);
    let second = draft(&world);
    assert_eq!(it(&world, second, Event::Send), Moved::AnotherRuns);
    it(&world, first, Event::Pause);
    assert_eq!(it(&world, second, Event::Send), Moved::Yes);
    assert_eq!(it(&world, first, Event::Resume), Moved::AnotherRuns);
    assert_eq!((drain(&world, second).len(), drain(&world, first).len()), (50, 0));
    assert_eq!(it(&world, first, Event::Resume), Moved::Yes);
    assert_eq!(drain(&world, first).len(), 50);
}

#[test]
fn after_a_restore_nothing_goes_out_before_the_seller_says_so() {
    let world = World::new();
    customers(&world, 50);
    let (running, scheduled) = (started(&world), draft(&world));
    let at = UnixMillis(world.now.0 + 60_000);
    schedule(&world.conn, scheduled, at, world.now).unwrap();
    restored(&world.conn, world.now).unwrap();
    resume(&world.conn, world.now).unwrap();
    assert_eq!(
        (get(&world, running).state, get(&world, scheduled).state),
        (State::Paused, State::Paused)
    );
    assert!(on_the_wire(&world, 9, Boot(1)).is_empty());
    let page = world.press(SELLER, &format!("b.open:{}", running.0)).1.remove(0);
    assert!(text(&page).contains("menerima dua kali"));
}

#[test]
fn only_a_seller_can_announce() {
    let world = World::new();
    let id = draft(&world);
    for data in ["b.list:0", "b.new", "b.open:1", "b.send:1", "b.try:1", "b.drop:1"] {
        let (toast, pages) = world.press(STRANGER, data);
        assert_eq!(
            toast.as_deref(),
            Some("Tombol ini sudah lama, ketik /start"),
            "{data}"
        );
        assert!(pages.is_empty());
    }
    assert_eq!(get(&world, id).state, State::Draft);
}

#[test]
fn a_seller_has_one_draft_at_a_time() {
    let world = World::new();
    let first = draft(&world);
    let second = draft(&world);
    assert_eq!(store::get(&world.conn, first).unwrap(), None);
    assert_eq!(get(&world, second).state, State::Draft);
}

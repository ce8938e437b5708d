//! After a restore nothing that the lost time may have sold is sold again: neither what was free at the restore point
//! nor what was kept for orders that come to nothing afterwards. What the replaced database shows as gone never is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bot::{
    db, incident,
    jobs::trade,
    restored,
    shop::{
        audit,
        order::{self, Event, Order, State},
        payment, stock, switch,
    },
};
use protocol::{
    incident::IncidentId,
    restored::{FileId, Replaced, Restored},
    time::UnixMillis,
};
use rusqlite::Connection;

use super::world::{BUYER, SELLER, STRANGER, Sent, World, labels, text};

fn restore(world: &World) {
    let note = Restored {
        restore_point: "20261122T091400Z".to_owned(),
        as_of: world.now,
        restored_at: UnixMillis(world.now.0 + 60_000),
        instead_of: None,
        aside: None,
    };
    act(world, &note);
}

fn act(world: &World, note: &Restored) {
    let database = world.database();
    let act = || restored::act(&world.conn, &world.shop, (&database, note), world.now).unwrap();
    assert!(act());
    assert!(!act(), "once");
}

#[test]
fn what_a_gateway_refused_at_that_moment_says_nothing_of_now() {
    let world = World::new();
    payment::store::refuses(&world.conn, "pakasir", "401").unwrap();
    restore(&world);
    assert_eq!(payment::store::refusal(&world.conn, "pakasir").unwrap(), None);
}

#[test]
fn a_note_of_a_restore_that_replaced_nothing_is_taken_away_and_any_other_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (database, log) = (dir.path().join("shop.db"), dir.path().join("shop.db-wal"));
    let note = dir.path().join("shop.db.restored.json");
    let id = |path: &Path| FileId::of(&fs::metadata(path).unwrap()).unwrap();
    fs::write(&database, "old").unwrap();
    fs::write(&log, "commits").unwrap();
    let lay = |replaced: Option<Replaced>| {
        let written = Restored {
            restore_point: "20261122T091400Z".to_owned(),
            as_of: UnixMillis(1),
            restored_at: UnixMillis(2),
            instead_of: replaced,
            aside: None,
        };
        fs::write(&note, serde_json::to_vec(&written).unwrap()).unwrap();
    };
    let old = Replaced {
        database: id(&database),
        log: Some(id(&log)),
    };
    lay(Some(old));
    fs::write(&database, "old, and written to").unwrap();
    assert!(restored::find(&database).unwrap().is_none());
    assert!(!note.exists());
    // Its log is gone, and with it what was sold last: as after a restore.
    lay(Some(old));
    fs::rename(&log, dir.path().join("aside")).unwrap();
    fs::write(&log, "another one").unwrap();
    assert!(restored::find(&database).unwrap().is_some());
    fs::rename(dir.path().join("aside"), &log).unwrap();
    // The restored one, also where it was copied to another place.
    fs::rename(&database, dir.path().join("replaced")).unwrap();
    fs::copy(dir.path().join("replaced"), &database).unwrap();
    assert!(restored::find(&database).unwrap().is_some());
    // By hand, or over nothing.
    lay(None);
    assert!(restored::find(&database).unwrap().is_some());
    assert!(note.exists());
}

fn give_up(world: &World, order: &Order) {
    let order = order::store::get(&world.conn, order.id).unwrap();
    trade::advance(
        &world.conn,
        &world.shop,
        &order,
        Event::PaymentWindowClosed,
        world.now,
    )
    .unwrap();
    world.drain();
}

/// Items by where they stand.
fn count(world: &World, state: &str) -> i64 {
    let statement = "SELECT count(*) FROM stock_item WHERE state = ?1";
    world
        .conn
        .query_row(statement, [state], |row| row.get(0))
        .unwrap()
}

fn menu(world: &World) -> Sent {
    world.press(SELLER, "seller").1.remove(0)
}

#[test]
fn what_was_reserved_at_the_restore_point_is_held_when_its_order_comes_to_nothing() {
    let world = World::new();
    let id = world.product("Netflix", &["a", "b", "c"]);
    let (given_up, late) = (world.buy(BUYER, id), world.buy(STRANGER, id));
    restore(&world);
    let told = incident::store::after(&world.conn, IncidentId(0)).unwrap();
    let told = &told.last().unwrap().text;
    assert!(told.ends_with(" · 1 · 2"), "held and reserved: {told}");
    let page = menu(&world);
    assert!(text(&page).contains("1 barang ditahan"), "{}", text(&page));
    assert!(text(&page).contains("2 barang lagi disimpan"), "{}", text(&page));

    give_up(&world, &given_up);
    assert_eq!((count(&world, "free"), count(&world, "held")), (0, 2));
    let question = world.tap(SELLER, &menu(&world), "Buka lagi");
    world.tap_all(SELLER, &question, "Ya, lepas stok");
    assert_eq!((count(&world, "free"), count(&world, "held")), (2, 0));

    // The shop is open, and the second order comes to nothing only now.
    give_up(&world, &late);
    assert_eq!((count(&world, "free"), count(&world, "held")), (2, 1));
    let page = menu(&world);
    assert!(text(&page).contains("1 barang ditahan"), "{}", text(&page));
    let question = world.tap(SELLER, &page, "Lepas barang yang ditahan (1)");
    assert_eq!(
        switch::store::paused(&world.conn).unwrap(),
        None,
        "it sells on meanwhile"
    );
    world.tap_all(SELLER, &question, "Ya, lepas stok");
    assert_eq!((count(&world, "free"), count(&world, "held")), (3, 0));

    // An order of the new time is like any other.
    let new = world.buy(BUYER, id);
    assert_eq!(stock::store::doubtful(&world.conn).unwrap(), 0);
    give_up(&world, &new);
    assert_eq!((count(&world, "free"), count(&world, "held")), (3, 0));
    assert!(audit::store::inspect(&world.conn).unwrap().faults.is_empty());
}

#[test]
fn while_what_is_left_is_held_customers_read_of_a_break_and_of_nothing_sold_out() {
    let world = World::new();
    let id = world.product("Netflix", &["a"]);
    restore(&world);
    assert_eq!((count(&world, "free"), count(&world, "held")), (0, 1));
    let home = world.read(BUYER, "/start");
    let page = world.press(BUYER, &format!("item:{}", id.0)).1.remove(0);
    for page in [&home, &page] {
        let told = format!("{} {}", text(page), labels(page).join(" "));
        assert!(
            told.contains("istirahat sebentar") && told.contains("bisa pesan lagi"),
            "{told}"
        );
        assert!(!told.contains("habis"), "{told}");
    }
    let question = world.tap(SELLER, &menu(&world), "Buka lagi");
    world.tap_all(SELLER, &question, "Ya, lepas stok");
    world.buy(BUYER, id);
    assert!(text(&world.read(BUYER, "/start")).contains("habis"));
}

#[test]
fn what_was_reserved_at_the_restore_point_is_still_sold_to_who_pays_for_it() {
    let world = World::new();
    let id = world.product("Netflix", &["a"]);
    let order = world.buy(BUYER, id);
    restore(&world);
    assert_eq!(world.pay(&order, "T1", 25_000).state, State::Paid);
    assert_eq!(
        (
            count(&world, "sold"),
            stock::store::doubtful(&world.conn).unwrap()
        ),
        (1, 0)
    );
}

#[test]
fn a_shop_without_orders_is_restored_too() {
    let world = World::new();
    world.product("Netflix", &["a"]);
    restore(&world);
    assert_eq!(count(&world, "held"), 1);
}

/// The moment that a restore goes back to.
fn moment(world: &World, name: &str) -> PathBuf {
    let copy = world.dir.path().join(name);
    world
        .conn
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    copy
}

/// What the agent does: the database and its log go aside together, the copy takes its name, and a note says where.
fn put_back(world: &mut World, copy: &Path, folder: &str) -> Restored {
    let live = world.database();
    world.conn = Connection::open_in_memory().unwrap();
    let id = |path: &Path| FileId::of(&fs::metadata(path).ok()?);
    let log = world.dir.path().join("shop.db-wal");
    let note = Restored {
        restore_point: "20261122T091400Z".to_owned(),
        as_of: world.now,
        restored_at: UnixMillis(world.now.0 + 60_000),
        instead_of: Some(Replaced {
            database: id(&live).unwrap(),
            log: id(&log),
        }),
        aside: Some(folder.to_owned()),
    };
    let aside = world.dir.path().join(folder);
    fs::create_dir(&aside).unwrap();
    for name in ["shop.db", "shop.db-wal", "shop.db-shm"] {
        let from = world.dir.path().join(name);
        if from.exists() {
            fs::rename(from, aside.join(name)).unwrap();
        }
    }
    fs::copy(copy, &live).unwrap();
    world.conn = db::open_writer(&live).unwrap();
    db::migrate(&mut world.conn).unwrap();
    note
}

fn told(world: &World) -> String {
    let all = incident::store::after(&world.conn, IncidentId(0)).unwrap();
    all.last().unwrap().text.clone()
}

fn release(world: &World) {
    let question = world.tap(SELLER, &menu(world), "Buka lagi");
    world.tap_all(SELLER, &question, "Ya, lepas stok");
}

/// Contents of the items that customers can buy.
fn on_the_shelf(world: &World) -> Vec<String> {
    let statement = "SELECT content FROM stock_item WHERE state = 'free' ORDER BY id";
    let mut statement = world.conn.prepare(statement).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn what_was_sold_in_the_time_that_was_undone_is_not_sold_again_whoever_releases_it() {
    let mut world = World::new();
    let id = world.product("Netflix", &["a", "b", "c", "d", "e"]);
    let copy = moment(&world, "point.db");
    // One is delivered, one is promised for a wrong amount, one only waits for a payment, one is taken out.
    let sold = world.buy(BUYER, id);
    world.pay(&sold, "T1", 25_000);
    let review = world.buy(STRANGER, id);
    world.pay(&review, "T2", 1);
    world.buy(7003, id);
    stock::store::take_out(&world.conn, id, ["d"]).unwrap();
    // New goods of that time are not in the restored database.
    stock::store::add(&world.conn, id, ["f"], world.now).unwrap();

    let note = put_back(&mut world, &copy, "replaced-now");
    let aside = |name: &str| fs::read(world.dir.path().join("replaced-now").join(name)).unwrap();
    let before = ["shop.db", "shop.db-wal"].map(aside);
    act(&world, &note);
    assert_eq!(["shop.db", "shop.db-wal"].map(aside), before, "it is only read");
    assert!(told(&world).ends_with(" · 2 · 0 · 3"), "{}", told(&world));
    let page = menu(&world);
    assert!(
        text(&page).contains("3 barang sudah keluar") && text(&page).contains("Netflix (3)"),
        "{}",
        text(&page)
    );
    let question = world.tap(SELLER, &page, "Buka lagi");
    assert!(
        text(&question).contains("tidak ada yang keluar"),
        "{}",
        text(&question)
    );
    release(&world);
    assert_eq!(on_the_shelf(&world), ["c", "e"]);
    let product = world.press(SELLER, &format!("s.item:{}", id.0)).1.remove(0);
    assert!(
        text(&product).contains("Tidak dijual lagi: 3"),
        "{}",
        text(&product)
    );
    // Nor by sending it in again.
    let again = stock::store::add(&world.conn, id, ["a"], world.now).unwrap();
    assert_eq!((again.added, on_the_shelf(&world).len()), (0, 2));
    assert!(audit::store::inspect(&world.conn).unwrap().faults.is_empty());
}

#[test]
fn another_item_that_got_the_number_of_a_sold_one_is_sold() {
    let mut world = World::new();
    let id = world.product("Netflix", &["a"]);
    let copy = moment(&world, "point.db");
    let other = Connection::open(&copy).unwrap();
    stock::store::add(&other, id, ["y"], world.now).unwrap();
    drop(other);
    stock::store::take_out(&world.conn, id, ["a"]).unwrap();
    stock::store::add(&world.conn, id, ["x"], world.now).unwrap();
    let sold = world.buy(BUYER, id);
    world.pay(&sold, "T1", 25_000);
    let note = put_back(&mut world, &copy, "replaced-now");
    act(&world, &note);
    release(&world);
    assert_eq!(on_the_shelf(&world), ["y"]);
}

#[test]
fn an_unpaid_order_whose_item_went_to_somebody_else_gets_another_one() {
    let mut world = World::new();
    let id = world.product("Netflix", &["a", "b"]);
    let (late, paid) = (world.buy(BUYER, id), world.buy(STRANGER, id));
    let copy = moment(&world, "point.db");
    // In the undone time the first is given up and its item sold to a third person; the second gets its goods.
    give_up(&world, &late);
    let third = world.buy(7003, id);
    world.pay(&third, "T3", 25_000);
    world.pay(&paid, "T2", 25_000);
    stock::store::add(&world.conn, id, ["c"], world.now).unwrap();

    let note = put_back(&mut world, &copy, "replaced-now");
    act(&world, &note);
    let state = |order: &Order| order::store::get(&world.conn, order.id).unwrap().state;
    assert_eq!(
        (state(&late), state(&paid)),
        (State::Expired, State::AwaitingPayment)
    );
    // What the second got is its own, and nobody else's if the gateway does not answer in time.
    give_up(&world, &paid);
    release(&world);
    assert!(on_the_shelf(&world).is_empty());
    stock::store::add(&world.conn, id, ["d"], world.now).unwrap();
    assert_eq!(world.pay(&late, "T1", 25_000).state, State::Paid);
    let item = stock::store::item(&world.conn, late.id).unwrap();
    assert_eq!(item, Some(stock::Item::Text("d".to_owned())));
    assert!(audit::store::inspect(&world.conn).unwrap().faults.is_empty());
}

#[test]
fn what_an_earlier_restore_undid_was_sold_as_well() {
    let mut world = World::new();
    let id = world.product("Netflix", &["a", "b", "c"]);
    let copy = moment(&world, "point.db");
    let sold = world.buy(BUYER, id);
    world.pay(&sold, "T1", 25_000);
    // The first one was the wrong moment, and the bot was never started on it.
    put_back(&mut world, &copy, "replaced-20261128T045208Z");
    let note = put_back(&mut world, &copy, "replaced-20261128T045608Z");
    act(&world, &note);
    assert!(told(&world).ends_with(" · 2 · 0 · 1"), "{}", told(&world));
    release(&world);
    assert_eq!(on_the_shelf(&world), ["b", "c"]);
}

#[test]
fn a_replaced_database_that_tells_nothing_keeps_nobody_from_opening_the_shop() {
    type Spoil = fn(&World, &Path);
    let spoilt: [(&str, Spoil); 5] = [
        ("missing", |_, file| fs::remove_file(file).unwrap()),
        ("no database", |_, file| {
            fs::write(file, "an ordinary text, and a long one at that").unwrap();
        }),
        ("damaged", |_, file| {
            // The first pages are whole, and it opens.
            let mut bytes = fs::read(file).unwrap();
            bytes[8_192..].fill(0x5a);
            fs::write(file, bytes).unwrap();
        }),
        ("another shop's", |_, file| {
            let other = World::new();
            other.product("Netflix", &["z"]);
            fs::write(file, fs::read(moment(&other, "other.db")).unwrap()).unwrap();
        }),
        ("a link", |world, file| {
            fs::rename(file, world.dir.path().join("elsewhere.db")).unwrap();
            std::os::unix::fs::symlink(world.dir.path().join("elsewhere.db"), file).unwrap();
        }),
    ];
    for (what, spoil) in spoilt {
        let mut world = World::new();
        let id = world.product("Netflix", &["a", "b"]);
        let copy = moment(&world, "point.db");
        let sold = world.buy(BUYER, id);
        world.pay(&sold, "T1", 25_000);
        let aside = moment(&world, "aside.db");
        let mut note = put_back(&mut world, &copy, "replaced-now");
        let folder = world.dir.path().join("replaced-now");
        for name in ["shop.db-wal", "shop.db-shm"] {
            fs::remove_file(folder.join(name)).unwrap();
        }
        fs::copy(aside, folder.join("shop.db")).unwrap();
        note.instead_of = None;
        spoil(&world, &folder.join("shop.db"));
        act(&world, &note);
        assert!(told(&world).ends_with(" · 2 · 0 · not_looked_into"), "{what}");
        let page = menu(&world);
        assert!(text(&page).contains("tidak bisa diperiksa"), "{what}");
        let question = world.tap(SELLER, &page, "Buka lagi");
        assert!(text(&question).contains("Keluarkan dulu"), "{what}");
        release(&world);
        assert_eq!(on_the_shelf(&world), ["a", "b"], "{what}");
    }
}

#[test]
fn a_note_leads_to_no_other_file_than_the_one_that_was_replaced() {
    for named in [
        "../elsewhere",
        "replaced-x/../../elsewhere",
        "elsewhere",
        "replaced-now",
    ] {
        let mut world = World::new();
        let id = world.product("Netflix", &["a"]);
        let copy = moment(&world, "point.db");
        let sold = world.buy(BUYER, id);
        world.pay(&sold, "T1", 25_000);
        let mut note = put_back(&mut world, &copy, "replaced-now");
        note.aside = Some(named.to_owned());
        let folder = world.dir.path().join("replaced-now");
        if named == "replaced-now" {
            // Its log, which held the sale, is gone.
            fs::remove_file(folder.join("shop.db-wal")).unwrap();
        } else {
            fs::rename(folder, world.dir.path().join("elsewhere")).unwrap();
        }
        act(&world, &note);
        assert!(told(&world).ends_with(" · 1 · 0 · not_looked_into"), "{named}");
    }
}

#[test]
fn a_later_database_from_the_backups_tells_the_same_on_a_new_machine() {
    let mut world = World::new();
    let id = world.product("Netflix", &["a", "b"]);
    let copy = moment(&world, "point.db");
    let sold = world.buy(BUYER, id);
    world.pay(&sold, "T1", 25_000);
    let later = moment(&world, "later.db");
    put_back(&mut world, &copy, "replaced-now");
    fs::remove_dir_all(world.dir.path().join("replaced-now")).unwrap();
    restore(&world);
    assert!(
        told(&world).ends_with(" · 2 · 0"),
        "nobody knows: {}",
        told(&world)
    );
    let by = |file: &Path| restored::withhold_by(&world.conn, &world.shop, file, world.now);
    assert!(by(&world.dir.path().join("nowhere.db")).is_err());
    assert_eq!(
        (by(&later).unwrap(), by(&later).unwrap()),
        (1, 1),
        "again is no harm"
    );
    assert!(text(&menu(&world)).contains("Netflix (1)"));
    release(&world);
    assert_eq!(on_the_shelf(&world), ["b"]);
}

//! After a restore nothing that the lost time may have sold is sold again: neither what was free at the restore point
//! nor what was kept for orders that come to nothing afterwards.

use std::{fs, path::Path};

use bot::{
    incident,
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

use super::world::{BUYER, SELLER, STRANGER, Sent, World, text};

fn restore(world: &World) {
    let note = Restored {
        restore_point: "20261122T091400Z".to_owned(),
        as_of: world.now,
        restored_at: UnixMillis(world.now.0 + 60_000),
        instead_of: None,
    };
    assert!(restored::act(&world.conn, &note, world.now).unwrap());
    assert!(!restored::act(&world.conn, &note, world.now).unwrap(), "once");
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

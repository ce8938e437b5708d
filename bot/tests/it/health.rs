//! What the bot tells about itself: orders and money by the hour.

use bot::{
    jobs::trade,
    outbox::{MessageId, store},
    queue::Boot,
    shop::{hours::Hours, order::Order},
    telegram::outcome::{Outcome, take_in},
};
use protocol::{health::HourTotals, time::UnixMillis};

use super::world::{BUYER, STRANGER, World};

const HOUR_MS: i64 = 3_600_000;

fn hour_of(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0 - now.0 % HOUR_MS)
}

/// Sends everything that waits, the goods among it, and takes in that it arrived.
fn deliver(world: &World, order: &Order) {
    trade::show_goods(&world.conn, &world.shop, order, world.now).unwrap();
    loop {
        let (heads, _) = store::heads(&world.conn).unwrap();
        if heads.is_empty() {
            return;
        }
        for head in heads {
            let sending = store::begin(&world.conn, head.id, Boot(1)).unwrap().unwrap();
            let arrived = Outcome::Sent(Some(MessageId(7)));
            take_in(&world.conn, &world.shop, &sending, arrived, world.now).unwrap();
        }
    }
}

#[test]
fn each_hour_counts_what_was_placed_paid_and_delivered_in_it() {
    let mut world = World::new();
    let hours = Hours::default();
    let product = world.product("Netflix", &["a:1", "b:2"]);
    let (start, first) = (hour_of(world.now), world.buy(BUYER, product));
    world.now = UnixMillis(start.0 + HOUR_MS + 1);
    let first = world.pay(&first, "t1", 25_000);
    let totals = |world: &World| hours.totals(&world.conn, world.now).unwrap();
    totals(&world);
    world.now = UnixMillis(start.0 + 2 * HOUR_MS + 1);
    deliver(&world, &first);
    let second = world.buy(STRANGER, product);
    world.pay(&second, "t2", 25_000);

    let of = |index: i64| UnixMillis(start.0 + index * HOUR_MS);
    let empty = HourTotals::default();
    let wanted = [
        HourTotals {
            hour: of(0),
            placed: 1,
            ..empty
        },
        HourTotals {
            hour: of(1),
            paid: 1,
            paid_rupiah: 25_000,
            ..empty
        },
        HourTotals {
            hour: of(2),
            placed: 1,
            paid: 1,
            delivered: 1,
            paid_rupiah: 25_000,
        },
    ];
    assert_eq!(totals(&world), wanted);
    assert_eq!(
        Hours::default().totals(&world.conn, world.now).unwrap(),
        wanted,
        "a restart counts the same"
    );
    world.now = UnixMillis(start.0 + 49 * HOUR_MS);
    assert_eq!(totals(&world), wanted[2..], "two days are shown");
}

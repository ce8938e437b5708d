//! What becomes of messages when the bot dies while they are on the wire.

use bot::{
    outbox::{NewSend, Policy, Purpose, Screen, SendId, rich::Rich, store},
    queue::Boot,
    shop::{customer::CustomerId, order::State},
};

use super::world::{BUYER, World};

fn waiting(world: &World) -> usize {
    store::heads(&world.conn).unwrap().0.len()
}

fn put(world: &World, policy: Policy, purpose: Purpose) -> SendId {
    let send = NewSend {
        policy,
        purpose,
        ..NewSend::screen(
            CustomerId(BUYER),
            Screen {
                words: Rich::plain("x"),
                keyboard: Vec::new(),
            },
        )
    };
    store::enqueue(&world.conn, &send, world.now).unwrap()
}

/// Begins to send and dies; answers how many stay unknown.
fn die(world: &World, id: SendId, boot: i64) -> usize {
    store::begin(&world.conn, id, Boot(boot)).unwrap().unwrap();
    store::rescue(&world.conn, Boot(boot + 1), world.now).unwrap()
}

#[test]
fn what_is_harmless_goes_out_until_it_is_known() {
    let world = World::new();
    let id = put(&world, Policy::Harmless, Purpose::Screen);
    for boot in 1..20 {
        assert_eq!(die(&world, id, boot), 0);
    }
    assert_eq!(waiting(&world), 1);
}

#[test]
fn a_notice_is_repeated_once_and_then_stays_unknown() {
    let world = World::new();
    let id = put(&world, Policy::Notice, Purpose::Notice);
    assert_eq!(die(&world, id, 1), 0);
    assert_eq!(die(&world, id, 2), 1);
    assert_eq!(
        (waiting(&world), store::counts(&world.conn).unwrap()),
        (0, (0, 1))
    );
}

#[test]
fn what_goes_out_once_is_never_repeated() {
    let world = World::new();
    let id = put(&world, Policy::Once, Purpose::Notice);
    assert_eq!(die(&world, id, 1), 1);
    assert_eq!(waiting(&world), 0);
}

#[test]
fn goods_are_pushed_by_editing_one_frame_however_often_the_bot_dies() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    let order = world.pay(&order, "t1", 25_000);
    world.drain();
    bot::jobs::trade::show_goods(&world.conn, &world.shop, &order, world.now).unwrap();
    let sent = world.drain();
    let frame = sent
        .iter()
        .find(|sent| sent.purpose == Purpose::Placeholder)
        .unwrap();
    let goods = sent.iter().find(|sent| sent.purpose == Purpose::Goods).unwrap();
    assert_eq!(goods.message, frame.message);
    assert!(goods.is_edit);
    assert_eq!(order.state, State::Paid);
}

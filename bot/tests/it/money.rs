//! Every way in which money can come, and what becomes of order, stock, list and ledger.

use std::time::Duration;

use bot::{
    jobs::{
        revive, run,
        task::{CheckPayment, Task},
        trade,
    },
    queue::{self, Boot},
    shop::{
        audit,
        customer::CustomerId,
        ledger,
        order::{self, Event, Order, State},
        refund::{self, Decision, Reason, Refund},
        stock,
    },
};

use super::world::{BUYER, SELLER, STRANGER, World, text};

const PRICE: i64 = 25_000;

impl World {
    fn expire(&self, order: &Order) -> Order {
        trade::advance(
            &self.conn,
            &self.shop,
            order,
            Event::PaymentWindowClosed,
            self.now,
        )
        .unwrap()
    }

    fn due(&self) -> Vec<Refund> {
        refund::store::due(&self.conn, 0, 10).unwrap()
    }

    fn settle(&self, due: &Refund, decision: Decision) -> bool {
        trade::settle_refund(
            &self.conn,
            &self.shop,
            due.id,
            decision,
            CustomerId(SELLER),
            self.now,
        )
        .unwrap()
    }

    fn state(&self, order: &Order) -> State {
        order::store::get(&self.conn, order.id).unwrap().state
    }

    fn balance(&self, account: &str) -> i64 {
        let balances = ledger::store::balances(&self.conn).unwrap();
        balances
            .iter()
            .find(|(name, _)| name == account)
            .map_or(0, |(_, sum)| sum.0)
    }

    fn adds_up(&self) {
        assert_eq!(
            audit::store::inspect(&self.conn).unwrap().faults,
            Vec::<String>::new()
        );
    }
}

#[test]
fn the_right_amount_in_time_is_a_sale() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    assert_eq!(world.pay(&order, "t1", PRICE).state, State::Paid);
    assert_eq!(
        (world.balance("gateway"), world.balance("sales")),
        (PRICE, -PRICE)
    );
    world.adds_up();
}

#[test]
fn the_same_payment_told_three_times_is_booked_once() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    for _ in 0..3 {
        world.pay(&order, "t1", PRICE);
    }
    assert_eq!(world.balance("gateway"), PRICE);
    assert!(world.due().is_empty());
    world.adds_up();
}

#[test]
fn a_late_payment_gets_another_item() {
    let world = World::new();
    let product = world.product("Netflix", &["a:1", "b:2"]);
    let late = world.buy(BUYER, product);
    world.expire(&late);
    world.pay(&world.buy(STRANGER, product), "t2", PRICE);
    assert_eq!(world.pay(&late, "t1", PRICE).state, State::Paid);
    let of = |order: &Order| stock::store::item(&world.conn, order.id).unwrap().unwrap();
    assert_eq!(of(&late), stock::Item::Text("b:2".to_owned()));
    world.adds_up();
}

#[test]
fn a_late_payment_without_stock_is_owed_back_and_both_are_told() {
    let world = World::new();
    let product = world.product("Netflix", &["a:1"]);
    let late = world.buy(BUYER, product);
    world.expire(&late);
    world.pay(&world.buy(STRANGER, product), "t2", PRICE);
    world.drain();
    assert_eq!(world.pay(&late, "t1", PRICE).state, State::RefundDue);
    let told = world.drain();
    for chat in [BUYER, SELLER] {
        assert!(
            told.iter()
                .any(|sent| sent.chat == chat && text(sent).contains(&late.code)),
            "{chat}"
        );
    }
    let due = world.due();
    assert_eq!(
        (due[0].reason, due[0].amount.0, world.balance("owed_back")),
        (Reason::Late, PRICE, -PRICE)
    );
    assert!(world.settle(&due[0], Decision::Done));
    assert!(!world.settle(&due[0], Decision::Done), "nothing is settled twice");
    assert_eq!(
        (world.state(&late), world.balance("owed_back")),
        (State::Refunded, 0)
    );
    world.adds_up();
}

#[test]
fn a_second_payment_is_owed_back_and_the_goods_stay() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1", "b:2"]));
    world.pay(&order, "t1", PRICE);
    assert_eq!(world.pay(&order, "t2", PRICE).state, State::Paid);
    let due = world.due();
    assert_eq!((due.len(), due[0].reason), (1, Reason::Second));
    assert!(
        !world.settle(&due[0], Decision::Kept),
        "a second payment cannot become a sale"
    );
    assert!(world.settle(&due[0], Decision::Done));
    assert_eq!(
        (world.balance("gateway"), world.balance("sales")),
        (PRICE, -PRICE)
    );
    world.adds_up();
}

#[test]
fn a_wrong_amount_waits_for_a_person() {
    for amount in [1, PRICE - 1, PRICE + 1] {
        let world = World::new();
        let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
        assert_eq!(world.pay(&order, "t1", amount).state, State::Review);
        assert_eq!(
            stock::store::item(&world.conn, order.id).unwrap(),
            None,
            "no goods"
        );
        assert_eq!(world.balance("review"), -amount);
        world.adds_up();
    }
}

#[test]
fn a_wrong_amount_can_be_accepted_or_given_back() {
    for (decision, state) in [(Decision::Kept, State::Paid), (Decision::Done, State::Refunded)] {
        let world = World::new();
        let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
        world.pay(&order, "t1", 20_000);
        assert!(world.settle(&world.due()[0], decision));
        assert_eq!((world.state(&order), world.balance("review")), (state, 0));
        world.adds_up();
    }
}

#[test]
fn a_wrong_amount_for_an_order_that_was_given_up_takes_another_item_only_if_there_is_one() {
    let world = World::new();
    let product = world.product("Netflix", &["a:1"]);
    let late = world.buy(BUYER, product);
    world.expire(&late);
    world.pay(&world.buy(STRANGER, product), "t2", PRICE);
    world.pay(&late, "t1", 20_000);
    assert!(
        !world.settle(&world.due()[0], Decision::Kept),
        "there is nothing to send"
    );
    assert_eq!(world.state(&late), State::Review);
    world.adds_up();
}

#[test]
fn a_called_off_order_that_is_paid_all_the_same_is_served() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    trade::advance(
        &world.conn,
        &world.shop,
        &order,
        Event::CustomerCancelled,
        world.now,
    )
    .unwrap();
    assert_eq!(world.pay(&order, "t1", PRICE).state, State::Paid);
    world.adds_up();
}

#[test]
fn the_ledger_cannot_be_rewritten() {
    let world = World::new();
    world.pay(&world.buy(BUYER, world.product("Netflix", &["a:1"])), "t1", PRICE);
    for statement in ["UPDATE ledger_line SET amount = 1", "DELETE FROM ledger_line"] {
        let refused = world.conn.execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains("ledger_is_never"), "{refused}");
    }
}

#[test]
fn a_payment_nobody_asks_about_any_more_is_asked_about_again_for_a_day() {
    let mut world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    let check = CheckPayment {
        order: order.id,
        txn_id: "t1".to_owned(),
    };
    check.enqueue(&world.conn, world.now, world.now).unwrap();
    let give_up = |world: &World| {
        let claimed = queue::store::claim(&world.conn, 9, Boot(1), world.now, run::policy_of).unwrap();
        let job = claimed
            .jobs
            .into_iter()
            .find(|job| job.kind == CheckPayment::KIND);
        let job = job.expect("it stands in the queue");
        assert!(queue::store::discard(&world.conn, job.claim, "the gateway is odd", world.now).unwrap());
    };
    give_up(&world);
    world.now = world.now.plus(Duration::from_secs(3_600));
    assert_eq!(revive::revive(&world.conn, world.now).unwrap(), 1);
    assert_eq!(revive::revive(&world.conn, world.now).unwrap(), 0);
    give_up(&world);
    world.now = world.now.plus(Duration::from_secs(25 * 3_600));
    assert_eq!(
        revive::revive(&world.conn, world.now).unwrap(),
        0,
        "a person has to do it"
    );
    assert_eq!(queue::store::counts(&world.conn).unwrap().0.dead, 1);
}

#[test]
fn a_job_is_known_by_the_code_of_its_order() {
    let world = World::new();
    let order = world.buy(BUYER, world.product("Netflix", &["a:1"]));
    let check = CheckPayment {
        order: order.id,
        txn_id: "t1".to_owned(),
    };
    let job = check.job(world.now).unwrap();
    assert_eq!(run::about(&world.conn, &job.payload), Some(order.code));
    assert_eq!(run::about(&world.conn, "{\"broadcast\":1}"), None);
    assert_eq!(
        run::about(&world.conn, "{\"order\":99}"),
        None,
        "there is no such order"
    );
}

//! Every way in which money can come, and what becomes of order, stock, list and ledger.

use std::time::Duration;

use bot::{
    incident,
    jobs::{
        revive, run,
        task::{CheckPayment, Task},
        trade, unknown_payment,
    },
    queue::{self, Boot},
    shop::{
        audit,
        customer::CustomerId,
        ledger,
        money::Rupiah,
        order::{self, Event, Order, State},
        payment::{self, Answer, Status, confirm::Mode},
        refund::{self, Decision, Reason, Refund},
        stock,
    },
};
use protocol::incident::IncidentId;

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

/// What the gateway says itself of an order that this shop never had.
fn unknown(code: &str, status: Status) -> Answer {
    Answer {
        txn_id: format!("txn-{code}"),
        order_code: code.to_owned(),
        amount: Rupiah(25_000),
        sandbox: false,
        status,
    }
}

fn mismatches(world: &World) -> Vec<String> {
    let all = incident::store::after(&world.conn, IncidentId(0)).unwrap();
    let ours = all.into_iter().filter(|one| one.kind == "payment_mismatch");
    ours.map(|one| one.text).collect()
}

/// A webhook comes, and the gateway is asked.
fn spoken_of(world: &World, code: &str, answer: Option<&Answer>) -> bool {
    let asked = payment::store::unknown::note(&world.conn, "pakasir", code, world.now).unwrap();
    if asked {
        unknown_payment::take(&world.conn, &world.shop, (code, answer), Mode::Live, world.now).unwrap();
    }
    asked
}

#[test]
fn money_for_an_order_that_this_shop_never_had_is_told_once_and_only_when_the_gateway_says_so() {
    let world = World::new();
    let code = "W1ZZZZZZZZZZZ";
    let foreign = unknown("W1OTHER", Status::Completed);
    let play = Answer {
        sandbox: true,
        ..unknown(code, Status::Completed)
    };
    for lie in [
        None,
        Some(&unknown(code, Status::Pending)),
        Some(&unknown(code, Status::Canceled)),
        Some(&foreign),
        Some(&play),
    ] {
        assert!(spoken_of(&world, code, lie));
        assert!(
            mismatches(&world).is_empty() && world.drain().is_empty(),
            "{lie:?}"
        );
    }
    let paid = unknown(code, Status::Completed);
    assert!(spoken_of(&world, code, Some(&paid)));
    assert_eq!(
        mismatches(&world),
        ["pakasir · W1ZZZZZZZZZZZ · unknown_order · Rp25.000"]
    );
    let told = world.drain();
    assert_eq!((told.len(), told[0].chat), (1, SELLER));
    let words = text(&told[0]);
    assert!(words.contains(code) && words.contains("Rp25.000"), "{words}");
    assert!(!spoken_of(&world, code, Some(&paid)), "it is told once");
    assert!(audit::store::inspect(&world.conn).unwrap().faults.is_empty());
}

#[test]
fn an_endless_stream_of_orders_that_this_shop_never_had_fills_nothing() {
    let world = World::new();
    let count = || -> i64 {
        let statement = "SELECT count(*) FROM unknown_payment";
        world.conn.query_row(statement, [], |row| row.get(0)).unwrap()
    };
    // Nobody answers yet.
    let mut asked = 0;
    for number in 0..300 {
        let code = format!("W{number}");
        asked += i32::from(payment::store::unknown::note(&world.conn, "pakasir", &code, world.now).unwrap());
    }
    assert_eq!((asked, count()), (100, 100));
    // All of them were paid, by the customers of another program that shares the project.
    for number in 0..100 {
        let code = format!("W{number}");
        let paid = unknown(&code, Status::Completed);
        unknown_payment::take(
            &world.conn,
            &world.shop,
            (&code, Some(&paid)),
            Mode::Live,
            world.now,
        )
        .unwrap();
    }
    let told = mismatches(&world);
    assert_eq!((told.len(), world.drain().len()), (21, 20));
    assert_eq!(told[20], "pakasir · many_orders · unknown_order");
    for number in 0..3_000 {
        let later = world.now.plus(Duration::from_secs(3 * 24 * 3_600 + number));
        let code = format!("X{number}");
        payment::store::unknown::note(&world.conn, "pakasir", &code, later).unwrap();
        let amount = Rupiah(25_000);
        payment::store::unknown::paid(&world.conn, "pakasir", &code, amount, later).unwrap();
    }
    assert!(count() <= 1_001, "{}", count());
}

//! The owner's hand on the queues while the shop sells: paused, resumed and limited from the command line.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{
    http,
    process::{run, run_well},
    purchase::order,
    shop::{COMMAND_LIMIT, Shop},
};

use crate::shelves::{NAME, stocked};

fn queue(shop: &Shop, verbs: &[&str]) -> String {
    let verbs = [&["queue"], verbs].concat();
    run_well(&mut shop.bot_command(&verbs), COMMAND_LIMIT).unwrap()
}

fn listed(shop: &Shop, name: &str) -> Value {
    let all: Value = serde_json::from_str(&queue(shop, &["list", "--json"])).unwrap();
    let queues = all["queues"].as_array().unwrap();
    queues.iter().find(|queue| queue["name"] == name).unwrap().clone()
}

fn paused(shop: &Shop) -> Value {
    let health = http::get(&format!("http://{}/health", shop.settings.bot_private)).unwrap();
    health["queue"]["paused"].clone()
}

#[test]
fn a_queue_is_paused_and_resumed_while_the_shop_sells() {
    let shop = Shop::open(&stocked(3));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    assert!(queue(&shop, &["pause", "delivery"]).contains("delivery is paused"));
    assert!(queue(&shop, &["pause", "delivery"]).contains("already"));
    assert_eq!(paused(&shop), serde_json::json!(["delivery"]));
    shop.sandbox.pay_order(&code).unwrap();
    tests::wait::until("the delivery to wait", tests::chat::PATIENCE, || {
        (listed(&shop, "delivery")["waiting"] == 1).then_some(())
    });
    assert!(budi.newest_that_says("akun001").is_none());

    let resumed = Instant::now();
    queue(&shop, &["resume", "delivery"]);
    budi.wait_for("akun001");
    // Half a second until it is seen, one until the chat may get its next message, and the command itself.
    assert!(
        resumed.elapsed() < Duration::from_secs(5),
        "{:?}",
        resumed.elapsed()
    );
    assert_eq!(paused(&shop), serde_json::json!([]));
}

#[test]
fn limits_are_set_shown_and_refused_when_they_are_none() {
    let shop = Shop::open(&stocked(1));
    assert!(queue(&shop, &["limit", "upkeep", "--running", "2"]).contains("at most 2 at a time"));
    let said = queue(&shop, &["limit", "money", "--starts", "10", "--per", "1s"]);
    assert!(said.contains("at most 10 in 1s"), "{said}");
    assert_eq!(listed(&shop, "money")["starts_per_ms"], 1_000);
    let said = queue(&shop, &["list"]);
    assert!(
        said.contains("no job was given up") && said.contains("invoices"),
        "{said}"
    );
    for wrong in [
        &["pause", "goods"][..],
        &["limit", "money", "--starts", "0", "--per", "1s"],
        &["limit", "money", "--starts", "5"],
        &["limit", "money", "--starts", "5", "--per", "soon"],
    ] {
        let verbs = [&["queue"], wrong].concat();
        let output = run(&mut shop.bot_command(&verbs), COMMAND_LIMIT).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

//! Faults on demand, and the record by which tests account.

use serde_json::json;

use crate::sandbox::{BUDI, Sandbox};

fn text(text: &str) -> serde_json::Value {
    json!({"chat_id": BUDI, "text": text})
}

#[tokio::test]
async fn a_refused_call_has_no_effect_and_the_next_one_works() {
    let sandbox = Sandbox::start().await;
    let fault =
        json!({"target": "telegram", "method": "sendMessage", "fault": "status", "code": 500, "times": 1});
    sandbox.control("faults", fault).await;
    assert_eq!(sandbox.refused("sendMessage", text("a")).await.0, 500);
    sandbox.result("sendMessage", text("b")).await;
    let chat = sandbox.chat().await;
    assert_eq!(chat["messages"].as_array().unwrap().len(), 1);
    assert_eq!(chat["messages"][0]["text"], "b");
}

#[tokio::test]
async fn a_timeout_after_the_effect_leaves_the_message_and_no_answer() {
    let sandbox = Sandbox::start().await;
    let fault = json!({"target": "telegram", "fault": "timeout_after_effect", "hold_ms": 50, "times": 1});
    sandbox.control("faults", fault).await;
    let sent = sandbox
        .client
        .post(sandbox.url("bot1001:shop/sendMessage"))
        .json(&text("a"))
        .send()
        .await;
    assert!(sent.is_err(), "the connection must be cut");
    assert_eq!(sandbox.chat().await["messages"][0]["text"], "a");
    let record = sandbox.look("record?method=sendMessage").await;
    let entry = &record["entries"][0];
    assert_eq!(
        (&entry["code"], &entry["fault"]),
        (&json!(200), &json!("timeout_after_effect"))
    );
}

#[tokio::test]
async fn down_refuses_everything_until_it_is_lifted() {
    let sandbox = Sandbox::start().await;
    sandbox
        .control("faults", json!({"target": "telegram", "fault": "down"}))
        .await;
    for _ in 0..2 {
        let sent = sandbox
            .client
            .post(sandbox.url("bot1001:shop/getMe"))
            .send()
            .await;
        assert!(sent.is_err(), "the connection must be cut");
    }
    sandbox
        .client
        .delete(sandbox.url("sandbox/faults"))
        .send()
        .await
        .unwrap();
    sandbox.result("getMe", json!({})).await;
}

#[tokio::test]
async fn a_gateway_that_times_out_after_the_effect_finds_the_same_transaction_again() {
    let sandbox = Sandbox::start().await;
    let fault = json!({"target": "pakasir", "method": "create-transaction", "fault": "timeout_after_effect",
        "hold_ms": 10, "times": 1});
    sandbox.control("faults", fault).await;
    let url = sandbox.url("pakasir/api/v2/create-transaction/warung/A-1");
    let create = || {
        let body = json!({"method": "qris", "amount": 25_000});
        sandbox
            .client
            .post(&url)
            .header("X-Api-Key", "sandbox-key")
            .json(&body)
            .send()
    };
    assert!(create().await.is_err());
    assert!(create().await.unwrap().status().is_success());
    let all = sandbox.look("pakasir/transactions").await;
    assert_eq!(all["transactions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_record_is_ordered_and_goes_on_after_a_number() {
    let sandbox = Sandbox::start().await;
    sandbox.result("sendMessage", text("a")).await;
    sandbox.refused("sendMessage", json!({"chat_id": BUDI})).await;
    let record = sandbox.look("record").await;
    let codes: Vec<_> = record["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["code"])
        .collect();
    assert_eq!(codes, [&json!(200), &json!(400)]);
    assert_eq!(record["entries"][0]["message_id"], 1);
    let rest = sandbox
        .look(&format!("record?after={}", record["last_seq"]))
        .await;
    assert!(rest["entries"].as_array().unwrap().is_empty());
}

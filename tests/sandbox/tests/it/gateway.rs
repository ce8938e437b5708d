//! The payment gateway over HTTP, with its webhooks.

use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, json_of},
    webhook::Receiver,
};

async fn post(sandbox: &Sandbox, key: &str, path: &str, body: Value) -> (u16, Value) {
    let url = sandbox.url(&format!("pakasir/api/v2/{path}"));
    let answer = sandbox
        .client
        .post(url)
        .header("X-Api-Key", key)
        .json(&body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn create(sandbox: &Sandbox, order: &str) -> Value {
    let path = format!("create-transaction/warung/{order}");
    let (code, created) = post(
        sandbox,
        "sandbox-key",
        &path,
        json!({"method": "qris", "amount": 25_000}),
    )
    .await;
    assert_eq!(code, 200, "{created}");
    created
}

async fn status(sandbox: &Sandbox, created: &Value) -> Value {
    let path = format!(
        "pakasir/api/v2/transaction-status/warung/{}",
        created["txn_id"].as_str().unwrap()
    );
    json_of(
        sandbox
            .client
            .get(sandbox.url(&path))
            .header("X-Api-Key", "sandbox-key"),
    )
    .await
}

#[tokio::test]
async fn a_transaction_has_exactly_the_documented_fields() {
    let sandbox = Sandbox::start().await;
    let created = create(&sandbox, "A-1").await;
    let mut names: Vec<_> = created.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let documented = [
        "amount",
        "completed_at",
        "expired_at",
        "fee",
        "is_sandbox",
        "order_id",
        "payment_method",
        "project",
        "qr_string",
        "status",
        "total_payment",
        "txn_id",
        "va_number",
    ];
    assert_eq!(names, documented);
    assert_eq!(create(&sandbox, "A-1").await["txn_id"], created["txn_id"]);
    let fees = json_of(
        sandbox
            .client
            .get(sandbox.url("pakasir/api/v2/payment-fee/12000")),
    )
    .await;
    assert_eq!(fees["qris"], 394);
}

#[tokio::test]
async fn a_wrong_key_project_or_transaction_is_refused() {
    let sandbox = Sandbox::start().await;
    let body = json!({"method": "qris", "amount": 25_000});
    let code = async |key, path| post(&sandbox, key, path, body.clone()).await.0;
    assert_eq!(code("nope", "create-transaction/warung/A").await, 401);
    assert_eq!(code("sandbox-key", "create-transaction/other/A").await, 404);
    assert_eq!(code("sandbox-key", "cancel-transaction/warung/none").await, 404);
    assert_eq!(code("sandbox-key", "payment-fee/1000").await, 405);
}

#[tokio::test]
async fn a_payment_is_told_by_webhook_with_the_base_amount_until_it_is_taken() {
    let sandbox = Sandbox::start().await;
    let (receiver, url) = Receiver::start(1).await;
    sandbox
        .control(
            "pakasir/settings",
            json!({"webhook_url": url, "webhook_secret": "right"}),
        )
        .await;
    let created = create(&sandbox, "A-1").await;
    assert_eq!(status(&sandbox, &created).await["status"], "pending");
    sandbox
        .control("pakasir/pay", json!({"qr_string": created["qr_string"]}))
        .await;
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].0["X-Secret"], "right");
    let body = &got[1].1;
    assert_eq!(
        (&body["amount"], &body["status"]),
        (&json!(25_000), &json!("completed"))
    );
    assert_eq!(body["txn_id"], created["txn_id"]);
    assert!(
        status(&sandbox, &created).await["message"].is_string(),
        "asked twice within four seconds"
    );
}

#[tokio::test]
async fn wrong_secret_and_copies_are_sent_on_demand_and_a_lost_webhook_is_not() {
    let sandbox = Sandbox::start().await;
    let (receiver, url) = Receiver::start(0).await;
    sandbox
        .control("pakasir/settings", json!({"webhook_url": url}))
        .await;
    let lost = create(&sandbox, "A-1").await;
    let paid = json!({"txn_id": lost["txn_id"], "webhook": {"lost": true}});
    sandbox.control("pakasir/pay", paid).await;
    create(&sandbox, "A-2").await;
    let paid = json!({"order_id": "A-2", "webhook": {"times": 3, "secret": "wrong"}});
    sandbox.control("pakasir/pay", paid).await;
    let got = receiver.wait_for(3).await;
    assert!(
        got.iter()
            .all(|(headers, body)| headers["X-Secret"] == "wrong" && body["order_id"] == "A-2")
    );
    assert_eq!(status(&sandbox, &lost).await["status"], "completed");
}

#[tokio::test]
async fn a_wrong_amount_a_test_payment_and_a_second_payment_are_what_status_says() {
    let sandbox = Sandbox::start().await;
    let wrong = create(&sandbox, "A-1").await;
    let paid = json!({"order_id": "A-1", "how": "wrong_amount", "amount": 1_000, "is_sandbox": true});
    sandbox.control("pakasir/pay", paid).await;
    let said = status(&sandbox, &wrong).await;
    assert_eq!(
        (&said["amount"], &said["is_sandbox"]),
        (&json!(1_000), &json!(true))
    );
    create(&sandbox, "A-2").await;
    let paid = sandbox
        .control("pakasir/pay", json!({"order_id": "A-2", "how": "twice"}))
        .await;
    let second = &paid["transactions"][1];
    assert_eq!(
        (&second["order_id"], &second["status"]),
        (&json!("A-2"), &json!("completed"))
    );
    assert_eq!(status(&sandbox, second).await["status"], "completed");
}

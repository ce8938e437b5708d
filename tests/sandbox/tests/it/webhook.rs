//! Webhooks of Telegram: secret, retries, order, and what `getWebhookInfo` says.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::sandbox::Sandbox;

/// What a receiver got, and what it answers next.
#[derive(Clone, Default)]
pub struct Receiver {
    pub got: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    failures: Arc<Mutex<u32>>,
}

impl Receiver {
    /// Starts one that answers 500 to the first posts.
    pub async fn start(failures: u32) -> (Receiver, String) {
        let receiver = Receiver {
            failures: Arc::new(Mutex::new(failures)),
            ..Receiver::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    /// Waits until so many posts came, at most ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<(HeaderMap, Value)> {
        for _ in 0..500 {
            if self.got.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let got = self.got.lock().unwrap().clone();
        assert!(got.len() >= count, "only {} of {count} posts came", got.len());
        got
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    receiver.got.lock().unwrap().push((headers, body));
    let mut failures = receiver.failures.lock().unwrap();
    if *failures == 0 {
        return StatusCode::OK;
    }
    *failures -= 1;
    StatusCode::INTERNAL_SERVER_ERROR
}

#[tokio::test]
async fn an_update_is_posted_with_the_secret_and_again_after_a_failure() {
    let sandbox = Sandbox::start().await;
    let (receiver, url) = Receiver::start(1).await;
    sandbox
        .result("setWebhook", json!({"url": url, "secret_token": "s3cret"}))
        .await;
    sandbox.types("one").await;
    sandbox.types("two").await;
    receiver.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let info = sandbox.result("getWebhookInfo", json!({})).await;
    assert_eq!(info["pending_update_count"], 2);
    assert_eq!(
        info["last_error_message"],
        "Wrong response from the webhook: 500 Internal Server Error"
    );
    assert!(info["last_error_date"].is_i64());
    let got = receiver.wait_for(3).await;
    let texts: Vec<_> = got
        .iter()
        .map(|(_, body)| body["message"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["one", "one", "two"]);
    assert_eq!(got[0].0["X-Telegram-Bot-Api-Secret-Token"], "s3cret");
}

#[tokio::test]
async fn polling_and_a_webhook_exclude_each_other() {
    let sandbox = Sandbox::start().await;
    let url = "http://127.0.0.1:1/hook";
    let poll = sandbox.refused("getUpdates", json!({"timeout": 10}));
    let set = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.result("setWebhook", json!({"url": url})).await;
    };
    let ((code, _), ()) = tokio::join!(poll, set);
    assert_eq!(code, 409);
    let (code, text) = sandbox.refused("getUpdates", json!({})).await;
    assert_eq!(code, 409);
    assert!(
        text.starts_with("Conflict: can't use getUpdates method while webhook is active"),
        "{text}"
    );
    sandbox.types("kept").await;
    sandbox.result("deleteWebhook", json!({})).await;
    assert_eq!(
        sandbox.result("getUpdates", json!({})).await[0]["message"]["text"],
        "kept"
    );
}

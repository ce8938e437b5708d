//! `getUpdates`: confirmation, redelivery, waiting, and one poller at a time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sandbox::{BUDI, Sandbox};

fn ids(updates: &Value) -> Vec<i64> {
    updates
        .as_array()
        .unwrap()
        .iter()
        .map(|update| update["update_id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn an_update_comes_again_until_a_higher_offset_confirms_it() {
    let sandbox = Sandbox::start().await;
    for text in ["one", "two", "three"] {
        sandbox.types(text).await;
    }
    let all = ids(&sandbox.result("getUpdates", json!({})).await);
    assert_eq!(ids(&sandbox.result("getUpdates", json!({})).await), all);
    assert!(all[0] > 100_000_000 && all == [all[0], all[0] + 1, all[0] + 2]);
    assert_eq!(
        ids(&sandbox.result("getUpdates", json!({"limit": 1})).await),
        [all[0]]
    );
    assert_eq!(
        ids(&sandbox.result("getUpdates", json!({"offset": all[1]})).await),
        all[1..]
    );
    assert_eq!(
        ids(&sandbox.result("getUpdates", json!({"offset": 0})).await),
        all[1..]
    );
    assert_eq!(
        ids(&sandbox.result("getUpdates", json!({"offset": -1})).await),
        all[2..]
    );
    assert!(ids(&sandbox.result("getUpdates", json!({"offset": all[2] + 1})).await).is_empty());
}

#[tokio::test]
async fn a_long_poll_answers_as_soon_as_something_is_written() {
    let sandbox = Sandbox::start().await;
    let began = Instant::now();
    let poll = sandbox.result("getUpdates", json!({"timeout": 10}));
    let write = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.types("hello").await;
    };
    let (updates, ()) = tokio::join!(poll, write);
    assert_eq!(updates[0]["message"]["text"], "hello");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.refused("getUpdates", json!({"timeout": 10}));
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.result("getUpdates", json!({})).await;
    };
    let ((code, text), ()) = tokio::join!(first, second);
    assert_eq!(code, 409);
    assert!(
        text.starts_with("Conflict: terminated by other getUpdates request; make sure"),
        "{text}"
    );
}

#[tokio::test]
async fn kinds_that_are_not_allowed_never_come() {
    let sandbox = Sandbox::start().await;
    sandbox
        .result("getUpdates", json!({"allowed_updates": ["my_chat_member"]}))
        .await;
    sandbox.types("unheard").await;
    sandbox
        .control(&format!("chats/warung_bot/{BUDI}/block"), json!({}))
        .await;
    sandbox
        .control(&format!("chats/warung_bot/{BUDI}/unblock"), json!({}))
        .await;
    let updates = sandbox.result("getUpdates", json!({})).await;
    let states: Vec<_> = updates
        .as_array()
        .unwrap()
        .iter()
        .map(|update| {
            update["my_chat_member"]["new_chat_member"]["status"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(states, ["kicked", "member"]);
}

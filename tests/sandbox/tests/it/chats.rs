//! Messages after they were sent: edits, deletions, presses, copies, limits.

use serde_json::{Value, json};

use crate::sandbox::{BUDI, SARI, Sandbox};

fn buttons(data: &str) -> Value {
    json!({ "inline_keyboard": [[{"text": "Buy", "callback_data": data}]] })
}

async fn send(sandbox: &Sandbox, text: &str) -> i64 {
    let params = json!({"chat_id": BUDI, "text": text, "reply_markup": buttons("buy")});
    sandbox.result("sendMessage", params).await["message_id"]
        .as_i64()
        .unwrap()
}

fn edit(id: i64, text: &str) -> Value {
    json!({"chat_id": BUDI, "message_id": id, "text": text})
}

#[tokio::test]
async fn an_edit_replaces_text_and_buttons_and_keeps_what_was_there() {
    let sandbox = Sandbox::start().await;
    let id = send(&sandbox, "one").await;
    sandbox.result("editMessageText", edit(id, "two")).await;
    let chat = sandbox.chat().await;
    let message = &chat["messages"][0];
    assert_eq!(
        (&message["text"], &message["buttons"]),
        (&json!("two"), &json!([]))
    );
    assert_eq!(message["history"][0]["text"], "one");
    assert_eq!(message["history"][0]["buttons"][0][0]["callback_data"], "buy");
}

#[tokio::test]
async fn edits_of_what_is_unmodified_missing_or_of_another_kind_are_refused() {
    let sandbox = Sandbox::start().await;
    let id = send(&sandbox, "one").await;
    let same = json!({"chat_id": BUDI, "message_id": id, "text": "one", "reply_markup": buttons("buy")});
    let (code, text) = sandbox.refused("editMessageText", same).await;
    assert_eq!(code, 400);
    assert!(
        text.starts_with("Bad Request: message is not modified: specified new message content"),
        "{text}"
    );
    let (_, text) = sandbox.refused("editMessageText", edit(999, "x")).await;
    assert_eq!(text, "Bad Request: message to edit not found");
    let caption = json!({"chat_id": BUDI, "message_id": id, "caption": "x"});
    let (_, text) = sandbox.refused("editMessageCaption", caption).await;
    assert_eq!(text, "Bad Request: there is no caption in the message to edit");
    sandbox.types("mine").await;
    let (_, text) = sandbox.refused("editMessageText", edit(id + 1, "x")).await;
    assert_eq!(text, "Bad Request: message can't be edited");
}

#[tokio::test]
async fn a_deleted_message_can_be_neither_edited_nor_deleted_again() {
    let sandbox = Sandbox::start().await;
    let id = send(&sandbox, "one").await;
    let which = json!({"chat_id": BUDI, "message_id": id});
    assert_eq!(sandbox.result("deleteMessage", which.clone()).await, true);
    let (_, text) = sandbox.refused("deleteMessage", which).await;
    assert_eq!(text, "Bad Request: message to delete not found");
    let (_, text) = sandbox.refused("editMessageText", edit(id, "x")).await;
    assert_eq!(text, "Bad Request: message to edit not found");
    assert_eq!(sandbox.chat().await["messages"][0]["deleted"], true);
}

#[tokio::test]
async fn the_fourth_message_of_a_second_in_one_chat_is_told_to_wait() {
    let sandbox = Sandbox::start().await;
    for text in ["1", "2", "3"] {
        send(&sandbox, text).await;
    }
    let answer = sandbox
        .call("sendMessage", json!({"chat_id": BUDI, "text": "4"}))
        .await;
    assert_eq!(answer["error_code"], 429);
    assert_eq!(answer["description"], "Too Many Requests: retry after 1");
    assert_eq!(answer["parameters"]["retry_after"], 1);
    for _ in 0..40 {
        sandbox.result("getMe", json!({})).await;
    }
    assert_eq!(sandbox.chat().await["messages"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_press_is_told_to_the_bot_and_its_answer_to_the_person() {
    let sandbox = Sandbox::start().await;
    let id = send(&sandbox, "one").await;
    sandbox
        .control(&format!("chats/warung_bot/{BUDI}/press"), json!({"label": "Buy"}))
        .await;
    let updates = sandbox.result("getUpdates", json!({})).await;
    let query = &updates[0]["callback_query"];
    assert_eq!(
        (query["data"].as_str(), query["message"]["message_id"].as_i64()),
        (Some("buy"), Some(id))
    );
    assert!(query["chat_instance"].is_string());
    let answer = json!({"callback_query_id": query["id"], "text": "Done", "show_alert": true});
    sandbox.result("answerCallbackQuery", answer).await;
    let chat = sandbox.chat().await;
    assert_eq!(chat["presses"][0]["answer"]["text"], "Done");
    let (_, text) = sandbox
        .refused("answerCallbackQuery", json!({"callback_query_id": "77"}))
        .await;
    assert_eq!(
        text,
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    );
}

#[tokio::test]
async fn a_button_that_is_gone_is_pressed_only_by_whoever_says_stale() {
    let sandbox = Sandbox::start().await;
    let id = send(&sandbox, "one").await;
    sandbox.result("editMessageText", edit(id, "two")).await;
    let press = format!("chats/warung_bot/{BUDI}/press");
    let refused = sandbox
        .control(&press, json!({"message_id": id, "data": "buy"}))
        .await;
    assert!(refused["error"].is_string());
    let stale = sandbox
        .control(&press, json!({"message_id": id, "data": "buy", "stale": true}))
        .await;
    assert!(stale["callback_query_id"].is_string());
    let foreign = json!({"message_id": id, "data": "buy", "stale": true, "chat_of": BUDI});
    sandbox
        .control(&format!("chats/warung_bot/{SARI}/press"), foreign)
        .await;
    let updates = sandbox.result("getUpdates", json!({})).await;
    let query = &updates[1]["callback_query"];
    assert_eq!(
        (
            query["from"]["id"].as_i64(),
            query["message"]["chat"]["id"].as_i64()
        ),
        (Some(SARI), Some(BUDI))
    );
}

#[tokio::test]
async fn copies_and_forwards_carry_the_words_over() {
    let sandbox = Sandbox::start().await;
    sandbox.types("hello").await;
    let which = json!({"chat_id": BUDI, "from_chat_id": BUDI, "message_id": 1});
    let copy = sandbox.result("copyMessage", which.clone()).await;
    assert_eq!(copy, json!({"message_id": 2}));
    let forward = sandbox.result("forwardMessage", which).await;
    assert_eq!(
        (&forward["text"], &forward["forward_origin"]["type"]),
        (&json!("hello"), &json!("user"))
    );
    let missing = json!({"chat_id": BUDI, "from_chat_id": BUDI, "message_id": 99});
    let (_, text) = sandbox.refused("copyMessage", missing).await;
    assert_eq!(text, "Bad Request: message to copy not found");
}

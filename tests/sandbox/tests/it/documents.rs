//! Documents: sent by people and by bots, uploaded or by file id, and put in each other's place.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::sandbox::{BUDI, Sandbox, TOKEN, json_of};

/// Uploads a document as the bot.
async fn upload(sandbox: &Sandbox, bytes: Vec<u8>) -> Value {
    let part = Part::bytes(bytes)
        .file_name("frame.txt")
        .mime_str("text/plain")
        .unwrap();
    let form = Form::new()
        .text("chat_id", BUDI.to_string())
        .text("caption", "soon")
        .part("document", part);
    let url = sandbox.url(&format!("bot{TOKEN}/sendDocument"));
    json_of(sandbox.client.post(url).multipart(form)).await
}

/// Budi sends a file; answers the document as the bot is told of it.
async fn sends(sandbox: &Sandbox, content: &str) -> Value {
    let url = sandbox.url(&format!(
        "sandbox/chats/warung_bot/{BUDI}/document?name=book.pdf&caption=mine"
    ));
    let post = sandbox
        .client
        .post(url)
        .header("content-type", "application/pdf")
        .body(content.to_owned());
    json_of(post).await;
    let updates = sandbox.result("getUpdates", json!({"offset": -1})).await;
    updates[0]["message"].clone()
}

fn put(message: &Value, file: &Value) -> Value {
    json!({
        "chat_id": BUDI, "message_id": message,
        "media": {"type": "document", "media": file, "caption": "here it is"},
    })
}

#[tokio::test]
async fn a_persons_file_reaches_the_bot_with_both_of_its_names() {
    let sandbox = Sandbox::start().await;
    let message = sends(&sandbox, "%PDF").await;
    let document = &message["document"];
    assert_eq!(message["caption"], "mine");
    assert_eq!(
        (
            &document["file_name"],
            &document["mime_type"],
            &document["file_size"]
        ),
        (&json!("book.pdf"), &json!("application/pdf"), &json!(4))
    );
    let again = sends(&sandbox, "%PDF").await;
    assert_eq!(again["document"]["file_unique_id"], document["file_unique_id"]);
    assert_ne!(again["document"]["file_id"], document["file_id"]);
}

#[tokio::test]
async fn a_document_takes_the_place_of_another_once() {
    let sandbox = Sandbox::start().await;
    let file = sends(&sandbox, "%PDF").await["document"]["file_id"].clone();
    let frame = upload(&sandbox, b"soon".to_vec()).await["result"]["message_id"].clone();
    let edited = sandbox.result("editMessageMedia", put(&frame, &file)).await;
    assert_eq!(
        (&edited["document"]["file_name"], &edited["caption"]),
        (&json!("book.pdf"), &json!("here it is"))
    );
    // Another name of the same content is the same file.
    let renamed = sends(&sandbox, "%PDF").await["document"]["file_id"].clone();
    let (_, text) = sandbox.refused("editMessageMedia", put(&frame, &renamed)).await;
    assert!(text.starts_with("Bad Request: message is not modified"), "{text}");

    let chat = sandbox.chat().await;
    let all = chat["messages"].as_array().unwrap();
    let shown = all.iter().find(|message| message["message_id"] == frame).unwrap();
    assert_eq!(shown["document"]["name"], "book.pdf");
    assert_eq!(
        (&shown["history"][0]["file"], &shown["history"][0]["text"]),
        (&json!("frame.txt"), &json!("soon"))
    );
}

#[tokio::test]
async fn a_text_may_become_a_document_but_not_the_other_way() {
    let sandbox = Sandbox::start().await;
    let file = sends(&sandbox, "%PDF").await["document"]["file_id"].clone();
    let said = sandbox
        .result("sendMessage", json!({"chat_id": BUDI, "text": "soon"}))
        .await;
    sandbox
        .result("editMessageMedia", put(&said["message_id"], &file))
        .await;
    let back = json!({"chat_id": BUDI, "message_id": said["message_id"], "text": "text"});
    let (_, text) = sandbox.refused("editMessageText", back).await;
    assert_eq!(text, "Bad Request: there is no text in the message to edit");
}

#[tokio::test]
async fn a_file_of_nobody_of_another_bot_or_of_another_kind_is_refused() {
    let sandbox = Sandbox::start().await;
    let frame = upload(&sandbox, b"soon".to_vec()).await["result"]["message_id"].clone();
    let bot = json!({"token": "1002:other", "username": "other_bot"});
    sandbox.control("bots", bot).await;
    let url = sandbox.url(&format!("sandbox/chats/other_bot/{BUDI}/document?name=a.txt"));
    json_of(sandbox.client.post(url).body("x")).await;
    let updates = sandbox.call_as("1002:other", "getUpdates", json!({})).await;
    let foreign = updates["result"][0]["message"]["document"]["file_id"].clone();
    for file in [foreign, json!("BQACnobody")] {
        let (code, text) = sandbox.refused("editMessageMedia", put(&frame, &file)).await;
        assert_eq!(
            (code, &*text),
            (400, "Bad Request: wrong file identifier/HTTP URL specified")
        );
    }
    let (_, text) = sandbox
        .refused("editMessageMedia", put(&json!(999), &json!("BQACnobody")))
        .await;
    assert_eq!(text, "Bad Request: message to edit not found");
    let empty = upload(&sandbox, Vec::new()).await;
    assert_eq!(empty["description"], "Bad Request: file must be non-empty");
    let url = sandbox.url(&format!("sandbox/chats/warung_bot/{BUDI}/document?name=a.txt"));
    assert!(json_of(sandbox.client.post(url)).await["error"].is_string());
}

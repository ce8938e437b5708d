//! What the Bot API refuses, in its own words, and the four ways in which it takes parameters.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::sandbox::{BUDI, SARI, Sandbox, json_of};

fn button(fields: Value) -> Value {
    json!({ "chat_id": BUDI, "text": "a", "reply_markup": { "inline_keyboard": [[fields]] } })
}

fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(200, 100)
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

#[tokio::test]
async fn an_unknown_token_or_method_is_refused() {
    let sandbox = Sandbox::start().await;
    let answer = sandbox.call_as("1001:other", "getMe", json!({})).await;
    assert_eq!(
        answer,
        json!({"ok": false, "error_code": 401, "description": "Unauthorized"})
    );
    let (code, text) = sandbox.refused("sendTelegram", json!({})).await;
    assert_eq!((code, text.as_str()), (404, "Not Found: method not found"));
}

#[tokio::test]
async fn method_names_are_taken_in_any_case_and_get_me_is_complete() {
    let sandbox = Sandbox::start().await;
    let me = sandbox.result("GETme", json!({})).await;
    for flag in [
        "can_join_groups",
        "can_read_all_group_messages",
        "supports_inline_queries",
        "can_connect_to_business",
        "has_main_web_app",
    ] {
        assert!(me[flag].is_boolean(), "{flag}");
    }
    assert_eq!(
        (me["id"].as_i64(), me["is_bot"].as_bool()),
        (Some(1001), Some(true))
    );
}

#[tokio::test]
async fn a_parameter_that_is_unknown_missing_or_of_another_type_is_named() {
    let sandbox = Sandbox::start().await;
    let cases = [
        (
            json!({"chat_id": BUDI, "text": "a", "colour": 1}),
            "method sendMessage has no parameter \"colour\"",
        ),
        (json!({"text": "a"}), "chat_id is empty"),
        (json!({"chat_id": BUDI}), "message text is empty"),
        (
            json!({"chat_id": BUDI, "text": 5}),
            "parameter \"text\" must be String",
        ),
        (
            json!({"chat_id": "budi", "text": "a"}),
            "parameter \"chat_id\" must be Integer or String",
        ),
        (
            json!({"chat_id": BUDI, "text": "a", "disable_notification": "maybe"}),
            "parameter \"disable_notification\" must be Boolean",
        ),
        (
            json!({"chat_id": BUDI, "text": "a", "message_thread_id": 1}),
            "the sandbox does not speak parameter \"message_thread_id\"",
        ),
    ];
    for (params, text) in cases {
        assert_eq!(
            sandbox.refused("sendMessage", params).await,
            (400, format!("Bad Request: {text}"))
        );
    }
}

#[tokio::test]
async fn texts_captions_and_callback_data_have_their_limits() {
    let sandbox = Sandbox::start().await;
    let text = |text: String| json!({"chat_id": BUDI, "text": text, "parse_mode": "HTML"});
    sandbox
        .result("sendMessage", text(format!("<b>{}</b>", "x".repeat(4096))))
        .await;
    let cases = [
        (text("x".repeat(4097)), "message is too long"),
        (text(" \n ".into()), "message text is empty"),
        (
            text("<b>a".into()),
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            button(json!({"text": "a", "callback_data": "x".repeat(65)})),
            "BUTTON_DATA_INVALID",
        ),
        (
            button(json!({"text": "a", "callback_data": "b", "data": "b"})),
            "no field \"data\"",
        ),
        (
            button(json!({"text": "a"})),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
    ];
    for (params, expected) in cases {
        let (code, text) = sandbox.refused("sendMessage", params).await;
        assert!(
            code == 400 && text.ends_with(expected),
            "{code} {text}, not {expected}"
        );
    }
    let answer = json!({"callback_query_id": "1", "text": "x".repeat(201)});
    assert_eq!(
        sandbox.refused("answerCallbackQuery", answer).await.1,
        "Bad Request: MESSAGE_TOO_LONG"
    );
}

#[tokio::test]
async fn chats_that_do_not_exist_never_began_or_were_blocked_are_told_apart() {
    let sandbox = Sandbox::start().await;
    let to = |chat: i64| json!({"chat_id": chat, "text": "a"});
    assert_eq!(
        sandbox.refused("sendMessage", to(9)).await,
        (400, "Bad Request: chat not found".into())
    );
    let (code, text) = sandbox.refused("sendMessage", to(SARI)).await;
    assert_eq!(
        (code, text.as_str()),
        (403, "Forbidden: bot can't initiate conversation with a user")
    );
    sandbox
        .control(&format!("chats/warung_bot/{BUDI}/block"), json!({}))
        .await;
    let (code, text) = sandbox.refused("sendMessage", to(BUDI)).await;
    assert_eq!(
        (code, text.as_str()),
        (403, "Forbidden: bot was blocked by the user")
    );
}

#[tokio::test]
async fn query_form_json_and_multipart_are_all_taken() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url("bot1001:shop/sendMessage");
    let markup = r#"{"inline_keyboard":[[{"text":"A","callback_data":"a"}]]}"#;
    let id = BUDI.to_string();
    let pairs = [("chat_id", id.as_str()), ("text", "a"), ("reply_markup", markup)];
    let query = json_of(sandbox.client.get(&url).query(&pairs)).await;
    let form = json_of(sandbox.client.post(&url).form(&pairs)).await;
    let parts = Form::new()
        .text("chat_id", id.clone())
        .text("text", "a")
        .text("reply_markup", markup);
    let multipart = json_of(sandbox.client.post(&url).multipart(parts)).await;
    for answer in [query, form, multipart] {
        assert_eq!(
            answer["result"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "a",
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_attached_photo_is_sent_fetched_and_named_again() {
    let sandbox = Sandbox::start().await;
    let bytes = picture();
    let part = Part::bytes(bytes.clone()).file_name("qr.png");
    let form = Form::new()
        .text("chat_id", BUDI.to_string())
        .text("photo", "attach://upload0")
        .text("caption", "pay")
        .part("upload0", part);
    let url = sandbox.url("bot1001:shop/SendPhoto");
    let sent = json_of(sandbox.client.post(url).multipart(form)).await;
    let sizes = sent["result"]["photo"].as_array().unwrap();
    let largest = sizes.last().unwrap();
    assert_eq!(
        (sizes.len(), largest["width"].as_i64(), largest["height"].as_i64()),
        (2, Some(200), Some(100))
    );
    let file = sandbox
        .result("getFile", json!({"file_id": largest["file_id"]}))
        .await;
    let url = sandbox.url(&format!(
        "file/bot1001:shop/{}",
        file["file_path"].as_str().unwrap()
    ));
    let fetched = sandbox
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(fetched, bytes);
    let again = json!({"chat_id": BUDI, "photo": largest["file_id"]});
    let again = sandbox.result("sendPhoto", again).await;
    assert_eq!(again["photo"][1]["file_unique_id"], largest["file_unique_id"]);
}

#[tokio::test]
async fn a_photo_that_is_no_picture_and_a_file_id_of_nobody_are_refused() {
    let sandbox = Sandbox::start().await;
    let form = Form::new().text("chat_id", BUDI.to_string()).part(
        "photo",
        Part::bytes(b"not a picture".to_vec()).file_name("qr.png"),
    );
    let answer = json_of(
        sandbox
            .client
            .post(sandbox.url("bot1001:shop/sendPhoto"))
            .multipart(form),
    )
    .await;
    assert_eq!(answer["description"], "Bad Request: IMAGE_PROCESS_FAILED");
    let wrong = json!({"chat_id": BUDI, "photo": "AgAC"});
    let (_, text) = sandbox.refused("sendPhoto", wrong).await;
    assert_eq!(text, "Bad Request: wrong file identifier/HTTP URL specified");
}

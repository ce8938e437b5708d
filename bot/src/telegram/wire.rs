//! Turns what is in the outbox into a call: words, marks and buttons into Telegram's own shapes.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::value::RawValue;
use teloxide::{
    payloads::{AnswerCallbackQuery, EditMessageCaption, EditMessageText, SendMessage, setters::*},
    types::{
        CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity,
        MessageEntityKind, MessageId as TelegramMessageId,
    },
};

use super::api::{Api, CallError};
use crate::{
    outbox::{
        Keyboard, MessageId, Screen,
        rich::{Rich, Style},
    },
    shop::{customer::CustomerId, stock::FileId},
};

/// Pixels of one dot of a QR: readable from a second phone.
const QR_DOT_PIXELS: u32 = 8;

/// A new text message.
///
/// # Errors
/// See [`CallError`].
pub async fn send_text(api: &Api, chat: CustomerId, screen: &Screen) -> Result<Option<MessageId>, CallError> {
    let mut payload = SendMessage::new(ChatId(chat.0), &screen.words.text).entities(entities(&screen.words));
    if let Some(markup) = markup(&screen.keyboard) {
        payload = payload.reply_markup(markup);
    }
    api.call(&payload).await.map(|result| message_id(&result))
}

/// A new picture of a QR.
///
/// # Errors
/// See [`CallError`]; a text that makes no QR had no effect.
pub async fn send_qr(
    api: &Api,
    chat: CustomerId,
    qr: &str,
    caption: &Screen,
) -> Result<Option<MessageId>, CallError> {
    let picture = qr_png(qr).ok_or(CallError::Refused {
        code: 0,
        reason: "no QR can be made of it".to_owned(),
    })?;
    let part = Part::bytes(picture)
        .file_name("qris.png")
        .mime_str("image/png")
        .expect("a fixed and valid type");
    api.upload("sendPhoto", captioned(chat, caption).part("photo", part))
        .await
        .map(|result| message_id(&result))
}

/// A new picture that Telegram has already.
///
/// # Errors
/// See [`CallError`].
pub async fn send_photo(
    api: &Api,
    chat: CustomerId,
    photo: &str,
    caption: &Screen,
) -> Result<Option<MessageId>, CallError> {
    let mut parameters = serde_json::json!({
        "chat_id": chat.0,
        "photo": photo,
        "caption": caption.words.text,
        "caption_entities": entities(&caption.words),
    });
    if let Some(markup) = markup(&caption.keyboard) {
        parameters["reply_markup"] = serde_json::json!(markup);
    }
    let sent = api.call_json("sendPhoto", &parameters, Duration::ZERO).await;
    sent.map(|result| message_id(&result))
}

/// A new document of a few words, with words under it.
///
/// # Errors
/// See [`CallError`].
pub async fn send_note(
    api: &Api,
    chat: CustomerId,
    (name, text): (&str, &str),
    caption: &Screen,
) -> Result<Option<MessageId>, CallError> {
    let part = Part::bytes(text.as_bytes().to_vec())
        .file_name(name.to_owned())
        .mime_str("text/plain; charset=utf-8")
        .expect("a fixed and valid type");
    let form = captioned(chat, caption).part("document", part);
    let sent = api.upload("sendDocument", form).await;
    sent.map(|result| message_id(&result))
}

/// A file that Telegram has already, in the place of a document.
///
/// # Errors
/// See [`CallError`].
pub async fn edit_file(
    api: &Api,
    chat: CustomerId,
    message: MessageId,
    (file, caption): (&FileId, &Screen),
) -> Result<Option<MessageId>, CallError> {
    let mut parameters = serde_json::json!({
        "chat_id": chat.0,
        "message_id": message.0,
        "media": {
            "type": "document",
            "media": file.0,
            "caption": caption.words.text,
            "caption_entities": entities(&caption.words),
        },
    });
    if let Some(markup) = markup(&caption.keyboard) {
        parameters["reply_markup"] = serde_json::json!(markup);
    }
    let edited = api
        .call_json("editMessageMedia", &parameters, Duration::ZERO)
        .await;
    edited.map(|_| Some(message))
}

/// Other words in a text message.
///
/// # Errors
/// See [`CallError`].
pub async fn edit_text(
    api: &Api,
    chat: CustomerId,
    message: MessageId,
    screen: &Screen,
) -> Result<Option<MessageId>, CallError> {
    let mut payload = EditMessageText::new(ChatId(chat.0), TelegramMessageId(message.0), &screen.words.text)
        .entities(entities(&screen.words));
    if let Some(markup) = markup(&screen.keyboard) {
        payload = payload.reply_markup(markup);
    }
    api.call(&payload).await.map(|_| Some(message))
}

/// Other words under a picture or a document.
///
/// # Errors
/// See [`CallError`].
pub async fn edit_caption(
    api: &Api,
    chat: CustomerId,
    message: MessageId,
    screen: &Screen,
) -> Result<Option<MessageId>, CallError> {
    let mut payload = EditMessageCaption::new(ChatId(chat.0), TelegramMessageId(message.0))
        .caption(&screen.words.text)
        .caption_entities(entities(&screen.words));
    if let Some(markup) = markup(&screen.keyboard) {
        payload = payload.reply_markup(markup);
    }
    api.call(&payload).await.map(|_| Some(message))
}

/// The end of a button's waiting.
///
/// # Errors
/// See [`CallError`].
pub async fn answer(
    api: &Api,
    callback_id: &str,
    toast: Option<&str>,
    stays: bool,
) -> Result<Option<MessageId>, CallError> {
    let mut payload = AnswerCallbackQuery::new(CallbackQueryId(callback_id.to_owned()));
    if let Some(toast) = toast {
        payload = payload
            .text(toast.chars().take(200).collect::<String>())
            .show_alert(stays);
    }
    api.call(&payload).await.map(|_| None)
}

/// The picture of a QR as PNG; `None` for a text that is too long for one.
#[must_use]
pub fn qr_png(text: &str) -> Option<Vec<u8>> {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).ok()?;
    let picture = code
        .render::<image::Luma<u8>>()
        .module_dimensions(QR_DOT_PIXELS, QR_DOT_PIXELS)
        .build();
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

/// An upload's form without its file.
fn captioned(chat: CustomerId, caption: &Screen) -> Form {
    let form = Form::new()
        .text("chat_id", chat.0.to_string())
        .text("caption", caption.words.text.clone())
        .text("caption_entities", json(&entities(&caption.words)));
    match markup(&caption.keyboard) {
        Some(markup) => form.text("reply_markup", json(&markup)),
        None => form,
    }
}

fn message_id(result: &RawValue) -> Option<MessageId> {
    #[derive(Deserialize)]
    struct Message {
        message_id: i32,
    }
    // A message without a readable number was sent all the same.
    serde_json::from_str::<Message>(result.get())
        .ok()
        .map(|message| MessageId(message.message_id))
}

fn entities(words: &Rich) -> Vec<MessageEntity> {
    let entity = |style| match style {
        Style::Bold => MessageEntityKind::Bold,
        Style::Code => MessageEntityKind::Code,
    };
    words
        .marks
        .iter()
        .map(|mark| MessageEntity::new(entity(mark.style), mark.offset, mark.length))
        .collect()
}

/// No buttons is no markup: an edit without markup takes the buttons away.
fn markup(keyboard: &Keyboard) -> Option<InlineKeyboardMarkup> {
    if keyboard.is_empty() {
        return None;
    }
    let button = |button: &crate::outbox::Button| {
        InlineKeyboardButton::callback(button.label.clone(), button.press.encode())
    };
    Some(InlineKeyboardMarkup::new(
        keyboard
            .iter()
            .map(|row| row.iter().map(button).collect::<Vec<_>>()),
    ))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("Telegram's own types are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_is_a_picture_that_telegram_takes() {
        let png = qr_png(&"0".repeat(300)).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() < 10_000_000);
        assert!(qr_png(&"x".repeat(5_000)).is_none());
    }
}

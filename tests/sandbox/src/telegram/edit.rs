//! Methods that change or remove a message that is already there.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal},
    args::Call,
    files, keyboard,
    render::message_as_json,
    send::pace,
    words::{self, Raw},
};
use crate::world::{
    chat::{Author, Former, Media, Message},
    id::{MessageId, UserId},
};

/// Bots may delete messages that are younger than this.
const DELETABLE_H: i64 = 48;
/// Messages that one call may delete.
const DELETE_MAX: usize = 100;
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly \
                            the same as a current content and reply markup of the message";

/// `editMessageText`.
pub fn text(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let words = words::text(Raw {
        text: call.args.text("text").unwrap_or_default(),
        parse_mode: call.args.text("parse_mode"),
        entities: call.args.list("entities"),
    })?;
    edit(call, |_, message| {
        if message.media.is_some() {
            return Err(Refusal::bad_request("there is no text in the message to edit"));
        }
        message.words = words;
        Ok(())
    })
}

/// `editMessageCaption`.
pub fn caption(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let words = words::caption(Raw {
        text: call.args.text("caption").unwrap_or_default(),
        parse_mode: call.args.text("parse_mode"),
        entities: call.args.list("caption_entities"),
    })?;
    edit(call, |_, message| {
        if message.media.is_none() {
            return Err(Refusal::bad_request("there is no caption in the message to edit"));
        }
        message.words = words;
        Ok(())
    })
}

/// `editMessageMedia`. A text message may become a photo or a document.
pub fn media(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let media = call.args.value("media").cloned().unwrap_or_default();
    let field = |name: &str| media.get(name).and_then(Value::as_str);
    let words = words::caption(Raw {
        text: field("caption").unwrap_or_default(),
        parse_mode: field("parse_mode"),
        entities: media
            .get("caption_entities")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice),
    })?;
    edit(call, |call, message| {
        let source = field("media").unwrap_or_default();
        let is_photo = field("type") == Some("photo");
        message.media = Some(files::take(call.world, call.bot, call.args, source, is_photo)?);
        message.words = words;
        Ok(())
    })
}

/// `editMessageReplyMarkup`.
pub fn markup(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    edit(call, |_, _| Ok(()))
}

/// Every edit: find, change, compare, count, store. An edit without buttons takes the buttons away.
fn edit(
    call: &mut Call<'_>,
    change: impl FnOnce(&mut Call<'_>, &mut Message) -> Result<(), Refusal>,
) -> Result<Answer, Refusal> {
    if call.args.value("chat_id").is_none() {
        return Err(Refusal::bad_request("chat_id is empty"));
    }
    let id = call
        .args
        .message_id()
        .ok_or_else(|| Refusal::bad_request("message identifier is not specified"))?;
    let buttons = keyboard::inline(call.args.value("reply_markup"))?;
    let person = call.reachable_person()?;
    let before = call
        .bot()
        .chats
        .get(&person)
        .and_then(|chat| chat.message(id))
        .cloned();
    let before = before.ok_or_else(|| Refusal::bad_request("message to edit not found"))?;
    if before.author != Author::Bot || before.origin.is_some() {
        return Err(Refusal::bad_request("message can't be edited"));
    }
    let mut after = before.clone();
    change(call, &mut after)?;
    after.buttons = buttons;
    pace(call, person)?;
    let is_same_file = content(call, &after.media) == content(call, &before.media);
    if is_same_file && (&after.words, &after.buttons) == (&before.words, &before.buttons) {
        return Err(Refusal::bad_request(NOT_MODIFIED));
    }
    let now = call.now;
    after.edited = Some(now);
    after.history.push(Former {
        text: before.words.text,
        media: before.media,
        buttons: before.buttons,
        until: now,
    });
    let answer = message_as_json(call.world, call.bot, person, &after);
    if let Some(stored) = call.bot_mut().chat_mut(person).message_mut(id) {
        *stored = after;
    }
    call.world.touch();
    Ok(answer.into())
}

/// What is in a message's file: the same content under another file id is no change.
fn content(call: &Call<'_>, media: &Option<Media>) -> Option<String> {
    let (Media::Photo(id) | Media::Document(id)) = media.as_ref()?;
    let file = call.world.files.get(call.bot, id);
    file.map(|file| file.unique_id.clone())
}

/// `deleteMessage`.
pub fn delete(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.known_person()?;
    let id = call
        .args
        .message_id()
        .ok_or_else(|| Refusal::bad_request("message identifier is not specified"))?;
    let now = call.now;
    let chat = call.bot_mut().chat_mut(person);
    let message = chat
        .message_mut(id)
        .ok_or_else(|| Refusal::bad_request("message to delete not found"))?;
    if !is_deletable(message, now) {
        return Err(Refusal::bad_request("message can't be deleted for everyone"));
    }
    message.deleted = true;
    call.world.touch();
    Ok(json!(true).into())
}

/// `deleteMessages`: what is not found is skipped.
pub fn delete_many(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person: UserId = call.known_person()?;
    let ids: Vec<_> = call
        .args
        .list("message_ids")
        .iter()
        .filter_map(Value::as_i64)
        .map(MessageId)
        .collect();
    if !(1..=DELETE_MAX).contains(&ids.len()) {
        return Err(Refusal::bad_request(
            "message identifiers are not specified, or are more than 100",
        ));
    }
    let now = call.now;
    let chat = call.bot_mut().chat_mut(person);
    for id in ids {
        if let Some(message) = chat.message_mut(id).filter(|message| is_deletable(message, now)) {
            message.deleted = true;
        }
    }
    call.world.touch();
    Ok(json!(true).into())
}

fn is_deletable(message: &Message, now: Timestamp) -> bool {
    now.duration_since(message.date).as_secs() < DELETABLE_H * 3600
}

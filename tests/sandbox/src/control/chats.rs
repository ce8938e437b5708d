//! `/sandbox/chats/{bot}/{user}/…`: what a person sees and does in one chat.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query,
        rejection::{BytesRejection, JsonRejection, QueryRejection},
    },
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    refused::{Outcome, Refused},
    updates, view,
};
use crate::{
    server::App,
    world::{
        World,
        chat::{Chat, Media, Message, Words},
        id::{BotId, MessageId, UserId},
    },
};

const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;

/// The chat in the path: a bot by name or id, and a person.
pub type Pair = Path<(String, i64)>;

/// A text to type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    text: String,
}

/// What goes with a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    #[serde(default)]
    caption: String,
    name: Option<String>,
}

/// A button to press.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressed {
    /// Without it: the newest message that has the button.
    message_id: Option<i64>,
    data: Option<String>,
    label: Option<String>,
    /// The message is in another person's chat.
    chat_of: Option<i64>,
    /// The button need not be there: an old screen, or a forged client.
    #[serde(default)]
    stale: bool,
}

/// A message to delete.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    message_id: i64,
}

fn find(world: &World, (bot, person): &(String, i64)) -> Result<(BotId, UserId), Refused> {
    let id = world
        .bot_of_name(bot)
        .ok_or_else(|| Refused::unknown(format!("there is no bot {bot}")))?;
    let person = UserId(*person);
    if !world.people.contains_key(&person) {
        return Err(Refused::unknown(format!("there is no user {person}")));
    }
    Ok((id, person))
}

/// Acts in a chat whose person has not blocked the bot.
fn act<T>(
    shared: &App,
    pair: &(String, i64),
    act: impl FnOnce(&mut World, (BotId, UserId), Timestamp) -> Result<T, Refused>,
) -> Result<T, Refused> {
    shared.with(|world, now| {
        let (bot, person) = find(world, pair)?;
        if world.bot(bot).chats.get(&person).is_some_and(|chat| chat.blocked) {
            return Err(Refused::impossible(
                "the user has blocked the bot; unblock it first",
            ));
        }
        act(world, (bot, person), now)
    })
}

/// `GET`: what the person sees.
pub async fn show(shared: App, Path(pair): Pair) -> Outcome {
    shared.with(|world, _| {
        let (bot, person) = find(world, &pair)?;
        Ok(Json(view::chat(world, bot, person)))
    })
}

/// `POST …/open`: the bot may write from now on, though nothing was written to it.
pub async fn open(shared: App, Path(pair): Pair) -> Outcome {
    act(&shared, &pair, |world, (bot, person), _| {
        world.bot_mut(bot).chat_mut(person).started = true;
        world.touch();
        Ok(Json(json!({})))
    })
}

/// `POST …/text`.
pub async fn text(shared: App, Path(pair): Pair, body: Result<Json<Text>, JsonRejection>) -> Outcome {
    let Json(Text { text }) = body?;
    let text = text.trim();
    if !(1..=TEXT_MAX).contains(&text.encode_utf16().count()) {
        return Err(Refused::wrong("text must have 1 to 4096 characters"));
    }
    act(&shared, &pair, |world, chat, now| {
        Ok(written(updates::write(
            world,
            chat,
            updates::typed(text),
            None,
            now,
        )))
    })
}

/// `POST …/photo?caption=…`: the body is a PNG or JPEG.
pub async fn photo(
    shared: App,
    Path(pair): Pair,
    sent: Result<Query<Sent>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Outcome {
    let (Query(sent), bytes) = (sent?, body?);
    let words = captioned(&sent)?;
    act(&shared, &pair, |world, (bot, person), now| {
        let added = world.files.add_photo(bot, bytes.to_vec());
        let photo = added.map_err(|_| Refused::wrong("the body must be a PNG or JPEG picture"))?;
        Ok(written(updates::write(
            world,
            (bot, person),
            words,
            Some(Media::Photo(photo.file_id)),
            now,
        )))
    })
}

/// `POST …/document?name=…&caption=…`: the body is the file.
pub async fn document(
    shared: App,
    Path(pair): Pair,
    sent: Result<Query<Sent>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Outcome {
    let (Query(sent), bytes) = (sent?, body?);
    let words = captioned(&sent)?;
    if bytes.is_empty() {
        return Err(Refused::wrong("the body must be the file, and it is empty"));
    }
    let name = sent.name.as_deref().unwrap_or("file.bin");
    let mime = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("application/octet-stream");
    act(&shared, &pair, |world, (bot, person), now| {
        let file = world.files.add_document(bot, name, mime, bytes.to_vec());
        Ok(written(updates::write(
            world,
            (bot, person),
            words,
            Some(Media::Document(file.file_id)),
            now,
        )))
    })
}

fn captioned(sent: &Sent) -> Result<Words, Refused> {
    if sent.caption.encode_utf16().count() > CAPTION_MAX {
        return Err(Refused::wrong("caption must have at most 1024 characters"));
    }
    Ok(Words {
        text: sent.caption.clone(),
        entities: Vec::new(),
    })
}

fn written(id: MessageId) -> Json<Value> {
    Json(json!({ "message_id": id }))
}

/// `POST …/press`.
pub async fn press(shared: App, Path(pair): Pair, body: Result<Json<Pressed>, JsonRejection>) -> Outcome {
    let Json(pressed) = body?;
    act(&shared, &pair, |world, (bot, person), now| {
        let owner = pressed.chat_of.map_or(person, UserId);
        if !world.people.contains_key(&owner) {
            return Err(Refused::unknown(format!("there is no user {owner}")));
        }
        let (message, data) = target(world.bot(bot).chats.get(&owner), &pressed)?;
        let id = updates::press(world, (bot, person), (owner, message), &data, now);
        Ok(Json(json!({ "callback_query_id": id, "message_id": message })))
    })
}

/// Which message, and what its button says to the bot.
fn target(chat: Option<&Chat>, pressed: &Pressed) -> Result<(MessageId, String), Refused> {
    if let (true, Some(id), Some(data)) = (pressed.stale, pressed.message_id, &pressed.data) {
        return Ok((MessageId(id), data.clone()));
    }
    if pressed.stale {
        return Err(Refused::wrong("a stale press needs message_id and data"));
    }
    if pressed.data.is_none() && pressed.label.is_none() {
        return Err(Refused::wrong("a press needs data or label"));
    }
    let messages = chat.map_or(&[][..], |chat| &chat.messages).iter().rev();
    let mut visible = messages.filter(|message| !message.deleted);
    let fits = |message: &&Message| pressed.message_id.is_none_or(|id| message.id.0 == id);
    let found = visible
        .by_ref()
        .filter(fits)
        .find_map(|message| Some((message.id, data_of(message, pressed)?)));
    found.ok_or_else(|| Refused::impossible("there is no such button in the chat now"))
}

fn data_of(message: &Message, pressed: &Pressed) -> Option<String> {
    let text = |button: &Value, name: &str| button.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_wanted = |button: &&Value| {
        pressed
            .data
            .as_ref()
            .is_none_or(|data| text(button, "callback_data").as_ref() == Some(data))
            && pressed
                .label
                .as_ref()
                .is_none_or(|label| text(button, "text").as_ref() == Some(label))
    };
    message
        .buttons
        .iter()
        .flatten()
        .filter(is_wanted)
        .find_map(|button| text(button, "callback_data"))
}

/// `POST …/delete`: the person deletes a message for both.
pub async fn delete(shared: App, Path(pair): Pair, body: Result<Json<Deleted>, JsonRejection>) -> Outcome {
    let Json(deleted) = body?;
    act(&shared, &pair, |world, (bot, person), _| {
        let message = world
            .bot_mut(bot)
            .chat_mut(person)
            .message_mut(MessageId(deleted.message_id));
        message
            .ok_or_else(|| Refused::unknown("there is no such message"))?
            .deleted = true;
        world.touch();
        Ok(Json(json!({})))
    })
}

/// `POST …/block`.
pub async fn block(shared: App, Path(pair): Pair) -> Outcome {
    set_blocked(&shared, &pair, true)
}

/// `POST …/unblock`.
pub async fn unblock(shared: App, Path(pair): Pair) -> Outcome {
    set_blocked(&shared, &pair, false)
}

fn set_blocked(shared: &App, pair: &(String, i64), blocked: bool) -> Outcome {
    shared.with(|world, now| {
        let chat = find(world, pair)?;
        updates::set_blocked(world, chat, blocked, now);
        Ok(Json(json!({})))
    })
}

/// `GET /sandbox/files/{unique_id}`: a photo or document for the page.
pub async fn file(shared: App, Path(unique_id): Path<String>) -> Response {
    let found = shared.with(|world, _| {
        let mime = world.files.of_unique_id(&unique_id)?.mime.clone();
        Some((mime, world.files.content(&unique_id)?))
    });
    match found {
        Some((mime, bytes)) => {
            // What a bot or a person sent must not run as a page of ours.
            let kind = if ["image/png", "image/jpeg"].contains(&mime.as_str()) {
                mime
            } else {
                "application/octet-stream".to_owned()
            };
            (
                [
                    (CONTENT_TYPE, kind),
                    (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
                ],
                bytes.to_vec(),
            )
                .into_response()
        }
        None => Refused(StatusCode::NOT_FOUND, "there is no such file".to_owned()).into_response(),
    }
}

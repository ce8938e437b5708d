//! Methods that put a new message into a chat.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal},
    args::Call,
    files,
    keyboard::{self, Markup},
    render::message_as_json,
    words::{self, Raw},
};
use crate::world::{
    chat::{Author, Media, Message, Words},
    id::{BotId, MessageId, UserId},
};

const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

/// What is put into the chat.
struct Content {
    words: Words,
    media: Option<Media>,
    origin: Option<Value>,
}

/// `sendMessage`.
pub fn message(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let words = words::text(Raw {
        text: call.args.text("text").unwrap_or_default(),
        parse_mode: call.args.text("parse_mode"),
        entities: call.args.list("entities"),
    })?;
    put(
        call,
        Content {
            words,
            media: None,
            origin: None,
        },
    )
}

/// `sendPhoto`.
pub fn photo(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    send_file(call, "photo")
}

/// `sendDocument`.
pub fn document(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    send_file(call, "document")
}

fn send_file(call: &mut Call<'_>, field: &str) -> Result<Answer, Refusal> {
    let words = words::caption(raw_caption(call))?;
    call.reachable_person()?;
    let source = call.args.text(field).unwrap_or_default();
    let media = files::take(call.world, call.bot, call.args, source, field == "photo")?;
    put(
        call,
        Content {
            words,
            media: Some(media),
            origin: None,
        },
    )
}

fn raw_caption<'a>(call: &Call<'a>) -> Raw<'a> {
    Raw {
        text: call.args.text("caption").unwrap_or_default(),
        parse_mode: call.args.text("parse_mode"),
        entities: call.args.list("caption_entities"),
    }
}

/// `copyMessage`.
pub fn copy(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let original = original(call, "message to copy not found")?;
    if original.protected {
        return Err(Refusal::bad_request("message can't be copied"));
    }
    let words = match (&original.media, call.args.text("caption")) {
        (Some(_), Some(_)) => words::caption(raw_caption(call))?,
        _ => original.words,
    };
    let answer = put(
        call,
        Content {
            words,
            media: original.media,
            origin: None,
        },
    )?;
    Ok(json!({ "message_id": answer.result["message_id"] }).into())
}

/// `forwardMessage`.
pub fn forward(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let original = original(call, "message to forward not found")?;
    if original.protected {
        return Err(Refusal::bad_request("message can't be forwarded"));
    }
    let sender = match (original.author, call.args.person("from_chat_id")) {
        (Author::Person, Some(person)) => call.world.people[&person].as_user(),
        _ => call.bot().as_user(),
    };
    let first = json!({ "type": "user", "date": original.date.as_second(), "sender_user": sender });
    let origin = original.origin.unwrap_or(first);
    put(
        call,
        Content {
            words: original.words,
            media: original.media,
            origin: Some(origin),
        },
    )
}

fn original(call: &Call<'_>, not_found: &str) -> Result<Message, Refusal> {
    let from = call
        .args
        .person("from_chat_id")
        .filter(|person| call.world.people.contains_key(person));
    let from = from.ok_or_else(|| Refusal::bad_request("chat not found"))?;
    let chat = call
        .bot()
        .chats
        .get(&from)
        .ok_or_else(|| Refusal::bad_request("chat not found"))?;
    let message = call.args.message_id().and_then(|id| chat.message(id));
    message.cloned().ok_or_else(|| Refusal::bad_request(not_found))
}

/// `sendChatAction`.
pub fn chat_action(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.reachable_person()?;
    let action = call.args.text("action").unwrap_or_default().to_owned();
    if !ACTIONS.contains(&action.as_str()) {
        return Err(Refusal::bad_request("wrong parameter action in request"));
    }
    let now = call.now;
    call.bot_mut().chat_mut(person).action = Some((now, action));
    call.world.touch();
    Ok(json!(true).into())
}

/// The last step of every send: everything was checked but the chat, the reply and the markup.
fn put(call: &mut Call<'_>, content: Content) -> Result<Answer, Refusal> {
    let person = call.reachable_person()?;
    let reply_to = replied(call, person)?;
    let markup = keyboard::read(call.args.value("reply_markup"))?;
    pace(call, person)?;
    let (now, protected) = (call.now, call.args.flag("protect_content"));
    let bot = call.bot_mut();
    let id = bot.take_message_id();
    let chat = bot.chat_mut(person);
    let buttons = match markup {
        Markup::Inline(rows) => rows,
        Markup::Reply(keyboard) => {
            chat.keyboard = Some(keyboard);
            Vec::new()
        }
        Markup::Remove => {
            chat.keyboard = None;
            Vec::new()
        }
        Markup::None => Vec::new(),
    };
    chat.action = None;
    let message = Message {
        id,
        author: Author::Bot,
        date: now,
        edited: None,
        words: content.words,
        media: content.media,
        buttons,
        reply_to,
        origin: content.origin,
        protected,
        deleted: false,
        history: Vec::new(),
    };
    chat.messages.push(message.clone());
    call.world.touch();
    Ok(message_as_json(call.world, call.bot, person, &message).into())
}

/// Counts the message against the limits, once nothing else can refuse it.
pub fn pace(call: &mut Call<'_>, person: UserId) -> Result<(), Refusal> {
    let bot: BotId = call.bot;
    call.world
        .limits
        .take(bot, person, call.now)
        .map_err(Refusal::too_many_requests)
}

fn replied(call: &Call<'_>, person: UserId) -> Result<Option<MessageId>, Refusal> {
    let Some(reply) = call.args.value("reply_parameters") else {
        return Ok(None);
    };
    let id = reply["message_id"].as_i64().map(MessageId);
    let found = id.filter(|id| {
        call.bot()
            .chats
            .get(&person)
            .is_some_and(|chat| chat.message(*id).is_some())
    });
    if found.is_none() && reply["allow_sending_without_reply"] != json!(true) {
        return Err(Refusal::bad_request("message to be replied not found"));
    }
    Ok(found)
}

//! A chat as the person sees it, with its past.

use serde_json::{Value, json};

use crate::{
    files::File,
    world::{
        World,
        bot::Bot,
        chat::{Author, Chat, Former, Media, Message, Press},
        id::{BotId, UserId},
    },
};

/// Presses that are shown.
const PRESSES_SHOWN: usize = 20;

/// Everything in one chat.
pub fn chat(world: &World, bot: BotId, person: UserId) -> Value {
    let account = world.bot(bot);
    let empty = Chat::new(person);
    let chat = account.chats.get(&person).unwrap_or(&empty);
    let messages: Vec<_> = chat
        .messages
        .iter()
        .map(|message| show_message(world, bot, chat, message))
        .collect();
    let presses = chat
        .presses
        .iter()
        .skip(chat.presses.len().saturating_sub(PRESSES_SHOWN));
    json!({
        "version": world.version,
        "bot": account.username,
        "user": person,
        "started": chat.started,
        "blocked": chat.blocked,
        "messages": messages,
        "keyboard": keyboard(chat),
        "presses": presses.map(show_press).collect::<Vec<_>>(),
        "action": chat.action.as_ref().map(|(at, action)| json!({ "at": at, "action": action })),
        "commands": commands(account, person),
        "description": account.description,
    })
}

/// One line about a chat, for a list of chats.
pub fn summary(bot: &Bot, chat: &Chat) -> Value {
    let last = chat.messages.iter().rev().find(|message| !message.deleted);
    json!({
        "bot": bot.username,
        "user": chat.person,
        "from_bot": chat.messages.iter().filter(|message| message.author == Author::Bot).count(),
        "last_text": last.map(|message| &message.words.text),
        "last_at": last.map(|message| message.date),
    })
}

fn show_message(world: &World, bot: BotId, chat: &Chat, message: &Message) -> Value {
    let mut shown = json!({
        "message_id": message.id,
        "from": if message.author == Author::Bot { "bot" } else { "user" },
        "date": message.date,
        "edited": message.edited,
        "text": message.words.text,
        "entities": message.words.entities,
        "buttons": message.buttons,
        "deleted": message.deleted,
        "pinned": chat.pinned.contains(&message.id),
        "forwarded": message.origin.is_some(),
        "reply_to": message.reply_to,
        "history": message.history.iter().map(|former| json!({
            "text": former.text, "file": former_file(world, bot, former), "buttons": former.buttons,
            "until": former.until,
        })).collect::<Vec<_>>(),
    });
    let (kind, id) = match &message.media {
        None => return shown,
        Some(Media::Photo(id)) => ("photo", id),
        Some(Media::Document(id)) => ("document", id),
    };
    shown[kind] = world.files.get(bot, id).map_or(Value::Null, show_file);
    shown
}

/// The name of the file that stood there.
fn former_file<'a>(world: &'a World, bot: BotId, former: &Former) -> Option<&'a str> {
    let (Media::Photo(id) | Media::Document(id)) = former.media.as_ref()?;
    world.files.get(bot, id).map(|file| &*file.name)
}

fn show_file(file: &File) -> Value {
    json!({
        "url": format!("/sandbox/files/{}", file.unique_id),
        "name": file.name,
        "size_bytes": file.size_bytes,
        "width_px": file.size_px.map(|(width, _)| width),
        "height_px": file.size_px.map(|(_, height)| height),
    })
}

fn show_press(press: &Press) -> Value {
    json!({
        "callback_query_id": press.id,
        "message_id": press.message_id,
        "data": press.data,
        "at": press.at,
        "answer": press.answer.as_ref().map(|toast| json!({
            "text": toast.text, "show_alert": toast.show_alert, "at": toast.at,
        })),
    })
}

/// Labels of the reply keyboard, row by row.
fn keyboard(chat: &Chat) -> Value {
    let rows = chat
        .keyboard
        .as_ref()
        .and_then(|markup| markup["keyboard"].as_array());
    let labels = |row: &Value| -> Value {
        row.as_array()
            .into_iter()
            .flatten()
            .map(|button| button["text"].clone())
            .collect()
    };
    rows.map_or(Value::Null, |rows| rows.iter().map(labels).collect())
}

/// The command list that this person is shown: the narrowest scope that has one.
fn commands(bot: &Bot, person: UserId) -> Value {
    let of = |scope: String| bot.commands.get(&scope).cloned();
    of(format!("chat:{person}:"))
        .or_else(|| of("all_private_chats::".to_owned()))
        .or_else(|| of("default::".to_owned()))
        .unwrap_or_else(|| json!([]))
}

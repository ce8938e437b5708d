//! What a person does, turned into the updates that a bot gets of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    telegram::message_as_json,
    world::{
        World,
        chat::{Author, Media, Message, Press, Words},
        id::{BotId, MessageId, UserId},
    },
};

/// A message from the person. Returns its id.
pub fn write(
    world: &mut World,
    (bot, person): (BotId, UserId),
    words: Words,
    media: Option<Media>,
    now: Timestamp,
) -> MessageId {
    let account = world.bot_mut(bot);
    let id = account.take_message_id();
    let chat = account.chat_mut(person);
    chat.started = true;
    let message = Message {
        id,
        author: Author::Person,
        date: now,
        edited: None,
        words,
        media,
        buttons: Vec::new(),
        reply_to: None,
        origin: None,
        protected: false,
        deleted: false,
        history: Vec::new(),
    };
    chat.messages.push(message.clone());
    let body = message_as_json(world, bot, person, &message);
    push(world, (bot, person), "message", body, now);
    id
}

/// A press of a button below `message`, which is in the chat of `owner`. Returns the callback query's id.
pub fn press(
    world: &mut World,
    (bot, person): (BotId, UserId),
    (owner, message_id): (UserId, MessageId),
    data: &str,
    now: Timestamp,
) -> String {
    let message = world
        .bot(bot)
        .chats
        .get(&owner)
        .and_then(|chat| chat.message(message_id));
    let message = match message {
        Some(message) => message_as_json(world, bot, owner, message),
        // The bot is told of a message that is gone, and of nothing in it.
        None => json!({ "chat": world.people[&owner].as_chat(), "message_id": message_id, "date": 0 }),
    };
    let id = world.bot_mut(bot).take_press_id();
    let body = json!({
        "id": id,
        "from": world.people[&person].as_user(),
        "message": message,
        "chat_instance": format!("-{}{}", owner.0, bot.0),
        "data": data,
    });
    let pressed = Press {
        id: id.clone(),
        message_id,
        data: data.to_owned(),
        at: now,
        answer: None,
    };
    world.bot_mut(bot).chat_mut(person).push_press(pressed);
    push(world, (bot, person), "callback_query", body, now);
    id
}

/// The person blocks or unblocks the bot. The same again is no news.
pub fn set_blocked(world: &mut World, (bot, person): (BotId, UserId), blocked: bool, now: Timestamp) {
    let chat = world.bot_mut(bot).chat_mut(person);
    if chat.blocked == blocked {
        return;
    }
    chat.blocked = blocked;
    let me = world.bot(bot).as_user();
    let member = |is_blocked: bool| match is_blocked {
        true => json!({ "status": "kicked", "user": me, "until_date": 0 }),
        false => json!({ "status": "member", "user": me }),
    };
    let someone = &world.people[&person];
    let body = json!({
        "chat": someone.as_chat(),
        "from": someone.as_user(),
        "date": now.as_second(),
        "old_chat_member": member(!blocked),
        "new_chat_member": member(blocked),
    });
    push(world, (bot, person), "my_chat_member", body, now);
}

fn push(world: &mut World, (bot, person): (BotId, UserId), kind: &str, body: Value, now: Timestamp) {
    world.bot_mut(bot).push_update(kind, person, body, now);
    world.touch();
}

/// A text as a person types it: a command at its beginning is marked.
pub fn typed(text: &str) -> Words {
    let command = text
        .split_whitespace()
        .next()
        .filter(|word| word.len() > 1 && word.starts_with('/'));
    let entities = command
        .map(|word| json!({ "type": "bot_command", "offset": 0, "length": word.encode_utf16().count() }));
    Words {
        text: text.to_owned(),
        entities: entities.into_iter().collect(),
    }
}

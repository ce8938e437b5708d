//! Objects of the Bot API, made from what the world remembers. Complete enough for strict clients.

use serde_json::{Map, Value, json};

use crate::{
    files::File,
    world::{
        World,
        chat::{Author, Media, Message},
        id::{BotId, UserId},
    },
};

/// The `Message` object. The message it replies to comes with it, one level deep.
pub fn message_as_json(world: &World, bot: BotId, person: UserId, message: &Message) -> Value {
    let mut object = bare_message(world, bot, person, message);
    let replied = message
        .reply_to
        .and_then(|id| world.bot(bot).chats.get(&person)?.message(id));
    if let Some(replied) = replied {
        object["reply_to_message"] = bare_message(world, bot, person, replied);
    }
    object
}

fn bare_message(world: &World, bot: BotId, person: UserId, message: &Message) -> Value {
    let someone = &world.people[&person];
    let from = match message.author {
        Author::Bot => world.bot(bot).as_user(),
        Author::Person => someone.as_user(),
    };
    let mut object = json!({
        "message_id": message.id,
        "from": from,
        "chat": someone.as_chat(),
        "date": message.date.as_second(),
    });
    let fields = object.as_object_mut().expect("made as an object above");
    if let Some(edited) = message.edited {
        fields.insert("edit_date".into(), json!(edited.as_second()));
    }
    if let Some(origin) = &message.origin {
        fields.insert("forward_origin".into(), origin.clone());
    }
    if message.protected {
        fields.insert("has_protected_content".into(), json!(true));
    }
    if !message.buttons.is_empty() {
        fields.insert(
            "reply_markup".into(),
            json!({ "inline_keyboard": message.buttons }),
        );
    }
    add_content(fields, world, bot, message);
    object
}

fn add_content(fields: &mut Map<String, Value>, world: &World, bot: BotId, message: &Message) {
    let file = |id: &String| world.files.get(bot, id);
    let is_captioned = match &message.media {
        None => false,
        Some(Media::Photo(id)) => {
            fields.insert("photo".into(), photo_sizes(world, bot, file(id)));
            true
        }
        Some(Media::Document(id)) => {
            fields.insert("document".into(), file(id).map_or(Value::Null, document));
            true
        }
    };
    let (text, entities) = if is_captioned {
        ("caption", "caption_entities")
    } else {
        ("text", "entities")
    };
    if !message.words.text.is_empty() {
        fields.insert(text.into(), json!(message.words.text));
    }
    if !message.words.entities.is_empty() {
        fields.insert(entities.into(), json!(message.words.entities));
    }
}

/// Smallest first, as Telegram orders them.
fn photo_sizes(world: &World, bot: BotId, photo: Option<&File>) -> Value {
    let preview = photo.and_then(|photo| world.files.get(bot, photo.preview.as_ref()?));
    preview.into_iter().chain(photo).map(photo_size).collect()
}

fn photo_size(file: &File) -> Value {
    let (width, height) = file.size_px.unwrap_or_default();
    json!({
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size_bytes,
        "width": width,
        "height": height,
    })
}

fn document(file: &File) -> Value {
    json!({
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size_bytes,
        "file_name": file.name,
        "mime_type": file.mime,
    })
}

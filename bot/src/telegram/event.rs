//! An update as Telegram sends it, read down to what this shop acts on.
//! Tolerant: a kind or a field that is newer than this program is passed over, never an error. Groups, channels and
//! other bots are not customers. Bounded: what is longer than Telegram allows is passed over as well.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    outbox::{MessageId, rich::utf16},
    shop::{
        customer::CustomerId,
        stock::{FileId, FileUniqueId},
    },
};

/// Telegram's own limit of a message, in UTF-16 units.
const TEXT_UNITS_MAX: usize = 4_096;
/// Telegram's own limit of a button's bytes.
const DATA_BYTES_MAX: usize = 64;
/// Far more than Telegram's numbers of presses need.
const CALLBACK_ID_BYTES_MAX: usize = 64;
/// More than Telegram's names of files need; the database holds as many.
const FILE_ID_BYTES_MAX: usize = 256;
/// Telegram's own limit of a command's name.
const COMMAND_BYTES_MAX: usize = 32;

/// What an update is to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Somebody did something in the private chat with the shop.
    Event(Event),
    /// Nothing for the shop.
    Ignored,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who.
    pub user: CustomerId,
    /// What.
    pub kind: EventKind,
}

/// The kinds of things that a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Wrote a command.
    Command {
        /// Its name in small letters, without the slash.
        name: String,
        /// What stands after it; often empty.
        argument: String,
    },
    /// Wrote something else.
    Text(String),
    /// Pressed a button.
    Press {
        /// Telegram's number of the press, for the answer.
        callback_id: String,
        /// The button's bytes, untrusted; empty where Telegram sent none.
        data: String,
        /// The message under which the button stands, where Telegram still has it.
        message: Option<PressedMessage>,
    },
    /// Sent a picture.
    Photo {
        /// Telegram's own name of its largest size.
        file: String,
        /// The words under it; often empty.
        caption: String,
    },
    /// Sent a file as it is.
    Document {
        /// Telegram's name of it, by which it can be sent.
        file: FileId,
        /// Telegram's name of what is in it.
        unique: FileUniqueId,
        /// What the person calls it; often empty.
        name: String,
        /// The words under it; often empty.
        caption: String,
    },
    /// Does not want to hear from the shop any more.
    Blocked,
    /// Wants to hear from it again.
    Unblocked,
    /// Sent anything else.
    Other,
}

/// The message under which a pressed button stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PressedMessage {
    /// Its number.
    pub id: MessageId,
    /// Whether it is text, so that other text can take its place.
    pub is_text: bool,
}

/// Reads an update.
#[must_use]
pub fn parse(body: &str) -> Parsed {
    let Ok(update) = serde_json::from_str::<Update>(body) else {
        return Parsed::Ignored;
    };
    let event = match update {
        Update {
            message: Some(message),
            ..
        } => written(message),
        Update {
            callback_query: Some(query),
            ..
        } => pressed(query),
        Update {
            my_chat_member: Some(change),
            ..
        } => changed(change),
        Update { .. } => None,
    };
    event.map_or(Parsed::Ignored, Parsed::Event)
}

fn written(message: Message) -> Option<Event> {
    let user = person(message.from?, &message.chat)?;
    let caption = message.caption.unwrap_or_default();
    let kind = match (message.text, message.photo, message.document) {
        (Some(text), ..) if utf16(&text) > TEXT_UNITS_MAX => EventKind::Other,
        (Some(text), ..) => command(&text).unwrap_or(EventKind::Text(text)),
        (None, Some(sizes), _) => photo(&sizes, caption).unwrap_or(EventKind::Other),
        // A moving picture comes with a document that cannot be sent as one.
        (None, None, Some(_)) if message.animation.is_some() => EventKind::Other,
        (None, None, Some(file)) => document(&file, caption).unwrap_or(EventKind::Other),
        (None, None, None) => EventKind::Other,
    };
    Some(Event { user, kind })
}

/// A file; `None` where Telegram describes it in a way that this program does not know.
fn document(file: &RawValue, caption: String) -> Option<EventKind> {
    let file: Document = serde_json::from_str(file.get()).ok()?;
    let is_name = |name: &str| (1..=FILE_ID_BYTES_MAX).contains(&name.len());
    let fits = is_name(&file.file_id) && is_name(&file.file_unique_id) && utf16(&caption) <= TEXT_UNITS_MAX;
    fits.then_some(EventKind::Document {
        file: FileId(file.file_id),
        unique: FileUniqueId(file.file_unique_id),
        name: file.file_name,
        caption,
    })
}

/// A picture's largest size; `None` where Telegram describes it in a way that this program does not know.
fn photo(sizes: &RawValue, caption: String) -> Option<EventKind> {
    let sizes: Vec<PhotoSize> = serde_json::from_str(sizes.get()).ok()?;
    let largest = sizes.into_iter().max_by_key(|size| size.width * size.height)?;
    let fits = largest.file_id.len() <= FILE_ID_BYTES_MAX && utf16(&caption) <= TEXT_UNITS_MAX;
    fits.then_some(EventKind::Photo {
        file: largest.file_id,
        caption,
    })
}

fn pressed(query: CallbackQuery) -> Option<Event> {
    if query.id.len() > CALLBACK_ID_BYTES_MAX {
        return None;
    }
    let user = match &query.message {
        Some(message) => person(query.from, &message.chat)?,
        None => (!query.from.is_bot).then_some(CustomerId(query.from.id))?,
    };
    let message = query.message.map(|message| PressedMessage {
        id: MessageId(message.message_id),
        is_text: message.text.is_some(),
    });
    let data = query
        .data
        .filter(|data| data.len() <= DATA_BYTES_MAX)
        .unwrap_or_default();
    Some(Event {
        user,
        kind: EventKind::Press {
            callback_id: query.id,
            data,
            message,
        },
    })
}

fn changed(change: ChatMemberUpdated) -> Option<Event> {
    let user = person(change.from, &change.chat)?;
    // In a private chat the bot is either a member or was kicked out by being blocked.
    let kind = match change.new_chat_member.status.as_str() {
        "kicked" => EventKind::Blocked,
        "member" => EventKind::Unblocked,
        _ => return None,
    };
    Some(Event { user, kind })
}

/// The person of a private chat; nobody for a bot, a group or a channel.
fn person(from: User, chat: &Chat) -> Option<CustomerId> {
    (chat.kind == "private" && chat.id == from.id && !from.is_bot).then_some(CustomerId(from.id))
}

fn command(text: &str) -> Option<EventKind> {
    let rest = text.strip_prefix('/')?;
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    // In a menu Telegram may write the bot's own name behind the command's.
    let name = word.split_once('@').map_or(word, |(name, _)| name);
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = (1..=COMMAND_BYTES_MAX).contains(&name.len()) && plain;
    fits.then(|| EventKind::Command {
        name: name.to_ascii_lowercase(),
        argument: argument.trim().to_owned(),
    })
}

#[derive(Deserialize)]
struct Update {
    message: Option<Message>,
    callback_query: Option<CallbackQuery>,
    my_chat_member: Option<ChatMemberUpdated>,
}

#[derive(Deserialize)]
struct Message {
    message_id: i32,
    from: Option<User>,
    chat: Chat,
    text: Option<String>,
    caption: Option<String>,
    photo: Option<Box<RawValue>>,
    document: Option<Box<RawValue>>,
    animation: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Document {
    file_id: String,
    file_unique_id: String,
    #[serde(default)]
    file_name: String,
}

#[derive(Deserialize)]
struct PhotoSize {
    file_id: String,
    #[serde(default)]
    width: u64,
    #[serde(default)]
    height: u64,
}

#[derive(Deserialize)]
struct CallbackQuery {
    id: String,
    from: User,
    message: Option<Message>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct ChatMemberUpdated {
    from: User,
    chat: Chat,
    new_chat_member: ChatMember,
}

#[derive(Deserialize)]
struct ChatMember {
    status: String,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    is_bot: bool,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = r#""from":{"id":7,"is_bot":false,"first_name":"B","new_field":[1]}"#;
    const CHAT: &str = r#""chat":{"id":7,"type":"private"}"#;

    fn message(rest: &str) -> Parsed {
        parse(&format!(
            r#"{{"update_id":1,"message":{{"message_id":3,{FROM},{CHAT},"date":1,{rest}}}}}"#
        ))
    }

    fn kind(parsed: Parsed) -> EventKind {
        match parsed {
            Parsed::Event(Event {
                user: CustomerId(7),
                kind,
            }) => kind,
            other => panic!("{other:?} is no event of customer 7"),
        }
    }

    #[test]
    fn commands_are_told_from_words() {
        let start = EventKind::Command {
            name: "start".to_owned(),
            argument: "from ad".to_owned(),
        };
        assert_eq!(kind(message(r#""text":"/Start@sari_bot  from ad""#)), start);
        for words in ["halo", "/", "/a-b", "// x"] {
            assert_eq!(
                kind(message(&format!(r#""text":"{words}""#))),
                EventKind::Text(words.to_owned())
            );
        }
        assert_eq!(
            kind(message(r#""photo":[{"file_id":"x"}],"caption":"/start""#)),
            photo("x", "/start")
        );
        assert_eq!(kind(message(r#""sticker":{}"#)), EventKind::Other);
        assert_eq!(
            kind(message(&format!(r#""text":"{}""#, "x".repeat(4_097)))),
            EventKind::Other
        );
    }

    fn photo(file: &str, caption: &str) -> EventKind {
        EventKind::Photo {
            file: file.to_owned(),
            caption: caption.to_owned(),
        }
    }

    #[test]
    fn a_picture_is_known_by_its_largest_size() {
        let sizes = r#""photo":[{"file_id":"s","width":90,"height":60},{"file_id":"l","width":900,"height":600},
            {"file_id":"m","width":300,"height":200}]"#;
        assert_eq!(kind(message(sizes)), photo("l", ""));
        for strange in [r#""photo":[]"#, r#""photo":{"a":1}"#, r#""photo":[{"id":1}]"#] {
            assert_eq!(kind(message(strange)), EventKind::Other, "{strange}");
        }
    }

    #[test]
    fn a_file_is_known_by_both_of_its_names() {
        let file =
            r#""document":{"file_id":"BQAC","file_unique_id":"AgAD","file_name":"a.pdf","file_size":9e9}"#;
        let expected = EventKind::Document {
            file: FileId("BQAC".to_owned()),
            unique: FileUniqueId("AgAD".to_owned()),
            name: "a.pdf".to_owned(),
            caption: "kunci".to_owned(),
        };
        assert_eq!(kind(message(&format!(r#"{file},"caption":"kunci""#))), expected);
        let long = format!(
            r#""document":{{"file_id":"{}","file_unique_id":"A"}}"#,
            "x".repeat(257)
        );
        let moving = format!(r#""animation":{{"file_id":"CgAC"}},{file}"#);
        for strange in [
            r#""document":{"file_id":"BQAC"}"#,
            r#""document":{"file_id":"","file_unique_id":"A"}"#,
            r#""document":[]"#,
            &long,
            &moving,
        ] {
            assert_eq!(kind(message(strange)), EventKind::Other, "{strange}");
        }
    }

    #[test]
    fn a_press_knows_its_message() {
        let press = |message: &str, data: &str| {
            kind(parse(&format!(
                r#"{{"update_id":1,"callback_query":{{"id":"9",{FROM},"chat_instance":"c",{message}"data":"{data}"}}}}"#
            )))
        };
        let under = |rest: &str| format!(r#""message":{{"message_id":5,{CHAT},"date":1{rest}}},"#);
        let expected = |data: &str, message: Option<bool>| EventKind::Press {
            callback_id: "9".to_owned(),
            data: data.to_owned(),
            message: message.map(|is_text| PressedMessage {
                id: MessageId(5),
                is_text,
            }),
        };
        assert_eq!(
            press(&under(r#","text":"a""#), "home"),
            expected("home", Some(true))
        );
        assert_eq!(
            press(&under(r#","photo":[],"caption":"a""#), "home"),
            expected("home", Some(false))
        );
        assert_eq!(press(&under(""), "home"), expected("home", Some(false)));
        assert_eq!(press("", "home"), expected("home", None));
        assert_eq!(press("", &"x".repeat(65)), expected("", None));
    }

    #[test]
    fn blocking_and_coming_back_are_heard() {
        let change = |status: &str| {
            parse(&format!(
                r#"{{"update_id":1,"my_chat_member":{{{FROM},{CHAT},"date":1,
                "old_chat_member":{{"status":"member"}},"new_chat_member":{{"status":"{status}"}}}}}}"#
            ))
        };
        assert_eq!(kind(change("kicked")), EventKind::Blocked);
        assert_eq!(kind(change("member")), EventKind::Unblocked);
        assert_eq!(change("restricted"), Parsed::Ignored);
    }

    #[test]
    fn what_is_not_a_person_in_private_is_ignored() {
        for body in [
            "",
            "not json",
            "[]",
            r#"{"update_id":1}"#,
            r#"{"update_id":1,"edited_message":{"message_id":1}}"#,
            r#"{"update_id":1,"brand_new_kind":{"x":1}}"#,
            r#"{"update_id":1,"message":"not a message"}"#,
            r#"{"update_id":1,"message":{"message_id":1,"chat":{"id":7,"type":"private"},"text":"a"}}"#,
            r#"{"update_id":1,"message":{"message_id":1,"from":{"id":7},"chat":{"id":-5,"type":"group"},"text":"a"}}"#,
            r#"{"update_id":1,"message":{"message_id":1,"from":{"id":7,"is_bot":true},
                "chat":{"id":7,"type":"private"},"text":"a"}}"#,
            r#"{"update_id":1,"message":{"message_id":1,"from":{"id":7},"chat":{"id":8,"type":"private"},"text":"a"}}"#,
        ] {
            assert_eq!(parse(body), Parsed::Ignored, "{body}");
        }
    }
}

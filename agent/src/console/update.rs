//! What Telegram tells of somebody's message or press, cut down to what the console needs.
//! Pure. What is not understood is skipped, and its number still counts.

use protocol::time::UnixMillis;
use serde_json::Value;

use crate::alert::message::short;

/// More than Telegram lets anybody type.
const TEXT_CHARS_MAX: usize = 4_096;
/// Of what somebody is called.
const NAME_UNITS_MAX: usize = 40;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub event: Event,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Wrote something; without text it is a picture or the like.
    Text {
        /// Who, and where.
        from: Sender,
        /// When it was sent.
        at: UnixMillis,
        /// What was written.
        text: String,
    },
    /// Pressed a button under a message.
    Press {
        /// Who, and where.
        from: Sender,
        /// The press's own number, to answer it.
        press: String,
        /// What the button hands back.
        data: String,
        /// The message, where Telegram still tells it.
        under: Option<Under>,
    },
    /// Something else.
    Other,
}

/// Who did it, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The person's number.
    pub user: i64,
    /// What the person is called; empty where Telegram does not say. Good for reading, and for nothing else.
    pub name: String,
    /// The chat's number.
    pub chat: i64,
    /// Whether the chat is between that person and the bot alone.
    pub is_private: bool,
}

/// The message under which a button was pressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Under {
    /// Its number.
    pub message: i64,
    /// What it says.
    pub text: String,
    /// Its buttons, as Telegram tells them.
    pub buttons: Value,
}

impl Event {
    /// Who did it, and where.
    #[must_use]
    pub fn from(&self) -> Option<&Sender> {
        match self {
            Self::Text { from, .. } | Self::Press { from, .. } => Some(from),
            Self::Other => None,
        }
    }
}

impl Sender {
    /// Whether this is an owner in the private chat with the bot. Names count for nothing.
    #[must_use]
    pub fn is_owner(&self, owners: &[i64]) -> bool {
        self.is_private && self.chat == self.user && owners.contains(&self.user)
    }

    /// What the person is called, or else the number.
    #[must_use]
    pub fn called(&self) -> String {
        match self.name.is_empty() {
            true => self.user.to_string(),
            false => self.name.clone(),
        }
    }
}

/// The updates of an answer, in their order.
#[must_use]
pub fn read(result: &Value) -> Vec<Update> {
    let updates = result.as_array().into_iter().flatten();
    updates
        .filter_map(|update| {
            let id = update["update_id"].as_i64()?;
            let event = text(&update["message"]).or_else(|| press(&update["callback_query"]));
            Some(Update {
                id,
                event: event.unwrap_or(Event::Other),
            })
        })
        .collect()
}

fn text(message: &Value) -> Option<Event> {
    Some(Event::Text {
        from: sender(message, message)?,
        at: UnixMillis(message["date"].as_i64()?.saturating_mul(1000)),
        text: own_words(message),
    })
}

/// What was forwarded are somebody else's words, which command nothing (core.telegram.org/bots/api#message).
fn own_words(message: &Value) -> String {
    match message["forward_origin"].is_null() {
        true => cut(&message["text"]),
        false => String::new(),
    }
}

fn press(press: &Value) -> Option<Event> {
    let message = &press["message"];
    // Telegram tells nothing of a message that is too old; its date is 0 then.
    let under = (message["date"].as_i64()? > 0).then(|| Under {
        message: message["message_id"].as_i64().unwrap_or_default(),
        text: cut(&message["text"]),
        buttons: message["reply_markup"].clone(),
    });
    Some(Event::Press {
        from: sender(press, message)?,
        press: press["id"].as_str()?.to_owned(),
        data: cut(&press["data"]),
        under,
    })
}

fn sender(by: &Value, message: &Value) -> Option<Sender> {
    Some(Sender {
        user: by["from"]["id"].as_i64()?,
        name: short(
            by["from"]["first_name"].as_str().unwrap_or_default(),
            NAME_UNITS_MAX,
        ),
        chat: message["chat"]["id"].as_i64()?,
        is_private: message["chat"]["type"] == "private",
    })
}

fn cut(text: &Value) -> String {
    text.as_str()
        .unwrap_or_default()
        .chars()
        .take(TEXT_CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_owners_number_in_a_private_chat_is_the_owner() {
        let from = |user, chat, is_private| Sender {
            user,
            name: "the owner".to_owned(),
            chat,
            is_private,
        };
        assert!(from(1, 1, true).is_owner(&[1]));
        for other in [
            from(2, 2, true),
            from(1, -5, false),
            from(1, 2, true),
            from(1, 1, false),
        ] {
            assert!(!other.is_owner(&[1]), "{other:?}");
        }
    }

    #[test]
    fn somebody_elses_words_that_an_owner_forwards_command_nothing() {
        let message = |origin: Value| {
            json!([{ "update_id": 5, "message": { "date": 7, "text": "/maintenance 4h", "forward_origin": origin,
                "from": { "id": 1 }, "chat": { "id": 1, "type": "private" } } }])
        };
        let text = |origin| match read(&message(origin)).remove(0).event {
            Event::Text { text, .. } => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text(json!({ "type": "hidden_user", "date": 3 })), "");
        assert_eq!(text(Value::Null), "/maintenance 4h");
    }

    #[test]
    fn what_is_not_understood_keeps_its_number() {
        let updates = read(&json!([
            { "update_id": 5, "message": { "date": 7, "text": "/status", "from": { "id": 1 }, "chat": { "id": 1, "type": "private" } } },
            { "update_id": 6, "edited_message": {} },
            { "update_id": 7, "callback_query": { "id": "x", "from": { "id": 1 }, "data": "d",
                "message": { "message_id": 9, "date": 0, "chat": { "id": 1, "type": "private" } } } },
            "nonsense",
        ]));
        let ids: Vec<i64> = updates.iter().map(|update| update.id).collect();
        assert_eq!(ids, [5, 6, 7]);
        assert_eq!(updates[1].event, Event::Other);
        assert!(
            matches!(&updates[0].event, Event::Text { at: UnixMillis(7_000), text, .. } if text == "/status")
        );
        assert!(matches!(&updates[2].event, Event::Press { under: None, .. }));
    }
}

//! A private chat between one person and one bot, as the person sees it.
//! It keeps what was deleted and what stood there before an edit: tests account by it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{MessageId, UserId};

/// Presses that are kept of one chat.
const PRESSES_MAX: usize = 1_000;

/// One private chat.
#[derive(Serialize, Deserialize)]
pub struct Chat {
    pub person: UserId,
    /// Whether the person ever wrote to the bot; before that the bot may not write.
    pub started: bool,
    /// Whether the person blocked the bot.
    pub blocked: bool,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The reply keyboard under the text box: the markup as the bot sent it.
    pub keyboard: Option<Value>,
    /// Button presses, oldest first, with the bot's answers.
    pub presses: Vec<Press>,
    /// Pinned messages, newest last.
    pub pinned: Vec<MessageId>,
    /// What the bot is doing ("typing") and when it said so.
    pub action: Option<(Timestamp, String)>,
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Bot,
    Person,
}

/// The words of a message: its text or its caption.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    pub text: String,
    /// `MessageEntity` objects, offsets in UTF-16 units.
    pub entities: Vec<Value>,
}

/// What a message carries beside words.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// The file id of the full picture.
    Photo(String),
    /// The file id of a document.
    Document(String),
}

/// One message.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub author: Author,
    pub date: Timestamp,
    pub edited: Option<Timestamp>,
    pub words: Words,
    pub media: Option<Media>,
    /// Rows of `InlineKeyboardButton` objects.
    pub buttons: Vec<Vec<Value>>,
    pub reply_to: Option<MessageId>,
    /// `MessageOrigin` of a forwarded message.
    pub origin: Option<Value>,
    pub protected: bool,
    pub deleted: bool,
    pub history: Vec<Former>,
}

/// What a message said before an edit.
#[derive(Clone, Serialize, Deserialize)]
pub struct Former {
    pub text: String,
    /// What it carried beside the words.
    #[serde(default)]
    pub media: Option<Media>,
    pub buttons: Vec<Vec<Value>>,
    /// When it was replaced.
    pub until: Timestamp,
}

/// A press of an inline button.
#[derive(Clone, Serialize, Deserialize)]
pub struct Press {
    /// The callback query's id.
    pub id: String,
    pub message_id: MessageId,
    pub data: String,
    pub at: Timestamp,
    pub answer: Option<Toast>,
}

/// What `answerCallbackQuery` showed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Toast {
    pub text: Option<String>,
    pub show_alert: bool,
    pub url: Option<String>,
    pub at: Timestamp,
}

impl Chat {
    /// An empty chat.
    pub fn new(person: UserId) -> Chat {
        Chat {
            person,
            started: false,
            blocked: false,
            messages: Vec::new(),
            keyboard: None,
            presses: Vec::new(),
            pinned: Vec::new(),
            action: None,
        }
    }

    /// A message that is still there.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages
            .iter()
            .find(|message| message.id == id && !message.deleted)
    }

    /// As [`Chat::message`], to change it.
    pub fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages
            .iter_mut()
            .find(|message| message.id == id && !message.deleted)
    }

    /// Remembers a press; the oldest are forgotten.
    pub fn push_press(&mut self, press: Press) {
        if self.presses.len() >= PRESSES_MAX {
            self.presses.remove(0);
        }
        self.presses.push(press);
    }
}

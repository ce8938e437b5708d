//! Messages to Telegram as rows, stored in the transaction that decided them, and what may be done with each when
//! nobody knows whether it arrived.
//! Plain data: it knows no HTTP and no library; `telegram::send` empties it.

pub mod on_broadcast;
pub mod press;
pub mod rich;
pub mod split;
pub mod store;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shop::{
    customer::{CustomerId, Language},
    order::OrderId,
};
use press::Press;
use rich::Rich;

/// Between two messages in one chat (Telegram's FAQ for bots: one a second), with a little to spare for the way there.
pub const CHAT_EVERY: Duration = Duration::from_millis(1_050);

/// A message's number in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub i64);

/// A message's number in its chat, as Telegram gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub i32);

/// Who goes first when the limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits for it with the phone in the hand; goods.
    Interactive,
    /// Matters, and may wait a little.
    Notice,
    /// To many.
    Broadcast,
}

/// What is done when nobody knows whether a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Sent again until it is known: an edit, an empty frame, an answer to a button.
    Harmless,
    /// Sent again once.
    Notice,
    /// Never sent again.
    Once,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The small word that ends a button's waiting.
    Answer,
    /// A page that a person asked for.
    Screen,
    /// Something a person did not ask for.
    Notice,
    /// The picture to pay with.
    Qr,
    /// The empty frame for goods.
    Placeholder,
    /// The goods, put into their frame.
    Goods,
    /// Another change of an own message.
    Edit,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What is on it.
    pub label: String,
    /// What it does.
    pub press: Press,
}

impl Button {
    /// A button.
    #[must_use]
    pub fn new(label: impl Into<String>, press: Press) -> Self {
        Self {
            label: label.into(),
            press,
        }
    }
}

/// Rows of buttons; none is no keyboard.
pub type Keyboard = Vec<Vec<Button>>;

/// A text message with its buttons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// The words.
    pub words: Rich,
    /// The buttons.
    pub keyboard: Keyboard,
}

/// What goes to Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outgoing {
    /// A new text message.
    Text(Screen),
    /// A new picture of a QR with words under it.
    Qr {
        /// The text in the QR.
        qr: String,
        /// The words and buttons.
        caption: Screen,
    },
    /// A new picture that Telegram has already, with words under it.
    Photo {
        /// Telegram's own name of the picture.
        photo: String,
        /// The words and buttons.
        caption: Screen,
    },
    /// A new document of a few words that the shop writes itself: the empty frame for goods that are a file.
    Note {
        /// The document's name.
        name: String,
        /// What is in it.
        text: String,
        /// The words and buttons under it.
        caption: Screen,
    },
    /// Other words in a text message of ours; a new message when that one is gone.
    EditText(Screen),
    /// Other words under a picture or a document of ours.
    EditCaption(Screen),
    /// A part of the goods of the row's order, read from the stock at the last moment so that they lie in no second place.
    Goods {
        /// What the words around them are in.
        language: Language,
    },
    /// The end of a button's waiting.
    Answer {
        /// Telegram's number of the press.
        callback_id: String,
        /// A word to show, if any; at most 200 characters.
        toast: Option<String>,
        /// Whether the word stays until it is tapped away.
        #[serde(default)]
        stays: bool,
    },
}

/// Which message an edit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A message that Telegram has numbered.
    Message(MessageId),
    /// A message of ours that may still be on its way.
    Send(SendId),
}

/// A message that is to go out.
#[derive(Clone, Debug)]
pub struct NewSend {
    /// To whom.
    pub chat: CustomerId,
    /// How urgent.
    pub lane: Lane,
    /// What to do when in doubt.
    pub policy: Policy,
    /// What for.
    pub purpose: Purpose,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// Which part of the order's goods it holds or is the frame for, from 0; 0 for everything else.
    pub part: u32,
    /// The message that it changes; `None` for a new one.
    pub target: Option<Target>,
    /// How long it lets others go first.
    pub delay: Duration,
    /// What.
    pub outgoing: Outgoing,
}

impl NewSend {
    /// A page that somebody asked for, as a new message. Twice is harmless, not at all is a dead end.
    #[must_use]
    pub fn screen(chat: CustomerId, screen: Screen) -> Self {
        Self {
            chat,
            lane: Lane::Interactive,
            policy: Policy::Harmless,
            purpose: Purpose::Screen,
            order: None,
            part: 0,
            target: None,
            delay: Duration::ZERO,
            outgoing: Outgoing::Text(screen),
        }
    }

    /// A page that somebody asked for, in the place of the message that was pressed.
    #[must_use]
    pub fn screen_in_place(chat: CustomerId, message: MessageId, screen: Screen) -> Self {
        Self {
            policy: Policy::Harmless,
            purpose: Purpose::Edit,
            target: Some(Target::Message(message)),
            outgoing: Outgoing::EditText(screen),
            ..Self::screen(chat, Screen::default())
        }
    }

    /// Something that a person did not ask for.
    #[must_use]
    pub fn notice(chat: CustomerId, order: Option<OrderId>, screen: Screen) -> Self {
        Self {
            lane: Lane::Notice,
            policy: Policy::Notice,
            purpose: Purpose::Notice,
            order,
            ..Self::screen(chat, screen)
        }
    }

    /// The end of a button's waiting, with a word or without.
    #[must_use]
    pub fn answer(chat: CustomerId, callback_id: &str, toast: Option<String>, stays: bool) -> Self {
        Self {
            policy: Policy::Harmless,
            purpose: Purpose::Answer,
            outgoing: Outgoing::Answer {
                callback_id: callback_id.to_owned(),
                toast,
                stays,
            },
            ..Self::screen(chat, Screen::default())
        }
    }
}

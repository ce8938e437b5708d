//! The ids of the pretend world, one type each so that they cannot be mixed up.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A bot: the digits before the colon of its token.
    BotId
);
id!(
    /// A person. Telegram uses the same number for the private chat with that person.
    UserId
);
id!(
    /// A message. Unique within one bot, as in Telegram's private chats.
    MessageId
);
id!(
    /// An update. Unique and rising within one bot.
    UpdateId
);

//! Who buys: a Telegram number and a language, and nothing else about the person.

pub mod store;

use serde::{Deserialize, Serialize};

/// A Telegram user's number; in a private chat also the chat's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i64);

/// The languages that the shop speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

impl Language {
    /// Every language with the code that stores and files use.
    pub const ALL: [(&'static str, Self); 2] = [("id", Self::Indonesian), ("en", Self::English)];

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    /// The language of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == code)
            .map(|(_, language)| language)
    }
}

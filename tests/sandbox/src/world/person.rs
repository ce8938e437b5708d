//! A person who chats with bots.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::id::UserId;

/// What Telegram tells bots about a person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub id: UserId,
    /// 1–64 characters.
    pub first_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// An IETF tag such as `id` or `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
}

impl Person {
    /// What is wrong with this person, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        match self.first_name.chars().count() {
            _ if self.id.0 <= 0 => Some("id must be a positive number"),
            1..=64 => None,
            _ => Some("first_name must have 1 to 64 characters"),
        }
    }

    /// The `User` object of the Bot API.
    pub fn as_user(&self) -> Value {
        let mut user = self.as_named();
        user["is_bot"] = json!(false);
        if let Some(code) = &self.language_code {
            user["language_code"] = json!(code);
        }
        user
    }

    /// The private `Chat` object of the Bot API.
    pub fn as_chat(&self) -> Value {
        let mut chat = self.as_named();
        chat["type"] = json!("private");
        chat
    }

    fn as_named(&self) -> Value {
        let mut named = json!({ "id": self.id, "first_name": self.first_name });
        if let Some(name) = &self.last_name {
            named["last_name"] = json!(name);
        }
        if let Some(name) = &self.username {
            named["username"] = json!(name);
        }
        named
    }
}

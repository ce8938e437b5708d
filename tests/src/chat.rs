//! One person's chat with one bot, read and used as a person does: by what is written and by buttons' labels.
//! It never looks at what a button sends.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{http, wait::until};

/// How long a person waits for the shop on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A chat.
#[derive(Clone)]
pub struct Chat {
    url: String,
    /// The person's number.
    pub user: i64,
}

/// A message that the bot wrote and that is still there.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its number in the chat.
    pub id: i64,
    /// Text or caption as it stands now.
    pub text: String,
    /// The labels of its buttons.
    pub labels: Vec<String>,
    /// Whether it is a picture.
    pub is_photo: bool,
    /// The name of the document that it is.
    pub document: Option<String>,
}

impl Chat {
    pub(crate) fn new(url: String, user: i64) -> Self {
        Self { url, user }
    }

    /// Lets the bot write here though nothing was written to it.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn open(&self) -> Result<()> {
        self.act("open", &json!({}))
    }

    /// Types a text.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn say(&self, text: &str) -> Result<()> {
        self.act("text", &json!({ "text": text }))
    }

    /// Sends a file as it is.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn send_file(&self, name: &str, bytes: &[u8], caption: &str) -> Result<()> {
        let query = [("name", name), ("caption", caption)];
        let sent = http::post_file(&format!("{}/document", self.url), &query, bytes);
        sent.map(drop)
            .with_context(|| format!("user {} sends the file {name}", self.user))
    }

    /// Deletes a message for both.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn delete(&self, message: i64) -> Result<()> {
        self.act("delete", &json!({ "message_id": message }))
    }

    /// What the bot wrote and did not delete, oldest first; empty while the sandbox does not answer.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let chat = http::get(&self.url).unwrap_or_default();
        let all = chat["messages"].as_array().into_iter().flatten();
        let from_bot = all.filter(|message| message["from"] == "bot" && message["deleted"] != true);
        from_bot.map(Message::read).collect()
    }

    /// Everything that the bot ever showed here: also what was edited away or deleted.
    #[must_use]
    pub fn everything_ever_shown(&self) -> Vec<String> {
        let chat = http::get(&self.url).unwrap_or_default();
        let all = chat["messages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|message| message["from"] == "bot");
        let texts = |message: &Value| {
            let former = message["history"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|old| old.to_string());
            former
                .chain([message["text"].to_string(), message["buttons"].to_string()])
                .collect::<Vec<_>>()
        };
        let toasts = chat["presses"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|press| press["answer"].to_string());
        all.flat_map(texts).chain(toasts).collect()
    }

    /// The newest text that holds `part`.
    #[must_use]
    pub fn newest_that_says(&self, part: &str) -> Option<String> {
        self.messages()
            .into_iter()
            .rev()
            .find(|message| message.text.contains(part))
            .map(|message| message.text)
    }

    /// Waits until a message holds `part`.
    ///
    /// # Panics
    /// After [`PATIENCE`], with what stands there instead.
    #[track_caller]
    pub fn wait_for(&self, part: &str) -> Message {
        self.wait(&format!("'{part}'"), |message| message.text.contains(part))
    }

    /// Waits until a message fits.
    ///
    /// # Panics
    /// After [`PATIENCE`], with what stands there instead.
    #[track_caller]
    pub fn wait(&self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let mut seen = Vec::new();
        let ask = || {
            seen = self.messages();
            seen.iter().rev().find(|message| fits(message)).cloned()
        };
        crate::wait::within(PATIENCE, ask).unwrap_or_else(|| {
            panic!(
                "user {} waited in vain for {what}; the chat shows: {seen:#?}",
                self.user
            )
        })
    }

    /// Waits for a button whose label holds `part`, in the newest message that has one, and presses it.
    ///
    /// # Panics
    /// After [`PATIENCE`].
    #[track_caller]
    pub fn press(&self, part: &str) {
        let what = format!("pressing the button '{part}'");
        until(&what, PATIENCE, || self.press_now(part));
    }

    /// Presses the button in the newest message that has one; `None` while there is none.
    #[must_use]
    pub fn press_now(&self, part: &str) -> Option<()> {
        let message = self
            .messages()
            .into_iter()
            .rev()
            .find(|message| message.label(part).is_some())?;
        let press = json!({ "message_id": message.id, "label": message.label(part) });
        // The bot may take the button away between reading and pressing, as for a person.
        self.act("press", &press).ok()
    }

    /// How often the person typed a text.
    #[must_use]
    pub fn times_said(&self, text: &str) -> usize {
        let chat = http::get(&self.url).unwrap_or_default();
        let all = chat["messages"].as_array().into_iter().flatten();
        all.filter(|message| message["from"] == "user" && message["text"] == text)
            .count()
    }

    fn act(&self, verb: &str, body: &Value) -> Result<()> {
        let acted = http::post(&format!("{}/{verb}", self.url), body);
        acted
            .map(drop)
            .with_context(|| format!("user {} does: {verb} {body}", self.user))
    }
}

impl Message {
    fn read(message: &Value) -> Self {
        let rows = message["buttons"].as_array().into_iter().flatten();
        let buttons = rows.flat_map(|row| row.as_array().into_iter().flatten());
        Self {
            id: message["message_id"].as_i64().unwrap_or_default(),
            text: message["text"].as_str().unwrap_or_default().to_owned(),
            labels: buttons
                .filter_map(|button| Some(button["text"].as_str()?.to_owned()))
                .collect(),
            is_photo: message["photo"].is_object(),
            document: message["document"]["name"].as_str().map(str::to_owned),
        }
    }

    /// The whole label of the first button that holds `part`.
    #[must_use]
    pub fn label(&self, part: &str) -> Option<&str> {
        self.labels
            .iter()
            .map(String::as_str)
            .find(|label| label.contains(part))
    }
}

//! A call whose parameters have passed the table, and typed access to them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{answer::Refusal, params::Params, params::Upload, table::Method};
use crate::world::{
    World,
    bot::Bot,
    id::{BotId, MessageId, UserId},
};

/// Parameters that passed the table.
pub struct Args {
    values: Map<String, Value>,
    uploads: HashMap<String, Upload>,
}

/// One call under the lock.
pub struct Call<'a> {
    pub world: &'a mut World,
    pub bot: BotId,
    pub args: &'a Args,
    pub now: Timestamp,
}

impl Args {
    /// Holds parameters against the table, strictly.
    pub fn check(method: &Method, params: Params) -> Result<Args, Refusal> {
        let mut values = Map::new();
        let mut uploads = HashMap::new();
        for (name, value) in params.values {
            // Clients leave out what is unset, or send null.
            if value.is_null() {
                continue;
            }
            let field = method.fields.iter().find(|field| field.name == name);
            let field = field.ok_or_else(|| {
                Refusal::bad_request(format!("method {} has no parameter \"{name}\"", method.name))
            })?;
            values.insert(
                name.clone(),
                field.kind.read(&name, value).map_err(Refusal::bad_request)?,
            );
        }
        for (name, upload) in params.uploads {
            // A file may stand for the parameter itself, or be named by `attach://`.
            if method.fields.iter().any(|field| field.name == name) {
                values.insert(name.clone(), Value::from(format!("attach://{name}")));
            }
            uploads.insert(name, upload);
        }
        match method
            .fields
            .iter()
            .find(|field| field.required && !values.contains_key(field.name))
        {
            Some(missing) => Err(Refusal::bad_request(missing_text(missing.name))),
            None => Ok(Args { values, uploads }),
        }
    }

    /// Any value.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    /// A number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(Value::as_i64)
    }

    /// A boolean; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A list; absent is empty.
    pub fn list(&self, name: &str) -> &[Value] {
        self.value(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// An uploaded file.
    pub fn upload(&self, name: &str) -> Option<&Upload> {
        self.uploads.get(name)
    }

    /// The person a private chat id stands for.
    pub fn person(&self, name: &str) -> Option<UserId> {
        let value = self.value(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .map(UserId)
    }

    /// The id in the parameter `message_id`.
    pub fn message_id(&self) -> Option<MessageId> {
        self.int("message_id").map(MessageId)
    }

    /// Everything, as the record keeps it: files by name and size.
    pub fn as_json(&self) -> Value {
        let mut values = self.values.clone();
        for (name, upload) in &self.uploads {
            values.insert(
                name.clone(),
                serde_json::json!({ "file": upload.name, "size_bytes": upload.bytes.len() }),
            );
        }
        Value::Object(values)
    }
}

/// What the real server says of the parameters that are forgotten most.
fn missing_text(name: &str) -> String {
    match name {
        "text" => "message text is empty".into(),
        "chat_id" => "chat_id is empty".into(),
        "photo" => "there is no photo in the request".into(),
        "document" => "there is no document in the request".into(),
        "message_id" => "message identifier is not specified".into(),
        name => format!("parameter \"{name}\" is required"),
    }
}

impl Call<'_> {
    /// The calling bot.
    pub fn bot(&self) -> &Bot {
        self.world.bot(self.bot)
    }

    /// As [`Call::bot`], to change it.
    pub fn bot_mut(&mut self) -> &mut Bot {
        self.world.bot_mut(self.bot)
    }

    /// The person of `chat_id`, whoever it is, as long as Telegram knows them.
    pub fn known_person(&self) -> Result<UserId, Refusal> {
        let person = self
            .args
            .person("chat_id")
            .filter(|person| self.world.people.contains_key(person));
        person.ok_or_else(|| Refusal::bad_request("chat not found"))
    }

    /// The person of `chat_id`, if the bot may write to them.
    pub fn reachable_person(&self) -> Result<UserId, Refusal> {
        let person = self.known_person()?;
        match self.bot().chats.get(&person) {
            Some(chat) if chat.blocked => Err(Refusal::forbidden("bot was blocked by the user")),
            Some(chat) if chat.started => Ok(person),
            _ => Err(Refusal::forbidden("bot can't initiate conversation with a user")),
        }
    }
}

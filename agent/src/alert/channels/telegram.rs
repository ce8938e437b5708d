//! One message to one chat by the Bot API, with the owner's own bot.
//! Plain text only: nothing that it sends is markup. The token is in the address, so no address is ever in an error.

use std::time::Duration;

use protocol::secret::Secret;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Button, Letter, Outcome, RETRY_AFTER_MAX, TIMEOUT, read_answer, short, unanswered};

/// What Telegram calls a chat with one person alone.
const PRIVATE: &str = "private";
const NOT_PRIVATE: &str = "this chat is not a private one: correct [owner] chat_ids";

/// The owner's bot.
pub struct Telegram {
    client: reqwest::Client,
    api_url: String,
    token: Secret,
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    result: Option<Sent>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

impl Telegram {
    /// The Bot API at that address, without a slash at its end, with that token.
    #[must_use]
    pub fn new(client: reqwest::Client, api_url: &str, token: Secret) -> Self {
        Self {
            client,
            api_url: api_url.to_owned(),
            token,
        }
    }

    /// Tries once. Takes at most 20 s.
    pub async fn send(&self, letter: &Letter<'_>) -> Outcome {
        let mut body = body(letter);
        if let Some(message_id) = letter.reply_to {
            // The owner may have deleted the first message; this one must come all the same.
            body["reply_parameters"] =
                json!({ "message_id": message_id, "allow_sending_without_reply": true });
        }
        body["disable_notification"] = json!(!letter.loud);
        self.call("sendMessage", &body).await
    }

    /// Changes a message of this chat. Takes at most 20 s.
    pub async fn edit(&self, letter: &Letter<'_>, message_id: i64) -> Outcome {
        let mut body = body(letter);
        body["message_id"] = json!(message_id);
        match self.call("editMessageText", &body).await {
            // It says already what it should.
            Outcome::Refused(why) if why.contains("message is not modified") => {
                Outcome::Sent { message_id: None }
            }
            // It is the same message as before, and keeps its number where that is stored.
            Outcome::Sent { .. } => Outcome::Sent { message_id: None },
            other => other,
        }
    }

    /// Whether the chat is a private one; then sends silently, and deletes it again.
    pub async fn test(&self, letter: &Letter<'_>) -> Outcome {
        if self.chat(letter.chat_id).await.is_ok_and(|kind| kind != PRIVATE) {
            return Outcome::Refused(NOT_PRIVATE.to_owned());
        }
        let quiet = Letter {
            loud: false,
            ..letter.clone()
        };
        let outcome = self.send(&quiet).await;
        if let Outcome::Sent {
            message_id: Some(message_id),
        } = outcome
        {
            let body = json!({ "chat_id": letter.chat_id, "message_id": message_id });
            // It arrived, which was the question; one that stays is a blemish and no fault.
            let deleted = self.call("deleteMessage", &body).await;
            tracing::debug!(?deleted, "the test message was deleted");
        }
        outcome
    }

    /// Whether Telegram knows the token, and the bot the chat, which must be a private one. Nothing is sent into it.
    pub async fn reach(&self, chat_id: i64) -> Outcome {
        match self.chat(chat_id).await {
            Ok(kind) if kind == PRIVATE => Outcome::Sent { message_id: None },
            Ok(_) => Outcome::Refused(NOT_PRIVATE.to_owned()),
            Err(outcome) => outcome,
        }
    }

    /// What kind of chat this is, as only a private one may be the owner's.
    async fn chat(&self, chat_id: i64) -> Result<String, Outcome> {
        let (status, body) = self.post("getChat", &json!({ "chat_id": chat_id })).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match answer["result"]["type"].as_str() {
            Some(kind) if answer["ok"] == true => Ok(kind.to_owned()),
            _ => Err(outcome(status, &body)),
        }
    }

    async fn call(&self, method: &str, body: &Value) -> Outcome {
        match self.post(method, body).await {
            Ok((status, body)) => outcome(status, &body),
            Err(outcome) => outcome,
        }
    }

    async fn post(&self, method: &str, body: &Value) -> Result<(StatusCode, Vec<u8>), Outcome> {
        let address = format!("{}/bot{}/{method}", self.api_url, self.token.expose());
        let request = self.client.post(address).timeout(TIMEOUT).json(body);
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status();
        Ok((status, read_answer(response).await?))
    }
}

fn body(letter: &Letter<'_>) -> Value {
    let mut body = json!({ "chat_id": letter.chat_id, "text": letter.text });
    if !letter.buttons.is_empty() {
        let button = |button: &Button| json!({ "text": button.label, "callback_data": button.data });
        let row = |row: &Vec<Button>| row.iter().map(button).collect::<Vec<Value>>();
        let rows: Vec<Vec<Value>> = letter.buttons.iter().map(row).collect();
        body["reply_markup"] = json!({ "inline_keyboard": rows });
    }
    body
}

/// A proxy between us and Telegram may answer with a page of its own: then only the status speaks.
fn outcome(status: StatusCode, body: &[u8]) -> Outcome {
    let answer: Option<Answer> = serde_json::from_slice(body).ok();
    if let Some(Answer {
        ok: true,
        result: Some(Sent { message_id }),
        ..
    }) = answer
    {
        return Outcome::Sent {
            message_id: Some(message_id),
        };
    }
    let (description, parameters) = match answer {
        Some(answer) => (answer.description, answer.parameters),
        None => (None, None),
    };
    let why = format!("{status}: {}", short(&description.unwrap_or_default()));
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = parameters
            .and_then(|parameters| parameters.retry_after)
            .unwrap_or(1);
        return Outcome::RetryAfter(Duration::from_secs(seconds.max(1)).min(RETRY_AFTER_MAX));
    }
    if status.is_server_error() || status.is_success() {
        return Outcome::Unknown(why);
    }
    Outcome::Refused(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Outcome {
        outcome(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn only_an_answer_with_a_message_counts_as_sent() {
        assert_eq!(
            of(200, r#"{"ok":true,"result":{"message_id":7}}"#),
            Outcome::Sent { message_id: Some(7) }
        );
        for strange in ["", "<html>", r#"{"ok":true}"#, r#"{"ok":true,"result":{}}"#] {
            assert!(matches!(of(200, strange), Outcome::Unknown(_)), "{strange}");
        }
    }

    #[test]
    fn every_failure_has_its_class() {
        let flood = r#"{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":5}}"#;
        assert_eq!(of(429, flood), Outcome::RetryAfter(Duration::from_secs(5)));
        assert_eq!(of(429, ""), Outcome::RetryAfter(Duration::from_secs(1)));
        for refused in [400, 401, 403, 404, 301] {
            assert!(matches!(of(refused, ""), Outcome::Refused(_)), "{refused}");
        }
        for unknown in [500, 502, 504] {
            assert!(matches!(of(unknown, ""), Outcome::Unknown(_)), "{unknown}");
        }
    }

    #[tokio::test]
    async fn no_error_names_the_token() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        // Port 9 on loopback refuses.
        let telegram = Telegram::new(client, "http://127.0.0.1:9", Secret::new("123:canary"));
        let letter = Letter {
            id: 1,
            chat_id: 1,
            headline: "text",
            text: "text",
            severity: protocol::incident::Severity::Info,
            loud: false,
            buttons: &[],
            reply_to: None,
        };
        let outcome = telegram.send(&letter).await;
        assert!(
            matches!(&outcome, Outcome::NotSent(why) if !why.contains("canary")),
            "{outcome:?}"
        );
    }
}

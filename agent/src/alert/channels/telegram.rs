//! One message to one chat by the Bot API, with the owner's own bot.
//! Plain text only: nothing that it sends is markup. The token is in the address, so no address is ever in an error.

use std::time::Duration;

use protocol::secret::Secret;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::Outcome;

/// Longer than Telegram takes on a bad day; after it nobody knows whether the message arrived.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Telegram's answers to sendMessage are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Telegram asks for seconds, rarely minutes; more is obeyed up to here.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);
const DESCRIPTION_CHARS_MAX: usize = 200;

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

    /// Tries once. `text` holds 1 to 4,096 UTF-16 units. Takes at most 20 s.
    pub async fn send(&self, chat_id: i64, text: &str, reply_to: Option<i64>) -> Outcome {
        let mut body = json!({ "chat_id": chat_id, "text": text });
        if let Some(message_id) = reply_to {
            // The owner may have deleted the first message; this one must come all the same.
            body["reply_parameters"] =
                json!({ "message_id": message_id, "allow_sending_without_reply": true });
        }
        let address = format!("{}/bot{}/sendMessage", self.api_url, self.token.expose());
        match self
            .client
            .post(address)
            .timeout(TIMEOUT)
            .json(&body)
            .send()
            .await
        {
            Ok(response) => outcome_of_answer(response).await,
            Err(error) if error.is_connect() || error.is_builder() => Outcome::NotSent(told(error)),
            Err(error) => Outcome::Unknown(told(error)),
        }
    }
}

async fn outcome_of_answer(mut response: Response) -> Outcome {
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Outcome::Unknown(format!("the answer (status {status}) is too long")),
            Ok(None) => return outcome(status, &body),
            Err(error) => return Outcome::Unknown(told(error)),
        }
    }
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
        return Outcome::Sent { message_id };
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

/// The error and its causes in one line, without the address.
fn told(error: reqwest::Error) -> String {
    short(&format!("{:#}", anyhow::Error::from(error.without_url())))
}

fn short(text: &str) -> String {
    text.chars()
        .filter(|char| !char.is_control())
        .take(DESCRIPTION_CHARS_MAX)
        .collect()
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
            Outcome::Sent { message_id: 7 }
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
        let outcome = telegram.send(1, "text", None).await;
        assert!(
            matches!(&outcome, Outcome::NotSent(why) if !why.contains("canary")),
            "{outcome:?}"
        );
    }
}

//! One message to a topic at a server of ntfy, by its JSON publishing (docs.ntfy.sh/publish, "Publish as JSON").
//! Who knows the topic reads the messages: it goes in the body and never into an address, a log or an error.

use protocol::{incident::Severity, secret::Secret};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Letter, Outcome, TIMEOUT, of_status, read_answer, retry_after_s, short, there, unanswered};

/// What is longer the server turns into an attachment, which nobody reads in the street.
const MESSAGE_BYTES_MAX: usize = 3_900;
const TITLE_CHARS_MAX: usize = 200;

/// A topic.
pub struct Ntfy {
    client: reqwest::Client,
    url: String,
    topic: Secret,
    token: Option<Secret>,
}

impl Ntfy {
    /// The topic at the server with that address, without a slash at its end.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &str, topic: &Secret, token: Option<&Secret>) -> Self {
        Self {
            client,
            url: url.to_owned(),
            topic: Secret::new(topic.expose()),
            token: token.map(|token| Secret::new(token.expose())),
        }
    }

    /// Tries once. Takes at most 20 s.
    pub async fn send(&self, letter: &Letter<'_>) -> Outcome {
        self.publish(self.body(letter, priority(letter)), true).await
    }

    /// At the lowest priority, and not kept by the server.
    pub async fn test(&self, letter: &Letter<'_>) -> Outcome {
        self.publish(self.body(letter, 1), false).await
    }

    /// Whether the server answers, by its own question for that.
    pub async fn reach(&self) -> Outcome {
        let address = format!("{}/v1/health", self.url);
        there(self.client.get(address).timeout(TIMEOUT).send().await)
    }

    fn body(&self, letter: &Letter<'_>, priority: u8) -> Value {
        let title: String = letter.headline.chars().take(TITLE_CHARS_MAX).collect();
        json!({
            "topic": self.topic.expose(),
            "title": title,
            "message": cut(letter.text),
            "priority": priority,
        })
    }

    async fn publish(&self, body: Value, is_kept: bool) -> Outcome {
        let mut request = self.client.post(&self.url).timeout(TIMEOUT).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        if !is_kept {
            request = request.header("Cache", "no");
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unanswered(error),
        };
        let (status, patience_s) = (response.status(), retry_after_s(&response));
        let answer = match read_answer(response).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        let said: Option<Value> = serde_json::from_slice(&answer).ok();
        if status.is_success() {
            return published(status, answer.is_empty(), said.as_ref());
        }
        let field = |name: &str| said.as_ref().and_then(|said| said[name].as_str());
        let why = format!("{status}: {}", short(field("error").unwrap_or_default()));
        of_status(status, why, patience_s.or(Some(60)))
    }
}

/// What a success means. A message that has a number there was published. A relay in ntfy's place may say anything or
/// nothing, and has taken it by its status; a page for people, such as a login or a network's welcome, has not, and a
/// refusal that calls itself a success is one.
fn published(status: StatusCode, is_empty: bool, said: Option<&Value>) -> Outcome {
    let field = |name: &str| said.and_then(|said| said[name].as_str());
    match (field("id"), field("error"), said) {
        (Some(_), _, _) => Outcome::Sent { message_id: None },
        (None, Some(error), _) => Outcome::Refused(format!("{status}: {}", short(error))),
        (None, None, None) if !is_empty => {
            Outcome::Refused(format!("{status}: a page and no answer of ntfy's"))
        }
        (None, None, _) => Outcome::Taken(format!("{status}: the answer is not ntfy's")),
    }
}

fn priority(letter: &Letter<'_>) -> u8 {
    match (letter.severity, letter.loud) {
        (Severity::Critical, true) => 5,
        (Severity::Warning, true) => 4,
        (Severity::Info, true) => 3,
        (_, false) => 2,
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MESSAGE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

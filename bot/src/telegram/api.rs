//! The wire to Telegram: teloxide's types on a client that keeps what a shop must know of a failure, namely whether
//! the request may have had an effect. (teloxide's own client hides the status and waits ten seconds on a 5xx.)
//! It never repeats a call by itself, and the token, which is part of every address, never gets into an error.

use std::time::Duration;

use protocol::secret::Secret;
use reqwest::{Client, RequestBuilder, multipart::Form};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use teloxide::requests::Payload;
use thiserror::Error;

use super::line::Line;
use crate::clock::now;

/// A call may take this long, an upload included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A connection may take this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer: a hundred long updates fit.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How a call ended that gave no result. Each variant is a decision.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CallError {
    /// It had no effect: Telegram was not reached at all.
    #[error("Telegram was not reached: {0}")]
    NotReached(&'static str),
    /// It had no effect: too fast; again after this long.
    #[error("Telegram wants {0:?} of quiet")]
    TooFast(Duration),
    /// It had no effect: Telegram said no, with this code and reason.
    #[error("Telegram said no ({code}): {reason}")]
    Refused {
        /// 400, 401, 403, 404, 409.
        code: i64,
        /// Telegram's own words; they hold no token.
        reason: String,
    },
    /// Telegram answered that it has a fault of its own: it hardly had an effect, and may have had one.
    #[error("Telegram has a fault of its own")]
    Faulty,
    /// Nobody knows: the answer did not come, or was none.
    #[error("nobody knows whether Telegram did it: {0}")]
    InDoubt(&'static str),
}

#[derive(Deserialize)]
struct Answer<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error_code: Option<i64>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

/// The shop's bot on Telegram.
pub struct Api {
    http: Client,
    /// Address and token: a secret as a whole.
    base: Secret,
    line: Line,
}

impl Api {
    /// A client for one token.
    ///
    /// # Errors
    /// When the system gives no TLS.
    pub fn new(api_url: &str, token: &Secret) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let base = Secret::new(&format!(
            "{}/bot{}",
            api_url.trim_end_matches('/'),
            token.expose()
        ));
        Ok(Self {
            http,
            base,
            line: Line::default(),
        })
    }

    /// What is known of the line to Telegram.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Calls a method of teloxide's types. Answers the result's JSON.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<Box<RawValue>, CallError> {
        self.call_json(P::NAME, payload, Duration::ZERO).await
    }

    /// Calls a method with parameters of our own, for what must be kept as raw JSON. `held`: how long Telegram is
    /// asked to hold the answer back.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call_json(
        &self,
        method: &str,
        parameters: &impl Serialize,
        held: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let result = run(self.post(method).timeout(TIMEOUT + held).json(parameters)).await;
        self.line.called(method, &result, now());
        result
    }

    /// Calls a method with a file.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn upload(&self, method: &str, form: Form) -> Result<Box<RawValue>, CallError> {
        let result = run(self.post(method).timeout(TIMEOUT).multipart(form)).await;
        self.line.called(method, &result, now());
        result
    }

    fn post(&self, method: &str) -> RequestBuilder {
        let mut letters = method.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        let method: String = first.into_iter().chain(letters).collect();
        self.http.post(format!("{}/{method}", self.base.expose()))
    }
}

async fn run(request: RequestBuilder) -> Result<Box<RawValue>, CallError> {
    let mut response = request.send().await.map_err(|error| without_effect(&error))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| CallError::InDoubt("the answer broke off"))?
    {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::InDoubt("the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_server_error() {
        return Err(CallError::Faulty);
    }
    read(&body)
}

fn read(body: &[u8]) -> Result<Box<RawValue>, CallError> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        return Err(CallError::InDoubt("the answer is none of Telegram's"));
    };
    match (answer.ok, answer.result) {
        (true, Some(result)) => Ok(result.to_owned()),
        (true, None) => Err(CallError::InDoubt("the answer has no result")),
        (false, _) => {
            let code = answer.error_code.unwrap_or(0);
            let retry_after = answer.parameters.and_then(|parameters| parameters.retry_after);
            Err(match (code, retry_after) {
                (429, seconds) => {
                    CallError::TooFast(Duration::from_secs(seconds.unwrap_or(5).clamp(1, 86_400)))
                }
                (500.., _) => CallError::Faulty,
                _ => {
                    let reason = answer.description.unwrap_or_default().chars().take(200).collect();
                    CallError::Refused { code, reason }
                }
            })
        }
    }
}

/// Only what failed before the request left is certain to have had no effect.
fn without_effect(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::NotReached("no connection")
    } else if error.is_builder() {
        CallError::NotReached("the address in bot.toml is none")
    } else if error.is_timeout() {
        CallError::InDoubt("no answer in time")
    } else {
        CallError::InDoubt("the connection broke")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_a_decision() {
        assert_eq!(
            read(br#"{"ok":true,"result":{"message_id":7}}"#).unwrap().get(),
            r#"{"message_id":7}"#
        );
        let too_fast = br#"{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":7}}"#;
        assert_eq!(
            read(too_fast).unwrap_err(),
            CallError::TooFast(Duration::from_secs(7))
        );
        let blocked =
            br#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
        assert!(matches!(read(blocked), Err(CallError::Refused { code: 403, .. })));
        for doubtful in [&b"<html>"[..], b"", br#"{"ok":true}"#] {
            assert!(matches!(read(doubtful), Err(CallError::InDoubt(_))));
        }
    }
}

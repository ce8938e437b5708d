//! Plain HTTP with JSON to servers on this machine, blocking and under a limit.
//! Only for the harness; neither program is built on it.

use std::{sync::OnceLock, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(10);

/// The status code and the body as text.
pub struct Answer {
    /// `200`, `404`.
    pub status: u16,
    /// Whatever came.
    pub body: String,
}

/// Sends a GET; `None` while nobody answers.
#[must_use]
pub fn try_get(url: &str) -> Option<Answer> {
    send(client().get(url)).ok()
}

/// Sends a GET and reads a JSON answer.
///
/// # Errors
/// When there is no answer, or one that is no success or no JSON.
pub fn get(url: &str) -> Result<Value> {
    json(url, send(client().get(url))?)
}

/// Posts JSON and reads a JSON answer; an empty answer is `null`.
///
/// # Errors
/// When there is no answer, or one that is no success or no JSON.
pub fn post(url: &str, body: &Value) -> Result<Value> {
    json(url, send(client().post(url).json(body))?)
}

/// Posts a body as it is with one header, and takes any answer.
///
/// # Errors
/// When there is no answer.
pub fn post_raw(url: &str, header: (&str, &str), body: &str) -> Result<Answer> {
    let (name, value) = header;
    send(
        client()
            .post(url)
            .header("content-type", "application/json")
            .header(name, value)
            .body(body.to_owned()),
    )
}

/// Sends a DELETE.
///
/// # Errors
/// When there is no answer, or one that is no success or no JSON.
pub fn delete(url: &str) -> Result<Value> {
    json(url, send(client().delete(url))?)
}

/// Posts the bytes of a file, with what goes with it in the query.
///
/// # Errors
/// When there is no answer, or one that is no success or no JSON.
pub fn post_file(url: &str, query: &[(&str, &str)], bytes: &[u8]) -> Result<Value> {
    let request = client()
        .post(url)
        .query(query)
        .header("content-type", "application/octet-stream");
    json(url, send(request.body(bytes.to_vec()))?)
}

fn json(url: &str, answer: Answer) -> Result<Value> {
    ensure!(
        (200..300).contains(&answer.status),
        "{url} answered {}: {}",
        answer.status,
        answer.body
    );
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&answer.body).with_context(|| format!("reading the JSON of {url}: {}", answer.body))
}

fn send(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().context("sending a request")?;
    let status = response.status().as_u16();
    Ok(Answer {
        status,
        body: response.text().context("reading an answer")?,
    })
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        Client::builder()
            .timeout(LIMIT)
            .no_proxy()
            .build()
            .expect("a client without TLS can always be built")
    })
}

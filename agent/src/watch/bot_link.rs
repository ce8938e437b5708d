//! The bot's private address, asked over HTTP: `/health`, `/live` and the held `/incidents`.
//! Every answer is bounded in time and size. It draws no conclusion: a missing answer is returned as one.

use std::time::Duration;

use protocol::{
    health::Health,
    incident::{IncidentId, IncidentPage},
};
use reqwest::{Response, StatusCode, header::SERVER};
use serde::de::DeserializeOwned;

use super::listener;

/// The bot holds the request for 25 s; a bot that has not answered long after that is asked again.
const HELD_MAX: Duration = Duration::from_secs(40);
/// A page of 100 incidents, each of a few sentences, is far below this; so is a health report.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// A server's name for itself.
const SERVER_CHARS_MAX: usize = 60;

/// The bot as seen from outside.
#[derive(Clone)]
pub struct BotLink {
    client: reqwest::Client,
    url: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing listens there.
    Refused,
    /// The connection ended before the answer was whole: what the kernel does for a process that dies.
    Cut,
    /// Nothing came in time.
    Silent,
    /// Something answers there, and not as a bot of this version does.
    Strange(String),
}

impl BotLink {
    /// The bot at that address, without a slash at its end.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
        }
    }

    /// The bot's word about itself. A bot that is not healthy may say so with any status.
    ///
    /// # Errors
    /// What is missing.
    pub async fn health(&self, limit: Duration) -> Result<Health, Missing> {
        let response = self.get("/health", limit).await?;
        let said = told(&response);
        read(response).await.map_err(|missing| match missing {
            Missing::Strange(_) => Missing::Strange(format!("/health: {said}")),
            other => other,
        })
    }

    /// Whether anything answers at all, whatever it says.
    ///
    /// # Errors
    /// What is missing.
    pub async fn live(&self, limit: Duration) -> Result<(), Missing> {
        self.get("/live", limit).await.map(drop)
    }

    /// Holds the request for the incidents after that one. `None` when there was none for as long as the bot holds.
    ///
    /// # Errors
    /// What is missing; [`Missing::Cut`] is how a crash is noticed.
    pub async fn incidents(&self, after: IncidentId) -> Result<Option<IncidentPage>, Missing> {
        let response = self
            .get(&format!("/incidents?after={}", after.0), HELD_MAX)
            .await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(None),
            StatusCode::OK => read(response).await.map(Some),
            status => Err(Missing::Strange(format!("/incidents: {status}"))),
        }
    }

    /// Asks the bot to log this word. `false` when it says that its log takes no lines.
    ///
    /// # Errors
    /// What is missing; also when the bot is too old to know of such words, or writes no log file.
    pub async fn log_marker(&self, nonce: &str, limit: Duration) -> Result<bool, Missing> {
        let address = format!("{}/log-marker?nonce={nonce}", self.url);
        let response = self.client.post(address).timeout(limit).send().await;
        match response.map_err(|error| missing(&error))?.status() {
            StatusCode::OK => Ok(true),
            StatusCode::SERVICE_UNAVAILABLE => Ok(false),
            status => Err(Missing::Strange(format!("/log-marker: {status}"))),
        }
    }

    /// Where the bot should be, what was answered there, and what listens there as far as that can be told.
    #[must_use]
    pub fn found_there(&self, answered: &str) -> String {
        let port = reqwest::Url::parse(&self.url)
            .ok()
            .and_then(|url| url.port_or_known_default());
        let listener = port.and_then(listener::of_port);
        let who = listener.map_or(String::new(), |who| format!("; {who}"));
        format!("{}: {answered}{who}", self.url)
    }

    async fn get(&self, path: &str, limit: Duration) -> Result<Response, Missing> {
        let address = format!("{}{path}", self.url);
        self.client
            .get(address)
            .timeout(limit)
            .send()
            .await
            .map_err(|error| missing(&error))
    }
}

/// The status, and by what name the answering program calls itself.
fn told(response: &Response) -> String {
    let status = response.status();
    let named = response.headers().get(SERVER).and_then(|name| name.to_str().ok());
    match named {
        Some(name) => format!(
            "{status} ({})",
            name.chars().take(SERVER_CHARS_MAX).collect::<String>()
        ),
        None => status.to_string(),
    }
}

async fn read<T: DeserializeOwned>(mut response: Response) -> Result<T, Missing> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| missing(&error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Missing::Strange("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body)
        .map_err(|_| Missing::Strange("the answer is not what a bot says".to_owned()))
}

/// A timeout while connecting is silence too: a listener whose queue is full does not refuse.
fn missing(error: &reqwest::Error) -> Missing {
    if error.is_timeout() {
        Missing::Silent
    } else if error.is_connect() {
        Missing::Refused
    } else {
        Missing::Cut
    }
}

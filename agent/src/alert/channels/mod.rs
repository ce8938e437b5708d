//! The ways to the owner, and what can come of one attempt.
//! A channel tries once and says what it knows; when to try again is the outbox's to decide.

use std::time::Duration;

use anyhow::Context;
use protocol::{incident::Severity, secret::Secret};
use reqwest::Response;

use crate::config::{
    Config,
    channels::{ChannelConfig, ChannelKind},
};

pub mod email;
pub mod ntfy;
pub mod telegram;
pub mod webhook;

use email::Email;
use ntfy::Ntfy;
use telegram::Telegram;
use webhook::Webhook;

/// Longer than any of them takes on a bad day; after it nobody knows whether the message arrived.
const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Answers are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Services ask for seconds of patience, rarely minutes; more is obeyed up to here.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);
const DESCRIPTION_CHARS_MAX: usize = 200;

/// One message as a channel gets it. Plain text only: nothing in it is markup.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Its number here, the same when it is repeated.
    pub id: i64,
    /// To whom, where the channel has chats.
    pub chat_id: i64,
    /// The first line.
    pub headline: &'a str,
    /// All of it, the first line included; 1 to 4,096 UTF-16 units.
    pub text: &'a str,
    /// How grave.
    pub severity: Severity,
    /// Whether it rings.
    pub loud: bool,
    /// What the owner can press under it, where the channel has buttons.
    pub buttons: &'a [Vec<Button>],
    /// The earlier message in that chat that it goes on from.
    pub reply_to: Option<i64>,
}

/// One button: what it says, and what the channel hands back when it is pressed (at most 64 bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What the owner reads.
    pub label: String,
    /// What comes back.
    pub data: String,
}

/// What is known after one attempt. The texts are for the log: without secrets, and short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel has taken it.
    Sent {
        /// The channel's own number, where it has some.
        message_id: Option<i64>,
    },
    /// The channel has taken it, and its answer is not what is documented: the owner should look whether it arrives. To send
    /// it again would be a copy each time.
    Taken(String),
    /// It has certainly not arrived: nothing was reached, or it was put off.
    NotSent(String),
    /// It has not arrived, and must not be tried before this long.
    RetryAfter(Duration),
    /// It has not arrived and will not until the owner changes something: token, chat, address.
    Refused(String),
    /// The request went out and its answer is not known: it may have arrived.
    Unknown(String),
}

/// One way to the owner.
pub enum Channel {
    /// The owner's own bot.
    Telegram(Telegram),
    /// A topic at a server of ntfy.
    Ntfy(Ntfy),
    /// A mail over SMTP.
    Email(Box<Email>),
    /// A signed request.
    Webhook(Webhook),
}

impl Channel {
    /// The first way: the owner's bot at the address of `[owner] api_url`.
    #[must_use]
    pub fn first(config: &Config, client: reqwest::Client) -> Self {
        Self::Telegram(Telegram::new(client, &config.owner.api_url, token(config)))
    }

    /// A further way, as the configuration describes it.
    ///
    /// # Errors
    /// When a proxy or an address cannot be used.
    pub fn further(
        config: &Config,
        channel: &ChannelConfig,
        client: reqwest::Client,
    ) -> anyhow::Result<Self> {
        Ok(match &channel.kind {
            ChannelKind::Telegram { api_url, proxy } => {
                let client = match proxy {
                    Some(proxy) => client_through(proxy)?,
                    None => client,
                };
                let api_url = api_url.as_deref().unwrap_or(&config.owner.api_url);
                Self::Telegram(Telegram::new(client, api_url, token(config)))
            }
            ChannelKind::Ntfy { url, topic, token } => {
                Self::Ntfy(Ntfy::new(client, url, topic, token.as_ref()))
            }
            ChannelKind::Email(mail) => Self::Email(Box::new(Email::new(mail)?)),
            ChannelKind::Webhook { url, key } => Self::Webhook(Webhook::new(client, url, key)),
        })
    }

    /// Tries once. Takes at most 20 s.
    pub async fn send(&self, letter: &Letter<'_>) -> Outcome {
        match self {
            Self::Telegram(telegram) => telegram.send(letter).await,
            Self::Ntfy(ntfy) => ntfy.send(letter).await,
            Self::Email(email) => email.send(letter).await,
            Self::Webhook(webhook) => webhook.send(letter, false).await,
        }
    }

    /// Whether its messages can be changed.
    #[must_use]
    pub fn can_edit(&self) -> bool {
        matches!(self, Self::Telegram(_))
    }

    /// Changes an earlier message; only Telegram has messages that can be.
    pub async fn edit(&self, letter: &Letter<'_>, message_id: i64) -> Outcome {
        match self {
            Self::Telegram(telegram) => telegram.edit(letter, message_id).await,
            Self::Ntfy(_) | Self::Email(_) | Self::Webhook(_) => {
                Outcome::Refused("this channel has no edits".to_owned())
            }
        }
    }

    /// Whether a message would arrive, as quietly as the channel can show it: Telegram sends a silent message and
    /// deletes it, ntfy publishes at the lowest priority without keeping it, a mail server is logged in to, and a
    /// webhook gets a request that says that it is a test.
    pub async fn test(&self, letter: &Letter<'_>) -> Outcome {
        match self {
            Self::Telegram(telegram) => telegram.test(letter).await,
            Self::Ntfy(ntfy) => ntfy.test(letter).await,
            Self::Email(email) => email.test().await,
            Self::Webhook(webhook) => webhook.send(letter, true).await,
        }
    }

    /// Whether this way can be gone, without a message: Telegram is asked for the chat, a mail server is logged in to, and
    /// the servers of ntfy and of a webhook are asked for something that rings nowhere, which shows that they answer and
    /// not that they would take a message. Takes at most 20 s.
    pub async fn reach(&self, chat_id: i64) -> Outcome {
        match self {
            Self::Telegram(telegram) => telegram.reach(chat_id).await,
            Self::Ntfy(ntfy) => ntfy.reach().await,
            Self::Email(email) => email.test().await,
            Self::Webhook(webhook) => webhook.reach().await,
        }
    }
}

fn token(config: &Config) -> Secret {
    Secret::new(config.secrets.owner_bot_token.as_ref().map_or("", Secret::expose))
}

/// No redirects: addresses hold secrets that are meant for one host.
///
/// # Errors
/// When HTTPS cannot be prepared.
pub fn http_client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .build()
        .map_err(reqwest::Error::without_url)
        .context("preparing HTTPS; without certificates of the system it cannot be: install ca-certificates")
}

fn client_through(proxy: &Secret) -> anyhow::Result<reqwest::Client> {
    let proxy = reqwest::Proxy::all(proxy.expose()).map_err(|_| {
        anyhow::anyhow!("the proxy's address is not one: correct it in agent.toml or its variable")
    })?;
    reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .proxy(proxy)
        .build()
        .map_err(reqwest::Error::without_url)
        .context("preparing HTTPS through the proxy")
}

/// The whole answer, bounded. The error is what is known of the message then.
async fn read_answer(mut response: Response) -> Result<Vec<u8>, Outcome> {
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(Outcome::Unknown(format!(
                    "the answer (status {status}) is too long"
                )));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Outcome::Unknown(told(error))),
        }
    }
}

/// What a request that got no answer leaves known.
fn unanswered(error: reqwest::Error) -> Outcome {
    if error.is_connect() || error.is_builder() {
        Outcome::NotSent(told(error))
    } else {
        Outcome::Unknown(told(error))
    }
}

/// The same for every service that speaks in statuses alone. `patience_s` is what a 429 asks for.
fn of_status(status: reqwest::StatusCode, why: String, patience_s: Option<u64>) -> Outcome {
    if status == reqwest::StatusCode::TOO_MANY_REQUESTS {
        let wait = Duration::from_secs(patience_s.unwrap_or(1).max(1));
        return Outcome::RetryAfter(wait.min(RETRY_AFTER_MAX));
    }
    if status.is_success() {
        return Outcome::Sent { message_id: None };
    }
    if status.is_server_error() {
        return Outcome::Unknown(why);
    }
    Outcome::Refused(why)
}

/// What a server's answer to a harmless question shows: that it is there, unless it says itself that it is not well.
fn there(asked: Result<Response, reqwest::Error>) -> Outcome {
    match asked {
        Ok(response) if is_unwell(response.status()) => Outcome::NotSent(response.status().to_string()),
        Ok(_) => Outcome::Sent { message_id: None },
        Err(error) => Outcome::NotSent(told(error)),
    }
}

/// A server that knows no such question says so with 501, as one that only takes what is posted to it.
fn is_unwell(status: reqwest::StatusCode) -> bool {
    status.is_server_error() && status != reqwest::StatusCode::NOT_IMPLEMENTED
}

fn retry_after_s(response: &Response) -> Option<u64> {
    let header = response.headers().get(reqwest::header::RETRY_AFTER)?;
    header.to_str().ok()?.trim().parse().ok()
}

/// The error and its causes in one line, without the address.
pub(super) fn told(error: reqwest::Error) -> String {
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

    #[test]
    fn whoever_knows_no_such_question_is_there_and_whoever_says_to_be_unwell_is_not() {
        let is_unwell = |code| is_unwell(reqwest::StatusCode::from_u16(code).unwrap());
        assert!(
            [200, 301, 403, 404, 405, 429, 501]
                .iter()
                .all(|code| !is_unwell(*code))
        );
        assert!([500, 502, 503, 504].iter().all(|code| is_unwell(*code)));
    }
}

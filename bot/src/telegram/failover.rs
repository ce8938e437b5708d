//! How updates come: by polling, by webhook, or by webhook with polling whenever it does not deliver.
//! Switching loses nothing and repeats nothing: Telegram keeps what was not taken, the inbox knows what it has.

use std::{sync::Arc, time::Duration};

use protocol::{health::Receiving, secret::Secret};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, CallError},
    line::WebhookInfo,
    receive::{self, ALLOWED_UPDATES, pause},
    token,
};
use crate::{clock::now, db::Writer, health::Beat};

/// How often the webhook is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks in a row that find updates waiting and none delivered, before polling takes over.
const MISSES_MAX: u32 = 2;
/// How long polling goes on before the webhook gets another chance.
const POLL_FOR: Duration = Duration::from_secs(300);
/// After Telegram did not take a setting.
const RETRY: Duration = Duration::from_secs(3);

/// How updates come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Webhook where there is an address for it, polling when it does not deliver.
    Auto,
    /// Polling only.
    Polling,
    /// Webhook only.
    Webhook,
}

/// Where Telegram delivers to.
pub struct Webhook {
    /// The public address.
    pub url: String,
    /// What Telegram sends along, so that nobody else can.
    pub secret: Arc<Secret>,
}

/// What receiving needs.
pub struct Receiver {
    /// The wire.
    pub api: Arc<Api>,
    /// Where updates go.
    pub writer: Writer,
    /// Its sign of life.
    pub beat: Beat,
    /// How updates come.
    pub mode: Mode,
    /// Where Telegram delivers to, if anywhere.
    pub webhook: Option<Webhook>,
}

#[derive(Serialize)]
struct SetWebhook<'a> {
    url: &'a str,
    secret_token: &'a str,
    allowed_updates: [&'static str; 3],
    max_connections: u32,
}

/// Receives until `stop`.
pub async fn run(receiver: &Receiver, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match (&receiver.webhook, receiver.mode) {
            (None, _) | (_, Mode::Polling) => poll_for(receiver, None, stop).await,
            (Some(webhook), Mode::Webhook) => {
                watch(receiver, webhook, stop).await;
                pause(RETRY, stop).await;
            }
            (Some(webhook), Mode::Auto) => {
                watch(receiver, webhook, stop).await;
                if !stop.is_cancelled() {
                    tracing::warn!("the webhook does not deliver; polling for a while");
                    poll_for(receiver, Some(POLL_FOR), stop).await;
                }
            }
        }
    }
}

/// Polls, for a while or for good. Telegram gives no updates while a webhook is set, so that goes first.
async fn poll_for(receiver: &Receiver, length: Option<Duration>, stop: &CancellationToken) {
    let empty = serde_json::json!({});
    while let Err(error) = receiver
        .api
        .call_json("deleteWebhook", &empty, Duration::ZERO)
        .await
    {
        tracing::warn!(%error, "Telegram does not take the webhook away; trying again");
        token::notice(&receiver.writer, &error).await;
        receiver.beat.beat();
        pause(RETRY, stop).await;
        if stop.is_cancelled() {
            return;
        }
    }
    receiver.api.line().receives_by(Receiving::Polling);
    let over = stop.child_token();
    let polling = receive::poll(&receiver.api, &receiver.writer, &receiver.beat, &over);
    match length {
        None => polling.await,
        Some(length) => {
            let _ = tokio::time::timeout(length, polling).await;
        }
    }
}

/// Sets the webhook and looks after it; comes back when it does not deliver.
async fn watch(receiver: &Receiver, webhook: &Webhook, stop: &CancellationToken) {
    if let Err(error) = set(&receiver.api, webhook).await {
        tracing::warn!(%error, "Telegram does not take the webhook");
        token::notice(&receiver.writer, &error).await;
        receiver.beat.beat();
        return;
    }
    let line = receiver.api.line();
    line.receives_by(Receiving::Webhook);
    let mut misses = 0;
    while !stop.is_cancelled() && misses < MISSES_MAX {
        let before = line.last_delivery();
        pause(LOOK_EVERY, stop).await;
        match info(&receiver.api).await {
            Ok(info) if info.url.is_empty() => return,
            Ok(info) => {
                let stuck = info.pending_update_count > 0 && line.last_delivery() == before;
                misses = if stuck { misses + 1 } else { 0 };
            }
            // Telegram itself is out of reach: polling would not help.
            Err(error) => {
                tracing::warn!(%error, "Telegram does not tell about the webhook");
                token::notice(&receiver.writer, &error).await;
            }
        }
        receiver.beat.beat();
    }
}

async fn set(api: &Api, webhook: &Webhook) -> Result<(), CallError> {
    let parameters = SetWebhook {
        url: &webhook.url,
        secret_token: webhook.secret.expose(),
        allowed_updates: ALLOWED_UPDATES,
        max_connections: 40,
    };
    api.call_json("setWebhook", &parameters, Duration::ZERO)
        .await
        .map(|_| ())
}

async fn info(api: &Api) -> Result<WebhookInfo, CallError> {
    let result = api
        .call_json("getWebhookInfo", &serde_json::json!({}), Duration::ZERO)
        .await?;
    let info = serde_json::from_str(result.get())
        .map_err(|_| CallError::InDoubt("the webhook's state cannot be read"))?;
    api.line().webhook_told(&info, now());
    Ok(info)
}

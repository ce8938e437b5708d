//! What the bot knows of its line to Telegram.
//! It judges nothing: what is too many or too long is the agent's to say.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// The line to Telegram since the bot's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramHealth {
    /// How updates come at the moment.
    pub receiving: Receiving,
    /// Age of the last update that was stored. A quiet shop has an old one.
    pub last_update_ms: Option<u64>,
    /// Age of the last poll that Telegram answered, empty or not.
    pub last_poll_ms: Option<u64>,
    /// What Telegram last said about the webhook; absent where it was never asked.
    pub webhook: Option<WebhookHealth>,
    /// Calls that send or change a message and did not get through, since the last one that did. A message that
    /// Telegram refuses did get through.
    pub send_failures: u32,
    /// Questions for updates that did not get through, since the last one that did.
    #[serde(default)]
    pub receive_failures: u32,
    /// Questions for updates within the last five minutes that Telegram ended because another program uses the token:
    /// that one asks too, or has a webhook (core.telegram.org/bots/api#getupdates). At most [`CONFLICTS_MAX`].
    #[serde(default)]
    pub conflicts: u32,
    /// Age of the last call that got through.
    pub last_send_ms: Option<u64>,
    /// How much longer Telegram wants quiet, in one chat at least.
    pub quiet_ms: Option<u64>,
}

/// Conflicts that are counted: more than an alert needs.
pub const CONFLICTS_MAX: u32 = 100;

/// How updates come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiving {
    /// The bot asks.
    Polling,
    /// Telegram delivers.
    Webhook,
    /// Neither yet, or a word of a newer bot.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What `getWebhookInfo` said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookHealth {
    /// How long ago it was asked.
    pub asked_ms: u64,
    /// Updates that wait at Telegram.
    pub pending: u64,
    /// When Telegram last failed to deliver.
    pub last_error_at: Option<UnixMillis>,
    /// Why, in Telegram's words without any address, at most [`REASON_CHARS_MAX`](super::REASON_CHARS_MAX) characters.
    pub last_error: Option<String>,
}

//! The configuration of both programs, written as an owner would write it, and their made-up secrets.
//! Everything here is for a pretend world: no token in it opens anything.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result};

use crate::{place::Place, ports::free_address};

/// The owner, whose chat gets the alerts.
pub const OWNER: i64 = 1001;
/// The seller, who sees orders and refunds.
pub const SELLER: i64 = 2001;
/// The shop's token at the pretend Telegram.
pub const BOT_TOKEN: &str = "700001:AAE2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e";
/// The token of the bot that writes to the owner.
pub const OWNER_BOT_TOKEN: &str = "700002:AAF3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";
/// What the pretend gateway calls this shop.
pub const PROJECT: &str = "warung";
/// The key for asking the gateway.
pub const PAKASIR_API_KEY: &str = "pretend-api-key";
/// What the gateway shows when it calls.
pub const PAKASIR_WEBHOOK_SECRET: &str = "pretend-webhook-secret";
/// What opens the owner's key.
pub const PASSPHRASE: &str = "pretend-passphrase";
/// 32 bytes, in hex.
const DATA_KEY: &str = "8f1d3c5b7a9e0f2d4c6b8a1e3f5d7c9b0a2e4f6d8c1b3a5e7f9d0c2b4a6e8f1d";

/// Where the programs of one shop listen, and whom they call.
#[derive(Clone)]
pub struct Settings {
    /// The pretend Telegram.
    pub telegram_url: String,
    /// The pretend gateway.
    pub gateway_url: String,
    /// Where the gateway's webhooks arrive.
    pub bot_public: SocketAddr,
    /// The bot's health and incidents.
    pub bot_private: SocketAddr,
    /// The agent's health.
    pub agent_private: SocketAddr,
    /// How long a customer has to pay, as bot.toml writes it.
    pub payment_window: String,
}

impl Settings {
    /// On free ports, with the usual 15 minutes to pay.
    #[must_use]
    pub fn new(telegram_url: String, gateway_url: String) -> Self {
        Self {
            telegram_url,
            gateway_url,
            bot_public: free_address(),
            bot_private: free_address(),
            agent_private: free_address(),
            payment_window: "15m".to_owned(),
        }
    }

    /// Writes bot.toml, agent.toml and a `.env` beside each.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, place: &Place) -> Result<()> {
        write(&place.bot_toml(), &self.bot_toml(place))?;
        write(&place.bot_config().join(".env"), &bot_env())?;
        write(&place.agent_toml(), &self.agent_toml(place))?;
        write(
            &place.agent_config().join(".env"),
            &format!("OWNER_BOT_TOKEN={OWNER_BOT_TOKEN}\n"),
        )
    }

    /// bot.toml as text.
    #[must_use]
    pub fn bot_toml(&self, place: &Place) -> String {
        let Self {
            telegram_url,
            gateway_url,
            bot_public,
            bot_private,
            payment_window,
            ..
        } = self;
        format!(
            r#"[shop]
name = "Warung Sari"
language = "id"
timezone = "Asia/Jakarta"
owners = [{OWNER}]
sellers = [{SELLER}]

[telegram]
api_url = "{telegram_url}"
mode = "polling"

[database]
path = "{database}"

[http]
public = "{bot_public}"
private = "{bot_private}"

[payments]
gateways = ["pakasir"]
window = "{payment_window}"

[payments.pakasir]
project = "{PROJECT}"
base_url = "{gateway_url}"

[logs]
dir = "{logs}"
"#,
            database = place.database().display(),
            logs = place.bot_logs().display(),
        )
    }

    /// agent.toml as text.
    #[must_use]
    pub fn agent_toml(&self, place: &Place) -> String {
        let Self {
            telegram_url,
            bot_private,
            agent_private,
            ..
        } = self;
        format!(
            r#"[owner]
chat_ids = [{OWNER}]
api_url = "{telegram_url}"

[bot]
url = "http://{bot_private}"
unit = "bot.service"

[http]
private = "{agent_private}"

[backup]
database = "{database}"
files = ["{bot_config}", "{agent_config}", "{logs}"]
recipients = ["{certificate}"]
snapshot = "0 0 */6 * * *"

[remotes.local]
type = "fs"
root = "{local}"

[remotes.offsite]
type = "fs"
root = "{offsite}"

[state]
dir = "{state}"
"#,
            database = place.database().display(),
            bot_config = place.bot_config().display(),
            agent_config = place.agent_config().display(),
            logs = place.bot_logs().display(),
            certificate = place.owner_certificate().display(),
            local = place.remote("local").display(),
            offsite = place.remote("offsite").display(),
            state = place.agent_state().display(),
        )
    }
}

/// Every secret that the units load, by its name: for a server that keeps each in a file of its own.
#[must_use]
pub fn secrets() -> Vec<(String, String)> {
    let all = bot_env() + &format!("OWNER_BOT_TOKEN={OWNER_BOT_TOKEN}\n");
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').expect("written above");
        (name.to_owned(), value.to_owned())
    };
    // The units load none: nothing reads it yet.
    let named = |(name, _): &(String, String)| name != "DATA_KEY";
    all.lines().map(pair).filter(named).collect()
}

fn bot_env() -> String {
    format!(
        "BOT_TOKEN={BOT_TOKEN}\nWEBHOOK_SECRET=pretend-telegram-secret\nDATA_KEY={DATA_KEY}\n\
         PAKASIR_API_KEY={PAKASIR_API_KEY}\nPAKASIR_WEBHOOK_SECRET={PAKASIR_WEBHOOK_SECRET}\n"
    )
}

/// A file that only its owner and group may read, as secrets want it.
fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    let mode = fs::Permissions::from_mode(0o640);
    fs::set_permissions(path, mode).with_context(|| format!("setting the mode of {}", path.display()))
}

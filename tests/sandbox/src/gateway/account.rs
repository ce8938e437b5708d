//! The shop's account at the gateway: its project, its keys, and where it wants to be told.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const WINDOW_DEFAULT_S: i64 = 30 * 60;
/// The gateway's own bounds for `expired_at`.
const WINDOW_S: std::ops::RangeInclusive<i64> = 15 * 60..=24 * 3600;

/// One project and its keys.
#[derive(Serialize, Deserialize)]
pub struct Account {
    pub project: String,
    pub api_key: String,
    pub webhook_url: Option<String>,
    pub webhook_secret: String,
    /// Whether new transactions are of the gateway's own test mode.
    pub is_sandbox: bool,
    /// How long a QR is said to be valid.
    pub window_s: i64,
}

impl Default for Account {
    fn default() -> Account {
        Account {
            project: "warung".to_owned(),
            api_key: "sandbox-key".to_owned(),
            webhook_url: None,
            webhook_secret: "sandbox-secret".to_owned(),
            is_sandbox: false,
            window_s: WINDOW_DEFAULT_S,
        }
    }
}

/// What may be changed; what is absent stays.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub project: Option<String>,
    pub api_key: Option<String>,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<String>,
    pub is_sandbox: Option<bool>,
    pub window_s: Option<i64>,
}

impl Account {
    /// Applies settings, or says what is wrong with them.
    pub fn apply(&mut self, settings: Settings) -> Result<(), String> {
        if let Some(window_s) = settings.window_s {
            if !WINDOW_S.contains(&window_s) {
                return Err(format!(
                    "window_s must be {} to {}",
                    WINDOW_S.start(),
                    WINDOW_S.end()
                ));
            }
            self.window_s = window_s;
        }
        if let Some(url) = settings.webhook_url {
            // Empty turns webhooks off.
            self.webhook_url = (!url.is_empty()).then_some(url);
        }
        self.project = settings.project.unwrap_or_else(|| self.project.clone());
        self.api_key = settings.api_key.unwrap_or_else(|| self.api_key.clone());
        self.webhook_secret = settings
            .webhook_secret
            .unwrap_or_else(|| self.webhook_secret.clone());
        self.is_sandbox = settings.is_sandbox.unwrap_or(self.is_sandbox);
        Ok(())
    }

    /// The settings as the control API shows them. Keys stay out.
    pub fn as_json(&self) -> Value {
        json!({
            "project": self.project,
            "webhook_url": self.webhook_url,
            "is_sandbox": self.is_sandbox,
            "window_s": self.window_s,
        })
    }
}

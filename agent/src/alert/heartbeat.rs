//! The outside heartbeat, in the protocol of healthchecks.io: an address that is told start, success, failure with a few
//! words, or an exit code. When nothing comes any more, it is the outside that tells the owner.
//! Its addresses are secrets: who knows one can pretend that all is well.

use std::time::Duration;

use protocol::secret::Secret;
use rand::Rng;

use super::words::sentences;
use crate::config::Language;

/// A heartbeat that takes long has missed its beat.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The service keeps 10,000 bytes of a body by default.
const BODY_BYTES_MAX: usize = 4_000;

/// One check at the outside.
pub struct Heartbeat {
    client: reqwest::Client,
    url: Secret,
    language: Language,
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something begins.
    Start,
    /// It went well.
    Success,
    /// It did not, and why in a few words without secrets.
    Fail(String),
}

/// What pairs a start with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// A new one: a random UUID.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes: [u8; 16] = rand::rng().random();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Self(parts.join("-"))
    }
}

impl Heartbeat {
    /// The check at that address, which is told what is wrong in the owner's language: it passes that on.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &Secret, language: Language) -> Self {
        Self {
            client,
            url: Secret::new(url.expose()),
            language,
        }
    }

    /// Tells it once, and says whether it was taken. A failure is logged and nothing else: that the outside hears nothing
    /// is its alarm.
    pub async fn ping(&self, signal: &Signal, run: Option<&RunId>) -> bool {
        let (suffix, body) = match signal {
            Signal::Start => ("/start", String::new()),
            Signal::Success => ("", String::new()),
            Signal::Fail(why) => ("/fail", cut(&sentences(self.language, why)).to_owned()),
        };
        let mut address = format!("{}{suffix}", self.url.expose().trim_end_matches('/'));
        if let Some(RunId(id)) = run {
            address += &format!("?rid={id}");
        }
        let request = self.client.post(address).timeout(TIMEOUT).body(body);
        match request.send().await {
            Ok(response) if response.status().is_success() => return true,
            Ok(response) => {
                tracing::warn!(status = %response.status(), "the outside heartbeat refuses its address");
            }
            Err(error) => {
                tracing::warn!(error = %error.without_url(), "the outside heartbeat was not reached");
            }
        }
        false
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(BODY_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

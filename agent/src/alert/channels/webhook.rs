//! One message as a signed request to an address of the owner's.
//! The signature covers the moment and the body, so that neither can be changed and an old request can be told:
//! `Warung-Signature: t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>`.

use jiff::Timestamp;
use protocol::secret::Secret;
use ring::hmac;
use serde_json::json;

use super::{Letter, Outcome, TIMEOUT, of_status, retry_after_s, there, unanswered};
use crate::store::alerts::severity_name;

/// An address that takes signed requests.
pub struct Webhook {
    client: reqwest::Client,
    url: String,
    key: hmac::Key,
}

impl Webhook {
    /// Requests to that address, signed with that key.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &str, key: &Secret) -> Self {
        Self {
            client,
            url: url.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()),
        }
    }

    /// Tries once. Any status from 200 to 299 means that it was taken. Takes at most 20 s.
    pub async fn send(&self, letter: &Letter<'_>, is_test: bool) -> Outcome {
        let body = json!({
            "id": letter.id,
            "severity": severity_name(letter.severity),
            "headline": letter.headline,
            "text": letter.text,
            "test": is_test,
        })
        .to_string();
        let signature = signature(&self.key, Timestamp::now().as_second(), &body);
        let request = self
            .client
            .post(&self.url)
            .timeout(TIMEOUT)
            .header("content-type", "application/json")
            .header("warung-signature", signature)
            .body(body);
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                of_status(status, status.to_string(), retry_after_s(&response))
            }
            Err(error) => unanswered(error),
        }
    }

    /// Whether anything answers at the address: what does not take such a question says so, and is there.
    pub async fn reach(&self) -> Outcome {
        there(self.client.head(&self.url).timeout(TIMEOUT).send().await)
    }
}

fn signature(key: &hmac::Key, at_s: i64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{at_s}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '1.{}' | openssl dgst -sha256 -hmac key`
    #[test]
    fn the_signature_is_what_openssl_computes() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        assert_eq!(signature(&key, 1, "{}"), format!("t=1,v1={OPENSSL}"));
    }

    const OPENSSL: &str = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224";
}

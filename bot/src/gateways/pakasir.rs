//! Pakasir v2: QRIS for small Indonesian sellers. Limits are the gateway's own: create 2 a second, status once in 4 s
//! a transaction.
//! A webhook is a hint here: it says which transaction to ask about, never that money came. Nothing is refunded by
//! this gateway; no interface for that exists.

use std::time::Duration;

use protocol::{health::GatewayHealth, secret::Secret, time::UnixMillis};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{GatewayError, Record, Refusal};
use crate::shop::{
    money::Rupiah,
    payment::{Answer, Invoice, Status, confirm::Mode},
};

/// The gateway's name in configuration, database and addresses.
pub const NAME: &str = "pakasir";
/// The least time between two questions about one transaction, with a little to spare.
pub const ASK_EVERY: Duration = Duration::from_millis(4_200);

/// A whole call may take this long.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A connection may take this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer; the real ones are under one kilobyte.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What is waited after a 429 that names no time.
const WAIT_DEFAULT: Duration = Duration::from_secs(2);

/// One project at Pakasir, as bot.toml and the secrets describe it.
pub struct Project {
    /// The gateway's address.
    pub base_url: String,
    /// The project's name there.
    pub slug: String,
    /// Whether real or play money is expected.
    pub mode: Mode,
    /// The key to ask with.
    pub api_key: Secret,
    /// What webhooks carry.
    pub webhook_secret: Secret,
}

/// A client for one project.
pub struct Pakasir {
    http: Client,
    project: Project,
    record: Record,
}

#[derive(Deserialize)]
struct Created {
    txn_id: String,
    order_id: String,
    amount: i64,
    #[serde(default)]
    fee: i64,
    total_payment: Option<i64>,
    qr_string: Option<String>,
    #[serde(default)]
    is_sandbox: bool,
}

#[derive(Deserialize)]
struct StatusAnswer {
    txn_id: String,
    order_id: String,
    amount: i64,
    #[serde(default)]
    is_sandbox: bool,
    status: String,
}

/// What a webhook points at.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Hint {
    /// The transaction to ask about.
    pub txn_id: String,
    /// The order's code.
    pub order_id: String,
}

impl Pakasir {
    /// A client for one project. `refusal`: why the last invoice before this process was refused, if it was.
    ///
    /// # Errors
    /// When the system gives no TLS.
    pub fn new(project: Project, refusal: Option<String>) -> Result<Self, reqwest::Error> {
        // Redirects are not followed: the key goes to the configured host only.
        let http = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            project,
            record: Record::after(refusal),
        })
    }

    /// Whether real or play money is expected.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.project.mode
    }

    /// Makes an invoice, or finds the one that was made for this order and amount before.
    ///
    /// # Errors
    /// See [`GatewayError`]; a retry must carry the same order code.
    pub async fn create(&self, order_code: &str, amount: Rupiah) -> Result<Invoice, GatewayError> {
        let created = self.try_create(order_code, amount).await;
        self.record.note_invoice(created)
    }

    async fn try_create(&self, order_code: &str, amount: Rupiah) -> Result<Invoice, GatewayError> {
        let body = serde_json::json!({ "method": "qris", "amount": amount.0 });
        let request = self
            .request(
                Method::POST,
                &["create-transaction", &self.project.slug, order_code],
            )
            .json(&body);
        let created: Created = call(request).await?;
        if created.order_id != order_code || created.amount != amount.0 {
            return Err(GatewayError::Garbled(
                "it made an invoice for another order or amount".to_owned(),
            ));
        }
        if created.is_sandbox != (self.project.mode == Mode::Sandbox) {
            tracing::error!(
                "the gateway's project is in the other mode (sandbox or live) than bot.toml says"
            );
            return Err(GatewayError::Refused("other_mode".to_owned()));
        }
        let qr = created.qr_string.filter(|qr| !qr.is_empty() && qr.len() <= 1_000);
        let total = created.total_payment.unwrap_or(created.amount + created.fee);
        Ok(Invoice {
            txn_id: checked_txn(created.txn_id)?,
            amount,
            fee: Rupiah(total - amount.0),
            total: Rupiah(total),
            qr: qr.ok_or_else(|| GatewayError::Garbled("it gave no QR".to_owned()))?,
            sandbox: created.is_sandbox,
        })
    }

    /// Asks how far a transaction is.
    ///
    /// # Errors
    /// See [`GatewayError`].
    pub async fn status(&self, txn_id: &str) -> Result<Answer, GatewayError> {
        let answer = self.try_status(txn_id).await;
        let is_answer = |error: &GatewayError| matches!(error, GatewayError::Unknown);
        self.record.note(answer, is_answer)
    }

    async fn try_status(&self, txn_id: &str) -> Result<Answer, GatewayError> {
        let request = self.request(Method::GET, &["transaction-status", &self.project.slug, txn_id]);
        let answer: StatusAnswer = call(request).await?;
        if answer.txn_id != txn_id {
            return Err(GatewayError::Garbled(
                "it answered about another transaction".to_owned(),
            ));
        }
        let status = match answer.status.as_str() {
            "completed" => Status::Completed,
            "canceled" | "cancelled" | "expired" => Status::Canceled,
            // A word that is not known yet is no money.
            _ => Status::Pending,
        };
        Ok(Answer {
            txn_id: answer.txn_id,
            order_code: answer.order_id,
            amount: Rupiah(answer.amount),
            sandbox: answer.is_sandbox,
            status,
        })
    }

    /// Tells that nobody will pay a transaction.
    ///
    /// # Errors
    /// See [`GatewayError`]; one that is paid or cancelled already is refused.
    pub async fn cancel(&self, txn_id: &str) -> Result<(), GatewayError> {
        let request = self.request(Method::POST, &["cancel-transaction", &self.project.slug, txn_id]);
        let cancelled = call::<serde::de::IgnoredAny>(request).await.map(|_| ());
        let is_answer =
            |error: &GatewayError| matches!(error, GatewayError::Unknown | GatewayError::Refused(_));
        self.record.note(cancelled, is_answer)
    }

    /// Why it refuses invoices at present, as far as that is known.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.record.refusal()
    }

    /// How the calls go, for the health report.
    #[must_use]
    pub fn health(&self, now: UnixMillis) -> GatewayHealth {
        self.record.health(NAME, now)
    }

    /// Whether a webhook carries the secret that the gateway was given. Compared in constant time.
    #[must_use]
    pub fn is_from_gateway(&self, secret: &[u8]) -> bool {
        !self.project.webhook_secret.is_empty()
            && bool::from(self.project.webhook_secret.expose().as_bytes().ct_eq(secret))
    }

    /// What a webhook's raw body points at, whatever type it claims to have. `None`: it points at nothing.
    #[must_use]
    pub fn hint(body: &[u8]) -> Option<Hint> {
        let hint: Hint = serde_json::from_slice(body).ok()?;
        let fits = is_token(&hint.txn_id) && is_token(&hint.order_id);
        fits.then_some(hint)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let url = format!(
            "{}/api/v2/{}",
            self.project.base_url.trim_end_matches('/'),
            path.join("/")
        );
        self.http
            .request(method, url)
            .header("X-Api-Key", self.project.api_key.expose())
    }
}

async fn call<T: serde::de::DeserializeOwned>(request: RequestBuilder) -> Result<T, GatewayError> {
    // Errors of the client carry the address; the key is in a header and never in them.
    let unreachable = |error: reqwest::Error| GatewayError::Unreachable(error.without_url().to_string());
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let wait = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(GatewayError::Garbled("it is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Err(GatewayError::Wait(wait.map_or(WAIT_DEFAULT, Duration::from_secs)))
        }
        StatusCode::NOT_FOUND => Err(GatewayError::Unknown),
        StatusCode::REQUEST_TIMEOUT => Err(GatewayError::Unreachable(format!("status {status}"))),
        _ if status.is_success() => {
            serde_json::from_slice(&body).map_err(|error| GatewayError::Garbled(error.to_string()))
        }
        _ if status.is_client_error() => Err(GatewayError::Refused(status.as_u16().to_string())),
        _ => Err(GatewayError::Unreachable(format!("status {status}"))),
    }
}

fn checked_txn(txn_id: String) -> Result<String, GatewayError> {
    if is_token(&txn_id) {
        Ok(txn_id)
    } else {
        Err(GatewayError::Garbled(
            "its transaction has no usable id".to_owned(),
        ))
    }
}

/// Ids become parts of addresses: nothing that could change an address is let in.
fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=100).contains(&text.len()) && text.bytes().all(plain) && !text.bytes().all(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_needs_two_plain_ids_and_nothing_else() {
        let body = br#"{"txn_id":"vwiq-1","order_id":"W1","amount":"what?","status":"pending","more":[1]}"#;
        assert_eq!(Pakasir::hint(body).unwrap().order_id, "W1");
        for wrong in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"txn_id":"../x","order_id":"W1"}"#,
            br#"{"txn_id":"a","order_id":""}"#,
        ] {
            assert_eq!(Pakasir::hint(wrong), None);
        }
    }

    #[test]
    fn an_empty_or_wrong_secret_opens_nothing() {
        let client = |secret: &str| {
            let project = Project {
                base_url: "http://127.0.0.1:1/".to_owned(),
                slug: "shop".to_owned(),
                mode: Mode::Live,
                api_key: Secret::new("k"),
                webhook_secret: Secret::new(secret),
            };
            Pakasir::new(project, None).unwrap()
        };
        assert!(client("s3cret").is_from_gateway(b"s3cret"));
        assert!(!client("s3cret").is_from_gateway(b"s3cre"));
        assert!(!client("").is_from_gateway(b""));
    }
}

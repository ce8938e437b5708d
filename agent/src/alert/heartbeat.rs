//! The outside heartbeat, in the protocol of healthchecks.io: an address that is told start, success, failure with a few
//! words, or an exit code. When nothing comes any more, it is the outside that tells the owner.
//! Its addresses are secrets: who knows one can pretend that all is well.

use std::time::Duration;

use protocol::secret::Secret;
use rand::Rng;
use reqwest::{Response, StatusCode};

use super::{channels::told, words::sentences};
use crate::config::Language;

/// A heartbeat that takes long has missed its beat.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The service keeps 10,000 bytes of a body by default.
const BODY_BYTES_MAX: usize = 4_000;
/// An answer is a word or two.
const ANSWER_BYTES_MAX: usize = 256;
/// What healthchecks answers to an address that it does not know, at every path of it: hc-ping.com with status 200, or for a
/// name under a key, as what runs at home does, with 404.
const NOT_FOUND: [&str; 2] = ["OK (not found)", "not found"];
/// The same where it has let a ping go: at most five a minute are taken.
const RATE_LIMITED: &str = "OK (rate limited)";

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
    /// The same of a process that could not say so itself: its exit code as a shell has it, 128 and the signal of one that
    /// was killed. 0 would be a success.
    Exit(u8, String),
    /// A line in the check's log, which changes nothing about how it stands.
    Log(&'static str),
}

/// Why it was not taken, without the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The service says in its own words that it knows no such check.
    NoSuchCheck(String),
    /// The service is there, and takes this not.
    Refused {
        /// Its status.
        status: u16,
        /// What it answered.
        why: String,
    },
    /// The service was not reached, or is not well.
    Unreached(String),
}

impl Missed {
    /// What was answered, or why nothing was.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::NoSuchCheck(why) | Self::Refused { why, .. } | Self::Unreached(why) => why,
        }
    }
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

    /// Tells it once.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn ping(&self, signal: &Signal, run: Option<&RunId>) -> Result<(), Missed> {
        let (suffix, body) = match signal {
            Signal::Start => ("/start".to_owned(), String::new()),
            Signal::Success => (String::new(), String::new()),
            Signal::Fail(why) => ("/fail".to_owned(), self.body(why)),
            Signal::Exit(code, why) => (format!("/{code}"), self.body(why)),
            Signal::Log(text) => ("/log".to_owned(), (*text).to_owned()),
        };
        let request = self.client.post(self.address(&suffix, run));
        match request.timeout(TIMEOUT).body(body).send().await {
            Ok(response) => judge(response).await,
            Err(error) => Err(Missed::Unreached(told(error))),
        }
    }

    fn body(&self, why: &str) -> String {
        cut(&sentences(self.language, why)).to_owned()
    }

    /// Tells its address from another, and does not give it away.
    #[must_use]
    pub fn mark(&self) -> String {
        let url = self.url.expose();
        // A slash at its end makes no other check of it.
        let same = match url.split_once('?') {
            Some((path, query)) => format!("{}?{query}", path.trim_end_matches('/')),
            None => url.trim_end_matches('/').to_owned(),
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, same.as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// An address may end with `?create=1`, which makes a check that is not there yet.
    fn address(&self, suffix: &str, run: Option<&RunId>) -> String {
        let url = self.url.expose();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let rid = run.map(|RunId(id)| format!("rid={id}"));
        let asked: Vec<&str> = [Some(query), rid.as_deref()]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        let mark = if asked.is_empty() { "" } else { "?" };
        format!("{}{suffix}{mark}{}", path.trim_end_matches('/'), asked.join("&"))
    }
}

/// Whether that answer takes what was told. A service in trouble or in haste is one that was not reached.
async fn judge(mut response: Response) -> Result<(), Missed> {
    let status = response.status();
    let why = format!("the service answers with status {status}");
    let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_server_error() || passes.contains(&status) {
        return Err(Missed::Unreached(why));
    }
    // Whatever becomes of the rest of the answer.
    let answer = response.chunk().await.ok().flatten().unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer[..answer.len().min(ANSWER_BYTES_MAX)]).into_owned();
    let answer = answer.trim();
    let is_known_word = status.is_success() || status == StatusCode::NOT_FOUND;
    if is_known_word && NOT_FOUND.contains(&answer) {
        return Err(Missed::NoSuchCheck(format!("the service answers with: {answer}")));
    }
    match status.is_success() {
        true if answer == RATE_LIMITED => {
            Err(Missed::Unreached(format!("the service answers with: {answer}")))
        }
        true => Ok(()),
        false => Err(Missed::Refused {
            status: status.as_u16(),
            why,
        }),
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(BODY_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_stands_before_the_question_mark_of_an_address() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let at = |url: &str, suffix: &str, run: Option<&str>| {
            let client = super::super::channels::http_client().unwrap();
            let run = run.map(|id| RunId(id.to_owned()));
            Heartbeat::new(client, &Secret::new(url), Language::En).address(suffix, run.as_ref())
        };
        assert_eq!(at("http://hc/a/", "", None), "http://hc/a");
        assert_eq!(at("http://hc/a", "/start", Some("1")), "http://hc/a/start?rid=1");
        assert_eq!(
            at("http://hc/k/s?create=1", "/log", None),
            "http://hc/k/s/log?create=1"
        );
        assert_eq!(
            at("http://hc/k/s?create=1", "", Some("1")),
            "http://hc/k/s?create=1&rid=1"
        );
    }

    #[test]
    fn a_slash_at_the_end_makes_no_other_check_of_an_address() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mark = |url: &str| {
            let client = super::super::channels::http_client().unwrap();
            Heartbeat::new(client, &Secret::new(url), Language::En).mark()
        };
        assert_eq!(mark("http://hc/a/"), mark("http://hc/a"));
        assert_eq!(mark("http://hc/a/?create=1"), mark("http://hc/a?create=1"));
        assert_ne!(mark("http://hc/a"), mark("http://hc/b"));
    }
}

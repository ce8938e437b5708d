//! Until when is the shop's domain registered? Asked once a day by RDAP (RFC 9083) over HTTPS, which leads to the
//! registry of each ending. A name that is not renewed is gone for everybody, and no certificate tells of it.
//! A registry that does not answer, or does not say, leaves the end unknown; unknown never alarms.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use protocol::time::UnixMillis;
use reqwest::{StatusCode, header::ACCEPT};
use serde_json::Value;
use tokio::runtime::Handle;

use super::{
    egress::{Outside, host_and_port},
    probe::{At, Probe, Seen},
};
use crate::alert::{
    message::dated,
    rule::{AlertKey, Rule},
};

const EVERY: Duration = Duration::from_secs(60);
/// Those of one look in turn, each with its questions.
const LIMIT: Duration = Duration::from_secs(120);
/// Names that are asked for in one look: the others have their turn a minute later.
const ASKED_MAX: usize = 4;
const ASK_LIMIT: Duration = Duration::from_secs(10);
const GOOD_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Registries count questions: one that failed is asked again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(6 * 3_600);
/// What a registry says of one name is a few thousand bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const REDIRECTS_MAX: usize = 5;
const EXPIRY: &[Rule] = &[Rule::DomainExpiring, Rule::DomainExpired];

/// The watch over the shop's registrations.
pub struct Registrations {
    names: Vec<String>,
    base: String,
    client: reqwest::Client,
    runtime: Handle,
    outside: Outside,
    known: BTreeMap<String, Known>,
}

struct Known {
    asked: Instant,
    /// The last end that was ever told, and what the newest question came to.
    ends: Option<UnixMillis>,
    fault: Option<String>,
}

impl Known {
    fn is_fresh(&self, tick: Instant) -> bool {
        let lasts = if self.fault.is_some() {
            AGAIN_AFTER
        } else {
            GOOD_FOR
        };
        tick.saturating_duration_since(self.asked) < lasts
    }
}

impl Registrations {
    /// A watch over the names in these web addresses, which asks at `base`, an address without a slash at its end.
    /// Numbers and names of this machine are nobody's registration and left out.
    ///
    /// # Errors
    /// When HTTPS cannot be prepared.
    pub fn new(domains: &[String], base: &str, runtime: Handle, outside: Outside) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::limited(REDIRECTS_MAX))
            .timeout(ASK_LIMIT)
            .build()
            .map_err(reqwest::Error::without_url)
            .context("preparing to ask registries")?;
        let names = domains.iter().map(|domain| host_and_port(domain).0);
        Ok(Self {
            names: names.filter(|name| is_registered(name)).collect(),
            base: base.trim_end_matches('/').to_owned(),
            client,
            runtime,
            outside,
            known: BTreeMap::new(),
        })
    }

    /// The names that are asked for in this look.
    fn due(&self, tick: Instant) -> Vec<String> {
        if !self.outside.is_reached() {
            return Vec::new();
        }
        let is_due = |name: &&String| self.known.get(*name).is_none_or(|known| !known.is_fresh(tick));
        self.names
            .iter()
            .filter(is_due)
            .take(ASKED_MAX)
            .cloned()
            .collect()
    }

    fn refresh(&mut self, name: &str, tick: Instant) {
        let told = self.runtime.block_on(ask(&self.client, &self.base, name));
        let before = self.known.get(name).and_then(|known| known.ends);
        let (ends, fault) = match told {
            Ok(ends) => (Some(ends), None),
            Err(error) => (before, Some(format!("{error:#}"))),
        };
        let known = Known {
            asked: tick,
            ends,
            fault,
        };
        self.known.insert(name.to_owned(), known);
    }
}

impl Probe for Registrations {
    fn name(&self) -> &'static str {
        "registrations"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        for name in self.due(at.tick) {
            self.refresh(&name, at.tick);
        }
        for name in &self.names {
            let key = AlertKey::new("registration", name);
            match self.known.get(name) {
                None => seen.unknown(key, "the registry was not asked yet"),
                Some(Known { ends: Some(ends), .. }) => {
                    #[allow(clippy::cast_precision_loss, reason = "seconds of years")]
                    let left_s = (ends.0 - at.now.0) as f64 / 1000.0;
                    seen.sample(format!("registration_days:{name}"), left_s / 86_400.0);
                    seen.measure(key, EXPIRY, left_s, dated(name, *ends));
                }
                Some(Known { fault, .. }) => {
                    seen.unknown(key, fault.as_deref().unwrap_or("the registry does not say"));
                }
            }
        }
        seen
    }
}

/// A name that a registry may know: with a dot in it, no number, and not reserved for one's own.
fn is_registered(name: &str) -> bool {
    const RESERVED: [&str; 4] = [".localhost", ".local", ".internal", ".invalid"];
    name.contains('.') && name.parse::<IpAddr>().is_err() && !RESERVED.iter().any(|end| name.ends_with(end))
}

/// The name itself and what it lies under, down to two labels: which of them is registered only the registries know.
fn candidates(name: &str) -> Vec<&str> {
    std::iter::successors(Some(name), |name| parent(name)).collect()
}

fn parent(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once('.')?;
    rest.contains('.').then_some(rest)
}

async fn ask(client: &reqwest::Client, base: &str, name: &str) -> anyhow::Result<UnixMillis> {
    for candidate in candidates(name) {
        let request = client.get(format!("{base}/domain/{candidate}"));
        let mut answer = request
            .header(ACCEPT, "application/rdap+json")
            .send()
            .await
            .map_err(reqwest::Error::without_url)?;
        if answer.status() == StatusCode::NOT_FOUND {
            continue;
        }
        ensure!(
            answer.status().is_success(),
            "the registry answers {}",
            answer.status()
        );
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            ensure!(
                bytes.len() + chunk.len() <= ANSWER_BYTES_MAX,
                "the registry's answer is too long"
            );
            bytes.extend_from_slice(&chunk);
        }
        let said = serde_json::from_slice(&bytes).context("the registry's answer is no JSON")?;
        return expiration(&said).context("the registry does not say when it ends");
    }
    anyhow::bail!("no registry knows the name")
}

/// The event of RFC 9083, section 4.5.
fn expiration(said: &Value) -> Option<UnixMillis> {
    let events = said["events"].as_array()?;
    let ends = events.iter().find(|event| event["eventAction"] == "expiration")?;
    let at: Timestamp = ends["eventDate"].as_str()?.parse().ok()?;
    Some(UnixMillis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_asked_from_the_longest_to_the_registered_one() {
        assert_eq!(
            candidates("toko.sari.co.id"),
            ["toko.sari.co.id", "sari.co.id", "co.id"]
        );
        assert_eq!(candidates("sari.id"), ["sari.id"]);
    }

    #[test]
    fn numbers_and_names_of_ones_own_are_nobodys_registration() {
        for own in ["127.0.0.1", "::1", "localhost", "nas.local", "a.b.invalid"] {
            assert!(!is_registered(own), "{own}");
        }
        assert!(is_registered("shop.example"));
    }

    #[test]
    fn only_the_event_of_its_end_counts() {
        let of = |events: Value| expiration(&json!({ "events": events }));
        let registered = json!({"eventAction": "registration", "eventDate": "2020-01-01T00:00:00Z"});
        let ends = json!({"eventAction": "expiration", "eventDate": "2026-11-22T09:00:00Z"});
        assert_eq!(of(json!([registered, ends])), Some(UnixMillis(1_795_338_000_000)));
        assert_eq!(of(json!([registered])), None);
        assert_eq!(
            of(json!([{"eventAction": "expiration", "eventDate": "soon"}])),
            None
        );
        assert_eq!(expiration(&json!({})), None);
    }
}

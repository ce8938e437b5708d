//! Can the agent itself reach anything outside? Asked with a name and a connection to where its alerts and its backups
//! go, before it believes that others cannot be reached: who is blind must not report thirty things as gone.
//! It sends nothing over such a connection, and takes one place that cannot be reached for that place's own trouble.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::probe::{At, Probe, Seen};
use crate::alert::rule::{AlertKey, Rule};

const EVERY: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(40);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Places that are tried before the agent calls itself blind.
const PLACES_MAX: usize = 3;

/// The watch over the agent's own way out.
pub struct Egress {
    /// Host and port of each place, the most important first.
    places: Vec<(String, u16)>,
    open: Outside,
}

/// Whether the last look reached the outside: for questions that would blame somebody else. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outside(Arc<AtomicBool>);

impl Outside {
    /// Whether it did.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Egress {
    /// A watch over the way to these web addresses, of which one is enough.
    #[must_use]
    pub fn new<'a>(urls: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            places: urls.into_iter().take(PLACES_MAX).map(host_and_port).collect(),
            open: Outside::default(),
        }
    }

    /// What the looks find, for others.
    #[must_use]
    pub fn outside(&self) -> Outside {
        self.open.clone()
    }
}

impl Egress {
    /// Whether the way out works at this moment. Takes as long as connections that nobody answers: up to twenty seconds.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.reach_any().is_ok()
    }

    /// The fault of the first place when none is reached.
    fn reach_any(&self) -> Result<(), String> {
        let mut fault = None;
        for (host, port) in &self.places {
            match reach(host, *port) {
                Ok(()) => return Ok(()),
                Err(why) => drop(fault.get_or_insert(why)),
            }
        }
        fault.map_or(Ok(()), Err)
    }
}

impl Probe for Egress {
    fn name(&self) -> &'static str {
        "egress"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        let reached = self.reach_any();
        self.open.0.store(reached.is_ok(), Ordering::Relaxed);
        if reached.is_ok() {
            seen.sample("egress_seconds", at.tick.elapsed().as_secs_f64());
        }
        let key = AlertKey::new("agent", "egress");
        seen.judge(key, reached.err().map(|why| (Rule::AgentBlind, why)));
        seen
    }
}

/// Who refuses is there: the line works.
fn reach(host: &str, port: u16) -> Result<(), String> {
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| format!("{host}: {error}"))?
        .collect();
    let first = |family: fn(&SocketAddr) -> bool| addresses.iter().copied().find(family);
    let mut fault = format!("{host}: no address");
    for address in [first(SocketAddr::is_ipv4), first(SocketAddr::is_ipv6)]
        .into_iter()
        .flatten()
    {
        match TcpStream::connect_timeout(&address, CONNECT_LIMIT) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(()),
            Err(error) => fault = format!("{host}: {error}"),
        }
    }
    Err(fault)
}

/// Of a web address: what stands before its path, and its port or that of its scheme.
#[must_use]
pub fn host_and_port(url: &str) -> (String, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let usual = match scheme {
        "http" => 80,
        "ssh" | "sftp" => 22,
        _ => 443,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let port = |text: &str| text.parse::<u16>().ok();
    match authority.rsplit_once(':') {
        Some((host, text)) if port(text).is_some() => (bare(host).to_owned(), port(text).unwrap_or(usual)),
        _ => (bare(authority).to_owned(), usual),
    }
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_of_every_kind_of_address() {
        let cases = [
            ("https://api.telegram.org", "api.telegram.org", 443),
            ("http://127.0.0.1:8081/x:9", "127.0.0.1", 8081),
            ("http://[::1]:80", "::1", 80),
            ("https://shop.example/telegram?a=b:1", "shop.example", 443),
            ("shop.example:8443", "shop.example", 8443),
            ("ssh://shop@backup.example:2222", "backup.example", 2222),
            ("ssh://shop@backup.example", "backup.example", 22),
        ];
        for (url, host, port) in cases {
            assert_eq!(host_and_port(url), (host.to_owned(), port), "{url}");
        }
    }

    #[test]
    fn one_place_that_answers_or_refuses_is_enough_and_none_is_blindness() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = format!("http://{}", listener.local_addr().unwrap());
        let nowhere = "https://there-is-no-such-name.invalid";
        assert_eq!(Egress::new([nowhere, &there]).reach_any(), Ok(()));
        drop(listener);
        assert_eq!(Egress::new([there.as_str()]).reach_any(), Ok(()), "it refuses");
        let blind = Egress::new([nowhere]).reach_any().unwrap_err();
        assert!(blind.starts_with("there-is-no-such-name.invalid: "), "{blind}");
    }
}

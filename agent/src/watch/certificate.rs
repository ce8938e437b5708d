//! Does the shop's domain answer, and until when is its TLS certificate good? Telegram and the gateways deliver nothing
//! to a name that is gone or a certificate that has ended.
//! It trusts no certificate and sends nothing: it looks at the one that is shown.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use protocol::time::UnixMillis;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    egress::{Outside, host_and_port},
    not_after::not_after,
    probe::{At, Probe, Seen},
};
use crate::alert::{
    message::dated,
    rule::{AlertKey, Rule},
};

const EVERY: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(30);
/// A good answer is good for so long; a bad one is looked at again at the next turn.
const GOOD_FOR: Duration = Duration::from_secs(6 * 3600);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A look is a handshake: it needs no more of a stack.
const STACK_BYTES: usize = 512 * 1024;

const EXPIRY: &[Rule] = &[Rule::CertificateExpiring, Rule::CertificateExpired];

/// The watch over the shop's names.
pub struct Certificates {
    domains: Vec<String>,
    outside: Outside,
    tls: Arc<ClientConfig>,
    known: BTreeMap<String, (Instant, UnixMillis)>,
}

impl Certificates {
    /// A watch over these web addresses. All are looked at beside each other: as many that hang take as long as one.
    #[must_use]
    pub fn new(domains: Vec<String>, outside: Outside) -> Self {
        Self {
            domains,
            outside,
            tls: Arc::new(tls()),
            known: BTreeMap::new(),
        }
    }

    /// Looks at those that were not good lately, all at once, and tells what is wrong with which.
    fn look_at_due(&mut self, tick: Instant) -> BTreeMap<String, String> {
        let is_good = |domain: &&String| {
            let known = self.known.get(*domain);
            known.is_some_and(|(looked, _)| tick.saturating_duration_since(*looked) < GOOD_FOR)
        };
        let due: Vec<&String> = self.domains.iter().filter(|domain| !is_good(domain)).collect();
        let mut faults = BTreeMap::new();
        for (domain, looked) in at_once(&due, &self.tls) {
            match looked {
                Ok(ends) => drop(self.known.insert(domain, (tick, ends))),
                Err(why) => drop(faults.insert(domain, why)),
            }
        }
        faults
    }
}

impl Probe for Certificates {
    fn name(&self) -> &'static str {
        "certificates"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        let faults = self.look_at_due(at.tick);
        for domain in &self.domains {
            let (answers, expiry) = (
                AlertKey::new("domain", domain),
                AlertKey::new("certificate", domain),
            );
            let known = self.known.get(domain).map(|(_, ends)| *ends);
            let never = || "it was not looked at".to_owned();
            let fault = faults.get(domain).cloned();
            match fault.map_or_else(|| known.ok_or_else(never), Err) {
                Ok(ends) => {
                    seen.judge(answers, None);
                    #[allow(clippy::cast_precision_loss, reason = "seconds of years")]
                    let left_s = (ends.0 - at.now.0) as f64 / 1000.0;
                    seen.sample(format!("certificate_days:{domain}"), left_s / 86_400.0);
                    seen.measure(expiry, EXPIRY, left_s, dated(domain, ends));
                }
                Err(why) => {
                    seen.unknown(expiry, why.as_str());
                    if self.outside.is_reached() {
                        seen.judge(answers, Some((Rule::DomainUnreachable, why)));
                    } else {
                        seen.unknown(answers, "the agent itself cannot reach anything outside");
                    }
                }
            }
        }
        seen
    }
}

/// One thread each: none waits for another's silence.
fn at_once(domains: &[&String], tls: &Arc<ClientConfig>) -> Vec<(String, Result<UnixMillis, String>)> {
    thread::scope(|scope| {
        let look = |domain| {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, move || shown_by(domain, tls))
        };
        let looks: Vec<_> = domains.iter().map(|domain| look(domain.as_str())).collect();
        let ended = looks.into_iter().map(|look| match look {
            Ok(look) => look.join().unwrap_or_else(|_| Err("the look failed".to_owned())),
            Err(error) => Err(error.to_string()),
        });
        domains.iter().map(ToString::to_string).zip(ended).collect()
    })
}

/// When the certificate ends that the host shows.
fn shown_by(domain: &str, tls: &Arc<ClientConfig>) -> Result<UnixMillis, String> {
    let (host, port) = host_and_port(domain);
    let named = |what: &dyn std::fmt::Display| format!("{host}: {what}");
    let address = (host.as_str(), port)
        .to_socket_addrs()
        .map_err(|error| named(&error))?
        .next()
        .ok_or_else(|| named(&"no address"))?;
    let mut socket = TcpStream::connect_timeout(&address, CONNECT_LIMIT).map_err(|error| named(&error))?;
    let limits = socket
        .set_read_timeout(Some(CONNECT_LIMIT))
        .and_then(|()| socket.set_write_timeout(Some(CONNECT_LIMIT)));
    limits.map_err(|error| named(&error))?;
    let name = ServerName::try_from(host.clone()).map_err(|error| named(&error))?;
    let mut connection = ClientConnection::new(Arc::clone(tls), name).map_err(|error| named(&error))?;
    while connection.is_handshaking() {
        connection
            .complete_io(&mut socket)
            .map_err(|error| match error.kind() {
                // That is how a socket says that its time is over.
                ErrorKind::WouldBlock | ErrorKind::TimedOut => named(&"it did not answer in time"),
                _ => named(&error),
            })?;
    }
    connection
        .peer_certificates()
        .and_then(|shown| not_after(shown.first()?))
        .ok_or_else(|| named(&"its certificate cannot be read"))
}

fn tls() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions of TLS")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Looker(provider)))
        .with_no_client_auth()
}

/// Takes any certificate, because an ended one is what is looked for. Nothing is sent over such a connection.
#[derive(Debug)]
struct Looker(Arc<CryptoProvider>);

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

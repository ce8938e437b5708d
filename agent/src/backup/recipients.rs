//! To whom backups are encrypted: OpenPGP certificates of the owner's.
//! A secret key is refused by name: it must never lie on the server that it protects.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use openpgp::{
    Cert,
    cert::CertParser,
    packet::{Key, key},
    parse::Parse,
    policy::StandardPolicy,
    serialize::SerializeInto,
};
use protocol::{settings::Faults, time::UnixMillis};
use sequoia_openpgp as openpgp;

use crate::{
    config::{Config, Environment, Purpose},
    store::sealed_to::SealedTo,
};

/// A certificate is a few kilobytes; a file over this is something else.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// All of them together, as one process hands them to another.
pub const BYTES_MAX: u64 = 16 * FILE_BYTES_MAX;
/// In the place of a file, where they come from another process.
const OF_AGENT: &str = "(as the running agent read it last)";

/// Now, or when the certificate was last signed by its owner: a server whose clock was set back behind that goes on
/// with its backups.
fn judged_at(cert: &Cert) -> SystemTime {
    let of_keys = cert
        .keys()
        .map(|key| key.bundle().self_signatures().collect::<Vec<_>>());
    let of_names = cert.userids().map(|id| id.bundle().self_signatures().collect());
    let signatures = of_keys.chain(of_names).flatten();
    let made_at = signatures
        .filter_map(|signature| signature.signature_creation_time())
        .max();
    made_at.map_or_else(SystemTime::now, |made_at| made_at.max(SystemTime::now()))
}

/// How long before a certificate's end its owner is told.
pub const WARN_BEFORE_EXPIRY: Duration = Duration::from_secs(60 * 86_400);

/// Where a certificate stands in its life. Backups go on in every case: one for an expired key can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It does not end soon.
    Valid,
    /// It ends within [`WARN_BEFORE_EXPIRY`].
    Expiring(UnixMillis),
    /// It has ended, by its owner's own word.
    Expired(UnixMillis),
}

/// Certificates that can all open what is sealed.
pub struct Recipients {
    certs: Vec<RecipientCert>,
}

/// One certificate, as `agent check` shows it.
pub struct RecipientCert {
    /// The file that it came from.
    pub path: PathBuf,
    /// Its fingerprint in hex.
    pub fingerprint: String,
    /// Its first user id.
    pub name: String,
    /// When its last encryption key expires; `None` is never.
    pub expires_at: Option<UnixMillis>,
    keys: Vec<Key<key::PublicParts, key::UnspecifiedRole>>,
    bytes: Vec<u8>,
}

/// Why those that the configuration names cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What is wrong, in sentences.
    pub why: String,
    /// Whether the configuration's own file does not read; else it is a certificate's.
    pub is_config: bool,
}

impl Recipients {
    /// How many keys there are: one that is named twice is one.
    #[must_use]
    pub fn distinct(&self) -> usize {
        let all: BTreeSet<&str> = self.certs.iter().map(|cert| cert.fingerprint.as_str()).collect();
        all.len()
    }

    /// Reads every file.
    ///
    /// # Errors
    /// One sentence for each file that cannot be used.
    pub fn load(paths: &[PathBuf]) -> Result<Self, Vec<String>> {
        let (mut certs, mut faults) = (Vec::new(), Vec::new());
        for path in paths {
            match read(path) {
                Ok(found) => certs.extend(found),
                Err(fault) => faults.push(format!("backup.recipients: {}: {fault}", path.display())),
            }
        }
        if faults.is_empty() {
            Ok(Self { certs })
        } else {
            Err(faults)
        }
    }

    /// The certificates as another process takes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.certs
            .iter()
            .flat_map(|cert| cert.bytes.iter().copied())
            .collect()
    }

    /// What [`Recipients::to_bytes`] gave.
    ///
    /// # Errors
    /// When it is something else, or holds none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        parse(Path::new(OF_AGENT), bytes).map(|certs| Self { certs })
    }

    /// The keys that open what is sealed to them.
    #[must_use]
    pub fn sealed_to(&self) -> SealedTo {
        SealedTo::of(self.keys().map(|key| key.fingerprint().to_hex()))
    }

    /// Those that the configuration's file names at this moment, also to an agent that has run for longer: a backup in a
    /// process of its own reads the same. Where that does not read or load, those that it named when it was read.
    ///
    /// # Errors
    /// As [`Recipients::load`].
    pub fn configured(config: &Config) -> Result<Self, Vec<String>> {
        Self::listed(config).or_else(|_| Self::load(&config.backup.recipients))
    }

    /// Those that the configuration's file names at this moment, and no others.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn listed(config: &Config) -> Result<Self, Unread> {
        let mut faults = Faults::default();
        let environment = Environment::of_process(&config.path);
        let read = Config::read(&config.path, Purpose::Look, &environment, &mut faults);
        if !faults.is_empty() {
            return Err(Unread {
                why: format!(
                    "{} does not read: {}",
                    config.path.display(),
                    faults.sentences().join("; ")
                ),
                is_config: true,
            });
        }
        let unread = |faults: &[String]| Unread {
            why: faults.join("; "),
            is_config: false,
        };
        let recipients = Self::load(&read.backup.recipients).map_err(|faults| unread(&faults))?;
        if recipients.certs.is_empty() {
            return Err(unread(&["backup.recipients names no certificate".to_owned()]));
        }
        Ok(recipients)
    }

    /// The certificates in the file's order.
    #[must_use]
    pub fn certs(&self) -> &[RecipientCert] {
        &self.certs
    }

    /// Every encryption key of every certificate.
    pub fn keys(&self) -> impl Iterator<Item = &Key<key::PublicParts, key::UnspecifiedRole>> {
        self.certs.iter().flat_map(|cert| &cert.keys)
    }
}

impl RecipientCert {
    /// The ids of its encryption keys: what an object names that was encrypted to it.
    #[must_use]
    pub fn encryption_ids(&self) -> String {
        let ids: Vec<String> = self.keys.iter().map(|key| key.keyid().to_hex()).collect();
        ids.join(", ")
    }

    /// What its end means at this moment.
    #[must_use]
    pub fn validity(&self, now: UnixMillis) -> Validity {
        match self.expires_at {
            Some(at) if at <= now => Validity::Expired(at),
            Some(at) if at <= now.plus(WARN_BEFORE_EXPIRY) => Validity::Expiring(at),
            Some(_) | None => Validity::Valid,
        }
    }
}

fn read(path: &Path) -> Result<Vec<RecipientCert>, String> {
    let unreadable = |error: std::io::Error| {
        format!("it cannot be read: {error}; it must be readable by the user that the agent runs as")
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err("it is far too large for an OpenPGP certificate".to_owned());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<RecipientCert>, String> {
    let no_cert = |error: &dyn std::fmt::Display| format!("it is no OpenPGP certificate: {error}");
    let parser = CertParser::from_bytes(bytes).map_err(|error| no_cert(&error))?;
    let certs: Vec<Cert> = parser
        .collect::<Result<_, _>>()
        .map_err(|error| no_cert(&error))?;
    if certs.is_empty() {
        return Err("there is no OpenPGP certificate in it".to_owned());
    }
    certs.into_iter().map(|cert| recipient(path, &cert)).collect()
}

fn recipient(path: &Path, cert: &Cert) -> Result<RecipientCert, String> {
    if cert.is_tsk() {
        return Err(
            "it holds a SECRET key, which must not lie on the server: whoever takes the server could read \
                    every backup. Take it off, and put the public certificate (owner.asc) here"
                .to_owned(),
        );
    }
    let policy = StandardPolicy::new();
    let name = cert
        .userids()
        .next()
        .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned());
    let valid = cert
        .with_policy(&policy, judged_at(cert))
        .map_err(|error| format!("it cannot be used: {error}"))?;
    if let openpgp::types::RevocationStatus::Revoked(_) = valid.revocation_status() {
        return Err("it was revoked".to_owned());
    }
    // Expiry is judged by `validity` and stops no backup, neither in a running agent nor in one that is restarted,
    // since a backup for an expired key can be opened and no backup cannot.
    let usable: Vec<_> = valid
        .keys()
        .revoked(false)
        .supported()
        .for_storage_encryption()
        .for_transport_encryption()
        .collect();
    if usable.is_empty() {
        return Err("it has no key that can encrypt".to_owned());
    }
    let own = valid.primary_key().key_expiration_time();
    let last = usable
        .iter()
        .map(|key| key.key_expiration_time())
        .max_by_key(|at| at.map_or((1, None), |at| (0, Some(at))));
    let expires = [own, last.flatten()].into_iter().flatten().min();
    Ok(RecipientCert {
        path: path.to_path_buf(),
        fingerprint: cert.fingerprint().to_hex(),
        name: name.unwrap_or_default(),
        expires_at: expires
            .and_then(|at| jiff::Timestamp::try_from(at).ok())
            .map(|at| UnixMillis(at.as_millisecond())),
        keys: usable
            .iter()
            .map(|key| key.key().clone().role_into_unspecified())
            .collect(),
        bytes: cert
            .to_vec()
            .map_err(|error| format!("it cannot be used: {error}"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_told_sixty_days_before() {
        const DAY_MS: i64 = 86_400_000;
        let end = UnixMillis(1_000 * DAY_MS);
        let cert = RecipientCert {
            path: PathBuf::new(),
            fingerprint: String::new(),
            name: String::new(),
            expires_at: Some(end),
            keys: Vec::new(),
            bytes: Vec::new(),
        };
        let on_day = |day: i64| cert.validity(UnixMillis(day * DAY_MS));
        assert_eq!(on_day(939), Validity::Valid);
        assert_eq!(on_day(940), Validity::Expiring(end));
        assert_eq!(on_day(1_000), Validity::Expired(end));
        let eternal = RecipientCert {
            expires_at: None,
            ..cert
        };
        assert_eq!(eternal.validity(UnixMillis(i64::MAX)), Validity::Valid);
    }
}

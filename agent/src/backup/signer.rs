//! The agent's own signing key: made at the first start, kept in the state directory, and used for every object, so
//! that whoever restores can tell this agent's objects from anybody else's who knows the owner's certificate.
//! It decrypts nothing, and its secret part never leaves the state directory.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use openpgp::{
    Cert, Profile,
    cert::{CertBuilder, CertParser, CipherSuite},
    crypto::KeyPair,
    parse::Parse,
    policy::StandardPolicy,
    serialize::SerializeInto,
    types::{Features, KeyFlags},
};
use protocol::{object_key::Fingerprint, time::UnixMillis};
use sequoia_openpgp as openpgp;

use crate::store::owner::own_like;

mod bounds;

const FILE: &str = "signing.asc";
const NAME: &str = "Warung agent";
/// 2020-01-01T00:00:00Z, for every key: a clock that is put back must not let signatures be older than their key.
const MADE_AT: Duration = Duration::from_secs(1_577_836_800);
/// The last second that OpenPGP can write: a clock that is wrong must not make a certificate one that is not valid yet.
const END_OF_TIME: Duration = Duration::from_secs(u32::MAX as u64);
/// A file of certificates is a few kilobytes.
const CERTS_BYTES_MAX: u64 = 1024 * 1024;

/// The secret key that signs.
pub struct SigningKey {
    cert: Cert,
    pair: KeyPair,
    fingerprint: Fingerprint,
}

impl SigningKey {
    /// Where the key lies.
    #[must_use]
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FILE)
    }

    /// Reads the key of this state directory; `None` when no agent has made one yet.
    ///
    /// # Errors
    /// When the file is there and holds no key that signs.
    pub fn load(state_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(state_dir);
        if !path.exists() {
            return Ok(None);
        }
        let advice =
            "no backup can be signed. Move it away, and the agent makes another key at its next start";
        let reading = || format!("reading the agent's signing key {}: {advice}", path.display());
        let cert = Cert::from_file(&path).with_context(reading)?;
        Self::of(cert).with_context(reading).map(Some)
    }

    /// Reads the key, and makes it when there is none. Two processes that do so at once end with the same key.
    ///
    /// # Errors
    /// As [`SigningKey::load`], or what the disk refuses.
    pub fn load_or_make(state_dir: &Path) -> anyhow::Result<Self> {
        if let Some(key) = Self::load(state_dir)? {
            return Ok(key);
        }
        let path = Self::path(state_dir);
        let made = Self::make()?;
        let armored = made
            .cert
            .as_tsk()
            .armored()
            .to_vec()
            .context("writing the signing key")?;
        let new = path.with_extension(format!("new-{:08x}", rand::random::<u32>()));
        write_private(&new, &armored)
            .with_context(|| format!("writing the signing key {}", new.display()))?;
        own_like(&new, state_dir);
        // A link is refused when the name is taken: whoever came first has made the key.
        let linked = fs::hard_link(&new, &path);
        fs::remove_file(&new).with_context(|| format!("removing {}", new.display()))?;
        fs::File::open(state_dir)
            .and_then(|dir| dir.sync_all())
            .context("forcing the state directory to the disk")?;
        match Self::load(state_dir)? {
            Some(key) => {
                tracing::info!(fingerprint = %key.fingerprint, "the agent made its signing key");
                Ok(key)
            }
            None => Err(linked
                .err()
                .unwrap_or_else(|| std::io::ErrorKind::NotFound.into()))
            .with_context(|| format!("making the signing key {}", path.display())),
        }
    }

    /// A key in memory alone.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn make() -> anyhow::Result<Self> {
        let (cert, _revocation) = CertBuilder::new()
            .set_profile(Profile::RFC4880)
            .and_then(|builder| builder.set_features(Features::empty().set_seipdv1()))
            .context("choosing the form of the signing key")?
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(SystemTime::UNIX_EPOCH + MADE_AT)
            .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
            .add_userid(NAME)
            .generate()
            .context("making the signing key")?;
        Self::of(cert)
    }

    fn of(cert: Cert) -> anyhow::Result<Self> {
        let key = cert.primary_key().key().clone();
        let pair = key
            .parts_into_secret()
            .and_then(openpgp::packet::Key::into_keypair)
            .context("there is no secret key that signs in it")?;
        let fingerprint = fingerprint_of(&cert).context("its fingerprint is of another kind")?;
        Ok(Self {
            cert,
            pair,
            fingerprint,
        })
    }

    /// The fingerprint of its certificate.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Its public certificate, armoured, as it lies on every remote and in the recovery kit.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn certificate(&self) -> anyhow::Result<String> {
        let armored = self
            .cert
            .armored()
            .to_vec()
            .context("writing the agent's certificate")?;
        String::from_utf8(armored).context("armour is ASCII")
    }

    /// Whoever believes this key alone.
    #[must_use]
    pub fn as_signers(&self) -> Signers {
        Signers::those(vec![self.cert.clone().strip_secret_key_material()])
    }

    pub(super) fn pair(&self) -> KeyPair {
        self.pair.clone()
    }
}

/// Certificates whose signatures are believed. Cheap to clone.
#[derive(Clone, Default)]
pub struct Signers {
    certs: Arc<[Cert]>,
    /// Whose certificates are at hand and are not believed.
    offered: Arc<[Fingerprint]>,
    /// Those who are believed for what they had signed by then alone.
    until: Arc<BTreeMap<Fingerprint, UnixMillis>>,
}

impl Signers {
    /// A certificate is a kilobyte.
    pub const BYTES_MAX: u64 = 64 * 1024;

    /// The one certificate of this fingerprint, with a signature of its own that fits: what was altered is none.
    ///
    /// # Errors
    /// A sentence that says what it is instead.
    pub fn of(signer: &Fingerprint, bytes: &[u8]) -> anyhow::Result<Self> {
        let found = Self::parse(bytes)?;
        let is_it = found.fingerprints().eq([signer.clone()]);
        anyhow::ensure!(is_it, "it is another certificate than its name says");
        let policy = StandardPolicy::new();
        let is_sound = |cert: &Cert| {
            cert.with_policy(&policy, SystemTime::UNIX_EPOCH + END_OF_TIME)
                .is_ok()
        };
        anyhow::ensure!(
            found.certs.iter().all(is_sound),
            "it is altered: its own signature does not fit"
        );
        Ok(found)
    }

    /// The same, knowing whose certificates are at hand beside these.
    #[must_use]
    pub fn offering(self, offered: impl Iterator<Item = Fingerprint>) -> Self {
        Self {
            offered: offered.collect(),
            ..self
        }
    }

    /// Whether the certificate of an agent that is not believed is at hand: its owner's word is all that is missing.
    #[must_use]
    pub fn could_believe(&self, signer: &str) -> bool {
        self.offered.iter().any(|offered| offered.as_str() == signer)
    }

    /// Whether somebody's certificate is at hand who is not believed.
    #[must_use]
    pub fn has_strangers(&self) -> bool {
        self.strangers().next().is_some()
    }

    /// Those whose certificates are at hand and who are not believed.
    pub fn strangers(&self) -> impl Iterator<Item = &Fingerprint> {
        self.offered.iter().filter(|offered| !self.contains(offered))
    }

    /// Reads certificates, one or several, armoured or not.
    ///
    /// # Errors
    /// When there is something else in the bytes.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        anyhow::ensure!(
            bytes.len() as u64 <= CERTS_BYTES_MAX,
            "it is far too large for certificates"
        );
        let certs = CertParser::from_bytes(bytes)
            .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
            .context("it is no OpenPGP certificate")?;
        Ok(Self::those(certs))
    }

    fn those(certs: Vec<Cert>) -> Self {
        Self {
            certs: certs.into(),
            offered: Arc::default(),
            until: Arc::default(),
        }
    }

    /// Those of both. Whom one of them believes without a bound, or for longer, both do.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut all = self.certs.to_vec();
        let new = other
            .certs
            .iter()
            .filter(|cert| !all.iter().any(|it| it.fingerprint() == cert.fingerprint()));
        let new: Vec<Cert> = new.cloned().collect();
        all.extend(new);
        let bound = |side: &Self, signer: &Fingerprint| match side.contains(signer) {
            true => side.until.get(signer).copied().unwrap_or(UnixMillis(i64::MAX)),
            false => UnixMillis(i64::MIN),
        };
        let bounded = self.until.keys().chain(other.until.keys());
        let until = bounded.map(|signer| (signer.clone(), bound(self, signer).max(bound(other, signer))));
        let until = until.filter(|(_, moment)| moment.0 < i64::MAX);
        Self {
            until: Arc::new(until.collect()),
            offered: self.offered.iter().chain(other.offered.iter()).cloned().collect(),
            ..Self::those(all)
        }
    }

    /// The certificate of one of them, armoured.
    ///
    /// # Errors
    /// When it is none of them, or the cryptographic library refuses.
    pub fn certificate_of(&self, signer: &Fingerprint) -> anyhow::Result<String> {
        let is_it = |cert: &&Cert| fingerprint_of(cert).as_ref() == Some(signer);
        let cert = self
            .certs
            .iter()
            .find(is_it)
            .context("nobody has its certificate")?;
        let armored = cert.armored().to_vec().context("writing a certificate")?;
        String::from_utf8(armored).context("armour is ASCII")
    }

    /// Whether nobody is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certs.is_empty()
    }

    /// Whether this signer is believed.
    #[must_use]
    pub fn contains(&self, signer: &Fingerprint) -> bool {
        self.fingerprints().any(|known| known == *signer)
    }

    /// Everybody who is believed.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.certs.iter().filter_map(fingerprint_of)
    }

    pub(super) fn certs(&self) -> &[Cert] {
        &self.certs
    }
}

fn fingerprint_of(cert: &Cert) -> Option<Fingerprint> {
    Fingerprint::parse(&cert.fingerprint().to_hex()).ok()
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(SigningKey::load(dir.path()).unwrap().is_none());
        let made = SigningKey::load_or_make(dir.path()).unwrap();
        let again = SigningKey::load_or_make(dir.path()).unwrap();
        assert_eq!(made.fingerprint(), again.fingerprint());
        let mode = fs::metadata(SigningKey::path(dir.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
        let certificate = made.certificate().unwrap();
        assert!(!certificate.contains("PRIVATE"), "{certificate}");
        let signers = Signers::parse(certificate.as_bytes()).unwrap();
        assert!(signers.contains(made.fingerprint()));
        assert!(
            !SigningKey::make()
                .unwrap()
                .as_signers()
                .contains(made.fingerprint())
        );
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(SigningKey::path(dir.path()), "rubbish").unwrap();
        let told = format!("{:#}", SigningKey::load_or_make(dir.path()).err().unwrap());
        assert!(told.contains("signing.asc"), "{told}");
    }
}

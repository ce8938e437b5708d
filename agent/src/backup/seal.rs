//! One object from plain bytes to what a remote may hold, and back: zstd, then an OpenPGP message that plain
//! `gpg --decrypt` and `zstd -d` open without this program.
//! It names no object and speaks to no remote; opening is bounded, so that a forged object cannot fill the memory.

use std::{
    fmt::Write as _,
    io::{self, Read},
    sync::Arc,
};

use anyhow::Context;
use openpgp::{
    Cert, KeyHandle, KeyID,
    crypto::{KeyPair, SessionKey},
    packet::{PKESK, SKESK},
    parse::{
        Parse,
        stream::{DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper},
    },
    policy::StandardPolicy,
    serialize::stream::{Encryptor, LiteralWriter, Message, Recipient},
    types::{Features, SymmetricAlgorithm},
};
use sequoia_openpgp as openpgp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::recipients::Recipients;

/// zstd's own default: higher levels cost five times the time for a twentieth of the size.
const LEVEL: i32 = 3;

/// Bytes for a remote, with the digests of both sides.
pub struct Sealed {
    /// What is uploaded.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, in hex.
    pub sha256: String,
    /// How many plain bytes went in.
    pub plain_size_bytes: u64,
    /// SHA-256 of the plain bytes, in hex.
    pub plain_sha256: String,
}

/// Why an object did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// None of the key's parts is a recipient of this message.
    #[error("the key does not open it: it was encrypted to {0}")]
    WrongKey(String),
    /// It is no OpenPGP message, was altered, or is longer than it may be.
    #[error("{0}")]
    Broken(String),
}

/// The owner's unlocked decryption keys. Cheap to clone: parts are opened on several threads.
#[derive(Clone)]
pub struct Keys(Arc<[(KeyID, KeyPair)]>);

impl Keys {
    /// Takes unlocked key pairs over; each is found again by its id.
    #[must_use]
    pub fn new(pairs: Vec<(KeyID, KeyPair)>) -> Self {
        Self(pairs.into())
    }
}

/// Compresses and encrypts to every recipient.
///
/// # Errors
/// When a recipient's certificate cannot be used.
pub fn seal(plain: impl Read, recipients: &Recipients) -> anyhow::Result<Sealed> {
    let mut bytes = Vec::new();
    let mut plain = Counted::new(plain);
    {
        // SEIPDv1 in any case: certificates made by newer programs ask for SEIPDv2, which gpg 2.2 cannot read.
        let features = Features::empty().set_seipdv1();
        let to = recipients
            .keys()
            .map(|key| Recipient::new(features.clone(), KeyHandle::from(key.keyid()), key))
            .collect::<Vec<_>>();
        let message = Encryptor::for_recipients(Message::new(&mut bytes), to)
            .symmetric_algo(SymmetricAlgorithm::AES256)
            .build()
            .context("encrypting to the recipients")?;
        let literal = LiteralWriter::new(message)
            .build()
            .context("beginning the OpenPGP message")?;
        let mut zstd = zstd::Encoder::new(literal, LEVEL).context("starting zstd")?;
        zstd.include_checksum(true)
            .context("asking zstd for a checksum")?;
        io::copy(&mut plain, &mut zstd).context("compressing and encrypting")?;
        zstd.finish()
            .context("ending the compressed data")?
            .finalize()
            .context("ending the OpenPGP message")?;
    }
    let (plain_size_bytes, plain_sha256) = plain.end();
    Ok(Sealed {
        sha256: sha256_hex(&bytes),
        bytes,
        plain_size_bytes,
        plain_sha256,
    })
}

/// Decrypts and decompresses into memory; more than `plain_bytes_max` is refused before it is kept.
///
/// # Errors
/// [`OpenError`]: the caller decides between another key and another copy.
pub fn open(sealed: &[u8], keys: &Keys, plain_bytes_max: u64) -> Result<Vec<u8>, OpenError> {
    let policy = StandardPolicy::new();
    let broken = |error: &dyn std::fmt::Display| OpenError::Broken(format!("it does not decrypt: {error}"));
    let decryptor = DecryptorBuilder::from_bytes(sealed)
        .and_then(|builder| {
            builder.with_policy(
                &policy,
                None,
                Opener {
                    keys: keys.0.to_vec(),
                },
            )
        })
        .map_err(|error| match error.downcast::<NotARecipient>() {
            Ok(NotARecipient(recipients)) => OpenError::WrongKey(recipients),
            Err(error) => broken(&error),
        })?;
    let unzstd = zstd::Decoder::new(decryptor).map_err(|error| broken(&error))?;
    let mut plain = Vec::new();
    unzstd
        .take(plain_bytes_max.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|error| broken(&error))?;
    if plain.len() as u64 > plain_bytes_max {
        return Err(OpenError::Broken(format!(
            "it unpacks to more than the {plain_bytes_max} bytes that it may"
        )));
    }
    Ok(plain)
}

/// SHA-256 of bytes, in hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes every write");
        text
    })
}

/// A reader that counts and digests what goes through it.
struct Counted<R> {
    inner: R,
    size_bytes: u64,
    digest: Sha256,
}

impl<R> Counted<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            size_bytes: 0,
            digest: Sha256::new(),
        }
    }

    fn end(self) -> (u64, String) {
        (self.size_bytes, hex(&self.digest.finalize()))
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }
}

/// The message is for other keys than those at hand.
#[derive(Debug, Error)]
#[error("it is encrypted to {0}")]
struct NotARecipient(String);

/// Tries the owner's keys on a message.
struct Opener {
    keys: Vec<(KeyID, KeyPair)>,
}

impl DecryptionHelper for Opener {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _skesks: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        let recipient = |pkesk: &PKESK| pkesk.recipient().map(KeyID::from);
        let mut is_ours = false;
        for pkesk in pkesks {
            for (_, pair) in self
                .keys
                .iter_mut()
                .filter(|(key, _)| recipient(pkesk).as_ref() == Some(key))
            {
                is_ours = true;
                let found = pkesk.decrypt(pair, algorithm);
                if found.is_some_and(|(found, session_key)| decrypt(found, &session_key)) {
                    return Ok(None);
                }
            }
        }
        anyhow::ensure!(!is_ours, "its session key was altered");
        let names: Vec<String> = pkesks
            .iter()
            .filter_map(recipient)
            .map(|id| id.to_hex())
            .collect();
        Err(NotARecipient(names.join(", ")).into())
    }
}

impl VerificationHelper for Opener {
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(Vec::new())
    }

    /// Nothing is signed yet: what proves an object is the digest in the manifest.
    fn check(&mut self, _structure: MessageStructure<'_>) -> openpgp::Result<()> {
        Ok(())
    }
}

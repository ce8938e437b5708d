//! One object from plain bytes to what a remote may hold, and back: zstd, then an OpenPGP message, signed inside by the
//! agent's key, that plain `gpg --decrypt` and `zstd -d` open without this program.
//! It names no object and speaks to no remote; opening is bounded, so that a forged object cannot fill the memory.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    time::{Duration, SystemTime},
};

pub use super::key_ring::{Keys, SessionKeys};
use anyhow::Context;
pub use openpgp::crypto::SessionKey;
use openpgp::{
    Cert, KeyHandle, KeyID,
    crypto::KeyPair,
    packet::{PKESK, SKESK},
    parse::{
        Parse,
        stream::{
            DecryptionHelper, DecryptorBuilder, MessageLayer, MessageStructure, VerificationError,
            VerificationHelper,
        },
    },
    policy::StandardPolicy,
    serialize::stream::{Encryptor, LiteralWriter, Message, Recipient, Signer},
    types::{Features, HashAlgorithm, SymmetricAlgorithm},
};
use sequoia_openpgp as openpgp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    recipients::Recipients,
    signer::{Signers, SigningKey},
};

/// zstd's own default, for what is small: higher levels cost five times the time for a twentieth of the size.
pub const LEVEL: i32 = 3;

/// What every object is encrypted with.
const CIPHER: SymmetricAlgorithm = SymmetricAlgorithm::AES256;

/// The last second that OpenPGP can write.
const END_OF_TIME: Duration = Duration::from_secs(u32::MAX as u64);

/// Bytes for a remote.
pub struct Sealed {
    /// What is uploaded.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, in hex.
    pub sha256: String,
    /// How many plain bytes went in.
    pub plain_size_bytes: u64,
    /// Opens this one object and no other. It never leaves the machine, and is forgotten after some days.
    pub session_key: SessionKey,
}

/// What is known of an object that went into a writer.
pub struct Poured {
    /// How many plain bytes went in.
    pub plain_size_bytes: u64,
    /// As in [`Sealed`].
    pub session_key: SessionKey,
}

/// Why an object did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// None of the key's parts is a recipient of this message.
    #[error("the key does not open it: it was encrypted to {0}")]
    WrongKey(String),
    /// Nobody signed it: the agent signs everything, so it is not the agent's.
    #[error("nobody signed it, so that it is not this agent's")]
    Unsigned,
    /// Somebody signed it whom nobody here believes.
    #[error("it was signed by {0}, which is not a known agent")]
    ForeignSigner(String),
    /// It is no OpenPGP message, was altered, or is longer than it may be.
    #[error("{0}")]
    Broken(String),
}

/// Compresses, signs, and encrypts to every recipient.
///
/// # Errors
/// When a recipient's certificate cannot be used, or the reader fails.
pub fn seal(
    plain: impl Read,
    recipients: &Recipients,
    signer: &SigningKey,
    level: i32,
) -> anyhow::Result<Sealed> {
    let mut bytes = Vec::new();
    let poured = seal_into(plain, &mut bytes, recipients, signer, level)?;
    Ok(Sealed {
        sha256: sha256_hex(&bytes),
        bytes,
        plain_size_bytes: poured.plain_size_bytes,
        session_key: poured.session_key,
    })
}

/// The same into a writer.
///
/// # Errors
/// As [`seal`], or when the writer fails.
pub fn seal_into(
    mut plain: impl Read,
    into: impl Write + Send + Sync,
    recipients: &Recipients,
    signer: &SigningKey,
    level: i32,
) -> anyhow::Result<Poured> {
    // SEIPDv1 in any case: certificates made by newer programs ask for SEIPDv2, which gpg 2.2 cannot read.
    let features = Features::empty().set_seipdv1();
    let to = recipients
        .keys()
        .map(|key| Recipient::new(features.clone(), KeyHandle::from(key.keyid()), key))
        .collect::<Vec<_>>();
    let session_key = SessionKey::new(CIPHER.key_size()?).context("making a session key")?;
    let message = Encryptor::with_session_key(Message::new(into), CIPHER, session_key.clone())
        .context("encrypting")?
        .add_recipients(to)
        .build()
        .context("encrypting to the recipients")?;
    let message = Signer::new(message, signer.pair())
        .and_then(|signer| signer.hash_algo(HashAlgorithm::SHA256)?.build())
        .context("signing")?;
    let literal = LiteralWriter::new(message)
        .build()
        .context("beginning the OpenPGP message")?;
    let mut zstd = zstd::Encoder::new(literal, level).context("starting zstd")?;
    zstd.include_checksum(true)
        .context("asking zstd for a checksum")?;
    let plain_size_bytes = io::copy(&mut plain, &mut zstd).context("compressing and encrypting")?;
    zstd.finish()
        .context("ending the compressed data")?
        .finalize()
        .context("ending the OpenPGP message")?;
    Ok(Poured {
        plain_size_bytes,
        session_key,
    })
}

/// Decrypts, verifies and decompresses into memory; more than `plain_bytes_max` is refused before it is kept.
///
/// # Errors
/// As [`open_into`].
pub fn open(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
) -> Result<Vec<u8>, OpenError> {
    let mut plain = Vec::new();
    open_into(sealed, keys, signers, plain_bytes_max, &mut plain)
        .map_err(|error| error.unwrap_or_else(|never| OpenError::Broken(never.to_string())))?;
    Ok(plain)
}

/// The same into a writer, piece by piece; returns how many bytes that were. A message of up to 25 MiB is verified
/// before the first piece, a longer one at its end.
///
/// # Errors
/// [`OpenError`]: the caller decides between another key and another copy; or the writer's own.
pub fn open_into(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
    into: &mut impl Write,
) -> Result<u64, Result<OpenError, io::Error>> {
    let policy = StandardPolicy::new();
    let opener = Opener {
        keys: keys.pairs.to_vec(),
        session: keys.session(sealed),
        signers: signers.clone(),
    };
    let decryptor = DecryptorBuilder::from_bytes(sealed)
        // The clock of whoever restores may stand before the agent's: no signature is from the future.
        .and_then(|builder| builder.with_policy(&policy, SystemTime::UNIX_EPOCH + END_OF_TIME, opener))
        .map_err(|error| Ok(explain(error)))?;
    let mut unzstd = zstd::Decoder::new(decryptor).map_err(|error| Ok(explain_io(error)))?;
    let (mut piece, mut total_bytes) = (vec![0; PIECE_BYTES], 0_u64);
    loop {
        let count = fill(&mut unzstd, &mut piece).map_err(|error| Ok(explain_io(error)))?;
        total_bytes += count as u64;
        if total_bytes > plain_bytes_max {
            return Err(Ok(OpenError::Broken(format!(
                "it unpacks to more than the {plain_bytes_max} bytes that it may"
            ))));
        }
        into.write_all(&piece[..count]).map_err(Err)?;
        if count < piece.len() {
            return Ok(total_bytes);
        }
    }
}

/// Whole pages of every size that SQLite has, so that a writer may look at them one by one.
pub const PIECE_BYTES: usize = 256 * 1024;

/// Reads until the buffer is full or nothing more comes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn explain(error: anyhow::Error) -> OpenError {
    match error.downcast::<Refusal>() {
        Ok(Refusal(why)) => why,
        Err(error) => OpenError::Broken(format!("it does not decrypt: {error}")),
    }
}

fn explain_io(error: io::Error) -> OpenError {
    match error.downcast::<Refusal>() {
        Ok(Refusal(why)) => why,
        Err(error) => explain(error.into()),
    }
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

/// What a helper of the decryption found, on its way through the library's own errors.
#[derive(Debug, Error)]
#[error("{0}")]
struct Refusal(OpenError);

/// Tries the owner's keys on a message, and believes the known signers alone.
struct Opener {
    keys: Vec<(KeyID, KeyPair)>,
    session: Option<SessionKey>,
    signers: Signers,
}

impl DecryptionHelper for Opener {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _skesks: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        if let Some(session) = &self.session
            && decrypt(Some(CIPHER), session)
        {
            return Ok(None);
        }
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
        Err(Refusal(OpenError::WrongKey(names.join(", "))).into())
    }
}

impl VerificationHelper for Opener {
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(self.signers.certs().to_vec())
    }

    /// One good signature of a known agent is wanted, inside the encryption.
    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        let mut refusal = OpenError::Unsigned;
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else {
                continue;
            };
            for result in results {
                refusal = match result {
                    Ok(_) => return Ok(()),
                    Err(VerificationError::MissingKey { sig }) => OpenError::ForeignSigner(
                        sig.issuer_fingerprints()
                            .next()
                            .map_or_else(|| "an unnamed key".to_owned(), openpgp::Fingerprint::to_hex),
                    ),
                    Err(error) => OpenError::Broken(format!("its signature does not fit: {error}")),
                };
            }
        }
        Err(Refusal(refusal).into())
    }
}

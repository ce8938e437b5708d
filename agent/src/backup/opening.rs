//! One object from what lies on a remote back to plain bytes: decrypted and proven unaltered, then the signature, then
//! unpacked.
//! It fetches nothing, and believes nobody but the signers that it is given.

use std::{
    io::{self, Write},
    ops::Range,
    time::{Duration, SystemTime},
};

use openpgp::{
    KeyID, Packet,
    crypto::{KeyPair, SessionKey},
    packet::{PKESK, Tag},
    parse::{
        Parse,
        stream::{DEFAULT_BUFFER_SIZE, VerifierBuilder},
    },
    policy::StandardPolicy,
    types::SymmetricAlgorithm,
};
use protocol::time::UnixMillis;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use super::{
    believed::Believed,
    container::{CIPHER, Proof, VERSION, cipher_of, decrypt},
    frames::{PIECE_BYTES, UnpackError, unpack, unpack_at_hand},
    framing::Frame,
    key_ring::Keys,
    signer::Signers,
};

/// The last second that OpenPGP can write.
const END_OF_TIME: Duration = Duration::from_secs(u32::MAX as u64);
/// A literal packet's format and the length of its name, which come first; and its date, which follows the name.
const LITERAL_HEAD_BYTES: usize = 2;
const DATE_BYTES: usize = 4;

/// How it begins that an object was sealed for another key.
pub const OTHER_KEY: &str = "the key does not open it";

/// Why an object did not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// None of the key's parts is a recipient of this message.
    #[error("{other}: it was encrypted to {0}", other = OTHER_KEY)]
    WrongKey(String),
    /// Nobody signed it: the agent signs everything, so it is not the agent's.
    #[error("nobody signed it, so that it is not this agent's")]
    Unsigned,
    /// Somebody signed it whom nobody here believes.
    #[error("it was signed by {0}, which is not a known agent")]
    ForeignSigner(String),
    /// One signed it who is believed for what was signed before: this server was restored from those backups.
    #[error("it was signed by {0} after the shop was restored from that agent's backups onto another server")]
    SignedSince(String),
    /// It is no OpenPGP message, was altered, or is longer than it may be.
    #[error("{0}")]
    Broken(String),
}

/// Decrypts, verifies and decompresses into memory; more than `plain_bytes_max` is refused before it is kept. That
/// nothing was altered is known before a byte is decompressed; who signed it too for a message of up to 25 MiB, for a
/// longer one at its end.
///
/// # Errors
/// [`OpenError`]: the caller decides between another key and another copy.
pub fn open(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
) -> Result<Vec<u8>, OpenError> {
    Ok(open_dated(sealed, keys, signers, plain_bytes_max)?.0)
}

/// The same, and the moment at which it was signed, to the second and by the signer's clock: unlike what an object's name
/// claims nobody else can have written that.
///
/// # Errors
/// As [`open`].
pub fn open_dated(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
) -> Result<(Vec<u8>, UnixMillis), OpenError> {
    let mut plain = Vec::new();
    let (_, signed_at) = opened(
        sealed,
        keys,
        signers,
        plain_bytes_max,
        DEFAULT_BUFFER_SIZE,
        &mut plain,
    )
    .map_err(|error| error.unwrap_or_else(|never| OpenError::Broken(never.to_string())))?;
    Ok((plain, signed_at))
}

/// The same into a writer, piece by piece, for an object that was sealed here a moment ago: who signed it is known at
/// its end, and little memory is taken. Returns how many bytes that were.
///
/// # Errors
/// As [`open`], or the writer's own.
pub(super) fn open_own_into(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
    into: &mut impl Write,
) -> Result<u64, Result<OpenError, io::Error>> {
    let (total_bytes, _) = opened(sealed, keys, signers, plain_bytes_max, PIECE_BYTES, into)?;
    Ok(total_bytes)
}

/// The same for an object whose SHA-256 was compared with the one that a signed manifest tells: nobody else can have
/// made it, and nothing in it was altered, so that its own hash and signature are not asked once more. That is half of
/// the work of opening it.
///
/// # Errors
/// As [`open`], or the writer's own.
pub fn open_known_into(
    sealed: &[u8],
    keys: &Keys,
    plain_bytes_max: u64,
    into: &mut impl Write,
) -> Result<u64, Result<OpenError, io::Error>> {
    let opening = Encrypted::parse(sealed).and_then(|message| message.open(keys, sealed, Proof::Known));
    let mut inside = opening.map_err(|error| Ok(explain(error)))?;
    let content = content_of(inside.packets_mut()).map_err(|error| Ok(explain(error)))?;
    unpack_at_hand(content, plain_bytes_max, into).map_err(explain_unpacking)
}

/// The content of a signed message, moved together where it lies.
fn content_of(mut packets: &mut [u8]) -> openpgp::Result<&[u8]> {
    while !packets.is_empty() {
        let frame = Frame::first(packets)?;
        if frame.tag == Tag::Literal {
            let body = frame.close_up(packets);
            return content_of_literal(&packets[body]).ok_or_else(|| anyhow::anyhow!("it is cut short"));
        }
        packets = &mut packets[frame.end..];
    }
    anyhow::bail!("nothing is in it")
}

fn content_of_literal(body: &[u8]) -> Option<&[u8]> {
    let name_bytes = usize::from(*body.get(LITERAL_HEAD_BYTES - 1)?);
    body.get(LITERAL_HEAD_BYTES + name_bytes + DATE_BYTES..)
}

/// A message of up to `held_back_bytes` is given away once it is known who signed it.
fn opened(
    sealed: &[u8],
    keys: &Keys,
    signers: &Signers,
    plain_bytes_max: u64,
    held_back_bytes: usize,
    into: &mut impl Write,
) -> Result<(u64, UnixMillis), Result<OpenError, io::Error>> {
    let opening = Encrypted::parse(sealed).and_then(|message| message.open(keys, sealed, Proof::HashInside));
    let signed = opening.map_err(|error| Ok(explain(error)))?;
    let (policy, believed) = (StandardPolicy::new(), Believed::new(signers.clone()));
    // The library takes all of it at once, however small the message is.
    let held_back_bytes = held_back_bytes.min(signed.packets().len());
    let mut verifier = VerifierBuilder::from_bytes(signed.packets())
        .map(|builder| builder.buffer_size(held_back_bytes))
        // The clock of whoever restores may stand before the agent's: no signature is from the future.
        .and_then(|builder| builder.with_policy(&policy, SystemTime::UNIX_EPOCH + END_OF_TIME, believed))
        .map_err(|error| Ok(explain(error)))?;
    let total_bytes = unpack(&mut verifier, plain_bytes_max, into).map_err(explain_unpacking)?;
    Ok((total_bytes, verifier.helper_ref().signed_at()))
}

fn explain_unpacking(error: UnpackError) -> Result<OpenError, io::Error> {
    match error {
        UnpackError::Broken(error) => Ok(explain_io(error)),
        UnpackError::TooLong(_) => Ok(OpenError::Broken(error.to_string())),
        UnpackError::Writing(error) => Err(error),
    }
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

/// What was found out, on its way through the library's own errors.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) OpenError);

/// A message, taken apart but not yet decrypted.
struct Encrypted {
    /// Its session key, once for each recipient.
    recipients: Vec<PKESK>,
    /// What is encrypted, behind the version of its packet.
    body: Vec<u8>,
}

/// What was inside, where it was decrypted.
struct Decrypted {
    body: Vec<u8>,
    inside: Range<usize>,
}

impl Decrypted {
    /// The signed message.
    fn packets(&self) -> &[u8] {
        &self.body[self.inside.clone()]
    }

    /// The same, for whoever needs no more of it than its content.
    fn packets_mut(&mut self) -> &mut [u8] {
        &mut self.body[self.inside.clone()]
    }
}

impl Encrypted {
    fn parse(sealed: &[u8]) -> openpgp::Result<Self> {
        let (mut recipients, mut rest) = (Vec::new(), sealed);
        while !rest.is_empty() {
            let frame = Frame::first(rest)?;
            let (packet, after) = rest.split_at(frame.end);
            match frame.tag {
                Tag::PKESK => match Packet::from_bytes(packet)? {
                    Packet::PKESK(recipient) => recipients.push(recipient),
                    _ => anyhow::bail!("it is encrypted to somebody in a way that nobody knows"),
                },
                // For a passphrase; and what old programs put in front of a message.
                Tag::SKESK | Tag::Marker => {}
                Tag::SEIP => {
                    let body = frame.body(packet);
                    anyhow::ensure!(after.is_empty(), "more follows than one message");
                    anyhow::ensure!(
                        body.first() == Some(&VERSION),
                        "it is encrypted as no object of this program is"
                    );
                    return Ok(Self { recipients, body });
                }
                other => anyhow::bail!("it is no encrypted message but has a {other} packet"),
            }
            rest = after;
        }
        anyhow::bail!("nothing in it is encrypted")
    }

    /// The signed message inside, by whichever key fits.
    fn open(mut self, keys: &Keys, sealed: &[u8], proof: Proof) -> openpgp::Result<Decrypted> {
        let mut refusal = None;
        let session = keys.session(sealed).map(|key| Ok((cipher_of(&key), key)));
        let recipients = std::mem::take(&mut self.recipients);
        let fitting = recipients.iter().flat_map(|pkesk| {
            let recipient = pkesk.recipient().map(KeyID::from);
            let pairs = keys
                .pairs
                .iter()
                .filter(move |(key, _)| recipient.as_ref() == Some(key));
            pairs.map(move |(_, pair)| session_key(pkesk, pair))
        });
        for key in session.into_iter().chain(fitting) {
            match key.and_then(|(algorithm, key)| self.decrypt(sealed, (algorithm, &key), proof)) {
                Ok(opened) => return Ok(opened),
                Err(error) => refusal = Some(error),
            }
        }
        self.recipients = recipients;
        Err(refusal.unwrap_or_else(|| Refusal(OpenError::WrongKey(self.names())).into()))
    }

    fn decrypt(
        &mut self,
        sealed: &[u8],
        (algorithm, key): (SymmetricAlgorithm, &SessionKey),
        proof: Proof,
    ) -> openpgp::Result<Decrypted> {
        // A key that did not fit has spoiled what lay there.
        let mut body = match std::mem::take(&mut self.body) {
            spoiled if spoiled.is_empty() => Self::parse(sealed)?.body,
            body => body,
        };
        let Range { start, end } = decrypt(&mut body[1..], algorithm, key, proof)?;
        Ok(Decrypted {
            body,
            inside: start + 1..end + 1,
        })
    }

    fn names(&self) -> String {
        let ids = self.recipients.iter().filter_map(PKESK::recipient);
        let names: Vec<String> = ids.map(|id| KeyID::from(id).to_hex()).collect();
        names.join(", ")
    }
}

fn session_key(pkesk: &PKESK, pair: &KeyPair) -> openpgp::Result<(SymmetricAlgorithm, SessionKey)> {
    let found = pkesk.decrypt(&mut pair.clone(), None);
    let (algorithm, key) = found.ok_or_else(|| anyhow::anyhow!("its session key was altered"))?;
    Ok((algorithm.unwrap_or(CIPHER), key))
}

//! One object from plain bytes to what a remote may hold, and back: zstd, then an OpenPGP message, signed inside by the
//! agent's key, that plain `gpg --decrypt` and `zstd -d` open without this program.
//! It names no object and speaks to no remote; opening is bounded, so that a forged object cannot fill the memory.

use std::{
    fmt::Write as _,
    io::{BufRead, Read, Write},
};

pub use super::{
    frames::PIECE_BYTES,
    key_ring::{Keys, SessionKeys},
    opening::{OTHER_KEY, OpenError, open, open_dated, open_known_into},
};
use anyhow::Context;
pub use openpgp::crypto::SessionKey;
use openpgp::{
    Packet,
    packet::{PKESK, pkesk::PKESK3},
    serialize::{
        Serialize,
        stream::{LiteralWriter, Message, Signer},
    },
    types::HashAlgorithm,
};
use sequoia_openpgp as openpgp;
use sha2::{Digest, Sha256};
use zstd::zstd_safe::{CParameter, ParamSwitch};

use super::{
    container::{CIPHER, Container},
    recipients::Recipients,
    signer::SigningKey,
};

/// zstd's own default, for what is small, and for what waits for a slow line: higher levels cost five times the time for a
/// twentieth of the size.
pub const LEVEL: i32 = 3;
/// For what is large, as long as the remotes keep up: pages of a database become a ninth larger than at the default, in
/// half of its time.
pub const FASTEST_LEVEL: i32 = 1;
/// The fastest level with twice its table and shorter matches, and with one byte in three passed over where nothing
/// matched; zstd would then leave what matches nothing as it is, although it is mostly letters and digits.
const TUNED: [CParameter; 4] = [
    CParameter::HashLog(15),
    CParameter::MinMatch(6),
    CParameter::TargetLength(3),
    CParameter::LiteralCompressionMode(ParamSwitch::Enable),
];
/// Plain bytes of a zstd frame: two of its windows, so that beginning anew costs a hundredth of the size at most.
pub(super) const FRAME_BYTES: usize = 1024 * 1024;

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

/// Compresses, signs, and encrypts to every recipient.
///
/// # Errors
/// When a recipient's certificate cannot be used, or the reader fails.
pub fn seal(
    plain: impl BufRead,
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
    mut plain: impl BufRead,
    mut into: impl Write + Send + Sync,
    recipients: &Recipients,
    signer: &SigningKey,
    level: i32,
) -> anyhow::Result<Poured> {
    let session_key = SessionKey::new(CIPHER.key_size()?).context("making a session key")?;
    for key in recipients.keys() {
        let to = PKESK3::for_recipient(CIPHER, &session_key, key).context("encrypting to the recipients")?;
        Packet::from(PKESK::from(to)).serialize(&mut into)?;
    }
    let mut container = Container::begin(into, &session_key).context("encrypting")?;
    let message = Signer::new(Message::new(&mut container), signer.pair())
        .and_then(|signer| signer.hash_algo(HashAlgorithm::SHA256)?.build())
        .context("signing")?;
    let mut literal = LiteralWriter::new(message)
        .build()
        .context("beginning the OpenPGP message")?;
    let plain_size_bytes = compress(&mut plain, level, &mut literal)?;
    literal.finalize().context("ending the signed message")?;
    container.finish().context("ending the encrypted message")?;
    Ok(Poured {
        plain_size_bytes,
        session_key,
    })
}

/// Compresses frame by frame, each with a checksum of its own; returns how many bytes went in. A frame whose whole
/// content is at hand is compressed where it lies, and `zstd -d` reads many frames as one.
fn compress(plain: &mut impl BufRead, level: i32, into: &mut impl Write) -> anyhow::Result<u64> {
    let mut zstd = zstd::bulk::Compressor::new(level).context("starting zstd")?;
    let mut parameters = vec![CParameter::ChecksumFlag(true)];
    if level == FASTEST_LEVEL {
        parameters.extend(TUNED);
    }
    for parameter in parameters {
        zstd.set_parameter(parameter).context("setting zstd up")?;
    }
    let (mut gathered, mut frame, mut total_bytes) = (Vec::new(), Vec::new(), 0);
    loop {
        let is_at_hand = plain.fill_buf()?.len() >= FRAME_BYTES;
        if !is_at_hand {
            gathered.clear();
            plain.take(FRAME_BYTES as u64).read_to_end(&mut gathered)?;
        }
        let content = match is_at_hand {
            true => &plain.fill_buf()?[..FRAME_BYTES],
            false => &gathered[..],
        };
        let count = content.len();
        // An object without content is one empty frame.
        if count == 0 && total_bytes > 0 {
            return Ok(total_bytes);
        }
        frame.clear();
        frame.reserve(zstd::zstd_safe::compress_bound(count));
        zstd.compress_to_buffer(content, &mut frame)
            .context("compressing")?;
        into.write_all(&frame).context("encrypting")?;
        if is_at_hand {
            plain.consume(count);
        }
        total_bytes += count as u64;
        if count < FRAME_BYTES {
            return Ok(total_bytes);
        }
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

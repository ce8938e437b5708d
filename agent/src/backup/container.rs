//! The encrypted packet around an object: SEIPDv1 of RFC 4880 (5.13 and 5.14), that is AES in CFB mode over the packets
//! inside and a SHA-1 of them at their end, both by OpenSSL. Sequoia writes and reads everything else of a message.
//! It is written here because Sequoia hashes this packet with a SHA-1 in plain Rust that looks for collisions, and
//! decrypts block by block: a third of a restore's work. Nothing rests on that hash alone: the signature inside is over
//! SHA-256.
//! It knows no recipient, and gives no plain byte away before the whole packet has proven unaltered.

use std::{
    io::{self, Write},
    ops::Range,
    sync::OnceLock,
};

use anyhow::{Context, ensure};
use openpgp::{
    crypto::SessionKey,
    packet::{
        Tag,
        header::{BodyLength, CTB},
    },
    serialize::Marshal,
    types::SymmetricAlgorithm,
};
use ossl::{
    OsslContext, OsslSecret,
    cipher::{AesSize, EncAlg, OsslCipher},
    digest::{DigestAlg, OsslDigest},
};
use sequoia_openpgp as openpgp;

/// What every object is encrypted with. The key reaches its recipients by Curve25519, as `agent key new` makes them, whose
/// strength is 128 bits too: a longer one would protect nothing and costs half as much again.
pub(super) const CIPHER: SymmetricAlgorithm = SymmetricAlgorithm::AES128;
/// The packet's first byte of its body.
pub(super) const VERSION: u8 = 1;
/// AES's block; random bytes of this size come first, and the last two of them twice.
const BLOCK_BYTES: usize = 16;
const PREFIX_BYTES: usize = BLOCK_BYTES + 2;
/// Tag and length of the packet that holds the SHA-1 (20 bytes), which both are part of what is hashed.
const MDC_HEAD: [u8; 2] = [0xD3, 20];
const SHA1_BYTES: usize = 20;
/// A packet of unknown length is written in pieces of a power of two, at least 512 bytes; this one stays in the cache.
const PIECE_BYTES: usize = 64 * 1024;

/// The packet while it is written: what goes in is encrypted and goes on.
pub(super) struct Container<W: Write> {
    into: W,
    cipher: Encryption,
    sha1: OsslDigest,
    piece: Vec<u8>,
}

impl<W: Write> Container<W> {
    /// Begins the packet under this key, which must have been made for it alone.
    pub(super) fn begin(mut into: W, key: &SessionKey) -> anyhow::Result<Self> {
        CTB::new(Tag::SEIP).serialize(&mut into)?;
        let cipher = Encryption::new(key).context("starting AES")?;
        let mut piece = Vec::with_capacity(PIECE_BYTES + MDC_HEAD.len() + SHA1_BYTES);
        piece.push(VERSION);
        let mut container = Self {
            into,
            cipher,
            sha1: sha1()?,
            piece,
        };
        let mut prefix = [0; PREFIX_BYTES];
        openpgp::crypto::random(&mut prefix[..BLOCK_BYTES])?;
        prefix.copy_within(BLOCK_BYTES - 2..BLOCK_BYTES, BLOCK_BYTES);
        container.add(&prefix)?;
        Ok(container)
    }

    /// Ends the packet.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.add(&MDC_HEAD)?;
        let mut digest = [0; SHA1_BYTES];
        self.sha1.finalize(&mut digest).context("hashing")?;
        self.encrypt(&digest)?;
        BodyLength::Full(u32::try_from(self.piece.len())?).serialize(&mut self.into)?;
        self.into.write_all(&self.piece)?;
        Ok(())
    }

    fn add(&mut self, plain: &[u8]) -> io::Result<()> {
        self.sha1.update(plain).map_err(io::Error::other)?;
        self.encrypt(plain)
    }

    fn encrypt(&mut self, plain: &[u8]) -> io::Result<()> {
        self.cipher.encrypt(plain, &mut self.piece)
    }

    fn put_piece(&mut self) -> anyhow::Result<()> {
        BodyLength::Partial(u32::try_from(self.piece.len())?).serialize(&mut self.into)?;
        self.into.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Container<W> {
    /// Takes as much as the piece at hand has room for, so that whoever hashes it too finds it in the cache.
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        if self.piece.len() >= PIECE_BYTES {
            self.put_piece().map_err(io::Error::other)?;
        }
        let count = plain.len().min(PIECE_BYTES - self.piece.len());
        self.add(&plain[..count])?;
        Ok(count)
    }

    /// A piece is written when it is full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// CFB: each plain block is laid over the encryption of the encrypted block before it, the first one over that of zeros.
/// What lies beneath is therefore what CBC would make of the same plain blocks, one block later; and for CBC OpenSSL has
/// a loop of its own, while it does CFB by calling AES for each block: half as fast again.
struct Encryption {
    cbc: OsslCipher,
    /// What the block at hand is laid over.
    beneath: [u8; BLOCK_BYTES],
    /// What there is of that block.
    begun: Vec<u8>,
    /// What the blocks after it are laid over.
    stream: Vec<u8>,
}

impl Encryption {
    fn new(key: &SessionKey) -> anyhow::Result<Self> {
        let (algorithm, zeros) = (EncAlg::AesCbc(size_of(CIPHER)?), [0; BLOCK_BYTES]);
        let secret = OsslSecret::from_slice(key);
        let mut cbc = OsslCipher::new(openssl()?, algorithm, true, secret, Some(zeros.to_vec()), None)?;
        cbc.set_padding(false)?;
        let mut beneath = zeros;
        cbc.update(&zeros, &mut beneath)?;
        Ok(Self {
            cbc,
            beneath,
            begun: Vec::with_capacity(BLOCK_BYTES),
            stream: Vec::new(),
        })
    }

    fn encrypt(&mut self, plain: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
        let missing = (BLOCK_BYTES - self.begun.len()) % BLOCK_BYTES;
        let (first, rest) = plain.split_at(missing.min(plain.len()));
        self.encrypt_some(first, into)?;
        let (blocks, last) = rest.split_at(rest.len() - rest.len() % BLOCK_BYTES);
        self.encrypt_blocks(blocks, into)?;
        self.encrypt_some(last, into)
    }

    /// Less than a block, or what completes one.
    fn encrypt_some(&mut self, plain: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
        let beneath = &self.beneath[self.begun.len()..];
        into.extend(over(plain, beneath));
        self.begun.extend_from_slice(plain);
        if self.begun.len() == BLOCK_BYTES {
            let next = self.cbc.update(&self.begun, &mut self.beneath);
            next.map_err(io::Error::other)?;
            self.begun.clear();
        }
        Ok(())
    }

    fn encrypt_blocks(&mut self, plain: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
        let Some(last) = plain.len().checked_sub(BLOCK_BYTES) else {
            return Ok(());
        };
        self.stream.resize(plain.len(), 0);
        let laid = self.cbc.update(plain, &mut self.stream);
        laid.map_err(io::Error::other)?;
        let (first, others) = plain.split_at(BLOCK_BYTES);
        into.extend(over(first, &self.beneath));
        into.extend(over(others, &self.stream[..last]));
        self.beneath.copy_from_slice(&self.stream[last..]);
        Ok(())
    }
}

fn over<'a>(plain: &'a [u8], beneath: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
    plain.iter().zip(beneath).map(|(plain, beneath)| plain ^ beneath)
}

/// What a key of this length is for, when only the key was kept.
pub(super) fn cipher_of(key: &SessionKey) -> SymmetricAlgorithm {
    let fitting = [SymmetricAlgorithm::AES256, SymmetricAlgorithm::AES192]
        .into_iter()
        .find(|cipher| cipher.key_size().is_ok_and(|size| size == key.len()));
    fitting.unwrap_or(CIPHER)
}

/// Why what was decrypted may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// By the hash inside of it, which is compared.
    HashInside,
    /// Every byte of the object is known to be as it was written.
    Known,
}

/// Decrypts the whole body of an encrypted packet, without its version, where it lies, and says where in it the packets
/// inside are. After an error what lies there is of no use any more.
///
/// # Errors
/// When the key does not fit or any byte was altered, which cannot be told apart.
pub(super) fn decrypt(
    body: &mut [u8],
    algorithm: SymmetricAlgorithm,
    key: &SessionKey,
    proof: Proof,
) -> anyhow::Result<Range<usize>> {
    ensure!(
        body.len() >= PREFIX_BYTES + MDC_HEAD.len() + SHA1_BYTES,
        "its encrypted packet is cut short"
    );
    let mut stream = KeyStream::new(algorithm, key)?;
    let end = body.len() - SHA1_BYTES;
    let mut sha1 = sha1()?;
    let mut left = end;
    for piece in body.chunks_mut(PIECE_BYTES) {
        stream.take_off(piece)?;
        if proof == Proof::HashInside {
            let hashed = left.min(piece.len());
            sha1.update(&piece[..hashed])?;
            left -= hashed;
        }
    }
    let mut digest = [0; SHA1_BYTES];
    sha1.finalize(&mut digest)?;
    let is_whole = proof == Proof::Known || body[end..] == digest;
    ensure!(
        is_whole && body[..end].ends_with(&MDC_HEAD),
        "the hash inside of it does not fit"
    );
    Ok(PREFIX_BYTES..end - MDC_HEAD.len())
}

/// What CFB lays over the plain bytes: each block of what is encrypted, encrypted once more, one block later. All blocks
/// are known, so that the processor does many at once, which CFB as such makes it do one by one.
struct KeyStream {
    cipher: OsslCipher,
    /// The block before the next piece, and then the piece.
    encrypted: Vec<u8>,
    stream: Vec<u8>,
}

impl KeyStream {
    fn new(algorithm: SymmetricAlgorithm, key: &SessionKey) -> anyhow::Result<Self> {
        let size = size_of(algorithm)?;
        ensure!(
            key.len() == algorithm.key_size()?,
            "its session key has a wrong length"
        );
        let secret = OsslSecret::from_slice(key);
        let mut cipher = OsslCipher::new(openssl()?, EncAlg::AesEcb(size), true, secret, None, None)?;
        cipher.set_padding(false)?;
        Ok(Self {
            cipher,
            encrypted: vec![0; BLOCK_BYTES],
            stream: vec![0; PIECE_BYTES + BLOCK_BYTES],
        })
    }

    /// The next piece, of whole blocks unless it is the last one.
    fn take_off(&mut self, piece: &mut [u8]) -> anyhow::Result<()> {
        self.encrypted.extend_from_slice(piece);
        let blocks = piece.len().next_multiple_of(BLOCK_BYTES);
        self.encrypted.resize(BLOCK_BYTES + blocks, 0);
        self.cipher
            .update(&self.encrypted[..blocks], &mut self.stream[..blocks])?;
        let pairs = piece.iter_mut().zip(&self.stream);
        pairs.for_each(|(byte, laid_over)| *byte ^= laid_over);
        self.encrypted.drain(..blocks);
        Ok(())
    }
}

/// OpenSSL's name for it.
fn size_of(algorithm: SymmetricAlgorithm) -> anyhow::Result<AesSize> {
    Ok(match algorithm {
        SymmetricAlgorithm::AES128 => AesSize::Aes128,
        SymmetricAlgorithm::AES192 => AesSize::Aes192,
        SymmetricAlgorithm::AES256 => AesSize::Aes256,
        other => anyhow::bail!("it is encrypted with {other}, as no object is"),
    })
}

fn sha1() -> anyhow::Result<OsslDigest> {
    OsslDigest::new(openssl()?, DigestAlg::Sha1, None).context("starting SHA-1")
}

/// OpenSSL's state, once for the process.
fn openssl() -> anyhow::Result<&'static OsslContext> {
    static CONTEXT: OnceLock<Option<OsslContext>> = OnceLock::new();
    let context = CONTEXT.get_or_init(|| OsslContext::new_lib_ctx_checked().ok());
    context.as_ref().context("starting OpenSSL")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use openpgp::{
        Cert, KeyHandle, Profile,
        cert::CertBuilder,
        packet::{PKESK, SKESK},
        parse::{
            PacketParser, PacketParserResult, Parse,
            stream::{DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper},
        },
        policy::StandardPolicy,
        serialize::stream::{Encryptor, LiteralWriter, Message, Recipient},
        types::Features,
    };

    use super::*;

    /// Around the ends of a block and of a piece, where what is wrong would be wrong.
    fn sizes() -> impl Iterator<Item = usize> {
        let piece = PIECE_BYTES - PREFIX_BYTES - 1;
        let around = |size: usize| size.saturating_sub(2 * BLOCK_BYTES)..size + 2 * BLOCK_BYTES;
        (0..200)
            .chain(around(8_383))
            .chain(around(piece))
            .chain(around(2 * piece))
            .chain([5_000_000])
    }

    fn bytes(count: usize) -> Vec<u8> {
        let mut seed = 7_u64;
        let next = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        };
        (0..count).map(next).collect()
    }

    fn key() -> SessionKey {
        SessionKey::new(CIPHER.key_size().unwrap()).unwrap()
    }

    fn written(plain: &[u8], key: &SessionKey) -> Vec<u8> {
        let mut message = Vec::new();
        let mut container = Container::begin(&mut message, key).unwrap();
        container.write_all(plain).unwrap();
        container.finish().unwrap();
        message
    }

    fn opened(body: &[u8], algorithm: SymmetricAlgorithm, key: &SessionKey) -> anyhow::Result<Vec<u8>> {
        let sealed = body;
        let mut body = sealed.to_vec();
        let inside = decrypt(&mut body, algorithm, key, Proof::HashInside)?;
        let mut known = sealed.to_vec();
        assert_eq!(decrypt(&mut known, algorithm, key, Proof::Known)?, inside);
        assert!(known == body);
        Ok(body[inside].to_vec())
    }

    /// The encrypted packet's body as Sequoia finds it, behind packets for recipients.
    fn body_of(message: &[u8]) -> Vec<u8> {
        let mut packets = PacketParser::from_bytes(message).unwrap();
        while let PacketParserResult::Some(mut packet) = packets {
            if packet.packet.tag() == Tag::SEIP {
                let mut body = Vec::new();
                packet.read_to_end(&mut body).unwrap();
                return body;
            }
            packets = packet.next().unwrap().1;
        }
        panic!("nothing is encrypted")
    }

    /// Opens by a session key, and believes anybody.
    struct Anybody(SessionKey);

    impl DecryptionHelper for Anybody {
        fn decrypt(
            &mut self,
            _pkesks: &[PKESK],
            _skesks: &[SKESK],
            _algorithm: Option<SymmetricAlgorithm>,
            decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
        ) -> openpgp::Result<Option<Cert>> {
            assert!(decrypt(Some(CIPHER), &self.0));
            Ok(None)
        }
    }

    impl VerificationHelper for Anybody {
        fn get_certs(&mut self, _ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
            Ok(Vec::new())
        }

        fn check(&mut self, _structure: MessageStructure<'_>) -> openpgp::Result<()> {
            Ok(())
        }
    }

    fn opened_by_sequoia(message: &[u8], key: &SessionKey) -> openpgp::Result<Vec<u8>> {
        let mut plain = Vec::new();
        DecryptorBuilder::from_bytes(message)?
            .with_policy(&StandardPolicy::new(), None, Anybody(key.clone()))?
            .read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn sequoia_reads_what_is_written_here() {
        for size in sizes() {
            let (plain, key) = (bytes(size), key());
            let mut message = Vec::new();
            let mut container = Container::begin(&mut message, &key).unwrap();
            let mut literal = LiteralWriter::new(Message::new(&mut container)).build().unwrap();
            literal.write_all(&plain).unwrap();
            literal.finalize().unwrap();
            container.finish().unwrap();
            assert!(
                opened_by_sequoia(&message, &key).unwrap() == plain,
                "{size} bytes"
            );
        }
    }

    #[test]
    fn what_sequoia_writes_is_read_here() {
        let (cert, _) = CertBuilder::general_purpose(["Owner"])
            .set_profile(Profile::RFC4880)
            .unwrap()
            .generate()
            .unwrap();
        let seipd_v1 = Features::empty().set_seipdv1();
        let policy = StandardPolicy::new();
        let recipients = || {
            let keys = cert.keys().with_policy(&policy, None).for_transport_encryption();
            keys.map(|key| Recipient::new(seipd_v1.clone(), key.key().key_handle(), key.key()))
        };
        for algorithm in [SymmetricAlgorithm::AES128, SymmetricAlgorithm::AES192, CIPHER] {
            for size in sizes() {
                let plain = bytes(size);
                let key = SessionKey::new(algorithm.key_size().unwrap()).unwrap();
                let mut message = Vec::new();
                let message_to = Message::new(&mut message);
                let mut encryptor = Encryptor::with_session_key(message_to, algorithm, key.clone())
                    .unwrap()
                    .add_recipients(recipients())
                    .build()
                    .unwrap();
                encryptor.write_all(&plain).unwrap();
                encryptor.finalize().unwrap();
                let read = opened(&body_of(&message), algorithm, &key);
                assert!(read.unwrap() == plain, "{size} bytes");
            }
        }
    }

    #[test]
    fn what_is_written_in_any_portions_is_read_and_nothing_repeats() {
        let (plain, key) = (bytes(300_000), key());
        for portion in [1_000, 65_535, 65_536, 65_537, 300_000] {
            let mut message = Vec::new();
            let mut container = Container::begin(&mut message, &key).unwrap();
            for part in plain.chunks(portion) {
                container.write_all(part).unwrap();
            }
            container.finish().unwrap();
            assert!(opened(&body_of(&message), CIPHER, &key).unwrap() == plain);
        }
        assert_ne!(written(&plain, &key), written(&plain, &key));
    }

    #[test]
    fn every_altered_bit_every_cut_and_every_other_key_is_noticed() {
        let (plain, key) = (bytes(100), key());
        let body = body_of(&written(&plain, &key));
        for bit in 0..body.len() * 8 {
            let mut altered = body.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&altered, CIPHER, &key).is_err(), "bit {bit}");
        }
        for length in 0..body.len() {
            assert!(opened(&body[..length], CIPHER, &key).is_err(), "cut to {length}");
        }
        assert!(opened(&[&body[..], &[0]].concat(), CIPHER, &key).is_err());
        assert!(opened(&body, CIPHER, &self::key()).is_err());
        assert!(opened(&body, SymmetricAlgorithm::AES256, &key).is_err());
        assert!(opened(&body, SymmetricAlgorithm::Twofish, &key).is_err());
    }
}

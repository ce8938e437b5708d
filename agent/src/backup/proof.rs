//! Opens an object that was just sealed, before it leaves the machine: what a faulty memory or processor spoils here
//! would be signed, uploaded and read back without anybody noticing until a restore.
//! It does not look at every part of a full backup, which is most of the bytes: one in sixteen, by chance, and the drill
//! opens them all.

use std::io::{self, BufRead, Read, Write};

use anyhow::{Context, ensure};
use protocol::object_key;

use super::{
    opening::open_own_into,
    seal::{Keys, SessionKey, SessionKeys, sha256_hex},
    signer::Signers,
};

/// Of the parts of a full backup one in so many.
const BASE_PARTS: u32 = 16;
const SPOILED: &str =
    "what was just sealed does not open again: the memory or the processor of this server may be failing";

/// Whether this object is opened again: every segment, delta, manifest and archive of files, and some parts.
pub(super) fn is_chosen(key: &str) -> bool {
    !key.starts_with(object_key::BASES) || rand::random_range(0..BASE_PARTS) == 0
}

/// A digest of bytes that are read or written through it. It never leaves the process, so that it may be the fastest one.
pub(super) struct Witness<T> {
    inner: T,
    digest: blake3::Hasher,
    size_bytes: u64,
}

impl<T> Witness<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            digest: blake3::Hasher::new(),
            size_bytes: 0,
        }
    }

    pub(super) fn seen(self) -> Seen {
        Seen {
            digest: self.digest.finalize(),
            size_bytes: self.size_bytes,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.size_bytes += bytes.len() as u64;
    }
}

impl<T: BufRead> Read for Witness<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<T: BufRead> BufRead for Witness<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            let bytes = &bytes[..count];
            self.digest.update(bytes);
            self.size_bytes += bytes.len() as u64;
        }
        self.inner.consume(count);
    }
}

impl Write for Witness<io::Sink> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plain bytes, by their digest.
#[derive(PartialEq, Eq)]
pub(super) struct Seen {
    digest: blake3::Hash,
    size_bytes: u64,
}

impl Seen {
    /// Of bytes in memory.
    pub(super) fn of(plain: &[u8]) -> Self {
        Self {
            digest: blake3::hash(plain),
            size_bytes: plain.len() as u64,
        }
    }

    /// Decrypts, verifies and unpacks the object, piece by piece, and compares it with what went in.
    ///
    /// # Errors
    /// When it does not open, or opens to something else: it must not leave the machine.
    pub(super) fn require_in(
        &self,
        sealed: &[u8],
        sha256: &str,
        key: &SessionKey,
        signers: &Signers,
    ) -> anyhow::Result<()> {
        ensure!(
            sha256_hex(sealed) == sha256,
            "{SPOILED} (its digest is not the one of what was written)"
        );
        let keys = Keys::of_sessions(SessionKeys::from([(sha256.to_owned(), key.clone())]));
        let mut plain = Witness::new(io::sink());
        open_own_into(sealed, &keys, signers, self.size_bytes, &mut plain)
            .map_err(|error| error.map_or_else(anyhow::Error::from, anyhow::Error::from))
            .context(SPOILED)?;
        ensure!(plain.seen() == *self, "{SPOILED} (it opens to other bytes)");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sequoia_openpgp::{cert::CertBuilder, serialize::SerializeInto};

    use super::*;
    use crate::backup::{
        recipients::Recipients,
        seal::{LEVEL, seal},
        signer::SigningKey,
    };

    #[test]
    fn a_bit_that_flips_before_or_after_the_encryption_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, _) = CertBuilder::general_purpose(["Owner <owner@example.org>"])
            .generate()
            .unwrap();
        let certificate = dir.path().join("owner.asc");
        std::fs::write(&certificate, cert.armored().to_vec().unwrap()).unwrap();
        let Ok(recipients) = Recipients::load(&[certificate]) else {
            panic!("a certificate that was just made does not load");
        };
        let signer = SigningKey::make().unwrap();
        let plain = b"a page of the shop".repeat(1000);
        let mut witness = Witness::new(plain.as_slice());
        let sealed = seal(&mut witness, &recipients, &signer, LEVEL).unwrap();
        let check = |seen: &Seen, bytes: &[u8], sha256: &str| {
            let checked = seen.require_in(bytes, sha256, &sealed.session_key, &signer.as_signers());
            checked.map_err(|error| format!("{error:#}"))
        };
        let seen = witness.seen();
        check(&seen, &sealed.bytes, &sealed.sha256).unwrap();
        let mut other = plain.clone();
        other[5] ^= 1;
        let said = check(&Seen::of(&other), &sealed.bytes, &sealed.sha256).unwrap_err();
        assert!(said.contains("other bytes"), "{said}");
        let mut altered = sealed.bytes.clone();
        let at = altered.len() / 2;
        altered[at] ^= 1;
        let said = check(&seen, &altered, &sealed.sha256).unwrap_err();
        assert!(said.contains("its digest"), "{said}");
        // Spoiled before its digest was taken.
        assert!(check(&seen, &altered, &sha256_hex(&altered)).is_err());
    }
}

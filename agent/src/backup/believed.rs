//! Who signed a message, and when: one good signature of a known agent, inside the encryption, is wanted.
//! It decrypts nothing.

use std::time::SystemTime;

use openpgp::{
    Cert, KeyHandle,
    parse::stream::{MessageLayer, MessageStructure, VerificationError, VerificationHelper},
};
use protocol::{object_key::Fingerprint, time::UnixMillis};
use sequoia_openpgp as openpgp;

use super::{
    opening::{OpenError, Refusal},
    signer::Signers,
};

/// Believes the known signers alone.
pub(super) struct Believed {
    signers: Signers,
    /// When one of them signed; 1970 before that is known.
    signed_at: UnixMillis,
}

impl Believed {
    pub(super) fn new(signers: Signers) -> Self {
        Self {
            signers,
            signed_at: UnixMillis(0),
        }
    }

    /// When the message was signed, once all of it was read.
    pub(super) fn signed_at(&self) -> UnixMillis {
        self.signed_at
    }

    fn note_moment(&mut self, signed_at: Option<SystemTime>) {
        let since = signed_at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        self.signed_at = UnixMillis(millis.unwrap_or(0));
    }

    /// Whether the signer is believed for that moment; whose name is of another kind is bound to none.
    fn is_believed(&self, signer: &str) -> bool {
        let signer = Fingerprint::parse(signer);
        signer.map_or(true, |signer| self.signers.believes(&signer, self.signed_at))
    }
}

impl VerificationHelper for Believed {
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
                    Ok(good) => {
                        self.note_moment(good.sig.signature_creation_time());
                        let signer = good.ka.cert().fingerprint().to_hex();
                        if self.is_believed(&signer) {
                            return Ok(());
                        }
                        OpenError::SignedSince(signer)
                    }
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

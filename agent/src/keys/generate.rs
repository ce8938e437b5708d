//! Makes the owner's key pair in the form that gpg 2.2 imports and reads: version 4, Curve25519, SEIPDv1.
//! It writes nothing to the disk.

use anyhow::Context;
use openpgp::{
    Profile,
    cert::{CertBuilder, CipherSuite},
    crypto::Password,
    serialize::SerializeInto,
    types::{Features, KeyFlags},
};
use protocol::secret::Secret;
use sequoia_openpgp as openpgp;

/// A fresh key pair, armoured.
pub struct NewKey {
    /// The secret key, protected by the passphrase.
    pub secret_armor: Secret,
    /// The certificate for `backup.recipients`.
    pub public_armor: String,
    /// Its fingerprint in hex.
    pub fingerprint: String,
    /// The id of its encryption key: what an object names that was encrypted to it.
    pub encryption_id: String,
}

/// Makes a key pair that never expires: one that did would lock the owner out of nothing, but stop backups.
///
/// # Errors
/// When the cryptographic library refuses.
pub fn generate(name: &str, passphrase: &Secret) -> anyhow::Result<NewKey> {
    let encryption = KeyFlags::empty()
        .set_storage_encryption()
        .set_transport_encryption();
    let (cert, _revocation) = CertBuilder::new()
        .set_profile(Profile::RFC4880)
        .and_then(|builder| builder.set_features(Features::empty().set_seipdv1()))
        .context("choosing the form of the key")?
        .set_cipher_suite(CipherSuite::Cv25519)
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .add_subkey(encryption, None, None)
        .add_userid(name)
        .set_password(Some(Password::from(passphrase.expose())))
        .generate()
        .context("making the key")?;
    let secret = cert
        .as_tsk()
        .armored()
        .to_vec()
        .context("writing the secret key")?;
    let public = cert.armored().to_vec().context("writing the certificate")?;
    let subkeys: Vec<String> = cert
        .keys()
        .subkeys()
        .map(|subkey| subkey.key().keyid().to_hex())
        .collect();
    Ok(NewKey {
        encryption_id: subkeys.join(", "),
        secret_armor: Secret::new(std::str::from_utf8(&secret).context("armour is ASCII")?),
        public_armor: String::from_utf8(public).context("armour is ASCII")?,
        fingerprint: cert.fingerprint().to_hex(),
    })
}

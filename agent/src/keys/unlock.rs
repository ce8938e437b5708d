//! Reads the owner's secret key, as this program or gpg wrote it, and unlocks what decrypts.
//! The passphrase is asked for only when the key has one, and is kept nowhere.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use openpgp::{
    Cert, KeyID,
    cert::CertParser,
    crypto::{KeyPair, Password},
    packet::{Key, key},
    parse::Parse,
};
use protocol::secret::Secret;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::backup::seal::Keys;

/// Why no key came out of the file.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file is not what it should be.
    #[error("{0}")]
    Unusable(String),
    /// Nothing lies where the key should.
    #[error("there is no secret key at {}: name the owner's key with --key FILE", .0.display())]
    Absent(PathBuf),
    /// The passphrase is wrong.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// Nobody could be asked for the passphrase.
    #[error("{0}")]
    NoPassphrase(String),
}

type SecretKey = Key<key::SecretParts, key::UnspecifiedRole>;

/// Unlocks every decryption key in the file; `ask` gives the passphrase, and is called at most once.
///
/// # Errors
/// [`KeyError`]: a wrong passphrase can be asked for again.
pub fn unlock(path: &Path, ask: &mut dyn FnMut() -> Result<Secret, String>) -> Result<Keys, KeyError> {
    let unusable = |text: String| KeyError::Unusable(format!("{}: {text}", path.display()));
    if path
        .metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        return Err(KeyError::Absent(path.to_owned()));
    }
    if path.is_dir() {
        return Err(unusable(
            "it is a folder: name the file with the secret key in it, such as owner.secret.asc".to_owned(),
        ));
    }
    let parser =
        CertParser::from_file(path).map_err(|error| unusable(format!("it is no OpenPGP key: {error}")))?;
    let certs: Vec<Cert> = parser
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("it is no OpenPGP key: {error}")))?;
    let found: Vec<SecretKey> = certs
        .iter()
        .flat_map(|cert| cert.keys().secret())
        .filter(|key| key.key().pk_algo().for_encryption())
        .map(|key| key.key().clone().role_into_unspecified())
        .collect();
    if found.is_empty() {
        return Err(unusable(
            "there is no secret key in it that decrypts; is it the public certificate?".to_owned(),
        ));
    }
    let password = match found.iter().any(|key| key.secret().is_encrypted()) {
        true => Some(Password::from(ask().map_err(KeyError::NoPassphrase)?.expose())),
        false => None,
    };
    let pairs: Vec<(KeyID, KeyPair)> = found
        .into_iter()
        .filter_map(|key| Some((key.keyid(), pair(key, password.as_ref())?)))
        .collect();
    if pairs.is_empty() {
        Err(KeyError::WrongPassphrase)
    } else {
        Ok(Keys::new(pairs))
    }
}

fn pair(key: SecretKey, password: Option<&Password>) -> Option<KeyPair> {
    let unlocked = match password {
        Some(password) if key.secret().is_encrypted() => key.decrypt_secret(password).ok()?,
        _ => key,
    };
    unlocked.into_keypair().ok()
}

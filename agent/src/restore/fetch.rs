//! Fetches objects from the remotes in turn and believes none of them: size, digest, decryption, unpacked size and
//! unpacked digest must all be as the manifest says.
//! A remote that fails is named, and the next one is asked.

use std::fmt::Write as _;

use protocol::{
    manifest::{Manifest, Object},
    object_key::{self, PointId},
};

use super::Sources;
use crate::backup::{
    remote::{Remote, RemoteError},
    seal::{Keys, OpenError, open, sha256_hex},
};

/// A manifest of the largest point that there may be is smaller.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The point's manifest, from the first remote whose copy has the digest in its name, opens and agrees with itself.
///
/// # Errors
/// A sentence that names the object and what is wrong with it on each remote.
pub(super) async fn manifest(
    sources: &Sources<'_>,
    point: &PointId,
    notes: &mut Vec<String>,
) -> Result<Manifest, String> {
    let mut refused = Vec::new();
    for key in sources.survey.manifests_of(point) {
        let mut wrong = Wrong::default();
        for remote in sources.remotes {
            match manifest_from(sources, remote, point, key).await {
                Ok(manifest) => {
                    notes.extend(wrong.as_note(key, remote.name()));
                    notes.extend(refused);
                    return Ok(manifest);
                }
                Err(what) => wrong.add(remote.name(), &what),
            }
        }
        refused.push(wrong.sentence(key));
    }
    if refused.is_empty() {
        refused.push(format!("no remote that answers lists a manifest of {point}"));
    }
    Err(refused.join("; "))
}

async fn manifest_from(
    sources: &Sources<'_>,
    remote: &Remote,
    point: &PointId,
    key: &str,
) -> Result<Manifest, String> {
    let sealed = remote
        .get_at_most(key, MANIFEST_BYTES_MAX)
        .await
        .map_err(|error| error.to_string())?;
    let sha256 = sha256_hex(&sealed);
    if object_key::manifest(point, &sha256) != key {
        return Err("it is altered: its SHA-256 is not the one in its name".to_owned());
    }
    let json = open(&sealed, sources.keys, MANIFEST_BYTES_MAX).map_err(|error| describe(&error))?;
    let manifest: Manifest =
        serde_json::from_slice(&json).map_err(|_| "it does not read as a manifest".to_owned())?;
    manifest.validate()?;
    if manifest.point == *point {
        Ok(manifest)
    } else {
        Err(format!("it is the manifest of {}", manifest.point))
    }
}

/// An object's plain bytes, from the first remote whose copy is intact, and what was wrong with the copies before it.
///
/// # Errors
/// A sentence that names the object and what is wrong with it on each remote.
pub(super) async fn object(
    sources: &Sources<'_>,
    object: &Object,
) -> Result<(Vec<u8>, Option<String>), String> {
    let mut wrong = Wrong::default();
    for remote in sources.remotes {
        match object_from(sources, remote, object).await {
            Ok(plain) => return Ok((plain, wrong.as_note(&object.key, remote.name()))),
            Err(what) => wrong.add(remote.name(), &what),
        }
    }
    Err(wrong.sentence(&object.key))
}

async fn object_from(sources: &Sources<'_>, remote: &Remote, object: &Object) -> Result<Vec<u8>, String> {
    let sealed = match remote.get(&object.key, object.size_bytes).await {
        Ok(sealed) => sealed,
        Err(RemoteError::WrongSize { found, expected }) if found < expected => {
            return Err(format!("it is truncated: {found} of {expected} bytes"));
        }
        Err(error) => return Err(error.to_string()),
    };
    let (object, keys) = (object.clone(), sources.keys.clone());
    // Hashing and decrypting a part takes a tenth of a second: several at a time, on threads of their own.
    tokio::task::spawn_blocking(move || unseal(&sealed, &object, &keys))
        .await
        .map_err(|_| "the thread that opens it ended".to_owned())?
}

fn unseal(sealed: &[u8], object: &Object, keys: &Keys) -> Result<Vec<u8>, String> {
    if sha256_hex(sealed) != object.sha256 {
        return Err("it is altered: its SHA-256 differs".to_owned());
    }
    let plain = open(sealed, keys, object.plain_size_bytes).map_err(|error| describe(&error))?;
    if plain.len() as u64 != object.plain_size_bytes || sha256_hex(&plain) != object.plain_sha256 {
        return Err("it unpacks to something else than the manifest says".to_owned());
    }
    Ok(plain)
}

fn describe(error: &OpenError) -> String {
    match error {
        OpenError::WrongKey(_) => error.to_string(),
        OpenError::Broken(what) => format!("it is altered: {what}"),
    }
}

/// What is wrong with one object, remote by remote.
#[derive(Default)]
struct Wrong(Vec<(String, String)>);

impl Wrong {
    fn add(&mut self, remote: &str, what: &str) {
        self.0.push((remote.to_owned(), what.to_owned()));
    }

    fn sentence(&self, key: &str) -> String {
        let mut text = format!("no remote gives an intact copy of {key}");
        for (at, (remote, what)) in self.0.iter().enumerate() {
            let mark = if at == 0 { ":" } else { ";" };
            write!(text, "{mark} on {remote} {what}").expect("a String takes every write");
        }
        text
    }

    fn as_note(&self, key: &str, taken_from: &str) -> Option<String> {
        let (remote, what) = self.0.first()?;
        Some(format!(
            "{key} could not be taken from {remote} ({what}) and was taken from {taken_from}"
        ))
    }
}

//! How objects on a remote are named. Immutable, unique, in time order where a listing should be.
//! A name is checked before it is believed: a remote is untrusted, and a name must never leave its folder.
//!
//! ```text
//! base/<point>/000000.zst.pgp …      16 MiB of database pages each, in order
//! files/<point>.tar.zst.pgp          configuration, .env and logs
//! manifest/<point>.<digest>.json.pgp written last: the commit
//! ```
//!
//! The manifest holds the digest of every other object, and its own name holds its own: a flipped bit in the manifest
//! is noticed before it is opened, as anywhere else.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of one restore point: its moment in UTC to the second, then 8 hex digits that make it unique.
/// `20261122T091400Z-1f0c9a3e`: names sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PointId(String);

/// The text is no name of a restore point.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{0}' is not the name of a restore point (20261122T091400Z-1f0c9a3e)")]
pub struct NotAPoint(String);

impl PointId {
    /// Reads a name.
    ///
    /// # Errors
    /// When the form differs in any byte.
    pub fn parse(text: &str) -> Result<Self, NotAPoint> {
        let shape = text.len() == 25
            && text.bytes().enumerate().all(|(at, byte)| match at {
                0..=7 | 9..=14 => byte.is_ascii_digit(),
                8 => byte == b'T',
                15 => byte == b'Z',
                16 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if shape {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPoint(text.chars().take(80).collect()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PointId {
    type Error = NotAPoint;

    fn try_from(text: String) -> Result<Self, NotAPoint> {
        Self::parse(&text)
    }
}

impl From<PointId> for String {
    fn from(point: PointId) -> Self {
        point.0
    }
}

impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hex digits of its own SHA-256 in a manifest's name: 128 bits are more than chance ever hits.
pub const MANIFEST_DIGEST_CHARS: usize = 32;

/// The folder that holds one object a restore point; a listing of it is the list of restore points.
pub const MANIFESTS: &str = "manifest/";

/// The `index`-th part of the point's database.
#[must_use]
pub fn base(point: &PointId, index: u32) -> String {
    format!("base/{point}/{index:06}.zst.pgp")
}

/// The point's configuration, `.env` and logs.
#[must_use]
pub fn files(point: &PointId) -> String {
    format!("files/{point}.tar.zst.pgp")
}

/// The point's manifest; `sha256` is that of the object's bytes, in hex, of which the name holds the beginning.
#[must_use]
pub fn manifest(point: &PointId, sha256: &str) -> String {
    let digest = sha256.get(..MANIFEST_DIGEST_CHARS).unwrap_or(sha256);
    format!("{MANIFESTS}{point}.{digest}.json.pgp")
}

/// With what the name of every manifest of this point begins.
#[must_use]
pub fn manifest_prefix(point: &PointId) -> String {
    format!("{MANIFESTS}{point}.")
}

/// The point whose manifest has this name, and the beginning of the object's SHA-256; `None` for anything else that
/// lies in the folder.
#[must_use]
pub fn point_of_manifest(key: &str) -> Option<(PointId, String)> {
    let name = key.strip_prefix(MANIFESTS)?.strip_suffix(".json.pgp")?;
    let (point, digest) = name.split_once('.')?;
    let shape = digest.len() == MANIFEST_DIGEST_CHARS
        && digest
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    shape.then_some(())?;
    Some((PointId::parse(point).ok()?, digest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifests_name_leads_back_to_its_point() {
        let point = PointId::parse("20261122T091400Z-1f0c9a3e").unwrap();
        let sha256 = "0123456789abcdef".repeat(4);
        let name = manifest(&point, &sha256);
        assert_eq!(
            name,
            "manifest/20261122T091400Z-1f0c9a3e.0123456789abcdef0123456789abcdef.json.pgp"
        );
        assert!(name.starts_with(&manifest_prefix(&point)));
        assert_eq!(point_of_manifest(&name), Some((point, sha256[..32].to_owned())));
        assert_eq!(
            point_of_manifest("manifest/20261122T091400Z-1f0c9a3e.json.pgp"),
            None,
            "without a digest"
        );
    }

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        for wrong in [
            "",
            "../../etc/passwd",
            "20261122T091400Z-1F0C9A3E",
            "20261122T091400Z-1f0c9a3e/",
        ] {
            assert!(PointId::parse(wrong).is_err(), "{wrong} was accepted");
        }
        assert_eq!(point_of_manifest("manifest/../x.json.pgp"), None);
    }
}

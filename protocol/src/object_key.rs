//! How objects on a remote are named. Immutable, unique, in time order where a listing should be.
//! A name is checked before it is believed: a remote is untrusted, and a name must never leave its folder.
//!
//! ```text
//! cert/<fingerprint>.asc             the agent's public certificate, the only object in clear
//! base/<point>/000000.zst.pgp …      16 MiB of database pages each, in order
//! delta/<point>/000000.zst.pgp …     the pages that changed since a base
//! files/<point>.tar.zst.pgp          configuration, .env and logs
//! manifest/<point>.<digest>.json.pgp written last: the commit
//! segment/<chain>/<first>-<last>-<ms>.<digest>.pgp   the commits between points
//! restore/<ms>-<random>              a few bytes of noise: a restore reads from here since that moment
//! ```
//!
//! The manifest holds the digest of every other object of its point, and its own name holds its own, as a segment's
//! does: a flipped bit is noticed before anything is opened.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    chain::{ChainId, CommitNumber, Malformed, is_lower_hex},
    time::UnixMillis,
};

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

/// The fingerprint of an OpenPGP certificate: 40 upper-case hex digits, as gpg prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads a fingerprint.
    ///
    /// # Errors
    /// When the form differs in any byte.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let shape = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        match shape {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("fingerprint (40 upper-case hex digits)", text)),
        }
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hex digits of its own SHA-256 in the name of a manifest or a segment: 128 bits are more than chance ever hits.
pub const DIGEST_CHARS: usize = 32;

/// The folder of the agent's public certificates.
pub const CERTS: &str = "cert/";
/// The folder of full points' parts.
pub const BASES: &str = "base/";
/// The folder of deltas' parts.
pub const DELTAS: &str = "delta/";
/// The folder of the points' archives of files.
pub const FILES: &str = "files/";
/// The folder that holds one object a restore point; a listing of it is the list of restore points.
pub const MANIFESTS: &str = "manifest/";
/// The folder of what is only tried: deleted at once, and left over when a crash came between.
pub const PROBES: &str = "probe/";
/// The folder of notices: one a restore that runs, so that nobody deletes under it.
pub const RESTORES: &str = "restore/";
/// The folder of every chain's segments.
pub const SEGMENTS: &str = "segment/";

/// The public certificate of whoever signs.
#[must_use]
pub fn cert(fingerprint: &Fingerprint) -> String {
    format!("{CERTS}{fingerprint}.asc")
}

/// Whose certificate has this name; `None` for anything else that lies in the folder.
#[must_use]
pub fn fingerprint_of_cert(key: &str) -> Option<Fingerprint> {
    Fingerprint::parse(key.strip_prefix(CERTS)?.strip_suffix(".asc")?).ok()
}

/// The `index`-th part of the full point's database.
#[must_use]
pub fn base(point: &PointId, index: u32) -> String {
    format!("{BASES}{point}/{index:06}.zst.pgp")
}

/// The `index`-th part of the delta.
#[must_use]
pub fn delta(point: &PointId, index: u32) -> String {
    format!("{DELTAS}{point}/{index:06}.zst.pgp")
}

/// The point and number of the part, of a base or of a delta, that has this name; `None` for anything else.
#[must_use]
pub fn part(key: &str) -> Option<(PointId, u32)> {
    let rest = key.strip_prefix(BASES).or_else(|| key.strip_prefix(DELTAS))?;
    let (point, name) = rest.split_once('/')?;
    let digits = name.strip_suffix(".zst.pgp")?;
    Some((
        PointId::parse(point).ok()?,
        u32::try_from(number(digits, 6)?).ok()?,
    ))
}

/// The point's configuration, `.env` and logs.
#[must_use]
pub fn files(point: &PointId) -> String {
    format!("{FILES}{point}.tar.zst.pgp")
}

/// The point whose archive of files has this name; `None` for anything else.
#[must_use]
pub fn point_of_files(key: &str) -> Option<PointId> {
    PointId::parse(key.strip_prefix(FILES)?.strip_suffix(".tar.zst.pgp")?).ok()
}

/// The point's manifest; `sha256` is that of the object's bytes, in hex, of which the name holds the beginning.
#[must_use]
pub fn manifest(point: &PointId, sha256: &str) -> String {
    let digest = sha256.get(..DIGEST_CHARS).unwrap_or(sha256);
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
    is_lower_hex(digest, DIGEST_CHARS).then_some(())?;
    Some((PointId::parse(point).ok()?, digest.to_owned()))
}

/// What the name of a segment says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    /// The chain that it continues.
    pub chain: ChainId,
    /// Its first commit.
    pub first: CommitNumber,
    /// Its last commit, not before the first.
    pub last: CommitNumber,
    /// When the agent saw the last commit: a label, since a clock may be set. Not before 1970, thirteen digits.
    pub last_at: UnixMillis,
    /// The beginning of the object's SHA-256, [`DIGEST_CHARS`] hex digits.
    pub digest: String,
}

/// The largest moment that thirteen digits write, in the year 2286.
const MOMENT_MAX: i64 = 9_999_999_999_999;

impl SegmentName {
    /// The name of a segment whose bytes have this SHA-256 (hex). A moment outside of thirteen digits is moved to
    /// their ends: it is a label, and names must keep their form.
    #[must_use]
    pub fn new(
        chain: &ChainId,
        first: CommitNumber,
        last: CommitNumber,
        last_at: UnixMillis,
        sha256: &str,
    ) -> Self {
        Self {
            chain: chain.clone(),
            first,
            last,
            last_at: UnixMillis(last_at.0.clamp(0, MOMENT_MAX)),
            digest: sha256.get(..DIGEST_CHARS).unwrap_or(sha256).to_owned(),
        }
    }

    /// Reads an object's name; `None` when it differs from a segment's in any byte.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (chain, name) = key.strip_prefix(SEGMENTS)?.split_once('/')?;
        let (range, digest) = name.strip_suffix(".pgp")?.split_once('.')?;
        is_lower_hex(digest, DIGEST_CHARS).then_some(())?;
        let mut numbers = range.split('-');
        let mut commit = || CommitNumber::new(number(numbers.next()?, 16)?).ok();
        let (first, last) = (commit()?, commit()?);
        let last_at = i64::try_from(number(numbers.next()?, 13)?).ok()?;
        (first <= last && numbers.next().is_none()).then_some(())?;
        Some(Self {
            chain: ChainId::parse(chain).ok()?,
            first,
            last,
            last_at: UnixMillis(last_at),
            digest: digest.to_owned(),
        })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chain,
            first,
            last,
            last_at,
            digest,
        } = self;
        let (first, last, ms) = (first.get(), last.get(), last_at.0);
        write!(
            f,
            "{SEGMENTS}{chain}/{first:016}-{last:016}-{ms:013}.{digest}.pgp"
        )
    }
}

/// The folder of one chain's segments; a listing of it is in the order of their commits.
#[must_use]
pub fn segments_of(chain: &ChainId) -> String {
    format!("{SEGMENTS}{chain}/")
}

/// The notice of a restore that began at this moment; `random` tells two of the same one apart.
#[must_use]
pub fn restore_notice(began_at: UnixMillis, random: u32) -> String {
    format!("{RESTORES}{:013}-{random:08x}", began_at.0.clamp(0, MOMENT_MAX))
}

/// When the restore began whose notice has this name, by its own machine's clock; `None` for anything else.
#[must_use]
pub fn restore_began_at(key: &str) -> Option<UnixMillis> {
    let (moment, random) = key.strip_prefix(RESTORES)?.split_once('-')?;
    is_lower_hex(random, 8).then_some(())?;
    Some(UnixMillis(i64::try_from(number(moment, 13)?).ok()?))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    let shape = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    shape.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    #[test]
    fn a_segments_name_tells_what_it_holds() {
        let chain = ChainId::from_bits(7);
        let commit = |number| CommitNumber::new(number).unwrap();
        let sha256 = "0123456789abcdef".repeat(4);
        let name = SegmentName::new(
            &chain,
            commit(41),
            commit(97),
            UnixMillis(1_795_000_000_123),
            &sha256,
        );
        let text = name.to_string();
        assert_eq!(
            text,
            "segment/00000000000000000000000000000007/0000000000000041-0000000000000097-1795000000123.\
             0123456789abcdef0123456789abcdef.pgp"
        );
        assert!(text.starts_with(&segments_of(&chain)));
        assert_eq!(SegmentName::parse(&text), Some(name));
        for (from, to) in [
            ("0000000000000041-", "0000000000000000-"),
            ("0000000000000041-", "0000000000000098-"),
            ("0000000000000041-", "000000000000041-"),
            ("0000000000000041-", "+000000000000041-"),
            ("1795000000123", "179500000012"),
            ("1795000000123", "1795000000123-1"),
            (".0123", ".012"),
            (".0123", ".A123"),
            (".pgp", ".pgp/"),
            ("segment/", "segment/../"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_eq!(SegmentName::parse(&wrong), None, "{wrong} was accepted");
        }
    }

    #[test]
    fn a_notice_tells_when_its_restore_began() {
        let began_at = UnixMillis(1_795_000_000_123);
        let name = restore_notice(began_at, 7);
        assert_eq!(name, "restore/1795000000123-00000007");
        assert_eq!(restore_began_at(&name), Some(began_at));
        for wrong in [
            "restore/1795000000123-7",
            "restore/x-00000007",
            "probe/1795000000123-00000007",
        ] {
            assert_eq!(restore_began_at(wrong), None, "{wrong} was accepted");
        }
    }

    #[test]
    fn a_clock_before_1970_does_not_change_the_form_of_a_name() {
        let name = SegmentName::new(
            &ChainId::from_bits(7),
            CommitNumber::FIRST,
            CommitNumber::FIRST,
            UnixMillis(-5),
            &"0".repeat(64),
        );
        assert_eq!(SegmentName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn parts_and_files_lead_back_to_their_point() {
        let point = PointId::parse("20261122T091400Z-1f0c9a3e").unwrap();
        assert_eq!(part(&base(&point, 3)), Some((point.clone(), 3)));
        assert_eq!(part(&delta(&point, 12)), Some((point.clone(), 12)));
        assert_eq!(point_of_files(&files(&point)), Some(point.clone()));
        let of_base = format!("base/{point}/");
        for wrong in [
            "00003.zst.pgp",
            "0000003.zst.pgp",
            "000003.zst",
            "../000003.zst.pgp",
        ] {
            assert_eq!(part(&format!("{of_base}{wrong}")), None, "{wrong} was accepted");
        }
        assert_eq!(part(&files(&point)), None);
        assert_eq!(point_of_files(&base(&point, 3)), None);
    }

    #[test]
    fn a_certificates_name_is_its_fingerprint() {
        let fingerprint = Fingerprint::parse(FINGERPRINT).unwrap();
        assert_eq!(fingerprint_of_cert(&cert(&fingerprint)), Some(fingerprint));
        for wrong in [
            &FINGERPRINT[1..],
            &FINGERPRINT.to_lowercase(),
            "../../../../etc/passwd",
        ] {
            assert!(Fingerprint::parse(wrong).is_err(), "{wrong} was accepted");
            assert_eq!(fingerprint_of_cert(&format!("cert/{wrong}.asc")), None);
        }
    }

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

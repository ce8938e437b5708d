//! One look at a remote: every name and size by its listing, and the bytes of some objects, drawn by chance.
//! It writes nothing down, and what the line or the server kept from coming it does not call damaged.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    object_key::{self, DIGEST_CHARS, PointId, SegmentName},
    time::UnixMillis,
};
use serde_json::{Value, json};

use super::{certificates, named, sample::Share};
use crate::{
    backup::{
        Progress,
        certificate::Certificate,
        own::CERTIFICATES,
        remote::{Remote, RemoteError},
        seal::{Keys, sha256_hex},
        segment::MISNAMED,
    },
    store::points::KnownPoint,
};

/// Objects found missing or altered that are looked at again next time; more than these make `--all` the better question.
pub(super) const SUSPECTS_MAX: usize = 1_000;
/// Bytes that one look fetches at most, when it does not fetch everything.
const FETCHED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// What must be true of an object.
struct Expected {
    size_bytes: u64,
    /// SHA-256 in hex, or its beginning.
    sha256: String,
}

/// What one look found.
pub(super) struct Look<'k> {
    /// The points that were judged: see [`here`].
    pub here: Vec<&'k KnownPoint>,
    pub listed: BTreeMap<String, u64>,
    /// What is wrong with the remote.
    pub faults: Vec<String>,
    /// What the line or the server kept from being compared: it says nothing about the objects.
    pub uncompared: Vec<String>,
    /// Objects that are not there as they were written.
    pub lost: BTreeSet<String>,
    pub seen: Value,
}

/// What is fetched whatever chance draws.
pub(super) struct Again<'a> {
    /// What was lost or could not be compared the last time.
    pub suspects: &'a BTreeSet<String>,
    /// What of it was lost: until it is compared again, it still is.
    pub lost: &'a BTreeSet<String>,
    /// A point with all that follows it: a rehearsal of it has failed.
    pub rehearsed: Option<&'a KnownPoint>,
}

impl Again<'_> {
    fn names(&self, key: &str) -> bool {
        self.suspects.contains(key) || self.rehearsed.is_some_and(|known| is_on_the_way(known, key))
    }
}

/// Whether a restore from the point, to the end, takes this object.
fn is_on_the_way(known: &KnownPoint, key: &str) -> bool {
    let manifest = &known.manifest;
    let points = [
        Some(&manifest.point),
        manifest.base.as_ref().map(|base| &base.point),
    ];
    let is_of_one = |of: PointId| points.contains(&Some(&of));
    let part = object_key::part(key).map(|(point, _)| point);
    match SegmentName::parse(key) {
        Some(name) => name.chain == manifest.chain && name.last > manifest.commit,
        None => part
            .or_else(|| object_key::point_of_manifest(key).map(|(point, _)| point))
            .is_some_and(is_of_one),
    }
}

/// Lists the remote, and fetches what chance and the last look draw.
///
/// # Errors
/// A sentence when the remote does not answer.
pub(super) async fn look<'k>(
    (remote, own, keys): (&Remote, Option<&Certificate>, &Keys),
    known: &'k BTreeMap<PointId, KnownPoint>,
    share: Share,
    again: &Again<'_>,
    progress: &dyn Progress,
) -> Result<Look<'k>, String> {
    let mut listed = BTreeMap::new();
    for folder in [
        object_key::BASES,
        object_key::DELTAS,
        object_key::FILES,
        object_key::MANIFESTS,
        object_key::SEGMENTS,
    ] {
        let found = remote.list(folder).await.map_err(|error| error.to_string())?;
        listed.extend(found);
    }
    let certificates = remote.list_dated(object_key::CERTS).await;
    let certificates = certificates.map_err(|error| error.to_string())?.into_iter();
    let certificates: BTreeMap<String, Option<UnixMillis>> = certificates
        .map(|(key, listed)| (key, listed.written_at))
        .collect();
    let here = here(known, remote.name(), &listed);
    let expected = expected(&here, &listed);
    let segments = expected
        .keys()
        .filter(|key| SegmentName::parse(key).is_some())
        .count();
    let by_listing = by_listing(&expected, &listed);
    let (mut lost, mut faults): (BTreeSet<String>, Vec<String>) = by_listing.into_iter().unzip();
    faults.extend(strays(&here, &expected, &listed));
    let mut compared = Compared::default();
    let drawn = draw(&expected, &listed, share, again);
    progress.begin(
        "comparing",
        drawn.iter().map(|(_, object)| object.size_bytes).sum(),
    );
    let (fetched, fetched_bytes) = (
        drawn.len(),
        drawn.iter().map(|(_, it)| it.size_bytes).sum::<u64>(),
    );
    for (key, object) in drawn {
        compared.compare((remote, keys), key, object, again.lost).await;
        progress.advance(object.size_bytes);
    }
    faults.extend(compared.faults);
    lost.extend(compared.lost);
    let mut seen = json!({
        "objects": expected.len(), "segments": segments, "points": here.len(), "fetched": fetched, "fetched_bytes": fetched_bytes, "faults": faults.len(),
        "stored_bytes": listed.values().sum::<u64>(), "altered": lost.iter().take(SUSPECTS_MAX).collect::<Vec<_>>(),
        CERTIFICATES: certificates,
        "uncompared": compared.uncompared.iter().map(|(key, _)| key).take(SUSPECTS_MAX).collect::<Vec<_>>(),
    });
    let told = |(key, why): (String, String)| format!("{key} could not be compared: {why}");
    let mut uncompared = compared.uncompared.into_iter().map(told).collect();
    let certificates = certificates::look(remote, &here, own).await?;
    listed.extend(certificates.add_to(&mut seen, &mut faults, &mut uncompared));
    Ok(Look {
        here,
        uncompared,
        listed,
        faults,
        lost,
        seen,
    })
}

/// Every known point that was read back from there, or whose manifest lies there as it was written: a remote that got
/// another name, or whose objects were copied from elsewhere, is judged by what it holds.
fn here<'k>(
    known: &'k BTreeMap<PointId, KnownPoint>,
    remote: &str,
    listed: &BTreeMap<String, u64>,
) -> Vec<&'k KnownPoint> {
    let is_listed = |known: &KnownPoint| {
        let manifest = object_key::manifest(&known.manifest.point, &known.manifest_sha256);
        listed.contains_key(&manifest)
    };
    let known = known.values();
    known
        .filter(|known| known.verified.contains_key(remote) || is_listed(known))
        .collect()
}

/// The objects whose bytes were asked for.
#[derive(Default)]
struct Compared {
    faults: Vec<String>,
    /// Not there as they were written, now or when it could last be compared.
    lost: BTreeSet<String>,
    /// Each that did not come, and why.
    uncompared: Vec<(String, String)>,
}

impl Compared {
    async fn compare(
        &mut self,
        (remote, keys): (&Remote, &Keys),
        key: &str,
        object: &Expected,
        lost: &BTreeSet<String>,
    ) {
        match remote.get(key, object.size_bytes).await {
            Ok(bytes) if named::is_another(key, &bytes, keys) => {
                self.faults.push(format!("{key}: {MISNAMED}"));
                self.lost.insert(key.to_owned());
            }
            Ok(bytes) if sha256_hex(&bytes).starts_with(&object.sha256) => {}
            Ok(_) => {
                self.faults.push(format!("{key} is altered: its SHA-256 differs"));
                self.lost.insert(key.to_owned());
            }
            // A folder that still answers, and a file that does not: no line is between, the disk has lost it.
            Err(RemoteError::Down(why)) if remote.is_folder() && remote.size(key).await.is_ok() => {
                self.faults.push(format!("{key} cannot be read: {why}"));
                self.lost.insert(key.to_owned());
            }
            Err(RemoteError::Down(why)) => {
                if lost.contains(key) {
                    self.lost.insert(key.to_owned());
                }
                self.uncompared.push((key.to_owned(), why));
            }
            Err(error) => {
                self.faults.push(format!("{key}: {error}"));
                self.lost.insert(key.to_owned());
            }
        }
    }
}

/// What was lost or could not be compared when this remote was last looked at: until it is whole, chance decides nothing
/// about it.
pub(super) fn suspects(before: &Value) -> BTreeSet<String> {
    &lost_before(before) | &names(before, "uncompared")
}

/// What was lost when this remote was last looked at.
pub(super) fn lost_before(before: &Value) -> BTreeSet<String> {
    names(before, "altered")
}

fn names(before: &Value, what: &str) -> BTreeSet<String> {
    let listed = before[what].as_array().into_iter().flatten();
    listed.filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// The points of which the manifest or the database is not there as it was written, or that stand on one: nothing is
/// restored from that remote's copy of them alone.
pub(super) fn lost_points(here: &[&KnownPoint], lost: &BTreeSet<String>) -> BTreeSet<PointId> {
    let is_lost = |known: &&&KnownPoint| {
        let manifest = object_key::manifest(&known.manifest.point, &known.manifest_sha256);
        let mut parts = known.manifest.database.iter();
        lost.contains(&manifest) || parts.any(|part| lost.contains(&part.key))
    };
    let point = |known: &&KnownPoint| known.manifest.point.clone();
    let own: BTreeSet<PointId> = here.iter().filter(is_lost).map(point).collect();
    let stands_on_one = |known: &&&KnownPoint| {
        let base = known.manifest.base.as_ref();
        base.is_some_and(|base| own.contains(&base.point))
    };
    let upon: BTreeSet<PointId> = here.iter().filter(stands_on_one).map(point).collect();
    &own | &upon
}

/// Objects under the name of a known point that this agent did not write: a copy, or somebody else's.
fn strays(
    here: &[&KnownPoint],
    expected: &BTreeMap<String, Expected>,
    listed: &BTreeMap<String, u64>,
) -> Vec<String> {
    let known: BTreeSet<&PointId> = here.iter().map(|known| &known.manifest.point).collect();
    let point_of = |key: &String| {
        let part = object_key::part(key).map(|(point, _)| point);
        let manifest = || object_key::point_of_manifest(key).map(|(point, _)| point);
        part.or_else(manifest).or_else(|| object_key::point_of_files(key))
    };
    let foreign = listed.keys().filter(|key| {
        !expected.contains_key(*key) && point_of(key).is_some_and(|point| known.contains(&point))
    });
    foreign
        .map(|key| format!("{key} is no part of its point: a copy, or somebody else wrote it"))
        .collect()
}

/// Everything that this agent has read back from there, and every segment that is listed: its name holds its digest.
fn expected(here: &[&KnownPoint], listed: &BTreeMap<String, u64>) -> BTreeMap<String, Expected> {
    let mut expected = BTreeMap::new();
    for known in here {
        let manifest = object_key::manifest(&known.manifest.point, &known.manifest_sha256);
        expected.insert(
            manifest,
            Expected {
                size_bytes: known.manifest_size_bytes,
                sha256: known.manifest_sha256.clone(),
            },
        );
        for object in known.manifest.objects() {
            let of = Expected {
                size_bytes: object.size_bytes,
                sha256: object.sha256.clone(),
            };
            expected.insert(object.key.clone(), of);
        }
    }
    for (key, size_bytes) in listed {
        if let Some(name) = SegmentName::parse(key) {
            debug_assert_eq!(name.digest.len(), DIGEST_CHARS);
            let of = Expected {
                size_bytes: *size_bytes,
                sha256: name.digest,
            };
            expected.insert(key.clone(), of);
        }
    }
    expected
}

/// What is missing or has another size: its name, and a sentence.
fn by_listing(
    expected: &BTreeMap<String, Expected>,
    listed: &BTreeMap<String, u64>,
) -> Vec<(String, String)> {
    let wrong = expected.iter().filter_map(|(key, object)| match listed.get(key) {
        None => Some((key.clone(), format!("{key} is missing"))),
        // Also where nobody knows how long it was.
        Some(0) => Some((key.clone(), format!("{key} is empty"))),
        Some(size) if *size != object.size_bytes => Some((
            key.clone(),
            format!("{key} has {size} of {} bytes", object.size_bytes),
        )),
        Some(_) => None,
    });
    wrong.collect()
}

/// Of what has the right size, some by chance or all.
fn draw<'a>(
    expected: &'a BTreeMap<String, Expected>,
    listed: &BTreeMap<String, u64>,
    share: Share,
    again: &Again<'_>,
) -> Vec<(&'a String, &'a Expected)> {
    use rand::seq::SliceRandom;
    let whole: Vec<(&String, &Expected)> = expected
        .iter()
        .filter(|(key, object)| listed.get(*key) == Some(&object.size_bytes))
        .collect();
    if share == Share::All {
        return whole;
    }
    let (again, mut whole): (Vec<_>, Vec<_>) = whole.into_iter().partition(|(key, _)| again.names(key));
    whole.shuffle(&mut rand::rng());
    whole.truncate(whole.len().div_ceil(20));
    let mut total_bytes = 0_u64;
    whole.retain(|(_, object)| {
        total_bytes += object.size_bytes;
        total_bytes <= FETCHED_BYTES_MAX
    });
    again.into_iter().chain(whole).collect()
}

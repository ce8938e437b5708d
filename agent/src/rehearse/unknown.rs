//! What lies on a remote and is not known here: restore points that another agent took, or this one before its state was
//! lost; and objects that belong to none, copies under other names and what a broken upload left. Neither is damage: of the
//! former the owner's key tells, the latter take room.
//! It asks nobody, and says nothing of objects under the name of a known point, which are damage.

use std::collections::{BTreeMap, BTreeSet};

use protocol::object_key::{self, PointId, SegmentName};
use serde_json::{Value, json};

use crate::{backup::survey::Survey, store::points::KnownPoint};

/// What is not known here.
pub(super) struct Unknown {
    /// With a manifest and a part of a database: what may be restored.
    points: BTreeSet<PointId>,
    /// Names of what belongs to none of these, in order.
    objects: Vec<String>,
}

impl Unknown {
    /// Writes so many of each down.
    pub(super) fn note(&self, seen: &mut Value, most: usize) {
        // The newest ones, oldest first.
        let passed = self.points.len().saturating_sub(most);
        seen["unknown_points"] = json!(self.points.iter().skip(passed).collect::<Vec<_>>());
        seen["unknown_objects"] = json!(self.objects.len());
        seen["unknown"] = json!(self.objects.iter().take(most).collect::<Vec<_>>());
    }
}

/// Manifests under a name that no known point has, with the known one whose bytes they are by their digests.
fn doubled(
    known: &BTreeMap<PointId, KnownPoint>,
    listed: &BTreeMap<String, u64>,
) -> BTreeMap<String, String> {
    let digest_of = |known: &KnownPoint| object_key::manifest(&known.manifest.point, &known.manifest_sha256);
    let own: BTreeMap<String, String> = known
        .values()
        .map(digest_of)
        .filter_map(|key| Some((object_key::point_of_manifest(&key)?.1, key)))
        .collect();
    let copy = |key: &String| {
        let (point, digest) = object_key::point_of_manifest(key)?;
        let original = own.get(&digest).filter(|_| !known.contains_key(&point))?;
        Some((key.clone(), original.clone()))
    };
    listed.keys().filter_map(copy).collect()
}

/// Each of these in a sentence.
pub(super) fn copies(
    known: &BTreeMap<PointId, KnownPoint>,
    listed: &BTreeMap<String, u64>,
) -> impl Iterator<Item = String> {
    let doubled = doubled(known, listed).into_iter();
    doubled.map(|(copy, of)| format!("{copy} is a copy of {of}"))
}

/// By the names alone.
pub(super) fn unknown(known: &BTreeMap<PointId, KnownPoint>, listed: &BTreeMap<String, u64>) -> Unknown {
    let doubled = doubled(known, listed);
    let manifests = listed.keys().filter(|key| !doubled.contains_key(*key));
    let manifests = manifests.filter_map(|key| object_key::point_of_manifest(key));
    let manifests: BTreeSet<PointId> = manifests.map(|(point, _)| point).collect();
    let in_parts = listed.keys().filter_map(|key| object_key::part(key));
    let in_parts: BTreeSet<PointId> = in_parts.map(|(point, _)| point).collect();
    let points = manifests
        .intersection(&in_parts)
        .filter(|point| !known.contains_key(point));
    let points: BTreeSet<PointId> = points.cloned().collect();
    let mut by_digest: BTreeMap<String, BTreeSet<SegmentName>> = BTreeMap::new();
    for name in listed.keys().filter_map(|key| SegmentName::parse(key)) {
        by_digest.entry(name.digest.clone()).or_default().insert(name);
    }
    let is_unknown = |key: &&String| match point_of(key) {
        Some(point) => !known.contains_key(&point) && !points.contains(&point),
        // Whose certificate it is who took points that are not known is not known either.
        None if object_key::fingerprint_of_cert(key).is_some() => points.is_empty(),
        None => SegmentName::parse(key).is_none(),
    };
    let mut objects: Vec<String> = listed.keys().filter(is_unknown).cloned().collect();
    // One of them is what was sent, and no name tells which.
    for same in by_digest.into_values().filter(|same| same.len() > 1) {
        let names: Vec<String> = same.iter().map(SegmentName::to_string).collect();
        objects.push(format!("one of {} (the same bytes)", names.join(" and ")));
    }
    Unknown { points, objects }
}

/// Takes everything out that is of a point which is not known here: what another agent took is neither the newest state of
/// this shop nor in its way.
pub(super) fn leave_out(survey: &mut Survey, known: &BTreeMap<PointId, KnownPoint>) {
    let is_known = |key: &String| point_of(key).is_none_or(|point| known.contains_key(&point));
    for (_, names) in &mut survey.holdings {
        names.retain(|key, _| is_known(key));
    }
}

fn point_of(key: &str) -> Option<PointId> {
    let part = object_key::part(key).map(|(point, _)| point);
    let manifest = || object_key::point_of_manifest(key).map(|(point, _)| point);
    part.or_else(manifest).or_else(|| object_key::point_of_files(key))
}

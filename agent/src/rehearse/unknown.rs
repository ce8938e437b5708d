//! Objects on a remote that belong to no backup that this server knows: copies under other names, what a broken upload
//! left, another server's. They are no damage: nothing here uses them, and they take room.
//! It asks nobody, and says nothing of objects under the name of a known point, which are damage.

use std::collections::{BTreeMap, BTreeSet};

use protocol::object_key::{self, PointId, SegmentName};

use crate::store::points::KnownPoint;

/// The names of those objects, in order.
pub(super) fn unknown(known: &BTreeMap<PointId, KnownPoint>, listed: &BTreeMap<String, u64>) -> Vec<String> {
    let mut by_digest: BTreeMap<String, BTreeSet<SegmentName>> = BTreeMap::new();
    for name in listed.keys().filter_map(|key| SegmentName::parse(key)) {
        by_digest.entry(name.digest.clone()).or_default().insert(name);
    }
    let is_unknown = |key: &&String| match point_of(key) {
        Some(point) => !known.contains_key(&point),
        None => SegmentName::parse(key).is_none(),
    };
    let mut found: Vec<String> = listed.keys().filter(is_unknown).cloned().collect();
    // One of them is what was sent, and no name tells which.
    for same in by_digest.into_values().filter(|same| same.len() > 1) {
        let names: Vec<String> = same.iter().map(SegmentName::to_string).collect();
        found.push(format!("one of {} (the same bytes)", names.join(" and ")));
    }
    found
}

fn point_of(key: &str) -> Option<PointId> {
    let part = object_key::part(key).map(|(point, _)| point);
    let manifest = || object_key::point_of_manifest(key).map(|(point, _)| point);
    part.or_else(manifest).or_else(|| object_key::point_of_files(key))
}

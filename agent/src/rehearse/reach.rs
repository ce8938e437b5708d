//! How far a rehearsal reaches: which points this server can still open, and whether what follows one comes with it.
//! It asks no remote.

use std::collections::BTreeSet;

use protocol::{
    object_key::{DIGEST_CHARS, PointId, SegmentName},
    time::UnixMillis,
};

use crate::{
    backup::{
        seal::SessionKeys,
        survey::{self, Survey},
    },
    restore::{self, Acknowledged, Selection},
    store::points::KnownPoint,
};

/// Whether this server still remembers what opens all of the point, and the manifest that it stands on.
pub(super) fn is_remembered(known: &KnownPoint, keys: &SessionKeys) -> bool {
    let manifest = &known.manifest;
    let base = manifest.base.iter().map(|base| &base.manifest_sha256);
    let objects = manifest.objects().map(|object| &object.sha256);
    std::iter::once(&known.manifest_sha256)
        .chain(base)
        .chain(objects)
        .all(|sha256| keys.contains_key(sha256))
}

/// To the last commit that is there, when all that follows the point can be opened; else the point alone.
pub(super) fn selection(
    survey: &Survey,
    known: &KnownPoint,
    (keys, arrived): (&SessionKeys, &[Acknowledged]),
    now: UnixMillis,
) -> Selection {
    let point = &known.manifest.point;
    let remembered: BTreeSet<&str> = keys
        .keys()
        .filter_map(|sha256| sha256.get(..DIGEST_CHARS))
        .collect();
    let names = survey.holdings.iter().flat_map(|(_, names)| names.keys());
    let mut following = names
        .filter_map(|name| SegmentName::parse(name))
        .filter(|name| name.chain == known.manifest.chain && name.last > known.manifest.commit)
        .peekable();
    let ahead = restore::ahead_of(now);
    let is_ahead = |point: &PointId| survey::moment_of(point).is_some_and(|at| at > ahead);
    let points = survey.points();
    let is_newest = points.iter().rfind(|point| !is_ahead(point)) == Some(point);
    let follows =
        |one: &Acknowledged| one.chain == known.manifest.chain && one.commit > known.manifest.commit;
    let has_more = following.peek().is_some() || arrived.iter().any(follows);
    if is_newest && has_more && following.all(|name| remembered.contains(name.digest.as_str())) {
        Selection::Latest
    } else {
        Selection::Point(point.clone())
    }
}

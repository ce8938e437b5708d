//! What one remote holds by its own list, in a line, and what contradicts what is known elsewhere.
//! It asks nobody.

use std::collections::BTreeMap;

use protocol::{
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};
use serde::Serialize;

use super::Here;
use crate::backup::{
    anchor::{self, Anchor},
    survey::Names,
};

/// One remote.
#[derive(Serialize)]
pub(super) struct Holding {
    pub name: String,
    pub points: usize,
    pub newest: Option<PointId>,
    /// When the agent saw the last commit that is there, in milliseconds since 1970.
    pub commits_until: Option<UnixMillis>,
    pub size_bytes: u64,
    /// What shows that it was put back to an older state, or that somebody wrote or deleted there.
    pub problems: Vec<String>,
}

impl Holding {
    /// Of a remote's list; `believed` are the segments whose names nothing contradicts.
    pub(super) fn of(
        remote: &str,
        names: &Names,
        here: &Here,
        anchor: Option<&Anchor>,
        believed: &BTreeMap<SegmentName, u64>,
    ) -> Self {
        let points: Vec<PointId> = names
            .keys()
            .filter_map(|name| Some(object_key::point_of_manifest(name)?.0))
            .collect();
        let segments = names.keys().filter_map(|name| SegmentName::parse(name));
        let segments = segments.filter(|name| believed.contains_key(name));
        let mut problems: Vec<String> = anchor::rolled_back(remote, names, &here.points, &here.shipping)
            .into_iter()
            .collect();
        problems.extend(anchor.and_then(|anchor| anchor.fits(remote, names, &here.points, None).err()));
        Self {
            name: remote.to_owned(),
            newest: points.iter().max().cloned(),
            points: points.len(),
            commits_until: segments.map(|name| name.last_at).max(),
            size_bytes: names.values().sum(),
            problems,
        }
    }
}

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
    survey::{self, Names},
};

/// One remote.
#[derive(Serialize)]
pub(super) struct Holding {
    pub name: String,
    pub points: usize,
    /// The newest that is not dated in the future.
    pub newest: Option<PointId>,
    /// Those that are dated in the future, and passed over.
    pub ahead: Vec<PointId>,
    /// When the agent saw the last commit that is there, in milliseconds since 1970.
    pub commits_until: Option<UnixMillis>,
    pub size_bytes: u64,
    /// What shows that it was put back to an older state, or that somebody wrote or deleted there.
    pub problems: Vec<String>,
}

impl Holding {
    /// Of a remote's list; `believed` are the segments whose names nothing contradicts, and what is dated after
    /// `ahead_of` is dated in the future.
    pub(super) fn of(
        remote: &str,
        names: &Names,
        here: &Here,
        anchor: Option<&Anchor>,
        (believed, ahead_of): (&BTreeMap<SegmentName, u64>, UnixMillis),
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
        let is_ahead = |point: &PointId| survey::moment_of(point).is_some_and(|at| at > ahead_of);
        let (mut ahead, present): (Vec<_>, Vec<_>) = points.iter().cloned().partition(is_ahead);
        ahead.dedup();
        Self {
            name: remote.to_owned(),
            newest: present.into_iter().max(),
            ahead,
            points: points.len(),
            commits_until: segments.map(|name| name.last_at).max(),
            size_bytes: names.values().sum(),
            problems,
        }
    }
}

//! What turned out to be of no use while a restore was at work, so that the next attempt goes another way.
//! It holds names and reasons; it judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{PointId, SegmentName},
};

use super::left_out::LeftOut;
use crate::backup::survey::Survey;

/// What an attempt was at when it could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Culprit {
    /// A point: its parts, or what they add up to.
    Point(PointId),
    /// A segment that is intact nowhere, or does not lead where it says.
    Segment(SegmentName),
    /// A segment that is whole, and another one than its name says.
    Misnamed(SegmentName),
    /// The archive of files of a point.
    Files(PointId),
    /// The database itself, whole as it was backed up: no other way leads to another one.
    Database,
}

/// What is not tried again, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Avoid {
    pub points: BTreeMap<PointId, String>,
    pub files: BTreeMap<PointId, String>,
    segments: BTreeMap<SegmentName, String>,
    misnamed: BTreeMap<SegmentName, String>,
    unproven: BTreeSet<SegmentName>,
    unproven_told: Vec<String>,
    /// Whether something that does not open, and that nothing speaks for, may be newer than what is restored.
    pub may_be_newer: bool,
    /// What lies behind a hole at the end of a chain.
    pub left_out: Option<LeftOut>,
}

impl Avoid {
    /// Whether this is the first that is heard of it; the second time there is no other way.
    pub(super) fn add(&mut self, culprit: Culprit, why: String) -> bool {
        match culprit {
            Culprit::Point(point) => self.points.insert(point, why).is_none(),
            Culprit::Files(point) => self.files.insert(point, why).is_none(),
            Culprit::Segment(name) => self.segments.insert(name, why).is_none(),
            Culprit::Misnamed(name) => self.misnamed.insert(name, why).is_none(),
            Culprit::Database => false,
        }
    }

    /// These promise nothing, for one reason.
    pub(super) fn unproven(&mut self, names: Vec<SegmentName>, why: String) {
        self.unproven.extend(names);
        self.unproven_told.push(why);
    }

    /// These lie behind a hole at the end of their chain.
    pub(super) fn leave_out(&mut self, names: Vec<SegmentName>, left_out: LeftOut, why: String) {
        self.left_out = Some(left_out);
        self.unproven(names, why);
    }

    /// The segments of a chain that there should be: misnamed ones promise nothing.
    pub(super) fn promised(&self, survey: &Survey, chain: &ChainId) -> BTreeSet<SegmentName> {
        let mut all = survey.segments(chain);
        all.retain(|name| !self.misnamed.contains_key(name) && !self.unproven.contains(name));
        all
    }

    /// The segments of a chain that may be followed.
    pub(super) fn usable(&self, survey: &Survey, chain: &ChainId) -> BTreeSet<SegmentName> {
        let mut all = self.promised(survey, chain);
        all.retain(|name| !self.segments.contains_key(name));
        all
    }

    /// Whether a segment that begins there is on a remote and of no use.
    pub(super) fn begins_at(&self, chain: &ChainId, first: CommitNumber) -> bool {
        let mut all = self.segments.keys().chain(self.misnamed.keys());
        all.any(|name| name.chain == *chain && name.first == first)
    }

    /// What was found about segments.
    pub(super) fn told(&self) -> Vec<String> {
        let all = self.segments.values().chain(self.misnamed.values());
        all.chain(&self.unproven_told).cloned().collect()
    }
}

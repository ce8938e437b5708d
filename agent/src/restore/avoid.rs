//! What turned out to be of no use while a restore was at work, so that the next attempt goes another way.
//! It holds names and reasons; it judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber, PageRoot},
    object_key::{DIGEST_CHARS, PointId, SegmentName},
};

use super::{left_out::LeftOut, path::Links};
use crate::backup::{seal::hex, survey::Survey};

/// Of what is passed by so much is named.
const TOLD_MAX: usize = 3;

/// What an attempt was at when it could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Culprit {
    /// A point: its parts, or what they add up to.
    Point(PointId),
    /// A segment that is intact nowhere, or does not lead where it says.
    Segment(SegmentName),
    /// A segment that is whole, and another one than its name says: up to which commit of which chain it goes, where that
    /// was looked at.
    Misnamed(SegmentName, Option<(ChainId, CommitNumber)>),
    /// A segment that is whole, and the digest of what it follows: another one than what led to it.
    Unlinked(SegmentName, Option<[u8; 32]>),
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
    found: Vec<(ChainId, CommitNumber)>,
    passed_by: BTreeMap<SegmentName, String>,
    links: Links,
    roots: BTreeMap<SegmentName, PageRoot>,
    unlinked_told: Vec<String>,
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
            Culprit::Misnamed(name, found) => {
                self.found.extend(found);
                self.misnamed.insert(name, why).is_none()
            }
            Culprit::Unlinked(name, previous) => {
                self.unlinked_told.push(why);
                self.link(name, previous)
            }
            Culprit::Database => false,
        }
    }

    /// What this segment follows, by its own word; whether that is news.
    pub(super) fn link(&mut self, name: SegmentName, previous: Option<[u8; 32]>) -> bool {
        let Some(previous) = previous else { return false };
        let mut digest = hex(&previous);
        digest.truncate(DIGEST_CHARS);
        self.links.insert(name, digest.clone()).as_ref() != Some(&digest)
    }

    /// This segment opens, is signed and is what its name says; whether what it follows is news.
    pub(super) fn whole(&mut self, name: SegmentName, previous: Option<[u8; 32]>, root: PageRoot) -> bool {
        self.roots.insert(name.clone(), root);
        self.link(name, previous)
    }

    /// The segments that were found whole, and what the database holds after each.
    pub(super) fn roots(&self) -> &BTreeMap<SegmentName, PageRoot> {
        &self.roots
    }

    /// What the segments that were opened follow.
    pub(super) fn links(&self) -> &Links {
        &self.links
    }

    /// Those of no use whose commits a way leads over without them promise nothing; whether there were any.
    pub(super) fn pass_by(&mut self, chain: &ChainId, from: CommitNumber, reached: CommitNumber) -> bool {
        let is_passed =
            |name: &SegmentName| name.chain == *chain && name.first > from && name.last <= reached;
        let passed: BTreeMap<SegmentName, String> =
            self.segments.extract_if(.., |name, _| is_passed(name)).collect();
        let has_any = !passed.is_empty();
        self.passed_by.extend(passed);
        has_any
    }

    /// These promise nothing, for one reason.
    pub(super) fn unproven(&mut self, names: Vec<SegmentName>, why: String) {
        self.unproven.extend(names);
        self.unproven_told.push(why);
    }

    /// These lie behind a hole at the end of their chain.
    pub(super) fn leave_out(&mut self, names: Vec<SegmentName>, left_out: LeftOut, why: String) {
        self.may_be_newer |= !left_out.unasked.is_empty();
        self.left_out = Some(left_out);
        self.unproven(names, why);
    }

    /// The segments of a chain that there should be: misnamed ones promise nothing.
    pub(super) fn promised(&self, survey: &Survey, chain: &ChainId) -> BTreeSet<SegmentName> {
        let mut all = survey.segments(chain);
        all.retain(|name| {
            !self.misnamed.contains_key(name)
                && !self.passed_by.contains_key(name)
                && !self.unproven.contains(name)
        });
        all
    }

    /// How far the segments of a chain go that lie under other names.
    pub(super) fn found(&self, chain: &ChainId) -> Option<CommitNumber> {
        let found = self.found.iter().filter(|(of, _)| of == chain);
        found.map(|(_, commit)| *commit).max()
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
        let mut told: Vec<String> = all
            .chain(&self.unlinked_told)
            .chain(&self.unproven_told)
            .cloned()
            .collect();
        told.extend(self.told_passed_by());
        told
    }

    fn told_passed_by(&self) -> Option<String> {
        let first: Vec<&str> = self
            .passed_by
            .values()
            .take(TOLD_MAX)
            .map(String::as_str)
            .collect();
        let more = match self.passed_by.len() {
            count if count > TOLD_MAX => format!("; and {} more", count - TOLD_MAX),
            _ => String::new(),
        };
        (!first.is_empty()).then(|| {
            format!(
                "NOT USED: {}{more}. The commits that they claim are in other objects, which are followed instead. \
                 Somebody put them there, or they were altered",
                first.join("; ")
            )
        })
    }
}

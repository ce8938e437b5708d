//! The servers of the shop before this one, by what was written down when each was restored from: until when each of them
//! was the shop's own, and whether it writes to a remote again. Then two shops sell one stock.
//! It goes by names alone, which anybody may invent who writes there: it says so, and refuses nothing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{self, Fingerprint, PointId, SegmentName},
    time::UnixMillis,
};
use serde_json::Value;

use super::{restores::LiveRestore, survey::moment_of};

/// Under this name a comparison writes down until when each chain goes there.
pub const ENDS: &str = "ends";
/// Chains of which that is written down, those with the newest commits.
const ENDS_MAX: usize = 1_000;

/// One whose backups this server, or one before it, was restored from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierServer {
    /// When that was last.
    pub restored_at: UnixMillis,
    /// What it had signed by then is the shop's own.
    pub until: UnixMillis,
    /// Whether this very server was restored from it, and not one before.
    pub is_last: bool,
    /// What it followed, each until the commit that was restored last.
    pub chains: BTreeMap<ChainId, CommitNumber>,
}

impl EarlierServer {
    /// One that was restored from at this moment, and of which nothing else is known.
    #[must_use]
    pub fn at(restored_at: UnixMillis) -> Self {
        Self {
            restored_at,
            until: restored_at,
            is_last: false,
            chains: BTreeMap::new(),
        }
    }
}

/// All of them, each by its agent's key.
#[must_use]
pub fn of(restores: Vec<LiveRestore>) -> BTreeMap<Fingerprint, EarlierServer> {
    let mut all: BTreeMap<Fingerprint, EarlierServer> = BTreeMap::new();
    for one in restores {
        let until = one.until();
        let entry = all.entry(one.signer).or_insert(EarlierServer::at(one.at));
        entry.restored_at = entry.restored_at.max(one.at);
        entry.until = entry.until.max(until);
        entry.is_last |= one.server.is_none();
        let commit = entry.chains.entry(one.chain).or_insert(one.commit);
        *commit = (*commit).max(one.commit);
    }
    all
}

/// What was written to a remote, as far as names tell of it.
#[derive(Default)]
pub struct Written {
    /// Certificates, and since when each lies there where that is known.
    pub certificates: BTreeMap<Fingerprint, Option<UnixMillis>>,
    /// Restore points.
    pub points: BTreeSet<PointId>,
    /// When the last commit of each chain was seen.
    pub ends: BTreeMap<ChainId, UnixMillis>,
}

impl Written {
    /// By names, each with when it was written where that is known.
    #[must_use]
    pub fn by<'a>(names: impl Iterator<Item = (&'a String, Option<UnixMillis>)>) -> Self {
        let mut written = Self::default();
        for (name, since) in names {
            if let Some(signer) = object_key::fingerprint_of_cert(name) {
                written.certificates.insert(signer, since);
            } else if let Some((point, _)) = object_key::point_of_manifest(name) {
                written.points.insert(point);
            } else if let Some(name) = SegmentName::parse(name) {
                let end = written.ends.entry(name.chain).or_insert(name.last_at);
                *end = name.last_at.max(*end);
            }
        }
        written
    }

    /// For the row of a comparison.
    #[must_use]
    pub fn ends_noted(self) -> Value {
        let mut ends: Vec<(ChainId, UnixMillis)> = self.ends.into_iter().collect();
        ends.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        ends.truncate(ENDS_MAX);
        serde_json::json!(ends.into_iter().collect::<BTreeMap<_, _>>())
    }

    /// When each of the earlier servers last wrote after it was restored from, as names claim; only of those that did. A point
    /// does not tell whose it is: it counts where nobody else writes who is not `known`.
    #[must_use]
    pub fn again(
        &self,
        earlier: &BTreeMap<Fingerprint, EarlierServer>,
        known: (&BTreeSet<Fingerprint>, &BTreeSet<PointId>),
    ) -> BTreeMap<Fingerprint, UnixMillis> {
        let mut again = BTreeMap::new();
        for (signer, server) in earlier {
            let ends = server.chains.keys().filter_map(|chain| self.ends.get(chain));
            let last = ends.max().filter(|at| **at > server.until);
            again.extend(last.map(|at| (signer.clone(), *at)));
        }
        let here = || {
            self.certificates
                .keys()
                .filter(|signer| earlier.contains_key(signer))
        };
        let is_strange = |signer: &Fingerprint| !earlier.contains_key(signer) && !known.0.contains(signer);
        if !again.is_empty() || self.certificates.keys().any(is_strange) {
            return again;
        }
        let Some((last, server)) = here()
            .map(|signer| (signer, &earlier[signer]))
            .max_by_key(|(_, server)| server.until)
        else {
            return again;
        };
        // Who has lost what it knew of its own points knows nothing of these.
        let Some(oldest) = known.1.first() else {
            return again;
        };
        let unknown = self
            .points
            .iter()
            .filter(|point| !known.1.contains(*point) && *point > oldest);
        let newest = unknown
            .filter_map(moment_of)
            .max()
            .filter(|at| *at > server.until);
        again.extend(newest.map(|at| (last.clone(), at)));
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> Fingerprint {
        Fingerprint::parse(&digit.repeat(40)).unwrap()
    }

    fn point(hour: u32) -> PointId {
        PointId::parse(&format!("20261127T{hour:02}0000Z-00000001")).unwrap()
    }

    #[test]
    fn a_point_after_the_restore_is_the_lost_servers_only_where_nobody_else_writes() {
        let restored_at = moment_of(&point(12)).unwrap();
        let earlier = BTreeMap::from([(
            key("A"),
            EarlierServer {
                restored_at,
                until: restored_at,
                is_last: true,
                chains: [(ChainId::from_bits(1), CommitNumber::FIRST)].into(),
            },
        )]);
        let (own, points) = (BTreeSet::from([key("B")]), BTreeSet::from([point(13)]));
        let told = |keys: &[&str], hours: &[u32], end: i64| {
            let written = Written {
                certificates: keys.iter().map(|digit| (key(digit), None)).collect(),
                points: hours.iter().map(|hour| point(*hour)).collect(),
                ends: [(ChainId::from_bits(1), UnixMillis(restored_at.0 + end))].into(),
            };
            written
                .again(&earlier, (&own, &points))
                .into_values()
                .collect::<Vec<_>>()
        };
        let at = |hour| moment_of(&point(hour)).unwrap();
        assert_eq!(told(&["A", "B"], &[11, 13], 0), []);
        assert_eq!(told(&["A", "B"], &[11, 13, 14], 0), [at(14)]);
        // It may be the third one's.
        assert_eq!(told(&["A", "B", "C"], &[14], 0), []);
        // Of its own chain there is no doubt whose it is.
        assert_eq!(told(&["A", "B", "C"], &[14], 5), [UnixMillis(restored_at.0 + 5)]);
        assert_eq!(told(&["B"], &[14], 0), []);
    }
}

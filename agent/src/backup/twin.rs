//! Whether another server writes to a remote as this one: one that was lost and runs again, or a copy of this one. Then two
//! shops sell one stock, and neither knows the orders of the other.
//! Pure. It goes by names, which anybody may invent who writes there, and by what this machine remembers to have sealed: it
//! opens nothing and refuses nothing.

use std::{collections::HashSet, time::Duration};

use protocol::{
    chain::ChainId,
    object_key::{self, DIGEST_CHARS, Fingerprint, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    own::Own,
    remembered::Remembered,
    survey::{Names, moment_of},
};
use crate::store::twin::{STANDS, Twin};

/// A clock that runs ahead by more is not believed.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// What this machine remembers to have sealed: the beginnings of the objects' digests, as names hold them.
pub struct Sealed(HashSet<u128>);

impl Sealed {
    /// All of it; `None` where that is nothing, as on a machine that backs nothing up: then nothing tells.
    ///
    /// # Errors
    /// When it is there and does not read.
    pub fn read(remembered: &Remembered) -> anyhow::Result<Option<Self>> {
        let mut digests = HashSet::new();
        remembered.each_digest(|digest| digests.extend(number(digest)))?;
        Ok((!digests.is_empty()).then_some(Self(digests)))
    }

    fn holds(&self, digest: &str) -> bool {
        number(digest).is_some_and(|digest| self.0.contains(&digest))
    }
}

/// The beginning of a digest as a number: there are hundreds of thousands.
fn number(digest: &str) -> Option<u128> {
    u128::from_str_radix(digest.get(..DIGEST_CHARS)?, 16).ok()
}

/// What is asked of one remote.
pub struct Question<'a> {
    /// Its name.
    pub remote: &'a str,
    /// All that lies there.
    pub names: &'a Names,
    /// What this machine knows as its own.
    pub own: &'a Own,
    /// What it remembers to have sealed.
    pub sealed: &'a Sealed,
    /// The clock.
    pub now: UnixMillis,
}

/// The one that wrote last, if any did in the last day; what proves more goes first.
#[must_use]
pub fn find(question: &Question<'_>) -> Option<Twin> {
    let found = [question.earlier(), question.forked(), question.taken()];
    found
        .into_iter()
        .flatten()
        .max_by_key(|twin| (twin.is_proven, twin.at))
}

impl Question<'_> {
    /// A server that this shop was restored from, by commits of its chain behind the one that was restored.
    fn earlier(&self) -> Option<Twin> {
        let all = self.own.before.iter().flat_map(|(signer, server)| {
            let chains = server.chains.iter();
            let later = chains.flat_map(move |(chain, commit)| {
                // What it wrote until then may lie there again under a later date: those are the same bytes.
                let by_then = self
                    .all_segments(chain)
                    .filter(|name| name.last_at <= server.until);
                let by_then: HashSet<String> = by_then.map(|name| name.digest).collect();
                let segments = self.segments(chain);
                segments.filter(move |name| {
                    name.last > *commit && name.last_at > server.until && !by_then.contains(&name.digest)
                })
            });
            later.map(move |name| (signer, name.last_at))
        });
        let (signer, at) = all.max_by_key(|(_, at)| *at)?;
        Some(Twin {
            at,
            is_proven: true,
            detail: format!(
                "the server that this shop was restored from, of the agent {signer}, goes on writing to {}",
                self.remote
            ),
        })
    }

    /// A copy of this one, by commits of which it wrote others under the same numbers.
    fn forked(&self) -> Option<Twin> {
        let forks = self.own.chains.iter().filter_map(|chain| self.fork_of(chain));
        let name = forks.max_by_key(|name| name.last_at)?;
        Some(Twin {
            at: name.last_at,
            is_proven: true,
            detail: format!(
                "{} holds commits {} to {} of the chain {} twice, and this server wrote only one of the two",
                self.remote, name.first, name.last, name.chain
            ),
        })
    }

    /// The newest segment of the chain that this machine did not seal, of commits that it sealed itself.
    fn fork_of(&self, chain: &ChainId) -> Option<SegmentName> {
        let own = |name: &SegmentName| self.sealed.holds(&name.digest);
        let mine: Vec<SegmentName> = self.all_segments(chain).filter(own).collect();
        // In the order of their commits, and this server gives a number once.
        let is_own_too = |other: &SegmentName| {
            let begun = mine.partition_point(|name| name.first <= other.last);
            mine[..begun].last().is_some_and(|name| name.last >= other.first)
        };
        self.segments(chain)
            .filter(|name| !own(name) && is_own_too(name))
            .max_by_key(|name| name.last_at)
    }

    /// Whoever took a point that this server neither knows nor sealed, where nobody else has a certificate. What a server
    /// before this one took until it was restored from is this shop's own, and a copy is younger than what it was copied from:
    /// what lies there from before this server's first point is of one whose memory was lost.
    fn taken(&self) -> Option<Twin> {
        if self.is_shared() {
            return None;
        }
        let until = self.own.before.values().map(|server| server.until).max();
        let points = || {
            let names = self.names.keys();
            names.filter_map(|name| object_key::point_of_manifest(name))
        };
        let sealed_here = points().filter(|(_, digest)| self.sealed.holds(digest));
        let begun = sealed_here.filter_map(|(point, _)| moment_of(&point)).min();
        let until = until.max(begun);
        let strange = points().filter_map(|(point, digest)| {
            let at = moment_of(&point)
                .filter(|at| self.is_recent(*at) && until.is_none_or(|until| *at > until))?;
            let is_strange = !self.own.points.contains(&point) && !self.sealed.holds(&digest);
            is_strange.then_some((at, point))
        });
        let (at, point) = strange.max()?;
        Some(Twin {
            at,
            is_proven: false,
            detail: self.told_of(&point),
        })
    }

    fn told_of(&self, point: &PointId) -> String {
        let taken = format!(
            "{} holds the restore point {point}, which this server did not take",
            self.remote
        );
        let listed = |signer: &&Fingerprint| self.names.contains_key(&object_key::cert(signer));
        match self.own.before.keys().find(listed) {
            Some(signer) => {
                format!(
                    "{taken}; most likely the server that this shop was restored from, of the agent {signer}, runs again"
                )
            }
            None => format!("{taken}; no other agent has a certificate there"),
        }
    }

    /// Whether somebody else has a certificate there: then no point tells who took it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let certificates = self
            .names
            .keys()
            .filter_map(|name| object_key::fingerprint_of_cert(name));
        certificates
            .into_iter()
            .any(|signer| self.own.is_strangers(&signer))
    }

    fn all_segments(&self, chain: &ChainId) -> impl Iterator<Item = SegmentName> {
        let folder = object_key::segments_of(chain);
        let names = self.names.range(folder.clone()..).map(|(name, _)| name);
        let names = names.take_while(move |name| name.starts_with(&folder));
        names.filter_map(|name| SegmentName::parse(name))
    }

    /// Those that were written in the last day, as their names claim.
    fn segments(&self, chain: &ChainId) -> impl Iterator<Item = SegmentName> {
        self.all_segments(chain)
            .filter(|name| self.is_recent(name.last_at))
    }

    /// Of the last day, and of no future that nobody believes. What retention deletes was marked for a day first: nothing
    /// of this age is this server's own and came back with an older copy of the remote.
    fn is_recent(&self, at: UnixMillis) -> bool {
        self.now.since(at) < STANDS && at.since(self.now) < AHEAD_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::chain::CommitNumber;

    use super::*;
    use crate::backup::earlier_server::EarlierServer;

    const HOUR: i64 = 3_600_000;
    /// 2026-11-27, noon.
    const NOW: i64 = 1_795_780_800_000;

    fn commit(number: u64) -> CommitNumber {
        CommitNumber::new(number).unwrap()
    }

    fn segment(chain: u128, (first, last): (u64, u64), at: i64, digit: &str) -> String {
        let chain = ChainId::from_bits(chain);
        SegmentName::new(
            &chain,
            commit(first),
            commit(last),
            UnixMillis(at),
            &digit.repeat(64),
        )
        .to_string()
    }

    fn point(day: u32, hour: u32) -> PointId {
        PointId::parse(&format!("202611{day}T{hour:02}0000Z-00000001")).unwrap()
    }

    fn key(digit: &str) -> Fingerprint {
        Fingerprint::parse(&digit.repeat(40)).unwrap()
    }

    fn found(names: &[String], own: &Own) -> Option<(i64, bool)> {
        let sealed = Sealed([number(&"a".repeat(64)).unwrap()].into());
        let names: Names = names.iter().map(|name| (name.clone(), 10)).collect();
        let twin = find(&Question {
            remote: "offsite",
            names: &names,
            own,
            sealed: &sealed,
            now: UnixMillis(NOW),
        });
        twin.map(|twin| ((twin.at.0 - NOW) / HOUR, twin.is_proven))
    }

    #[test]
    fn commits_that_were_written_twice_are_a_copys_and_ones_own_alone_are_not() {
        let own = Own {
            chains: [ChainId::from_bits(1)].into(),
            ..Own::default()
        };
        let mine = |range| segment(1, range, NOW - HOUR, "a");
        let other = |range, hours: i64| segment(1, range, NOW + hours * HOUR, "b");
        assert_eq!(found(&[mine((2, 4)), mine((5, 9))], &own), None);
        assert_eq!(
            found(&[mine((2, 4)), other((5, 9), -1)], &own),
            None,
            "sealed long ago"
        );
        assert_eq!(found(&[mine((2, 4)), other((4, 9), -2)], &own), Some((-2, true)));
        assert_eq!(
            found(&[mine((2, 9)), other((3, 3), -27)], &own),
            None,
            "over for a day"
        );
        let both = [mine((2, 9)), other((3, 3), -2), other((4, 4), 40)];
        assert_eq!(
            found(&both, &own),
            Some((-2, true)),
            "nobody believes that future"
        );
        assert_eq!(found(&[mine((2, 9)), segment(2, (3, 3), NOW, "b")], &own), None);
        let copy = segment(1, (2, 9), NOW, "a");
        assert_eq!(found(&[mine((2, 9)), copy], &own), None, "under two names");
    }

    #[test]
    fn the_server_that_was_restored_from_goes_on_only_behind_what_was_restored() {
        let server = EarlierServer {
            is_last: true,
            chains: [(ChainId::from_bits(1), commit(20))].into(),
            ..EarlierServer::at(UnixMillis(NOW - 5 * HOUR))
        };
        let own = Own {
            before: BTreeMap::from([(key("C"), server)]),
            ..Own::default()
        };
        let of = |range, hours: i64| segment(1, range, NOW + hours * HOUR, "b");
        assert_eq!(found(&[of((2, 20), -6)], &own), None);
        assert_eq!(found(&[of((2, 20), 3)], &own), None, "its clock ran ahead");
        assert_eq!(found(&[of((21, 22), -6)], &own), None, "lost with it");
        let copied = [of((21, 22), -6), of((21, 22), -1)];
        assert_eq!(found(&copied, &own), None, "the same bytes under a later date");
        assert_eq!(
            found(&[of((2, 20), -6), segment(1, (21, 22), NOW - HOUR, "c")], &own),
            Some((-1, true))
        );
    }

    #[test]
    fn a_point_is_a_copys_where_nobody_else_writes_and_no_server_before_took_it() {
        let manifest = |point: &PointId, digit: &str| object_key::manifest(point, &digit.repeat(64));
        let mut own = Own {
            signers: [key("A")].into(),
            points: [point(27, 8)].into(),
            ..Own::default()
        };
        let (known, new) = (manifest(&point(27, 8), "b"), manifest(&point(27, 11), "b"));
        assert_eq!(found(std::slice::from_ref(&known), &own), None);
        assert_eq!(found(&[manifest(&point(27, 11), "a")], &own), None, "sealed here");
        assert_eq!(found(&[manifest(&point(25, 11), "b")], &own), None, "of long ago");
        assert_eq!(found(&[known.clone(), new.clone()], &own), Some((-1, false)));
        let (first, later) = (manifest(&point(27, 10), "a"), manifest(&point(27, 11), "a"));
        assert_eq!(found(&[first, new.clone()], &own), Some((-1, false)));
        let before = manifest(&point(27, 10), "b");
        assert_eq!(found(&[before, later], &own), None, "from before its first one");
        let stranger = object_key::cert(&key("D"));
        assert_eq!(found(&[new.clone(), stranger.clone()], &own), None);
        own.before = BTreeMap::from([(key("D"), EarlierServer::at(UnixMillis(NOW - 2 * HOUR)))]);
        assert_eq!(found(&[new.clone(), stranger.clone()], &own), Some((-1, false)));
        own.before = BTreeMap::from([(key("D"), EarlierServer::at(UnixMillis(NOW)))]);
        assert_eq!(
            found(&[new, stranger], &own),
            None,
            "what the lost one took is the shop's own"
        );
    }
}

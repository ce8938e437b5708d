//! Whether another server writes to a remote as this one: one that was lost and runs again, or a copy of this one. Then two
//! shops sell one stock, and neither knows the orders of the other.
//! Pure. It goes by names, which anybody may invent who writes there, and by what this machine remembers to have sealed: it
//! opens nothing and refuses nothing.

use std::{collections::HashSet, time::Duration};

use protocol::{
    chain::ChainId,
    object_key::{self, DIGEST_CHARS, PointId, SegmentName},
    time::UnixMillis,
};

use super::{
    earlier_server::Written,
    own::Own,
    seal::Keys,
    survey::{Names, moment_of},
};
use crate::store::twin::{STANDS, Twin};

/// A clock that runs ahead by more is not believed.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// What this machine remembers to have sealed: the beginnings of the objects' digests, as names hold them.
pub struct Sealed<'a>(HashSet<&'a str>);

impl<'a> Sealed<'a> {
    /// By the session keys; `None` where none is there, as with the owner's key: then nothing tells.
    #[must_use]
    pub fn by(keys: &'a Keys) -> Option<Self> {
        let digests: HashSet<&str> = keys
            .remembered()
            .filter_map(|digest| digest.get(..DIGEST_CHARS))
            .collect();
        (!digests.is_empty()).then_some(Self(digests))
    }

    fn holds(&self, digest: &str) -> bool {
        self.0.contains(digest)
    }
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
    pub sealed: &'a Sealed<'a>,
    /// The clock.
    pub now: UnixMillis,
}

/// The one that wrote last, if any.
#[must_use]
pub fn find(question: &Question<'_>) -> Option<Twin> {
    let found = [question.earlier(), question.forked(), question.taken()];
    let found = found.into_iter().flatten();
    found
        .filter(|twin| twin.at.since(question.now) < AHEAD_MAX)
        .max_by_key(|twin| twin.at)
}

impl Question<'_> {
    /// A server that this shop was restored from, by commits of its chain that came later.
    fn earlier(&self) -> Option<Twin> {
        let written = Written::by(self.names.keys().map(|name| (name, None)));
        let goes_on = written.goes_on(&self.own.before);
        let (signer, at) = goes_on.into_iter().max_by_key(|(_, at)| *at)?;
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
        let folder = object_key::segments_of(chain);
        let names = self.names.range(folder.clone()..).map(|(name, _)| name);
        let names = names.take_while(|name| name.starts_with(&folder));
        let segments = names.filter_map(|name| SegmentName::parse(name));
        let (own, others): (Vec<SegmentName>, Vec<SegmentName>) =
            segments.partition(|name| self.sealed.holds(&name.digest));
        // In the order of their commits, and this server gives a number once.
        let is_own_too = |other: &SegmentName| {
            let begun = own.partition_point(|name| name.first <= other.last);
            own[..begun].last().is_some_and(|name| name.last >= other.first)
        };
        others
            .into_iter()
            .filter(is_own_too)
            .max_by_key(|name| name.last_at)
    }

    /// Whoever took a point that this server neither knows nor sealed, where nobody else has a certificate.
    fn taken(&self) -> Option<Twin> {
        let own = self.own;
        let mut certificates = self
            .names
            .keys()
            .filter_map(|name| object_key::fingerprint_of_cert(name));
        if certificates.any(|signer| !own.signers.contains(&signer) && !own.before.contains_key(&signer)) {
            return None;
        }
        let points = self.names.keys().rev();
        let points = points.filter_map(|name| object_key::point_of_manifest(name));
        let is_strange = |(point, digest): &(PointId, String)| {
            !own.points.contains(point) && !self.sealed.holds(digest) && is_recent(point, self.now)
        };
        let (point, _) = points
            .filter(is_strange)
            .max_by(|one, other| one.0.cmp(&other.0))?;
        Some(Twin {
            at: moment_of(&point)?,
            is_proven: false,
            detail: format!(
                "{} holds the restore point {point}, which this server did not take, and no other agent has a certificate there",
                self.remote
            ),
        })
    }
}

/// Whether the point claims to be of the last day, and of no future that nobody believes. What retention deletes was marked
/// for a day first: none of this age is one of this server's own that came back with an older copy of the remote.
#[must_use]
pub fn is_recent(point: &PointId, now: UnixMillis) -> bool {
    moment_of(point).is_some_and(|at| now.since(at) < STANDS && at.since(now) < AHEAD_MAX)
}

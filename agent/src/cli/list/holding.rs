//! What one remote holds by its own list, in a line, and what contradicts what is known elsewhere.
//! It asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};
use serde::Serialize;

use super::{Here, points::Listed, reach};
use crate::{
    backup::{
        anchor::{self, Anchor},
        own::Other,
        survey::{self, Names},
        unfilled::Unfilled,
    },
    cli::words,
    store::{shipping::Shipping, torn::Torn},
};

/// One remote.
#[derive(Serialize)]
pub(super) struct Holding {
    pub name: String,
    pub points: usize,
    /// The newest that is not dated in the future, and that somebody knows or opens.
    pub newest: Option<PointId>,
    /// Those that are dated in the future, and passed over.
    pub ahead: Vec<PointId>,
    /// When the agent saw the last commit that can be had from this remote alone, in milliseconds since 1970; absent where
    /// that is the newest point's own, which no segment holds.
    pub commits_until: Option<UnixMillis>,
    /// Its number, and its chain; absent where it is not known which points lead to it.
    pub restorable_through: Option<CommitNumber>,
    pub chain: Option<ChainId>,
    pub size_bytes: u64,
    /// Who else writes there.
    pub other_agents: Vec<Other>,
    /// What shows that it was put back to an older state, or that somebody wrote or deleted there.
    pub problems: Vec<String>,
    /// That of them which contradicts the summary at hand.
    #[serde(skip)]
    pub against_summary: Option<String>,
}

/// What is known of all remotes together.
pub(super) struct Seen<'a> {
    /// The segments whose names nothing contradicts.
    pub believed: &'a BTreeMap<SegmentName, u64>,
    pub points: &'a [Listed],
    /// What is dated after this moment is dated in the future.
    pub ahead_of: UnixMillis,
    /// Those that hold nothing where another one holds restore points.
    pub in_doubt: &'a [Unfilled],
    /// Whose clock moments are told by.
    pub zone: &'a TimeZone,
}

impl Holding {
    /// Of a remote's list.
    pub(super) fn of(
        remote: &str,
        names: &Names,
        here: &Here,
        anchor: Option<&Anchor>,
        seen: &Seen<'_>,
    ) -> Self {
        // Somebody may have put a second manifest there.
        let points: BTreeSet<PointId> = names
            .keys()
            .filter_map(|name| Some(object_key::point_of_manifest(name)?.0))
            .collect();
        let taken = Shipping::taken(&here.shipping, remote);
        let mut problems: Vec<String> = anchor::rolled_back(remote, names, &here.points, taken)
            .into_iter()
            .collect();
        let against_summary = anchor.and_then(|anchor| anchor.fits(remote, names, &here.points, None).err());
        problems.extend(against_summary.clone());
        let torn = here.torn.get(remote).map_or(&[][..], Vec::as_slice);
        let of_remote = reach::OfRemote { remote, names, torn };
        let last = of_remote.last(seen);
        let followed = here.seen.as_ref().map(|(chain, _)| chain);
        problems.extend(torn.iter().map(|torn| told(torn, &of_remote, seen, followed)));
        problems.extend(of_remote.is_useless(seen).then(|| {
            "nothing can be restored from it alone: none of its restore points is whole there".to_owned()
        }));
        let unfilled = seen.in_doubt.iter().filter(|unfilled| unfilled.remote == remote);
        problems.extend(
            unfilled.map(|unfilled| format!("{}. IT MAY BE NEWER than what the others hold", unfilled.told)),
        );
        let is_ahead = |point: &PointId| survey::moment_of(point).is_some_and(|at| at > seen.ahead_of);
        let (ahead, present): (Vec<_>, Vec<_>) = points.iter().cloned().partition(is_ahead);
        let doubtful = seen.points.iter().filter(|point| point.doubtful);
        let doubtful: BTreeSet<&PointId> = doubtful.map(|point| &point.id).collect();
        Self {
            name: remote.to_owned(),
            newest: present
                .into_iter()
                .filter(|point| !doubtful.contains(point))
                .max(),
            ahead,
            other_agents: here.own.others(names.keys().map(|name| (name, None))),
            points: points.len(),
            commits_until: last.until,
            restorable_through: last.commit,
            chain: last.chain,
            size_bytes: names.values().sum(),
            problems,
            against_summary,
        }
    }
}

/// What cannot be had from it, and until where.
fn told(torn: &Torn, of_remote: &reach::OfRemote<'_>, seen: &Seen<'_>, followed: Option<&ChainId>) -> String {
    let (chain, at) = (words::chain(&torn.chain), words::moment(torn.at, seen.zone));
    let (commits, are) = match torn.first == torn.last {
        true => (format!("commit {}", torn.first), "is"),
        false => (format!("commits {} to {}", torn.first, torn.last), "are"),
    };
    let found =
        format!("{commits} of chain {chain} {are} missing or altered here, as `agent verify` found at {at}");
    if of_remote.is_behind_another(torn, seen) {
        return found;
    }
    let until = match of_remote.point_after(torn, seen) {
        Some(point) => format!(" until {point}"),
        None if followed.is_none_or(|chain| *chain == torn.chain) => " until its next backup".to_owned(),
        // That chain has ended.
        None => String::new(),
    };
    let before = torn.first.get() - 1;
    format!("{found}: from it nothing of that chain after commit {before}{until} can be restored")
}

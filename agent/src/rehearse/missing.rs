//! Commits that a remote lacks among others: what that means for a restore, and whether another remote can give them
//! back.
//! It asks the other remotes only when something is missing, and copies nothing.

use std::collections::BTreeSet;

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key,
    time::UnixMillis,
};
use serde_json::{Value, json};

use super::sample::Sample;
use crate::{
    backup::{
        holes::{self, End, Found, Hole, Question, Stand},
        remote::Remote,
        survey::Names,
    },
    store::{drops::Dropped, points::KnownPoint, shipping::Shipping},
};

/// Holes that the other remotes are asked about; of more only the first ones.
const ASKED_MAX: usize = 100;

/// What one remote lacks.
pub(super) struct Lacks {
    /// Each hole with the other remotes that hold all of it.
    holes: Vec<(Hole, Vec<String>)>,
    never_sent: BTreeSet<End>,
    /// The chain that this machine sends there; of others it may not know what a spool had to drop.
    sends: Option<ChainId>,
}

impl Lacks {
    /// By the remote's list, what this server sent there, and what was seen before.
    pub(super) async fn of(
        sample: &Sample<'_>,
        names: &Names,
        here: &[&KnownPoint],
        shipping: &[Shipping],
        before: &Value,
        now: UnixMillis,
    ) -> anyhow::Result<Self> {
        let remote = sample.remote.name();
        let listed = here.iter().filter(|known| {
            let manifest = object_key::manifest(&known.manifest.point, &known.manifest_sha256);
            names.contains_key(&manifest)
        });
        let points: Vec<Stand> = listed.map(|known| Stand::from(&known.manifest)).collect();
        let dropped = sample.store.never_sent(remote);
        let mut never_sent = dropped.context("asking what was dropped")?;
        never_sent.extend(dropped_before(before, &never_sent));
        let of_remote = shipping.iter().find(|shipping| shipping.remote == remote);
        let sent = of_remote.and_then(|shipping| shipping.holds.clone());
        let sends = sent.as_ref().map(|(chain, ..)| chain.clone());
        let kept_from = kept_from(sample, now).context("asking what retention may have let go")?;
        let found = holes::of(&Question {
            names,
            points: &points,
            sent: sent.map(|(chain, commit, _)| (chain, commit)),
            follows: sample
                .store
                .capture_state()
                .context("asking what is followed here")?
                .map(|state| state.chain),
            never_sent,
            kept_from,
            // Who may not delete there and has no rules is pruned for from another machine.
            is_pruned_elsewhere: kept_from.is_none() && sample.remote.is_append_only(),
            now,
        });
        Ok(Self::ask(found, sends, sample).await)
    }

    async fn ask(found: Found, sends: Option<ChainId>, sample: &Sample<'_>) -> Self {
        let mut holes = Vec::new();
        for hole in found.holes.into_iter().take(ASKED_MAX) {
            let mut holders = Vec::new();
            let others = sample.all.iter();
            for other in others.filter(|other| other.name() != sample.remote.name()) {
                if holds(other, &hole).await {
                    holders.push(other.name().to_owned());
                }
            }
            holes.push((hole, holders));
        }
        Self {
            holes,
            never_sent: found.never_sent,
            sends,
        }
    }

    /// A sentence for each hole.
    pub(super) fn told<'a>(&'a self, remote: &'a str) -> impl Iterator<Item = String> + 'a {
        self.holes
            .iter()
            .map(move |(hole, holders)| told(hole, self.sends.as_ref(), holders, remote))
    }

    /// For the row, and for the next look.
    pub(super) fn note(&self, seen: &mut Value) {
        let holes = self.holes.iter().map(|(hole, holders)| {
            json!({ "chain": hole.chain, "first": hole.first, "last": hole.last, "held_by": holders })
        });
        seen["missing_commits"] = holes.collect();
        seen["never_sent"] = json!(self.never_sent);
    }
}

/// What looks of earlier programs saw and the store does not know: only where it ended was handed on.
fn dropped_before(before: &Value, known: &[Dropped]) -> Vec<Dropped> {
    let ends: BTreeSet<End> = serde_json::from_value(before["never_sent"].clone()).unwrap_or_default();
    let is_known = |(chain, last): &End| known.iter().any(|it| it.chain == *chain && it.last == *last);
    let unknown = ends.into_iter().filter(|end| !is_known(end));
    let from_the_first = unknown.map(|(chain, last)| Dropped {
        chain,
        first: CommitNumber::FIRST,
        last,
    });
    from_the_first.collect()
}

/// The latest start of `keep_within` that was in force on this machine: rules that keep more from now on bring nothing
/// back.
fn kept_from(sample: &Sample<'_>, now: UnixMillis) -> rusqlite::Result<Option<UnixMillis>> {
    let (store, remote) = (sample.store, sample.remote.name());
    if let Some(retention) = sample.retention {
        store.put_let_go(remote, retention.window_start(now), now)?;
    }
    // Of a clock that was wrong nothing follows.
    Ok(store.let_go_until(remote)?.filter(|until| *until <= now))
}

/// One that does not answer holds nothing that could be fetched.
async fn holds(remote: &Remote, hole: &Hole) -> bool {
    let listed = remote.list(&object_key::segments_of(&hole.chain)).await;
    let ranges = listed.map(|names| holes::on(&names, &hole.chain));
    let mut ranges = ranges.into_iter().flatten();
    ranges.any(|range| range.first <= hole.first && hole.last <= range.last)
}

fn told(hole: &Hole, sends: Option<&ChainId>, holders: &[String], remote: &str) -> String {
    let Hole {
        chain,
        first,
        last,
        follows,
        next,
    } = hole;
    let (commits, them) = match first == last {
        true => (format!("commit {first}"), "it"),
        false => (format!("commits {first} to {last}"), "them"),
    };
    let place = match follows {
        Some(point) => format!(", right after the point {point},"),
        None => String::new(),
    };
    let reach = match next {
        Some(point) => format!("nor what follows until the point {point}"),
        None => "nor what follows until its next backup (`agent backup`)".to_owned(),
    };
    let cause = match sends == Some(chain) {
        true => {
            "the segments are missing, what follows them is there, and no rule of [retention] lets them go"
        }
        // What a spool dropped is known to the server alone that had it.
        false => {
            "the segments are missing: either the server that followed this chain could not send them before its spool was \
             full, which `agent verify` there says, or they were deleted, by no rule of [retention]"
        }
    };
    let cure = match holders {
        [] => format!("no other remote that answers holds {them}"),
        holders => format!(
            "{} holds {them}: copy what {remote} lacks under {} from there",
            holders.join(" and "),
            object_key::segments_of(chain)
        ),
    };
    format!(
        "{commits} of the chain {chain}{place} cannot be restored from this remote, {reach}: {cause}; {cure}"
    )
}

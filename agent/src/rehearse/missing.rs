//! Commits that a remote lacks among others: what that means for a restore, and whether another remote can give them
//! back.
//! It asks the other remotes only when something is missing, and copies nothing. Of what nobody may ever have sent it says
//! so, and calls it no damage.

use std::collections::BTreeSet;

use anyhow::Context;
use protocol::{
    chain::{ChainId, CommitNumber},
    object_key,
    time::UnixMillis,
};
use serde_json::{Value, json};

use super::{
    elsewhere::{Elsewhere, Weighed},
    sample::{LEFT_OPEN, Sample},
};
use crate::{
    backup::{
        hole::{Hole, Stretch},
        holes::{self, End, Found, Question, Stand},
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
    /// Those of which nothing tells that they were ever sent.
    open: Vec<Hole>,
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
        let kept_from = sample
            .kept_from(now)
            .context("asking what retention may have let go")?;
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
            are_rules_unknown: sample.are_rules_unknown(kept_from),
            now,
        });
        let known = sample.store.points().context("reading the catalogue")?;
        let known = known.into_keys().collect();
        Ok(Self::ask((found, &points), sends, &Elsewhere::of(sample, known)).await)
    }

    async fn ask(
        (found, here): (Found, &[Stand]),
        sends: Option<ChainId>,
        elsewhere: &Elsewhere<'_>,
    ) -> Self {
        let (mut holes, mut open) = (Vec::new(), Vec::new());
        for hole in found.holes.into_iter().take(ASKED_MAX) {
            match elsewhere.weigh(&hole, here).await {
                Weighed::Missing(holders) => holes.push((hole, holders)),
                Weighed::NotKnown => open.push(hole),
                Weighed::Points => {}
            }
        }
        Self {
            holes,
            open,
            never_sent: found.never_sent,
            sends,
        }
    }

    /// What is said of the others, and is no fault.
    fn left_open(&self) -> impl Iterator<Item = String> {
        self.open.iter().map(|hole| {
            format!(
                "of {} of the chain {}, until the point {}, no single one is there, nor on another remote: a server on which \
                 backups are taken while no agent runs keeps them until one does; else they were deleted",
                called((hole.first, hole.last)),
                hole.chain,
                hole.next.as_ref().map_or("", |point| point.as_str()),
            )
        })
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
        seen[LEFT_OPEN] = self.left_open().collect();
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

fn told(hole: &Hole, sends: Option<&ChainId>, holders: &[String], remote: &str) -> String {
    let chain = &hole.chain;
    let (are_missing, they_were, them) = match hole.first == hole.last {
        true => (
            format!("the segment of commit {} is missing", hole.first),
            "it was",
            "it",
        ),
        false => (
            format!(
                "the segments of commits {} to {} are missing",
                hole.first, hole.last
            ),
            "they were",
            "them",
        ),
    };
    let cause = match sends == Some(chain) {
        true => format!("{they_were} sent, and no rule of [retention] lets {them} go"),
        // What a spool dropped is known to the server alone that had it.
        false => {
            let not_sent = if hole.is_open {
                "has not sent"
            } else {
                "could not send"
            };
            let or_could_not = if hole.is_open { " or could not" } else { "" };
            format!(
                "either the server that followed this chain {not_sent} {them}{or_could_not} before its spool was full, which \
                 `agent verify` there says, or {they_were} deleted, by no rule of [retention]"
            )
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
    let Some(lost) = hole.lost() else {
        let point = hole.ends_at.as_ref().map_or("", |point| point.as_str());
        return format!(
            "{are_missing} in the chain {chain}, and the point {point} gives the same state back: nothing is lost while that \
             one is whole; {cause}; {cure}"
        );
    };
    let place = match &hole.follows {
        Some(point) => format!(", right after the point {point},"),
        None => String::new(),
    };
    let reach = match &hole.next {
        Some(point) => format!("nor what follows until the point {point}"),
        None => "nor what follows until its next backup (`agent backup`)".to_owned(),
    };
    format!(
        "{} of the chain {chain}{place} cannot be restored from this remote, {reach}: {are_missing}; {cause}; {cure}",
        called(lost)
    )
}

/// How commits in a row are called.
fn called((first, last): Stretch) -> String {
    match first == last {
        true => format!("commit {first}"),
        false => format!("commits {first} to {last}"),
    }
}

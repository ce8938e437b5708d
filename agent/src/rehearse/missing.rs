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
    /// How many another machine may have let go by its rules, and the newest of them with the other remotes that hold it.
    by_rules: Option<(usize, Hole, Vec<String>)>,
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
        let (by_rules, found_here): (Vec<Hole>, Vec<Hole>) =
            found.holes.into_iter().partition(|hole| hole.by_rules);
        let (mut holes, mut open) = (Vec::new(), Vec::new());
        for hole in found_here.into_iter().take(ASKED_MAX) {
            match elsewhere.weigh(&hole, here).await {
                Weighed::Missing(holders) => holes.push((hole, holders)),
                Weighed::NotKnown => open.push(hole),
                Weighed::Points => {}
            }
        }
        Self {
            holes,
            open,
            by_rules: let_go(by_rules, elsewhere).await,
            never_sent: found.never_sent,
            sends,
        }
    }

    /// What is said of the others, and is no fault.
    fn left_open(&self) -> impl Iterator<Item = String> {
        let open = self.open.iter().map(|hole| {
            format!(
                "of {} of the chain {}, until the point {}, no single one is there, nor on another remote: a server on which \
                 backups are taken while no agent runs keeps them until one does; else they were deleted",
                hole.lost().map(called).unwrap_or_default(),
                hole.chain,
                hole.next.as_ref().map_or("", |point| point.as_str()),
            )
        });
        open.chain(self.left_to_rules())
    }

    /// In one sentence: where the rules are old there are many of them.
    fn left_to_rules(&self) -> Option<String> {
        let (count, newest, holders) = self.by_rules.as_ref()?;
        let more = match count - 1 {
            0 => String::new(),
            1 => ", and once more between older points".to_owned(),
            more => format!(", and {more} times more between older points"),
        };
        let held = match holders.as_slice() {
            [] => String::new(),
            holders => format!(", and not on {}", holders.join(" and ")),
        };
        Some(format!(
            "no segment of {} of the chain {} is there{more}: `agent prune` on another machine let them go by its \
             [retention]{held}, or they were deleted; `agent verify` on that machine can tell, and this one could with the \
             same [retention]",
            called((newest.first, newest.last)),
            newest.chain,
        ))
    }

    /// A sentence for each hole of which something cannot be restored.
    pub(super) fn lost<'a>(&'a self, remote: &'a str) -> impl Iterator<Item = String> + 'a {
        self.told(remote, |hole| hole.lost().is_some())
    }

    /// A sentence for each hole that a restore does not meet.
    pub(super) fn spared<'a>(&'a self, remote: &'a str) -> impl Iterator<Item = String> + 'a {
        self.told(remote, |hole| hole.lost().is_none())
    }

    fn told<'a>(
        &'a self,
        remote: &'a str,
        which: impl Fn(&Hole) -> bool + 'a,
    ) -> impl Iterator<Item = String> + 'a {
        let holes = self.holes.iter().filter(move |(hole, _)| which(hole));
        holes.map(move |(hole, holders)| told(hole, self.sends.as_ref(), holders, remote))
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

/// Those that were there once; what the numbers of points alone tell need never have been.
async fn let_go(mut by_rules: Vec<Hole>, elsewhere: &Elsewhere<'_>) -> Option<(usize, Hole, Vec<String>)> {
    by_rules.retain(|hole| !hole.is_open);
    let count = by_rules.len();
    // A hole that no point follows is the newest of all.
    let newest = by_rules
        .into_iter()
        .max_by_key(|hole| (hole.next.is_none(), hole.next.clone(), hole.last))?;
    let holders = elsewhere.holders(&newest).await;
    Some((count, newest, holders))
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

/// What is missing, what that means for a restore, why it should be there, and who has it.
fn told(hole: &Hole, sends: Option<&ChainId>, holders: &[String], remote: &str) -> String {
    let (first, last) = (hole.first, hole.last);
    let segments = match first == last {
        true => format!("the segment of commit {first} is not there"),
        false => format!("the segments of commits {first} to {last} are not there"),
    };
    let meaning = match hole.lost() {
        Some(lost) => format!("{}; {segments}", beyond_reach(hole, lost)),
        None if hole.is_before_all => format!(
            "of the chain {} {segments}; no restore point stands before them, and nothing could be restored with them",
            hole.chain
        ),
        None => {
            let point = hole.ends_at.as_ref().map_or("", |point| point.as_str());
            format!(
                "of the chain {} {segments}; the point {point} gives the same state back, and nothing is lost while it is whole",
                hole.chain
            )
        }
    };
    format!(
        "{meaning}; {}; {}",
        cause(hole, sends),
        cure(hole, holders, remote)
    )
}

/// What cannot be restored.
fn beyond_reach(hole: &Hole, lost: Stretch) -> String {
    let chain = &hole.chain;
    let commits = called(lost);
    let begins = match &hole.follows {
        Some(point) => format!("; all of that begins right after the point {point}"),
        None => String::new(),
    };
    let reach = match &hole.next {
        Some(point) => format!("nor can what follows until the point {point}"),
        None => "nor can what follows until its next backup (`agent backup`)".to_owned(),
    };
    format!("{commits} of the chain {chain} cannot be restored from this remote; {reach}{begins}")
}

fn cause(hole: &Hole, sends: Option<&ChainId>) -> &'static str {
    // What a spool dropped is known to the server alone that had it.
    match (sends == Some(&hole.chain), hole.is_open) {
        (true, _) => "all of it was sent there, and no rule of [retention] lets it go",
        (false, true) => {
            "either the server that followed this chain has not sent it or could not before its spool was full, which \
             `agent verify` there says, or it was deleted, by no rule of [retention]"
        }
        (false, false) => {
            "either the server that followed this chain could not send it before its spool was full, which `agent verify` \
             there says, or it was deleted, by no rule of [retention]"
        }
    }
}

fn cure(hole: &Hole, holders: &[String], remote: &str) -> String {
    match holders {
        [] => "no other remote that answers holds it".to_owned(),
        holders => format!(
            "{} holds it: copy what {remote} lacks under {} from there",
            holders.join(" and "),
            object_key::segments_of(&hole.chain)
        ),
    }
}

/// How commits in a row are called.
fn called((first, last): Stretch) -> String {
    match first == last {
        true => format!("commit {first}"),
        false => format!("commits {first} to {last}"),
    }
}

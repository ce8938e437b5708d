//! What the remotes have acknowledged to this server, held against where the commits end now: a remote that was put back, or
//! on which somebody deleted the newest commits, still looks whole to whoever only reads it.
//! It reads no object, and does not blame a remote that is silent.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::{Request, Sources, Stop, avoid::Avoid, goal::Goal, replay, unheard};
use crate::{
    config::moment,
    store::{Store, rehearsal::Kind, shipping::Shipping},
};

/// What one remote has acknowledged to this server.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The remote.
    pub remote: String,
    /// The chain.
    pub chain: ChainId,
    /// Its newest commit there.
    pub commit: CommitNumber,
    /// When the agent saw that.
    pub at: UnixMillis,
    /// When a comparison last passed there since then.
    pub seen_at: Option<UnixMillis>,
}

impl Acknowledged {
    /// When it was seen, as the owner reads it, and when that was last found there.
    fn told(&self, zone: &TimeZone) -> String {
        let last = moment::told(self.at, zone);
        match self.seen_at {
            None => format!("the last of {last},"),
            Some(seen_at) => format!(
                "the last of {last}, which the comparison of {} still found,",
                moment::told(seen_at, zone)
            ),
        }
    }
}

/// What each remote, or only this one, has acknowledged to this server. Read it before the remotes are asked: what arrives
/// meanwhile is no loss.
///
/// # Errors
/// When the database refuses.
pub fn acknowledged(store: &Store, remote: Option<&str>) -> rusqlite::Result<Vec<Acknowledged>> {
    let asked = |one: &Shipping| remote.is_none_or(|asked| asked == one.remote);
    let all = store.shipping()?.into_iter().filter(asked);
    let all = all.filter_map(|one| one.holds.map(|holds| (one.remote, holds)));
    all.map(|(remote, (chain, commit, at))| {
        let passed = store.newest_passed(Kind::Sample, &remote)?;
        let seen = passed.filter(|passed| passed.began_at > at);
        Ok(Acknowledged {
            remote,
            chain,
            commit,
            at,
            seen_at: seen.map(|seen| seen.began_at),
        })
    })
    .collect()
}

/// Holds the goal to what was acknowledged, where the end of a chain is wanted; `end_at` is when that is about.
pub(super) fn hold_to(
    (request, sources): (&Request, &Sources<'_>),
    avoid: &Avoid,
    goal: &mut Goal,
    (begin, end_at): (CommitNumber, UnixMillis),
) {
    let (answering, unheard) = apart(request, sources);
    of_other_chains(request, sources, goal, (&unheard, end_at));
    let reaches = |one: &&&Acknowledged| one.chain != goal.chain || one.commit <= goal.floor;
    if answering.iter().chain(&unheard).all(|one| reaches(&one)) {
        return;
    }
    let promised = avoid.promised(sources.survey, &goal.chain);
    let way = replay::way((&promised, avoid.links()), &goal.chain, begin, Stop::AtEnd);
    let end = way.segments.last().map_or(begin, |last| last.last);
    let beyond = |all: Vec<&'_ Acknowledged>| -> Vec<_> {
        let is_beyond = |one: &&Acknowledged| one.chain == goal.chain && one.commit > end;
        all.into_iter().filter(is_beyond).cloned().collect()
    };
    let (answering, unheard) = (beyond(answering), beyond(unheard));
    // What lies behind a hole is told as that.
    if way.gap.is_some() {
        return;
    }
    // Whoever wants a moment before the end misses nothing.
    let wants = |one: &Acknowledged| match goal.stop {
        Stop::By { moment, .. } => one.at <= moment,
        Stop::AtEnd | Stop::AtPoint | Stop::AfterCommit(_) => true,
    };
    if let Some(told) = of((request, &unheard), end).filter(|_| goal.floor >= end) {
        goal.may_be_newer = true;
        goal.notes.push(format!(
            "{told} {}: IT MAY BE NEWER than what you get. {}",
            by(request, sources, &unheard),
            again(request, sources, &unheard)
        ));
    }
    let Some(told) = of((request, &answering), end) else {
        return;
    };
    let elsewhere = match unheard.is_empty() {
        true => "Where an older copy of it, a snapshot or a bin has them, bring that back first".to_owned(),
        false => format!(
            "As far as this server knows they are also on {}. {}",
            unheard::whereabouts(request, sources, &names(&unheard)),
            again(request, sources, &unheard)
        ),
    };
    let told = format!(
        "{told} {}, and {} on no remote that answers any more: the remote was put back to an older state, or somebody deleted \
         there. {elsewhere}",
        by(request, sources, &answering),
        are(&answering, end)
    );
    match answering.iter().find(|one| wants(one)) {
        Some(one) => {
            goal.floor = goal.floor.max(one.commit);
            goal.lost.push(told);
        }
        // By that moment they may not have been there yet.
        None if goal.floor >= end => {
            goal.may_be_newer = true;
            goal.notes.push(format!(
                "{told}. Some of them MAY BELONG to the moment that was asked for"
            ));
        }
        None => {}
    }
}

/// Those that answer, and those that are silent or not asked.
fn apart<'r>(request: &'r Request, sources: &Sources<'_>) -> (Vec<&'r Acknowledged>, Vec<&'r Acknowledged>) {
    let all = request.arrived.iter().chain(&request.elsewhere);
    all.partition(|one| sources.answers(&one.remote))
}

/// Says which later commits of other chains lie where nobody looked.
fn of_other_chains(
    request: &Request,
    sources: &Sources<'_>,
    goal: &mut Goal,
    (unheard, end_at): (&[&Acknowledged], UnixMillis),
) {
    if request.chain.is_some() {
        return;
    }
    let is_meant = |one: &&&Acknowledged| match goal.stop {
        Stop::By { moment, .. } => one.at <= moment,
        Stop::AtEnd | Stop::AtPoint | Stop::AfterCommit(_) => true,
    };
    let later = unheard.iter().filter(is_meant);
    let later = later.filter(|one| one.chain != goal.chain && one.at > end_at);
    let Some(newest) = later.max_by_key(|one| one.at) else {
        return;
    };
    let is_unasked = request.elsewhere.iter().any(|one| one.remote == newest.remote);
    let newest = [(*newest).clone()];
    let told = format!(
        "commit {} of another chain, {}, {} was acknowledged {}",
        newest[0].commit,
        newest[0].chain,
        newest[0].told(&request.zone),
        by(request, sources, &newest)
    );
    let again = again(request, sources, &newest);
    // Of another history what is here is no older state.
    if !is_unasked {
        goal.lost.push(format!("{told}. {again}"));
        return;
    }
    goal.may_be_newer = true;
    goal.notes
        .push(format!("{told}: IT MAY BE NEWER than what you get. {again}"));
}

/// Where a commit lies that no remote which answers has, as far as this server knows; `None` where it knows of none.
pub(super) fn unheard_with(
    request: &Request,
    sources: &Sources<'_>,
    is_of: impl Fn(&ChainId) -> bool,
    commit: CommitNumber,
) -> Option<String> {
    let (_, unheard) = apart(request, sources);
    let has_it = |one: &&Acknowledged| is_of(&one.chain) && one.commit >= commit;
    let having: Vec<Acknowledged> = unheard.into_iter().filter(has_it).cloned().collect();
    let newest = having.iter().max_by_key(|one| one.commit)?;
    Some(format!(
        "everything until commit {} of the chain {}, {} was acknowledged {}. {}",
        newest.commit,
        newest.chain,
        newest.told(&request.zone),
        by(request, sources, &having),
        again(request, sources, &having)
    ))
}

/// What they have acknowledged beyond the end, in words.
fn of((request, all): (&Request, &[Acknowledged]), end: CommitNumber) -> Option<String> {
    let newest = all.iter().max_by_key(|one| one.commit)?;
    let first = end.next();
    let (what, were) = match first == newest.commit {
        true => (format!("commit {first}"), "was"),
        false => (format!("commits {first} to {}", newest.commit), "were"),
    };
    Some(format!(
        "{what} of the chain {}, {} {were} acknowledged",
        newest.chain,
        newest.told(&request.zone)
    ))
}

fn names(all: &[Acknowledged]) -> BTreeSet<&str> {
    all.iter().map(|one| one.remote.as_str()).collect()
}

/// By whom, and why nothing was heard of those that did not answer.
fn by(request: &Request, sources: &Sources<'_>, all: &[Acknowledged]) -> String {
    let remotes = names(all);
    match remotes.iter().all(|remote| sources.answers(remote)) {
        true => format!("by {}", remotes.into_iter().collect::<Vec<_>>().join(" and ")),
        false => format!("by {}", unheard::whereabouts(request, sources, &remotes)),
    }
}

fn again(request: &Request, sources: &Sources<'_>, all: &[Acknowledged]) -> String {
    unheard::remedy(request, sources, &names(all))
}

fn are(all: &[Acknowledged], end: CommitNumber) -> &'static str {
    match all.iter().all(|one| one.commit == end.next()) {
        true => "is",
        false => "are",
    }
}

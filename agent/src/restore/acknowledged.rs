//! What the remotes have acknowledged to this server, held against where the commits end now: a remote that was put back, or
//! on which somebody deleted the newest commits, still looks whole to whoever only reads it.
//! It reads no object, and does not blame a remote that is silent.

use jiff::{Timestamp, tz::TimeZone};
use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};

use super::{Request, Sources, Stop, avoid::Avoid, goal::Goal, replay};
use crate::store::{Store, rehearsal::Kind, shipping::Shipping};

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
    /// The same as the owner reads it, and when it was last seen there.
    pub told: String,
}

/// What each remote, or only this one, has acknowledged to this server. Read it before the remotes are asked: what arrives
/// meanwhile is no loss.
///
/// # Errors
/// When the database refuses.
pub fn acknowledged(
    store: &Store,
    remote: Option<&str>,
    zone: &TimeZone,
) -> rusqlite::Result<Vec<Acknowledged>> {
    let asked = |one: &Shipping| remote.is_none_or(|asked| asked == one.remote);
    let all = store.shipping()?.into_iter().filter(asked);
    let all = all.filter_map(|one| one.holds.map(|holds| (one.remote, holds)));
    all.map(|(remote, (chain, commit, at))| {
        let passed = store.newest_passed(Kind::Sample, &remote)?;
        let seen = passed.filter(|passed| passed.began_at > at);
        let told = match seen {
            None => format!("the last of {},", moment(at, zone)),
            Some(seen) => format!(
                "the last of {}, which the comparison of {} still found,",
                moment(at, zone),
                moment(seen.began_at, zone)
            ),
        };
        Ok(Acknowledged {
            remote,
            chain,
            commit,
            at,
            told,
        })
    })
    .collect()
}

fn moment(at: UnixMillis, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// Holds the goal to what was acknowledged, where the end of a chain is wanted.
pub(super) fn hold_to(
    request: &Request,
    sources: &Sources<'_>,
    avoid: &Avoid,
    goal: &mut Goal,
    begin: CommitNumber,
) {
    let reaches = |one: &Acknowledged| one.chain != goal.chain || one.commit <= goal.floor;
    if request.arrived.iter().all(reaches) {
        return;
    }
    let promised = avoid.promised(sources.survey, &goal.chain);
    let way = replay::way((&promised, avoid.links()), &goal.chain, begin, Stop::AtEnd);
    let end = way.segments.last().map_or(begin, |last| last.last);
    let is_of_chain = |one: &&Acknowledged| one.chain == goal.chain && one.commit > end;
    let beyond: Vec<&Acknowledged> = request.arrived.iter().filter(is_of_chain).collect();
    // What lies behind a hole is told as that.
    if way.gap.is_some() || beyond.is_empty() {
        return;
    }
    // One that is not configured any more is asked as little as one that is silent.
    let is_silent = |one: &&Acknowledged| {
        sources
            .survey
            .holdings
            .iter()
            .all(|(name, _)| *name != one.remote)
    };
    let (silent, answering): (Vec<&Acknowledged>, Vec<&Acknowledged>) =
        beyond.into_iter().partition(is_silent);
    // Whoever wants a moment before the end misses nothing.
    let wants = |one: &Acknowledged| match goal.stop {
        Stop::By { moment, .. } => one.at <= moment,
        Stop::AtEnd | Stop::AtPoint | Stop::AfterCommit(_) => true,
    };
    if let Some(told) = of(&silent, end).filter(|_| goal.floor >= end) {
        goal.may_be_newer = true;
        goal.notes.push(format!(
            "{told}, which {} not answer: IT MAY BE NEWER than what you get. Try again once it answers",
            does(&silent)
        ));
    }
    let Some(told) = of(&answering, end) else { return };
    let told = format!(
        "{told}, and {} on no remote that answers any more: the remote was put back to an older state, or somebody deleted \
         there. Where an older copy of it, a snapshot or a bin has them, bring that back first",
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

/// What they have acknowledged beyond the end, in words.
fn of(all: &[&Acknowledged], end: CommitNumber) -> Option<String> {
    let newest = all.iter().max_by_key(|one| one.commit)?;
    let first = end.next();
    let what = match first == newest.commit {
        true => format!("commit {first}"),
        false => format!("commits {first} to {}", newest.commit),
    };
    let remotes: Vec<&str> = all.iter().map(|one| one.remote.as_str()).collect();
    let were = if first == newest.commit { "was" } else { "were" };
    Some(format!(
        "{what} of the chain {}, {} {were} acknowledged by {}",
        newest.chain,
        newest.told,
        remotes.join(" and ")
    ))
}

fn are(all: &[&Acknowledged], end: CommitNumber) -> &'static str {
    match all.iter().all(|one| one.commit == end.next()) {
        true => "is",
        false => "are",
    }
}

fn does(all: &[&Acknowledged]) -> &'static str {
    if all.len() == 1 { "does" } else { "do" }
}

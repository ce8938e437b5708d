//! What `agent status` says of one remote between its backups: what it lacks, since when, why, and what that costs.
//! It asks no remote.

use std::{collections::BTreeMap, time::Duration};

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use serde::Serialize;

use super::damaged::{self, DamagedView};
use crate::{
    alert::message::{duration, moment},
    cli::words,
    config::Language,
    store::{
        Store,
        rehearsal::Kind,
        sealed_to::SealedTo,
        shipping::{ShippedHour, Shipping},
    },
    traffic::{self, DAY},
};

/// How far one remote is behind.
#[derive(Serialize)]
pub(super) struct LagView {
    pub(super) remote: String,
    commit: Option<u64>,
    lag_commits: u64,
    /// Age of the oldest commit that is not there.
    lag_s: u64,
    waiting_bytes: u64,
    /// When it last said that it has what was sent to it; absent when it never did.
    acknowledged_at: Option<UnixMillis>,
    /// Since when the running agent waits for an answer to what it sent there; absent while answers come within seconds.
    unanswered_since: Option<UnixMillis>,
    /// Since when what was tried has failed, and why.
    failing_since: Option<UnixMillis>,
    error: Option<String>,
    /// When it last turned out that something will never be sent there.
    gap_at: Option<UnixMillis>,
    /// The newest commit of the present chain that never went there.
    #[serde(skip)]
    gap_until: Option<u64>,
    /// The newest commit of the present chain that can be restored from it alone, as far as comparisons know.
    restorable_through: Option<u64>,
    /// The same where it is not all that was sent: what follows is missing or altered there, or was never sent.
    torn_after: Option<u64>,
    /// Commits behind its newest restore point that it was never sent.
    never_sent: u64,
    /// Commits of any chain that were found missing or altered there, also where later points go around them.
    pub(super) damaged: Vec<DamagedView>,
    /// Whether the last comparison had a fault, as `agent status` says beside it.
    #[serde(skip)]
    was_wrong: bool,
    /// The mean of the last day, or of what there was of it, restore points included.
    bytes_an_hour: u64,
    /// Writes, and what it takes to read each back.
    requests_an_hour: u64,
    /// How long that is: it ends now.
    an_hour_over_s: u64,
}

/// What is known of all remotes at once.
pub(super) struct Known<'a> {
    pub store: &'a Store,
    pub now: UnixMillis,
    /// The lineage that is followed.
    pub chain: Option<&'a ChainId>,
    /// The keys that the configuration names.
    pub keys: Option<&'a SealedTo>,
    /// What went to each of them in the hours of the last day.
    pub hours: &'a [ShippedHour],
    /// When each of them last gave back what it was sent.
    pub read_back: &'a BTreeMap<String, UnixMillis>,
    pub agent_running: bool,
}

impl LagView {
    pub(super) fn of(one: Shipping, known: &Known<'_>) -> rusqlite::Result<Self> {
        let (store, now) = (known.store, known.now);
        let mean = traffic::mean(known.hours, &one.remote, DAY, now);
        let through = known
            .chain
            .map(|chain| store.restorable_through(&one.remote, chain, known.keys));
        let of_chain = one
            .passed_by
            .as_ref()
            .filter(|(chain, ..)| known.chain == Some(chain));
        Ok(Self {
            restorable_through: through.transpose()?.flatten().map(CommitNumber::get),
            torn_after: one.torn_after.map(CommitNumber::get),
            never_sent: one.never_sent,
            lag_s: one.waits(now).as_secs(),
            commit: one.holds.as_ref().map(|(_, commit, _)| commit.get()),
            lag_commits: one.waiting_commits,
            waiting_bytes: one.waiting_bytes,
            // One that took backups and no commit has acknowledged something all the same.
            acknowledged_at: one.shipped_at.max(known.read_back.get(&one.remote).copied()),
            // What was not answered to an agent that has ended waits for nothing.
            unanswered_since: one.unanswered_since.filter(|_| known.agent_running),
            gap_until: of_chain.map(|(_, commit, _)| commit.get()),
            failing_since: one.failing.as_ref().map(|(since, _)| *since),
            error: one.failing.map(|(_, error)| error),
            gap_at: one.passed_by.map(|(.., at)| at),
            damaged: damaged::commits(store, &one.remote)?,
            was_wrong: was_wrong(store, &one.remote)?,
            bytes_an_hour: mean.bytes,
            requests_an_hour: mean.requests,
            an_hour_over_s: mean.over.as_secs(),
            remote: one.remote,
        })
    }
}

fn was_wrong(store: &Store, remote: &str) -> rusqlite::Result<bool> {
    let newest = store.newest_rehearsal(Kind::Sample, remote)?;
    Ok(newest.is_some_and(|it| it.fault.is_some()))
}

/// What cannot be had of what was sent.
pub(super) fn torn(one: &LagView) -> Option<String> {
    let after = one.torn_after?;
    let why = match one.never_sent {
        0 => "what follows was found missing or altered there".to_owned(),
        count => format!(
            "{} after it never went there, since it was not among the remotes then or the spool was full",
            words::count(count, "commit")
        ),
    };
    Some(format!(
        "Commits:  {} gives back NOTHING after commit {after}: {why}. It gets a backup of its own once it answers; until then \
         other remotes may hold more",
        one.remote
    ))
}

/// How far the capture of the shop has come.
pub(super) enum Captured {
    /// It goes on.
    All,
    /// It stands still, after the commit of that moment.
    Until(UnixMillis),
    /// It stands still, and there was none.
    Nothing,
}

/// What a remote has acknowledged that lacks nothing of what was captured: whether it still holds it a comparison tells.
fn held(one: &LagView, captured: &Captured, zone: &TimeZone) -> String {
    match (captured, one.gap_until) {
        (Captured::All, None) => "took every commit".to_owned(),
        (Captured::All, Some(until)) => format!(
            "has the newest commit; some of those until {until} never went there one by one, and are in a backup that it got \
             later"
        ),
        (Captured::Until(at), _) => format!(
            "took what was captured, until {}, and nothing that came after it but in backups",
            moment(zone, *at)
        ),
        (Captured::Nothing, _) => "took no commit".to_owned(),
    }
}

/// How far it is behind; nothing where its commits are of no use without a base, which is said elsewhere.
pub(super) fn behind(
    one: &LagView,
    without_base: &[String],
    (zone, captured): (&TimeZone, &Captured),
) -> Option<String> {
    if let Some(why) = stands_still(one, zone) {
        let what = match one.lag_commits {
            0 => "takes nothing".to_owned(),
            lag => format!(
                "lacks {} ({} behind)",
                words::count(lag, "commit"),
                duration(Language::En, Duration::from_secs(one.lag_s))
            ),
        };
        return Some(format!("Commits:  {} {what}: {why}", one.remote));
    }
    if without_base.contains(&one.remote) {
        return None;
    }
    Some(format!(
        "Commits:  {} {}; {} and {} an hour on average of the last {} h, backups included",
        one.remote,
        match (
            one.lag_commits,
            one.torn_after.is_none() && one.damaged.is_empty() && !one.was_wrong
        ) {
            (0, true) => held(one, captured, zone),
            (0, false) => "takes every new commit".to_owned(),
            (lag, _) => format!("took all but {}", words::count(lag, "commit")),
        },
        words::size(one.bytes_an_hour),
        words::count(one.requests_an_hour, "request"),
        one.an_hour_over_s.div_ceil(3_600)
    ))
}

/// Why nothing arrives there, since when, and what is being done about it; nothing while it takes what it is sent.
fn stands_still(one: &LagView, zone: &TimeZone) -> Option<String> {
    let waits = one.unanswered_since.map(|since| {
        format!(
            "the agent waits for its answer to what it sent at {}",
            moment(zone, since)
        )
    });
    let failed = one.error.clone().zip(one.failing_since);
    let failed = failed.map(|(error, since)| {
        // Something went through meanwhile.
        let how = match one.acknowledged_at.is_some_and(|at| at > since) {
            true => "on and off",
            false => "tried in vain",
        };
        format!("{error}, {how} since {}", moment(zone, since))
    });
    let told: Vec<String> = failed.into_iter().chain(waits).collect();
    let acknowledged = match one.acknowledged_at {
        Some(at) => format!("it has acknowledged nothing since {}", moment(zone, at)),
        None => "it never acknowledged anything".to_owned(),
    };
    (!told.is_empty()).then(|| format!("{}; {acknowledged}", told.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_not_called_in_vain_where_something_went_through_since() {
        let lag = |acknowledged_ms| LagView {
            remote: "offsite".to_owned(),
            commit: Some(3),
            lag_commits: 2,
            lag_s: 60,
            waiting_bytes: 0,
            acknowledged_at: Some(UnixMillis(acknowledged_ms)),
            unanswered_since: None,
            failing_since: Some(UnixMillis(10_000)),
            error: Some("it took no answer".to_owned()),
            gap_at: None,
            gap_until: None,
            restorable_through: None,
            torn_after: None,
            never_sent: 0,
            damaged: Vec::new(),
            was_wrong: false,
            bytes_an_hour: 0,
            requests_an_hour: 0,
            an_hour_over_s: 3_600,
        };
        let told = |ms| stands_still(&lag(ms), &TimeZone::UTC).unwrap();
        assert!(told(5_000).contains("tried in vain since"), "{}", told(5_000));
        let later = told(15_000);
        assert!(
            later.contains("on and off since") && !later.contains("in vain"),
            "{later}"
        );
    }
}

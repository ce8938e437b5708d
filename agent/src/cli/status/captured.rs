//! What `agent status` says of the commits between backups: how far each remote is behind, what it costs, and what
//! interrupted the capture.
//! It asks no remote.

use std::time::Duration;

use jiff::tz::TimeZone;
use protocol::{
    chain::{ChainId, CommitNumber},
    time::UnixMillis,
};
use serde::Serialize;

use super::damaged::{self, DamagedView};
use crate::{
    alert::message::{duration, moment},
    backup::recipients::Recipients,
    cli::words,
    config::{Config, Language},
    store::{Store, interruptions::CaptureEvent, lock, rehearsal::Kind, shipping::Shipping},
    traffic::{self, DAY},
};

/// Interruptions that are shown.
const EVENTS: usize = 3;

/// The capture as a whole.
#[derive(Serialize)]
pub(super) struct CaptureView {
    /// The lineage; absent before the capture ever began.
    chain: Option<String>,
    /// The newest commit in a segment.
    commit: Option<u64>,
    commit_at: Option<UnixMillis>,
    /// Why it stands still, when it does.
    fault: Option<String>,
    fault_since: Option<UnixMillis>,
    remotes: Vec<LagView>,
    /// Remotes without a full backup of this chain: nothing of the chain can be restored from them.
    without_base: Vec<String>,
    /// Those of them whose full backup was found missing or altered there.
    lost_base: Vec<String>,
    /// Those of them on which a comparison found restore points all the same: they got another name, or a copy.
    base_found: Vec<String>,
    /// What it means that the newest full backup is sealed to other keys than the configuration names.
    other_keys: Option<String>,
    /// Why the certificates that the configuration names do not read.
    unread_keys: Option<String>,
    /// The newest interruptions, newest first.
    events: Vec<EventView>,
}

/// How far one remote is behind.
#[derive(Serialize)]
struct LagView {
    remote: String,
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
    /// The newest commit of the present chain that can be restored from it alone, as far as comparisons know.
    restorable_through: Option<u64>,
    /// The same where it is not all that was sent: what follows is missing or altered there, or was never sent.
    torn_after: Option<u64>,
    /// Commits behind its newest restore point that it was never sent.
    never_sent: u64,
    /// Commits of any chain that were found missing or altered there, also where later points go around them.
    damaged: Vec<DamagedView>,
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

#[derive(Serialize)]
struct EventView {
    at: UnixMillis,
    kind: String,
    detail: String,
}

impl From<CaptureEvent> for EventView {
    fn from(event: CaptureEvent) -> Self {
        Self {
            at: event.at,
            kind: event.kind,
            detail: event.detail,
        }
    }
}

pub(super) fn look(store: &Store, config: &Config, now: UnixMillis) -> rusqlite::Result<CaptureView> {
    let state = store.capture_state()?;
    let fault = store.capture_fault()?;
    let day_ago = UnixMillis(now.0 - i64::try_from(DAY.as_millis()).unwrap_or(0));
    let hours = store.shipped_hours(day_ago)?;
    let (without_base, lost_base) = match &state {
        Some(state) => without_base(store, &state.chain, config)?,
        None => Default::default(),
    };
    let read = Recipients::load(&config.backup.recipients);
    let unread_keys = read.as_ref().err().map(|faults| faults.join("; "));
    let keys = read.ok().map(|recipients| recipients.sealed_to());
    let other_keys = match (&state, &keys) {
        (Some(state), Some(keys)) => store.other_keys(&state.chain, keys)?,
        _ => None,
    };
    // One that took backups and no commit has acknowledged something all the same.
    let read_back = store.read_back_at()?;
    // What was not answered to an agent that has ended waits for nothing.
    let is_running = lock::is_held(&config.lock_path()).unwrap_or(false);
    let lag = |one: Shipping| {
        let mean = traffic::mean(&hours, &one.remote, DAY, now);
        let chain = state.as_ref().map(|state| &state.chain);
        let through = chain.map(|chain| store.restorable_through(&one.remote, chain, keys.as_ref()));
        Ok(LagView {
            restorable_through: through.transpose()?.flatten().map(CommitNumber::get),
            torn_after: one.torn_after.map(CommitNumber::get),
            never_sent: one.never_sent,
            lag_s: one.waits(now).as_secs(),
            commit: one.holds.map(|(_, commit, _)| commit.get()),
            lag_commits: one.waiting_commits,
            waiting_bytes: one.waiting_bytes,
            acknowledged_at: one.shipped_at.max(read_back.get(&one.remote).copied()),
            unanswered_since: one.unanswered_since.filter(|_| is_running),
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
    };
    Ok(CaptureView {
        chain: state.as_ref().map(|state| state.chain.to_string()),
        commit: state.as_ref().map(|state| state.commit.get()),
        commit_at: state.as_ref().map(|state| state.commit_at),
        fault_since: fault.as_ref().map(|fault| fault.since),
        fault: fault.map(|fault| fault.detail),
        remotes: store
            .shipping()?
            .into_iter()
            .map(lag)
            .collect::<rusqlite::Result<_>>()?,
        base_found: base_found(store, &without_base)?,
        without_base,
        lost_base,
        other_keys,
        unread_keys,
        events: store
            .capture_events(EVENTS)?
            .into_iter()
            .map(EventView::from)
            .collect(),
    })
}

/// All of them, and those that had one.
fn without_base(
    store: &Store,
    chain: &ChainId,
    config: &Config,
) -> rusqlite::Result<(Vec<String>, Vec<String>)> {
    let (holders, losers) = (
        store.full_point_holders(chain, None)?,
        store.full_point_losers(chain)?,
    );
    let names = || config.remotes.iter().map(|remote| &remote.name);
    Ok((
        names().filter(|name| !holders.contains(*name)).cloned().collect(),
        names().filter(|name| losers.contains(*name)).cloned().collect(),
    ))
}

/// Those of these remotes on which the last comparison found restore points.
fn base_found(store: &Store, without_base: &[String]) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    for remote in without_base {
        let seen = store.last_seen(Kind::Sample, remote)?.unwrap_or_default();
        let seen: serde_json::Value = serde_json::from_str(&seen).unwrap_or_default();
        if seen["points"].as_u64().is_some_and(|count| count > 0) {
            found.push(remote.clone());
        }
    }
    Ok(found)
}

pub(super) fn sentences(view: &CaptureView, config: &Config) -> Vec<String> {
    let zone = &config.owner.timezone;
    let mut lines = Vec::new();
    if let (Some(fault), Some(since)) = (&view.fault, view.fault_since) {
        lines.push(format!(
            "Commits:  NOT captured since {}: {fault}. No commit leaves this server meanwhile; a backup still may",
            moment(zone, since)
        ));
    }
    if let Some(other_keys) = &view.other_keys {
        lines.push(format!("Keys:     {other_keys}"));
    }
    if let Some(unread) = &view.unread_keys {
        lines.push(format!(
            "Keys:     {unread}. An agent that runs seals commits to the keys as it read them last; a backup is refused, and \
             an agent does not start, until every file reads"
        ));
    }
    for remote in &view.without_base {
        let is_found = view.base_found.contains(remote) && !view.lost_base.contains(remote);
        if is_found {
            lines.push(format!(
                "Commits:  {remote} has no full backup of this chain that this agent took there, and gets one: nothing is \
                 promised of it until then. `agent verify` found restore points there, and `agent list` names them"
            ));
            continue;
        }
        lines.push(match view.lost_base.contains(remote) {
            true => format!(
                "Commits:  the newest full backup of this chain was found missing or altered on {remote}, which gets another one \
                 once it answers; until then the present shop comes back from {remote} alone only if an older one is whole there"
            ),
            false => format!(
                "Commits:  {remote} has NO full backup of this chain: nothing of the present shop is promised from it until it \
                 gets one. What it took under another name `agent list` shows"
            ),
        });
    }
    for one in &view.remotes {
        lines.extend(torn(one));
        lines.extend(damaged::told(&one.remote, &one.damaged, zone));
        lines.extend(behind(one, &view.without_base, (zone, &held(view, zone))));
    }
    for event in &view.events {
        lines.push(format!(
            "Commits:  {} ({}): {}",
            moment(zone, event.at),
            event.kind,
            event.detail
        ));
    }
    lines
}

fn was_wrong(store: &Store, remote: &str) -> rusqlite::Result<bool> {
    let newest = store.newest_rehearsal(Kind::Sample, remote)?;
    Ok(newest.is_some_and(|it| it.fault.is_some()))
}

/// What cannot be had of what was sent.
fn torn(one: &LagView) -> Option<String> {
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

/// What a remote has acknowledged that lacks nothing of what was captured: whether it still holds it a comparison tells.
fn held(view: &CaptureView, zone: &TimeZone) -> String {
    match (&view.fault, view.commit_at) {
        (None, _) => "took every commit".to_owned(),
        (Some(_), Some(at)) => format!(
            "took what was captured, until {}, and nothing that came after it but in backups",
            moment(zone, at)
        ),
        (Some(_), None) => "took no commit".to_owned(),
    }
}

/// How far it is behind; nothing where its commits are of no use without a base, which is said elsewhere.
fn behind(one: &LagView, without_base: &[String], (zone, held): (&TimeZone, &str)) -> Option<String> {
    if let Some(why) = stands_still(one, zone) {
        return Some(format!(
            "Commits:  {} lacks {} ({} behind): {why}",
            one.remote,
            words::count(one.lag_commits, "commit"),
            duration(Language::En, Duration::from_secs(one.lag_s)),
        ));
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
            (0, true) => held.to_owned(),
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

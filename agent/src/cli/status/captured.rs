//! What `agent status` says of the commits between backups: how far each remote is behind, what it costs, and what
//! interrupted the capture.
//! It asks no remote.

use jiff::tz::TimeZone;
use protocol::{chain::ChainId, time::UnixMillis};
use serde::Serialize;

use super::{
    damaged,
    lag::{self, Captured, Known, LagView},
};
use crate::{
    alert::message::moment,
    backup::{capture::Unattended, recipients::Recipients},
    cli::words,
    config::Config,
    store::{Store, interruptions::CaptureEvent, lock, rehearsal::Kind},
    traffic::DAY,
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
    /// Since when nobody follows the shop; absent while somebody does.
    unattended_since: Option<UnixMillis>,
    /// Commits that the shop's log holds since then; absent where it does not tell.
    uncaptured_commits: Option<u64>,
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
    let unattended = Unattended::of(config);
    let known = Known {
        store,
        now,
        chain: state.as_ref().map(|state| &state.chain),
        keys: keys.as_ref(),
        hours: &hours,
        read_back: &store.read_back_at()?,
        agent_running: lock::is_held(&config.lock_path()).unwrap_or(false),
    };
    Ok(CaptureView {
        chain: state.as_ref().map(|state| state.chain.to_string()),
        commit: state.as_ref().map(|state| state.commit.get()),
        commit_at: state.as_ref().map(|state| state.commit_at),
        fault_since: fault.as_ref().map(|fault| fault.since),
        fault: fault.map(|fault| fault.detail),
        unattended_since: unattended.map(|it| it.since),
        uncaptured_commits: unattended.and_then(|it| it.commits),
        remotes: store
            .shipping()?
            .into_iter()
            .map(|one| LagView::of(one, &known))
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
    lines.extend(unattended(view, zone));
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
    // A log without a later commit tells that nothing is missing.
    let has_all = view.unattended_since.is_none() || view.uncaptured_commits == Some(0);
    let captured = match (view.fault.is_none() && has_all, view.commit_at) {
        (true, _) => Captured::All,
        (false, Some(at)) => Captured::Until(at),
        (false, None) => Captured::Nothing,
    };
    for one in &view.remotes {
        lines.extend(lag::torn(one));
        lines.extend(damaged::told(&one.remote, &one.damaged, zone));
        lines.extend(lag::behind(one, &view.without_base, (zone, &captured)));
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

/// What nobody captures while no agent runs; why it stands still under one that does is said elsewhere.
fn unattended(view: &CaptureView, zone: &TimeZone) -> Option<String> {
    let since = view.unattended_since.filter(|_| view.fault.is_none())?;
    let held = words::uncaptured(view.uncaptured_commits, "since then")?;
    Some(format!(
        "Commits:  NOT captured since {}, since no agent runs: {held}",
        moment(zone, since)
    ))
}

//! What `agent status` says of each remote's upkeep: what lies there and what that costs, when it was last compared and
//! rehearsed, and when that comes next.
//! It asks no remote: what lies there is what the last comparison listed.

use protocol::time::UnixMillis;
use serde::Serialize;
use serde_json::Value;

use crate::{
    alert::message::{duration, moment},
    backup::{
        own::{Other, Own},
        schedule,
    },
    cli::words,
    config::{Config, Language, RemoteConfig},
    store::{
        Store,
        rehearsal::{Kind, Rehearsal},
        twin::Twin,
    },
    traffic,
};

/// One remote.
#[derive(Serialize)]
pub(super) struct UpkeepView {
    remote: String,
    /// What the last comparison found listed, and when that was.
    stored_bytes: Option<u64>,
    compared_at: Option<UnixMillis>,
    compare_fault: Option<String>,
    /// It did not answer, or not about everything: nothing is known to be wrong.
    compare_unreached: bool,
    next_compare_at: Option<UnixMillis>,
    /// The remotes are rehearsed in turn.
    next_drill_at: Option<UnixMillis>,
    /// Who else writes there, as the last comparison found.
    other_agents: Vec<Other>,
    /// Who writes there as this server does, as the last comparison found, for a day after that was last written.
    twin: Option<Twin>,
    /// In the currency of the prices; absent without one, or before the first comparison.
    cost_a_month: Option<f64>,
    /// Whether the configuration names a price.
    is_priced: bool,
}

pub(super) fn look(config: &Config, store: &Store, now: UnixMillis) -> anyhow::Result<Vec<UpkeepView>> {
    let own = Own::of(&config.state_dir, store)?;
    let next = |at: &UnixMillis| schedule::next_after(&config.drill, &config.owner.timezone, *at);
    let times: Vec<UnixMillis> = std::iter::successors(next(&now), next)
        .take(config.remotes.len())
        .collect();
    let turns = turns(config, store)?;
    let priced = traffic::priced(config);
    let costs = traffic::look(store, &priced, now)?;
    let view = |remote: &RemoteConfig| {
        let compared = store.newest_rehearsal(Kind::Sample, &remote.name)?;
        let contradicted = store.contradicted(&remote.name)?.and_then(|it| it.fault);
        let stored_bytes = compared.as_ref().and_then(stored_bytes);
        let cost = costs.iter().find(|cost| cost.remote == remote.name);
        let turn = turns.iter().position(|name| *name == remote.name);
        let seen = store.last_seen(Kind::Sample, &remote.name)?.unwrap_or_default();
        let seen: Value = serde_json::from_str(&seen).unwrap_or_default();
        Ok(UpkeepView {
            other_agents: own.others_seen(&seen),
            twin: store.told_twin(&remote.name, now)?,
            cost_a_month: cost.and_then(|cost| cost.cost_a_month),
            is_priced: cost.is_some_and(|cost| cost.is_priced),
            next_drill_at: turn.and_then(|turn| times.get(turn).copied()),
            next_compare_at: times.first().copied(),
            compared_at: compared.as_ref().map(|it| it.ended_at),
            compare_unreached: contradicted.is_none()
                && compared.as_ref().is_some_and(|it| it.was_unreached()),
            compare_fault: contradicted.or(compared.and_then(|it| it.fault)),
            remote: remote.name.clone(),
            stored_bytes,
        })
    };
    config.remotes.iter().map(view).collect()
}

/// The one that was not rehearsed for longest comes first.
fn turns(config: &Config, store: &Store) -> rusqlite::Result<Vec<String>> {
    let mut turns = Vec::new();
    for remote in &config.remotes {
        let last = store.newest_rehearsal(Kind::Drill, &remote.name)?;
        turns.push((last.map(|it| it.ended_at), remote.name.clone()));
    }
    turns.sort_by_key(|(last, _)| *last);
    Ok(turns.into_iter().map(|(_, name)| name).collect())
}

fn stored_bytes(compared: &Rehearsal) -> Option<u64> {
    let seen: Value = serde_json::from_str(&compared.seen).ok()?;
    seen["stored_bytes"].as_u64()
}

pub(super) fn sentences(views: &[UpkeepView], config: &Config, now: UnixMillis) -> Vec<String> {
    let at = |at| moment(&config.owner.timezone, at);
    let others = |view: &UpkeepView| {
        let others = view.other_agents.iter();
        let told = others.map(|other| other.told(at));
        let told = told.chain(view.twin.iter().map(Twin::told));
        let line = |told: String| format!("Shared:   {}: {told}", view.remote);
        told.map(line).collect::<Vec<_>>()
    };
    let all = views
        .iter()
        .map(|view| [vec![sentence(view, config, now)], others(view)].concat());
    all.flatten().collect()
}

fn sentence(view: &UpkeepView, config: &Config, now: UnixMillis) -> String {
    let ago = |at: UnixMillis| duration(Language::En, now.since(at));
    let compared = match (view.compared_at, &view.compare_fault) {
        (Some(at), Some(why)) if view.compare_unreached => {
            format!("not compared when that was tried {} ago: {why}", ago(at))
        }
        (Some(at), Some(fault)) => format!("compared {} ago and WRONG: {fault}", ago(at)),
        (Some(at), None) => format!("compared {} ago", ago(at)),
        (None, _) => "not compared yet".to_owned(),
    };
    let next = view
        .next_drill_at
        .map_or_else(|| "never".to_owned(), |at| moment(&config.owner.timezone, at));
    format!(
        "Upkeep:   {} {}; {compared}; next drill {next}",
        view.remote,
        stored(view)
    )
}

/// What lies there is what a comparison listed: before the first one nobody knows, whatever the price.
fn stored(view: &UpkeepView) -> String {
    let cost = match (view.cost_a_month, view.is_priced) {
        (Some(cost), _) => format!("about {cost:.2} a month"),
        (None, true) => "what that costs is reckoned from it".to_owned(),
        (None, false) => "agent.toml names no price for it".to_owned(),
    };
    match view.stored_bytes {
        Some(size_bytes) => format!("stores {} ({cost})", words::size(size_bytes)),
        None if view.compared_at.is_none() => {
            format!("was not counted yet: the first comparison does that ({cost})")
        }
        None => format!("could not be counted ({cost})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_counted_yet_says_so_and_a_price_is_named_or_missing_by_itself() {
        let view = |stored_bytes, cost_a_month, is_priced| UpkeepView {
            remote: "offsite".to_owned(),
            stored_bytes,
            compared_at: None,
            compare_fault: None,
            compare_unreached: false,
            next_compare_at: None,
            next_drill_at: None,
            cost_a_month,
            is_priced,
            twin: None,
            other_agents: Vec::new(),
        };
        for (view, told) in [
            (
                view(None, None, true),
                "was not counted yet: the first comparison does that (what that costs is reckoned from it)",
            ),
            (
                view(None, None, false),
                "was not counted yet: the first comparison does that (agent.toml names no price for it)",
            ),
            (
                view(Some(1024), None, false),
                "stores 1.00 KiB (agent.toml names no price for it)",
            ),
            (
                view(Some(1024), Some(0.42), true),
                "stores 1.00 KiB (about 0.42 a month)",
            ),
        ] {
            assert_eq!(stored(&view), told);
        }
    }
}

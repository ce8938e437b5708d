//! What `agent status` says of each remote's upkeep: what lies there and what that costs, when it was last compared and
//! rehearsed, and when that comes next.
//! It asks no remote: what lies there is what the last comparison listed.

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::Serialize;
use serde_json::Value;

use crate::{
    alert::message::{duration, moment},
    backup::schedule,
    cli::words,
    config::{Config, Language, Price, RemoteConfig},
    store::{
        Store,
        rehearsal::{Kind, Rehearsal},
    },
};

/// Over which the writes of a month are reckoned.
const DAY: Duration = Duration::from_secs(86_400);
const DAYS_A_MONTH: f64 = 365.0 / 12.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// One remote.
#[derive(Serialize)]
pub(super) struct UpkeepView {
    remote: String,
    /// What the last comparison found listed, and when that was.
    stored_bytes: Option<u64>,
    compared_at: Option<UnixMillis>,
    compare_fault: Option<String>,
    next_compare_at: Option<UnixMillis>,
    /// The remotes are rehearsed in turn.
    next_drill_at: Option<UnixMillis>,
    /// In the currency of the prices; absent without one, or before the first comparison.
    cost_a_month: Option<f64>,
}

pub(super) fn look(config: &Config, store: &Store, now: UnixMillis) -> rusqlite::Result<Vec<UpkeepView>> {
    let next = |at: &UnixMillis| schedule::next_after(&config.drill, &config.owner.timezone, *at);
    let times: Vec<UnixMillis> = std::iter::successors(next(&now), next)
        .take(config.remotes.len())
        .collect();
    let turns = turns(config, store)?;
    let day_ago = UnixMillis(now.0 - i64::try_from(DAY.as_millis()).unwrap_or(0));
    let hours = store.shipped_hours(day_ago)?;
    let view = |remote: &RemoteConfig| {
        let compared = store.newest_rehearsal(Kind::Sample, &remote.name)?;
        let stored_bytes = compared.as_ref().and_then(stored_bytes);
        let own = hours.iter().filter(|hour| hour.remote == remote.name);
        let writes_a_day: u64 = own.map(|hour| hour.segments).sum();
        let turn = turns.iter().position(|name| *name == remote.name);
        Ok(UpkeepView {
            cost_a_month: stored_bytes.and_then(|bytes| cost_a_month(remote.price, bytes, writes_a_day)),
            next_drill_at: turn.and_then(|turn| times.get(turn).copied()),
            next_compare_at: times.first().copied(),
            compared_at: compared.as_ref().map(|it| it.ended_at),
            compare_fault: compared.and_then(|it| it.fault),
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

#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn cost_a_month(price: Price, stored_bytes: u64, writes_a_day: u64) -> Option<f64> {
    let stored = price.gib_month.map(|price| price * stored_bytes as f64 / GIB);
    let writes_a_month = writes_a_day as f64 * DAYS_A_MONTH;
    let written = price.million_writes.map(|price| price * writes_a_month / 1e6);
    match (stored, written) {
        (None, None) => None,
        (stored, written) => Some(stored.unwrap_or(0.0) + written.unwrap_or(0.0)),
    }
}

pub(super) fn sentences(views: &[UpkeepView], config: &Config, now: UnixMillis) -> Vec<String> {
    views.iter().map(|view| sentence(view, config, now)).collect()
}

fn sentence(view: &UpkeepView, config: &Config, now: UnixMillis) -> String {
    let ago = |at: UnixMillis| duration(Language::En, now.since(at));
    let compared = match (view.compared_at, &view.compare_fault) {
        (Some(at), Some(fault)) => format!("compared {} ago and WRONG: {fault}", ago(at)),
        (Some(at), None) => format!("compared {} ago", ago(at)),
        (None, _) => "not compared yet".to_owned(),
    };
    let stored = view.stored_bytes.map_or_else(|| "?".to_owned(), words::size);
    let cost = view.cost_a_month.map_or_else(
        || "no price known".to_owned(),
        |cost| format!("about {cost:.2} a month"),
    );
    let next = view
        .next_drill_at
        .map_or_else(|| "never".to_owned(), |at| moment(&config.owner.timezone, at));
    format!(
        "Upkeep:   {} stores {stored} ({cost}); {compared}; next drill {next}",
        view.remote
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_and_what_is_written_cost_and_without_a_price_nothing_is_claimed() {
        let price = |gib_month, million_writes| Price {
            gib_month,
            million_writes,
        };
        let two_gib = 2 * 1024 * 1024 * 1024;
        let cost = |price| cost_a_month(price, two_gib, 86_400);
        assert_eq!(cost(price(None, None)), None);
        assert_eq!(cost(price(Some(0.015), None)), Some(0.03));
        let both = cost(price(Some(0.015), Some(4.5))).unwrap();
        assert!((both - (0.03 + 4.5 * 2.628)).abs() < 1e-9, "{both}");
    }
}

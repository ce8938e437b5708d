//! What the running agent does not watch at present, asked from the agent itself: only it knows what it cannot see.
//! An agent that does not answer is no fault here; that it does not run is said elsewhere.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    alert::unwatched,
    config::{Config, Language},
    http::Report,
};

const LIMIT: Duration = Duration::from_secs(2);

/// By what it is about, with the reason; `None` when no agent answers.
pub(super) async fn ask(client: &reqwest::Client, config: &Config) -> Option<BTreeMap<String, String>> {
    let url = format!("http://{}/health", config.http.private);
    let answer = client.get(url).timeout(LIMIT).send().await.ok()?;
    // Not healthy is 503, with the same report.
    let report: Report = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
    Some(report.unknown)
}

/// In one line; nothing when all is watched.
pub(super) fn sentence(unknown: Option<&BTreeMap<String, String>>) -> Option<String> {
    let line = unwatched::line(Language::En, unknown?)?;
    let (_, things) = line.split_once(": ")?;
    Some(format!("Unwatched: {things}"))
}

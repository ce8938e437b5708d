//! What `agent status` says of the alerts: each with how far the owner knows of it, and what is silenced.
//! It judges nothing: the page and the console say the same, from the same source.

use std::collections::BTreeMap;

use protocol::time::UnixMillis;
use serde::Serialize;

use crate::{
    alert::{
        message::{Voice, moment},
        named,
        telling::{self, Telling},
    },
    config::{Config, Language},
    store::{Store, alerts::AlertRow, book::Book, episodes::EpisodeId, outbox::Undelivered},
};

/// The alerts and the silences.
#[derive(Default, Serialize)]
pub(super) struct AlertsView {
    alerts: Vec<AlertView>,
    silences: Vec<SilenceView>,
}

#[derive(Serialize)]
struct AlertView {
    key: String,
    rule: String,
    /// Since when it is that: what was wrong before has its own time.
    since: UnixMillis,
    /// Whether a way to the owner has taken it.
    told: bool,
    /// The same in words, with the reason when it was not told.
    telling: String,
    /// Since when it is queued; absent unless no way has taken it.
    queued_since: Option<UnixMillis>,
}

#[derive(Serialize)]
struct SilenceView {
    /// An alert's key, or `*` for everything: maintenance.
    scope: String,
    /// The same in words.
    what: String,
    until: UnixMillis,
}

pub(super) fn look(store: &Store, config: &Config, now: UnixMillis) -> anyhow::Result<AlertsView> {
    let voice = Voice {
        language: Language::En,
        ..Voice::of(config)
    };
    let (book, undelivered) = (store.book()?, store.undelivered()?);
    let mut rows: Vec<&AlertRow> = book.alerts.values().collect();
    rows.sort_by_key(|row| row.since);
    let silences = book.silences.values().filter(|silence| silence.until > now);
    let silence = |silence: &crate::store::book::Silence| SilenceView {
        scope: silence.scope.clone(),
        what: named::scope(&voice, &book, &silence.scope)
            .unwrap_or_else(|| "everything (maintenance)".to_owned()),
        until: silence.until,
    };
    Ok(AlertsView {
        alerts: rows
            .into_iter()
            .map(|row| alert(&voice, &book, &undelivered, row))
            .collect(),
        silences: silences.map(silence).collect(),
    })
}

fn alert(
    voice: &Voice,
    book: &Book,
    undelivered: &BTreeMap<EpisodeId, Undelivered>,
    row: &AlertRow,
) -> AlertView {
    let telling = telling::of(book, row, undelivered);
    let note = telling::note_as_said(voice, &telling);
    let (told, words) = match &telling {
        Telling::Pending => (false, "not for long enough to tell".to_owned()),
        Telling::Told { .. } => {
            let note = note.map_or(String::new(), |note| format!("; {note}"));
            (true, format!("the owner was told{note}"))
        }
        Telling::Held(_) => (false, format!("not told: {}", note.unwrap_or_default())),
        Telling::Soon(_) | Telling::Queued(_) => (false, note.unwrap_or_default()),
    };
    AlertView {
        key: row.key.clone(),
        rule: row.rule.clone(),
        since: row.rule_since,
        told,
        telling: words,
        queued_since: match telling {
            Telling::Queued(queued) => Some(queued.since),
            Telling::Pending | Telling::Soon(_) | Telling::Told { .. } | Telling::Held(_) => None,
        },
    }
}

/// `is_behind` says that the file may lack the newest. Where no agent runs nobody looks, and nothing new can be known. A bot
/// that is not well may not have been seen by the agent yet.
pub(super) fn sentences(
    view: &AlertsView,
    (is_behind, agent_running, bot_is_fine): (bool, bool, bool),
    config: &Config,
) -> Vec<String> {
    let at = |at: UnixMillis| moment(&config.owner.timezone, at);
    let mut lines = Vec::new();
    if view.alerts.is_empty() {
        lines.push(match (is_behind, agent_running) {
            (true, _) => "Alerts:   the file names none".to_owned(),
            (false, true) if bot_is_fine => "Alerts:   nothing is wrong".to_owned(),
            (false, true) => "Alerts:   none yet".to_owned(),
            (false, false) => "Alerts:   none stood when the agent last ran; nobody looks now".to_owned(),
        });
    }
    lines.extend(view.alerts.iter().map(|alert| {
        format!(
            "Alert:    {} ({}) since {}; {}",
            alert.rule,
            alert.key,
            at(alert.since),
            alert.telling
        )
    }));
    let silenced = |silence: &SilenceView| format!("Silenced: {} until {}", silence.what, at(silence.until));
    lines.extend(view.silences.iter().map(silenced));
    lines
}

//! `GET /sandbox/record`: every call in order, for accounting.

use axum::{Json, extract::Query, extract::rejection::QueryRejection};
use serde::Deserialize;
use serde_json::json;

use super::refused::Outcome;
use crate::server::App;

const LIMIT_MAX: usize = 10_000;

/// Which part of the record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    api: Option<String>,
    bot: Option<String>,
    method: Option<String>,
    chat_id: Option<i64>,
}

/// Entries after a number, oldest first; `last_seq` is the number to go on from.
pub async fn show(shared: App, part: Result<Query<Part>, QueryRejection>) -> Outcome {
    let Query(part) = part?;
    let limit = part.limit.unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX);
    let same = |wanted: &Option<String>, is: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(is))
    };
    Ok(Json(shared.with(|world, _| {
        let fits = |entry: &&crate::record::Entry| {
            same(&part.api, &entry.api)
                && same(&part.bot, &entry.bot)
                && same(&part.method, &entry.method)
                && part.chat_id.is_none_or(|chat| entry.chat_id == Some(chat))
        };
        let entries: Vec<_> = world.record.after(part.after).filter(fits).take(limit).collect();
        let last_seq = match entries.last() {
            Some(last) if entries.len() == limit => last.seq,
            _ => world.record.last_seq(),
        };
        json!({ "last_seq": last_seq, "entries": entries })
    })))
}

//! Updates from Telegram into the inbox: stored first, confirmed afterwards. By polling or by webhook; an update
//! that comes both ways is one row.
//! It understands nothing of an update but its number.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, CallError},
    token,
};
use crate::{
    clock::now,
    db::{WriteError, Writer},
    health::Beat,
    inbox::{self, BODY_BYTES_MAX, UpdateId},
};

/// The kinds that the shop understands; the list is sent always, for Telegram remembers the last one.
pub const ALLOWED_UPDATES: [&str; 3] = ["message", "callback_query", "my_chat_member"];
/// How long Telegram holds an empty answer back.
const HELD: Duration = Duration::from_secs(25);
/// Updates in one answer.
const BATCH: u32 = 100;
/// After a failure; another poller (409) may need as long to go.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    timeout: u64,
    limit: u32,
    allowed_updates: [&'static str; 3],
}

/// Polls until `stop`. What was stored is confirmed by asking for what comes after it.
pub async fn poll(api: &Api, writer: &Writer, beat: &Beat, stop: &CancellationToken) {
    // Numbers may start anew at random after a quiet week: the first question names none, and the inbox knows
    // what it has.
    let mut offset = None;
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            asked = batch(api, offset) => asked,
        };
        match asked {
            Ok(updates) => match store(writer, &updates).await {
                Ok(Some(last)) => offset = Some(last.0.saturating_add(1)),
                Ok(None) => {}
                Err(error) => {
                    // Told once, by the writer: not every two seconds onto a full disk.
                    tracing::debug!(%error, "updates cannot be stored; Telegram keeps them");
                    pause(PAUSE, stop).await;
                    continue;
                }
            },
            Err(error) => {
                tracing::warn!(%error, "no updates from Telegram; asking again");
                token::notice(writer, &error).await;
                let quiet = if let CallError::TooFast(quiet) = error {
                    quiet
                } else {
                    PAUSE
                };
                pause(quiet, stop).await;
            }
        }
        // Also after a failure: it asks again, and how long Telegram has not answered is told by the line.
        beat.beat();
    }
}

async fn batch(api: &Api, offset: Option<i64>) -> Result<Vec<Box<RawValue>>, CallError> {
    let parameters = GetUpdates {
        offset,
        timeout: HELD.as_secs(),
        limit: BATCH,
        allowed_updates: ALLOWED_UPDATES,
    };
    let result = api.call_json("getUpdates", &parameters, HELD).await?;
    let updates: Vec<Box<RawValue>> =
        serde_json::from_str(result.get()).map_err(|_| CallError::InDoubt("the updates cannot be read"))?;
    api.line().polled(updates.len(), now());
    Ok(updates)
}

/// Stores updates in one transaction. Answers the highest number among them.
///
/// # Errors
/// When the database does not take them; then none of them may be confirmed.
pub async fn store(writer: &Writer, updates: &[Box<RawValue>]) -> Result<Option<UpdateId>, WriteError> {
    let numbered: Vec<(UpdateId, String)> = updates
        .iter()
        .filter_map(|update| numbered(update.get()).ok())
        .collect();
    let Some(last) = numbered.iter().map(|(id, _)| *id).max() else {
        return Ok(None);
    };
    writer
        .run(move |conn| {
            for (id, body) in &numbered {
                inbox::store::store(conn, *id, body, now())?;
            }
            Ok(())
        })
        .await?;
    crate::fail::point("after_inbox_before_confirm");
    Ok(Some(last))
}

/// An update's number and its text; one that is too long keeps its number only, so that it can be confirmed.
///
/// # Errors
/// When it has no number.
pub fn numbered(update: &str) -> Result<(UpdateId, String)> {
    #[derive(Deserialize)]
    struct Number {
        update_id: i64,
    }
    let number: Number = serde_json::from_str(update).context("reading an update's number")?;
    let body = if update.len() <= BODY_BYTES_MAX {
        update.to_owned()
    } else {
        "{}".to_owned()
    };
    Ok((UpdateId(number.update_id), body))
}

/// Waits, unless `stop` comes first.
pub async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(length) => {}
    }
}

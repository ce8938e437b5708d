//! A token that Telegram does not take any more: the shop is deaf and mute, and only the owner can mend it.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::api::CallError;
use crate::{
    clock::now,
    db::Writer,
    incident::{self, Kind},
};

/// Whether a call failed because of the token: 401 for a revoked one, 404 for one of the wrong form.
#[must_use]
pub fn is_refused(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code: 401 | 404, .. })
}

/// Writes it down for the owner, at most once an hour.
///
/// # Errors
/// When the database fails.
pub fn raise(conn: &Connection, now: UnixMillis) -> Result<()> {
    incident::store::raise_hourly(conn, Kind::TelegramRefuses, "BOT_TOKEN", now)
}

/// Looks at a failed call of the receiving side, where nobody else would notice.
pub async fn notice(writer: &Writer, error: &CallError) {
    if !is_refused(error) {
        return;
    }
    if let Err(error) = writer.run(|conn| raise(conn, now())).await {
        tracing::error!(%error, "a refused token cannot be written down");
    }
}

//! Since when something is wrong of which the owner has heard nothing, although it has been said anew since.
//! It neither drops nor rewrites what waits.

use protocol::time::UnixMillis;
use rusqlite::{Transaction, named_params};

use super::Message;

/// When what an edit takes the place of came up, as far as nobody has heard that: that it is wrong, and not that it was over in
/// between.
const SINCE: &str = "
    SELECT min(created_at) FROM messages m
    WHERE m.episode = :episode AND m.is_edit = 1 AND m.open = 1
        AND m.id > coalesce((SELECT max(id) FROM messages WHERE episode = :episode AND open = 0), 0)
        AND EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.sent_at IS NULL AND d.dropped_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND (d.in_doubt = 1 OR d.sent_at IS NOT NULL))";

/// When what is queued now came up: an open edit takes the place of what nobody has heard, and a summary tells true times.
pub(super) fn since(
    transaction: &Transaction<'_>,
    message: &Message,
    now: UnixMillis,
) -> rusqlite::Result<UnixMillis> {
    let Some(episode) = message.episode.filter(|_| message.is_edit && message.open) else {
        return Ok(now);
    };
    let since: Option<i64> = transaction
        .prepare_cached(SINCE)?
        .query_row(named_params! { ":episode": episode.0 }, |row| row.get(0))?;
    Ok(since.map_or(now, |since| UnixMillis(since).min(now)))
}

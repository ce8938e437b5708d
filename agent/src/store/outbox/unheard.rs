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

/// When what rings now was first said by a change of the message before, as far as that has arrived nowhere.
const SINCE_CHANGED: &str = "
    SELECT min(created_at) FROM messages m
    WHERE m.alert_key = :alert_key AND m.is_edit = 1 AND m.open = 1 AND m.in_passing = 1
        AND m.id > coalesce((SELECT max(id) FROM messages
                             WHERE alert_key = :alert_key AND (is_edit = 0 OR (open = 0 AND follows_up = 1))), 0)
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.sent_at IS NOT NULL)";

/// When what is queued now came up: an open edit takes the place of what nobody has heard, what lasts and rings goes on from
/// the change that said so first, and a summary tells true times.
pub(super) fn since(
    transaction: &Transaction<'_>,
    message: &Message,
    now: UnixMillis,
) -> rusqlite::Result<UnixMillis> {
    let Some(episode) = message.episode.filter(|_| message.open) else {
        return Ok(now);
    };
    let since: Option<i64> = match message.is_edit {
        true => transaction
            .prepare_cached(SINCE)?
            .query_row(named_params! { ":episode": episode.0 }, |row| row.get(0))?,
        false => transaction
            .prepare_cached(SINCE_CHANGED)?
            .query_row(named_params! { ":alert_key": message.alert_key }, |row| {
                row.get(0)
            })?,
    };
    Ok(since.map_or(now, |since| UnixMillis(since).min(now)))
}

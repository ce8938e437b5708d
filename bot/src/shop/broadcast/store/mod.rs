//! Broadcasts as rows: what they say, where they stand and how far they are.

mod turns;

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Announcement, Broadcast, BroadcastId, Counts, Event, Fate, Page, PauseReason, State, apply};
use crate::shop::customer::CustomerId;
pub use turns::{forget_audience, hand_back, has_turns, in_state, take, take_up_unknown};

const DRAFT: &str = "INSERT INTO broadcast (seller_id, body, state, audience, created_at)
    VALUES (:seller, :body, 'draft', :audience, :now) RETURNING id";
const OTHER_DRAFTS: &str =
    "SELECT id FROM broadcast WHERE state = 'draft' AND seller_id = :seller AND id <> :id";
const REMOVE: &str = "DELETE FROM broadcast WHERE id = :id AND state = 'draft'";
const COLUMNS: &str = "SELECT id, seller_id, body, state, pause_reason, audience, sent, blocked, unknown, failed,
    taken, setbacks, scheduled_at, running_since, settled_before, page_chat, page_message, page_send FROM broadcast";
const BY_ID: &str = " WHERE id = :id";
const NEWEST: &str = " ORDER BY id DESC LIMIT :limit OFFSET :offset";
const RUNNING: &str = "SELECT id FROM broadcast WHERE state = 'running'";
const BEFORE_THEIR_END: &str = "SELECT id FROM broadcast WHERE state IN ('scheduled', 'running', 'paused')";
const PRUNE: &str = "DELETE FROM broadcast_recipient WHERE broadcast_id IN
    (SELECT id FROM broadcast WHERE state IN ('done', 'cancelled') AND created_at < :before)";
const SET_BODY: &str = "UPDATE broadcast SET body = :body WHERE id = :id AND state IN ('draft', 'scheduled')";
const MOVE: &str = "UPDATE broadcast SET state = :next, pause_reason = :reason, setbacks = 0,
        running_since = CASE WHEN :next <> 'running' THEN NULL WHEN state = 'running' THEN running_since ELSE :now END,
        settled_before = CASE WHEN :next = 'running' AND state <> 'running' THEN sent + blocked + unknown + failed
            ELSE settled_before END
    WHERE id = :id AND state = :state";
const SET_TIME: &str = "UPDATE broadcast SET scheduled_at = :at WHERE id = :id";
const SET_PAGE: &str =
    "UPDATE broadcast SET page_chat = :chat, page_message = :message, page_send = :send WHERE id = :id";
const MOVE_PAGE: &str = "UPDATE broadcast SET page_message = NULL, page_send = :send
    WHERE page_chat = :chat AND page_message = :message";
const COUNT_SENT: &str = "UPDATE broadcast SET sent = sent + 1, setbacks = 0 WHERE id = :id";
// A person who blocked the shop says nothing about how the others fare.
const COUNT_BLOCKED: &str = "UPDATE broadcast SET blocked = blocked + 1 WHERE id = :id";
const COUNT_UNKNOWN: &str =
    "UPDATE broadcast SET unknown = unknown + 1, setbacks = setbacks + 1 WHERE id = :id";
const COUNT_FAILED: &str = "UPDATE broadcast SET failed = failed + 1, setbacks = setbacks + 1 WHERE id = :id";

/// Writes an announcement down for everybody who can be reached now: whoever comes later is not among them.
/// The seller's earlier draft is forgotten.
///
/// # Errors
/// When the database fails.
pub fn draft(
    conn: &Connection,
    seller: CustomerId,
    announcement: &Announcement,
    now: UnixMillis,
) -> Result<BroadcastId> {
    let chats = turns::reachable(conn)?;
    let row = named_params! {
        ":seller": seller.0, ":body": serde_json::to_string(announcement)?,
        ":audience": i64::try_from(chats.len())?, ":now": now.0,
    };
    let id = BroadcastId(conn.prepare_cached(DRAFT)?.query_row(row, |row| row.get(0))?);
    turns::freeze(conn, id, &chats)?;
    let mut others = conn.prepare_cached(OTHER_DRAFTS)?;
    let others = others.query_map(named_params! { ":seller": seller.0, ":id": id.0 }, |row| {
        row.get(0)
    })?;
    for other in others.collect::<rusqlite::Result<Vec<i64>>>()? {
        forget_audience(conn, BroadcastId(other))?;
        conn.prepare_cached(REMOVE)?
            .execute(named_params! { ":id": other })?;
    }
    Ok(id)
}

/// One broadcast.
///
/// # Errors
/// When the database fails.
pub fn get(conn: &Connection, id: BroadcastId) -> Result<Option<Broadcast>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS}{BY_ID}"))?;
    let found = statement.query_row(named_params! { ":id": id.0 }, |row| Ok(broadcast(row)));
    found.optional()?.transpose()
}

/// A page of all of them, the newest first.
///
/// # Errors
/// When the database fails.
pub fn newest(conn: &Connection, offset: u32, limit: u32) -> Result<Vec<Broadcast>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS}{NEWEST}"))?;
    let rows = statement.query_map(named_params! { ":offset": offset, ":limit": limit }, |row| {
        Ok(broadcast(row))
    })?;
    rows.map(|row| row?).collect()
}

/// The one that runs; there is at most one.
///
/// # Errors
/// When the database fails.
pub fn running(conn: &Connection) -> Result<Option<BroadcastId>> {
    let found = conn.prepare_cached(RUNNING)?.query_row([], |row| row.get(0));
    Ok(found.optional()?.map(BroadcastId))
}

/// Those that may still send something.
///
/// # Errors
/// When the database fails.
pub fn before_their_end(conn: &Connection) -> Result<Vec<BroadcastId>> {
    let mut statement = conn.prepare_cached(BEFORE_THEIR_END)?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids
        .collect::<rusqlite::Result<Vec<i64>>>()?
        .into_iter()
        .map(BroadcastId)
        .collect())
}

/// Other words or buttons, while nobody has got any.
///
/// # Errors
/// When the database fails.
pub fn set_announcement(conn: &Connection, id: BroadcastId, announcement: &Announcement) -> Result<()> {
    let row = named_params! { ":id": id.0, ":body": serde_json::to_string(announcement)? };
    conn.prepare_cached(SET_BODY)?.execute(row)?;
    Ok(())
}

/// Forgets who did not simply get broadcasts that were written before a moment and have ended.
///
/// # Errors
/// When the database fails.
pub fn prune(conn: &Connection, before: UnixMillis) -> Result<usize> {
    let mut statement = conn.prepare_cached(PRUNE)?;
    Ok(statement.execute(named_params! { ":before": before.0 })?)
}

/// Moves it by the machine. The caller does the effects. `None`: the event cannot happen now.
///
/// # Errors
/// When the database fails.
pub fn step(
    conn: &Connection,
    broadcast: &Broadcast,
    event: Event,
    now: UnixMillis,
) -> Result<Option<&'static [super::Effect]>> {
    let Ok((next, effects)) = apply(broadcast.state, event) else {
        return Ok(None);
    };
    let row = named_params! {
        ":id": broadcast.id.0, ":state": broadcast.state.name(), ":next": next.name(),
        ":reason": (next == State::Paused).then(|| reason_of(event)), ":now": now.0,
    };
    let moved = conn.prepare_cached(MOVE)?.execute(row)?;
    Ok((moved == 1).then_some(effects))
}

/// Gives it its time.
///
/// # Errors
/// When the database fails.
pub fn set_time(conn: &Connection, id: BroadcastId, at: UnixMillis) -> Result<()> {
    conn.prepare_cached(SET_TIME)?
        .execute(named_params! { ":id": id.0, ":at": at.0 })?;
    Ok(())
}

/// Remembers where its progress is shown.
///
/// # Errors
/// When the database fails.
pub fn set_page(conn: &Connection, id: BroadcastId, page: Option<Page>) -> Result<()> {
    let row = named_params! {
        ":id": id.0, ":chat": page.map(|page| page.chat.0), ":message": page.and_then(|page| page.message),
        ":send": page.and_then(|page| page.send),
    };
    conn.prepare_cached(SET_PAGE)?.execute(row)?;
    Ok(())
}

/// The message that showed progress is gone, and another one took its place.
///
/// # Errors
/// When the database fails.
pub fn move_page(conn: &Connection, chat: CustomerId, message: i32, send: i64) -> Result<()> {
    conn.prepare_cached(MOVE_PAGE)?
        .execute(named_params! { ":chat": chat.0, ":message": message, ":send": send })?;
    Ok(())
}

/// Counts what became of one message.
///
/// # Errors
/// When the database fails.
pub fn settle(conn: &Connection, id: BroadcastId, chat: CustomerId, fate: Fate) -> Result<()> {
    let (count, state) = match fate {
        Fate::Sent => (COUNT_SENT, None),
        Fate::Blocked => (COUNT_BLOCKED, Some("blocked")),
        Fate::Unknown => (COUNT_UNKNOWN, Some("unknown")),
        Fate::Failed => (COUNT_FAILED, Some("failed")),
    };
    conn.prepare_cached(count)?
        .execute(named_params! { ":id": id.0 })?;
    state.map_or(Ok(()), |state| turns::note(conn, id, chat, state))
}

fn reason_of(event: Event) -> &'static str {
    match event {
        Event::Trouble => "trouble",
        Event::Restored => "restore",
        Event::Send
        | Event::Schedule
        | Event::Due
        | Event::Pause
        | Event::Resume
        | Event::RetryUnknown
        | Event::Cancel
        | Event::Emptied => "seller",
    }
}

fn broadcast(row: &Row<'_>) -> Result<Broadcast> {
    let (body, state): (String, String) = (row.get(2)?, row.get(3)?);
    let reason: Option<String> = row.get(4)?;
    let page_chat: Option<i64> = row.get(15)?;
    let (message, send) = (row.get(16)?, row.get(17)?);
    let running_since: Option<i64> = row.get(13)?;
    let settled_before = row.get(14)?;
    Ok(Broadcast {
        id: BroadcastId(row.get(0)?),
        seller: CustomerId(row.get(1)?),
        announcement: serde_json::from_str(&body).context("reading an announcement")?,
        state: State::of_name(&state)
            .with_context(|| format!("a broadcast of the unknown state '{state}'"))?,
        pause_reason: reason.and_then(|name| {
            let found = PauseReason::ALL.into_iter().find(|(known, _)| *known == name);
            found.map(|(_, reason)| reason)
        }),
        counts: Counts {
            audience: row.get(5)?,
            sent: row.get(6)?,
            blocked: row.get(7)?,
            unknown: row.get(8)?,
            failed: row.get(9)?,
        },
        taken: row.get(10)?,
        setbacks: row.get(11)?,
        scheduled_at: row.get::<_, Option<i64>>(12)?.map(UnixMillis),
        running_since: running_since.map(|since| (UnixMillis(since), settled_before)),
        page: page_chat.map(|chat| Page {
            chat: CustomerId(chat),
            message,
            send,
        }),
    })
}

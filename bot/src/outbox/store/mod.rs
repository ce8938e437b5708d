//! The outbox as rows. A row is marked as being sent before the request leaves, so that after a crash it is known
//! which messages are in doubt.

mod doubt;
mod lately;
pub mod parts;
mod settle;
pub mod window;

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{CHAT_EVERY, Lane, MessageId, NewSend, Outgoing, Policy, Purpose, SendId, Target};
use crate::{
    queue::Boot,
    shop::{broadcast::BroadcastId, customer::CustomerId, order::OrderId},
};
pub use doubt::{Doubt, doubt, doubts, let_be, send_again};
pub use lately::{left_lately, window_left};
pub use settle::{again, failed, give_up_chat, in_doubt, prune, rescue, sent};

const ENQUEUE: &str = "INSERT INTO send (chat_id, lane, policy, purpose, order_id, part, edits_message, edits_send,
        body, state, not_before, created_at)
    VALUES (:chat, :lane, :policy, :purpose, :order, :part, :edits_message, :edits_send, :body, 'waiting', :not_before,
        :now)
    RETURNING id";
// An edit that has not gone out is not worth sending once a newer one of the same message is there.
const SUPERSEDE: &str =
    "UPDATE send SET state = 'failed', error = 'superseded', body = NULL, settled_at = :now
    WHERE state = 'waiting' AND chat_id = :chat AND purpose = 'edit' AND edits_message = :message";
const WITHDRAW: &str = "UPDATE send SET state = 'failed', error = 'withdrawn', body = NULL, settled_at = :now
    WHERE state = 'waiting' AND order_id = :order AND purpose = :purpose";
const HEADS: &str = "SELECT id, chat_id, lane, not_before FROM send
    WHERE id IN (SELECT min(id) FROM send WHERE state = 'waiting' AND purpose <> 'answer' GROUP BY chat_id, lane)
    ORDER BY lane, id";
const ANSWERS: &str = "SELECT id, chat_id, lane, not_before FROM send
    WHERE state = 'waiting' AND purpose = 'answer' ORDER BY id LIMIT 200";
const BEGIN: &str = "UPDATE send SET state = 'sending', attempt = attempt + 1, boot = :boot
    WHERE id = :id AND state = 'waiting'
    RETURNING chat_id, policy, purpose, order_id, body, attempt, repeats, created_at,
        coalesce(edits_message, (SELECT message_id FROM send AS target WHERE target.id = send.edits_send)),
        edits_message IS NOT NULL OR edits_send IS NOT NULL, broadcast_id, part";
const OF_ORDER: &str = "SELECT id FROM send WHERE order_id = :order AND purpose = :purpose
    AND state IN ('waiting', 'sending', 'sent') ORDER BY id LIMIT 20";
const IS_WAITING: &str = "SELECT EXISTS (SELECT 1 FROM send
    WHERE order_id = :order AND purpose = :purpose AND state = 'waiting')";
const BUSY_CHATS: &str = "SELECT chat_id, max(settled_at) + :every, 0 FROM send
        WHERE state = 'sent' AND purpose <> 'answer' AND settled_at > :now - :every GROUP BY chat_id
    UNION ALL SELECT chat_id, max(not_before), 1 FROM send
        WHERE state = 'waiting' AND error = 'too fast' AND not_before > :now GROUP BY chat_id
    UNION ALL SELECT chat_id, max(not_before), 0 FROM send
        WHERE state = 'waiting' AND repeats > 0 AND not_before > :now GROUP BY chat_id";
const COUNTS: &str = "SELECT (SELECT count(*) FROM send WHERE state IN ('waiting', 'sending')),
    (SELECT count(*) FROM send WHERE state = 'unknown')";
/// A row that is first in its chat's lane.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The row.
    pub id: SendId,
    /// Its chat.
    pub chat: CustomerId,
    /// How urgent: lower first.
    pub lane: i64,
    /// Not before this moment.
    pub not_before: UnixMillis,
}

/// A row that is being sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The row.
    pub id: SendId,
    /// To whom.
    pub chat: CustomerId,
    /// What to do when in doubt.
    pub policy: Policy,
    /// What for.
    pub purpose: Purpose,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// What.
    pub outgoing: Outgoing,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// How often it was sent again although it may have arrived.
    pub repeats: u32,
    /// When it was decided.
    pub created_at: UnixMillis,
    /// Whether it changes another message.
    pub is_edit: bool,
    /// The message that it changes; `None` as well when that message never arrived.
    pub edits: Option<MessageId>,
    /// Which part of an order's goods it holds, from 0.
    pub part: u32,
    /// The broadcast that it is a part of.
    pub broadcast: Option<BroadcastId>,
}

/// Puts a message into the outbox.
///
/// # Errors
/// When the database fails.
pub fn enqueue(conn: &Connection, send: &NewSend, now: UnixMillis) -> Result<SendId> {
    let (edits_message, edits_send) = match send.target {
        None => (None, None),
        Some(Target::Message(message)) => (Some(message.0), None),
        Some(Target::Send(id)) => (None, Some(id.0)),
    };
    if let (Purpose::Edit, Some(message)) = (send.purpose, edits_message) {
        let row = named_params! { ":chat": send.chat.0, ":message": message, ":now": now.0 };
        conn.prepare_cached(SUPERSEDE)?.execute(row)?;
    }
    let id = conn.prepare_cached(ENQUEUE)?.query_row(
        named_params! {
            ":chat": send.chat.0, ":lane": send.lane as i64, ":policy": policy_name(send.policy),
            ":purpose": purpose_name(send.purpose), ":order": send.order.map(|order| order.0), ":part": send.part,
            ":edits_message": edits_message, ":edits_send": edits_send,
            ":body": serde_json::to_string(&send.outgoing)?, ":not_before": now.plus(send.delay).0, ":now": now.0,
        },
        |row| row.get(0),
    )?;
    Ok(SendId(id))
}

/// Takes back what has not gone out: nobody must pay a QR whose order is closed.
///
/// # Errors
/// When the database fails.
pub fn withdraw(conn: &Connection, order: OrderId, purpose: Purpose, now: UnixMillis) -> Result<()> {
    let row = named_params! { ":order": order.0, ":purpose": purpose_name(purpose), ":now": now.0 };
    conn.prepare_cached(WITHDRAW)?.execute(row)?;
    Ok(())
}

/// The messages of an order and purpose that are there or on their way, oldest first, at most 20.
///
/// # Errors
/// When the database fails.
pub fn of_order(conn: &Connection, order: OrderId, purpose: Purpose) -> Result<Vec<SendId>> {
    let row = named_params! { ":order": order.0, ":purpose": purpose_name(purpose) };
    let mut statement = conn.prepare_cached(OF_ORDER)?;
    let rows = statement.query_map(row, |row| row.get(0).map(SendId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a message of an order and purpose waits.
///
/// # Errors
/// When the database fails.
pub fn is_waiting(conn: &Connection, order: OrderId, purpose: Purpose) -> Result<bool> {
    let row = named_params! { ":order": order.0, ":purpose": purpose_name(purpose) };
    Ok(conn
        .prepare_cached(IS_WAITING)?
        .query_row(row, |row| row.get(0))?)
}

/// The first waiting row of every lane of every chat, the most urgent first; then answers to buttons, which keep no order.
///
/// # Errors
/// When the database fails.
pub fn heads(conn: &Connection) -> Result<(Vec<Head>, Vec<Head>)> {
    let read = |statement: &str| -> Result<Vec<Head>> {
        let mut statement = conn.prepare_cached(statement)?;
        let rows = statement.query_map([], |row| {
            Ok(Head {
                id: SendId(row.get(0)?),
                chat: CustomerId(row.get(1)?),
                lane: row.get(2)?,
                not_before: UnixMillis(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    Ok((read(HEADS)?, read(ANSWERS)?))
}

/// Marks a row as being sent. `None`: it was taken back meanwhile.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub fn begin(conn: &Connection, id: SendId, boot: Boot) -> Result<Option<Sending>> {
    let mut statement = conn.prepare_cached(BEGIN)?;
    let row = statement.query_row(named_params! { ":id": id.0, ":boot": boot.0 }, |row| {
        let fixed = (
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(4)?,
        );
        let sending = Sending {
            id,
            chat: CustomerId(row.get(0)?),
            policy: Policy::Harmless,
            purpose: Purpose::Edit,
            order: row.get::<_, Option<i64>>(3)?.map(OrderId),
            outgoing: Outgoing::Text(super::Screen::default()),
            attempt: row.get(5)?,
            repeats: row.get(6)?,
            created_at: UnixMillis(row.get(7)?),
            edits: row.get::<_, Option<i32>>(8)?.map(MessageId),
            is_edit: row.get(9)?,
            broadcast: row.get::<_, Option<i64>>(10)?.map(BroadcastId),
            part: row.get(11)?,
        };
        Ok((fixed, sending))
    });
    let Some(((policy, purpose, body), sending)) = row.optional()? else {
        return Ok(None);
    };
    let purpose = purpose_of(&purpose)?;
    Ok(Some(Sending {
        policy: policy_of(&policy),
        purpose,
        outgoing: serde_json::from_str(&body).context("reading a message from the outbox")?,
        edits: allowed(conn, purpose, &sending)?,
        ..sending
    }))
}

/// Which message a row may change. No page takes the place of goods: whoever pressed under their frame, before its
/// number was known here, gets a new message. An order's own edits, such as the word that its goods are refused, may.
fn allowed(conn: &Connection, purpose: Purpose, sending: &Sending) -> Result<Option<MessageId>> {
    match sending.edits {
        Some(message)
            if purpose == Purpose::Edit
                && sending.order.is_none()
                && parts::is_frame(conn, sending.chat, message)? =>
        {
            Ok(None)
        }
        message => Ok(message),
    }
}

/// What a restart must not forget about the pace: chats that got a message a moment ago, and until when; `true` for
/// those in which Telegram wanted quiet.
///
/// # Errors
/// When the database fails.
pub fn busy_chats(conn: &Connection, now: UnixMillis) -> Result<Vec<(CustomerId, UnixMillis, bool)>> {
    let every = i64::try_from(CHAT_EVERY.as_millis())?;
    let mut statement = conn.prepare_cached(BUSY_CHATS)?;
    let rows = statement.query_map(named_params! { ":every": every, ":now": now.0 }, |row| {
        Ok((CustomerId(row.get(0)?), UnixMillis(row.get(1)?), row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many wait or are being sent, and how many are unknown.
///
/// # Errors
/// When the database fails.
pub fn counts(conn: &Connection) -> Result<(u64, u64)> {
    Ok(conn
        .prepare_cached(COUNTS)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn policy_name(policy: Policy) -> &'static str {
    match policy {
        Policy::Harmless => "harmless",
        Policy::Notice => "notice",
        Policy::Once => "once",
    }
}

fn policy_of(name: &str) -> Policy {
    match name {
        "harmless" => Policy::Harmless,
        "notice" => Policy::Notice,
        // The most careful one for anything that a later program may have written.
        _ => Policy::Once,
    }
}

const PURPOSES: [(&str, Purpose); 7] = [
    ("answer", Purpose::Answer),
    ("screen", Purpose::Screen),
    ("notice", Purpose::Notice),
    ("qr", Purpose::Qr),
    ("placeholder", Purpose::Placeholder),
    ("goods", Purpose::Goods),
    ("edit", Purpose::Edit),
];

fn purpose_name(purpose: Purpose) -> &'static str {
    PURPOSES
        .iter()
        .find(|(_, known)| *known == purpose)
        .expect("every purpose is in PURPOSES")
        .0
}

fn purpose_of(name: &str) -> Result<Purpose> {
    let found = PURPOSES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, purpose)| *purpose);
    found.with_context(|| format!("a message with the unknown purpose '{name}'"))
}

/// The lanes are stored as their position.
const _: () = assert!(Lane::Interactive as i64 == 0 && Lane::Broadcast as i64 == 2);

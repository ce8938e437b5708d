//! What became of a message, and what is stored about it: the delivery guarantees in one place.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{api::CallError, send::Sender, token};
use crate::{
    clock::now,
    db::WriteError,
    incident::{self, Kind},
    jobs::{broadcast, trade},
    outbox::{
        MessageId, NewSend, Outgoing, Policy, Purpose,
        store::{
            self, Sending,
            parts::{self, FRAME_GONE, GOODS_REFUSED},
        },
    },
    queue::retry,
    shop::{
        Shop,
        broadcast::{BroadcastId, Fate},
        customer, order,
    },
};

/// How long a token that Telegram does not take is left alone.
const TOKEN_PAUSE: Duration = Duration::from_secs(30);
/// How often goods get a new frame; a frame vanishes only when somebody deletes it.
const FRAMES_MAX: u64 = 10;

/// How often a file is tried that may be out of reach for a moment only.
const FILE_TRIES: u32 = 5;

/// Telegram's own trouble.
const FAULT: &str = "Telegram has a fault of its own";
/// Somebody waits for it: the pause between two tries does not grow beyond this.
const PAUSE_MAX_INTERACTIVE: Duration = Duration::from_secs(8);
/// Nobody waits for it.
const PAUSE_MAX_NOTICE: Duration = Duration::from_secs(60);
/// A notice is repeated once only: not into the same trouble.
const NOTICE_AGAIN: Duration = Duration::from_secs(15);

/// Between two tries to store what became of a message, and how many there are: a day's worth.
const STORE_AGAIN: Duration = Duration::from_secs(1);
const STORE_TRIES_MAX: u32 = 86_400;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Sent(Option<MessageId>),
    /// It did not; later.
    TooFast(Duration),
    /// It did not; again.
    NotSent(String),
    /// Nobody knows.
    InDoubt(&'static str),
    /// The message that it was to change is not there.
    TargetGone,
    /// The person has blocked the bot or is gone.
    Unreachable,
    /// Telegram does not take the bot's token.
    TokenRefused,
    /// It will never be taken.
    Refused(String),
}

impl Outcome {
    /// What a call's end means for this message.
    #[must_use]
    pub fn of(result: Result<Option<MessageId>, CallError>, sending: &Sending) -> Self {
        match result {
            Ok(message) => Self::Sent(message),
            Err(CallError::NotReached(reason)) => Self::NotSent(reason.to_owned()),
            Err(CallError::TooFast(pause)) => Self::TooFast(pause),
            Err(CallError::InDoubt(reason)) => Self::InDoubt(reason),
            // What must go out once is better not there than twice; for everything else a fault that Telegram admits
            // is as good as a no.
            Err(CallError::Faulty) if sending.policy == Policy::Once => Self::InDoubt(FAULT),
            Err(CallError::Faulty) => Self::NotSent(FAULT.to_owned()),
            Err(CallError::Refused { code, reason }) => Self::of_refusal(code, reason, sending),
        }
    }

    fn of_refusal(code: i64, reason: String, sending: &Sending) -> Self {
        let says = |words: &str| reason.to_ascii_lowercase().contains(words);
        match code {
            401 | 404 => Self::TokenRefused,
            403 => Self::Unreachable,
            // Telegram says so of a file that it cannot name, and of one whose store is down for a moment.
            400 if says("temporarily unavailable") && sending.attempt < FILE_TRIES => Self::NotSent(reason),
            // It looks as it should already: an edit that arrived before.
            400 if says("message is not modified") => Self::Sent(sending.edits),
            400 if says("chat not found") || says("user not found") => Self::Unreachable,
            400 if sending.is_edit
                && (says("to edit not found") || says("can't be edited") || says("message_id")) =>
            {
                Self::TargetGone
            }
            _ => Self::Refused(reason),
        }
    }
}

/// Stores what became of a message, with everything that follows from it, in one transaction. While the database
/// takes no writes it tries on: what is known now would be unknown after a restart.
///
/// # Errors
/// When the database fails in another way, or for very long.
pub async fn settle(sender: &Sender, sending: Sending, outcome: Outcome) -> Result<(), WriteError> {
    let store = || {
        let (shop, sending, outcome) = (sender.shop.clone(), sending.clone(), outcome.clone());
        sender
            .writer
            .run(move |conn| take_in(conn, &shop, &sending, outcome, now()))
    };
    for _ in 0..STORE_TRIES_MAX {
        match store().await {
            Err(WriteError::Database(_)) => tokio::time::sleep(STORE_AGAIN).await,
            stored => return stored,
        }
    }
    store().await
}

/// Stores what became of a message, with everything that follows from it, in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub fn take_in(
    conn: &Connection,
    shop: &Shop,
    sending: &Sending,
    outcome: Outcome,
    now: UnixMillis,
) -> Result<()> {
    let id = sending.id;
    if let Some(part_of) = sending.broadcast {
        return of_broadcast(conn, part_of, sending, outcome, now);
    }
    match outcome {
        Outcome::Sent(message) => {
            store::sent(conn, id, message, now)?;
            if let (Purpose::Goods, Some(order)) = (sending.purpose, sending.order) {
                trade::goods_arrived(conn, shop, order, now)?;
            }
            Ok(())
        }
        Outcome::TooFast(pause) => store::again(conn, id, now.plus(pause), "too fast", true),
        Outcome::NotSent(reason) => {
            let pause = pause(sending);
            store::again(conn, id, now.plus(pause), &reason, false)
        }
        Outcome::TokenRefused => {
            token::raise(conn, now)?;
            store::again(conn, id, now.plus(TOKEN_PAUSE), "the token was refused", false)
        }
        Outcome::InDoubt(reason) => in_doubt(conn, sending, reason, now),
        Outcome::TargetGone => target_gone(conn, shop, sending, now),
        Outcome::Unreachable => unreachable(conn, shop, sending, now),
        Outcome::Refused(reason) => refused(conn, shop, sending, &reason, now),
    }
}

/// A broadcast's message: what became of it is counted, and nothing that may have arrived goes out again.
fn of_broadcast(
    conn: &Connection,
    part_of: BroadcastId,
    sending: &Sending,
    outcome: Outcome,
    now: UnixMillis,
) -> Result<()> {
    let (to, id) = ((part_of, sending.chat), sending.id);
    let again = |pause, reason: &str, forgive| {
        broadcast::not_sent(conn, to, id, (now.plus(pause), reason, forgive), now)
    };
    match outcome {
        Outcome::Sent(_) => broadcast::settled(conn, to, id, Fate::Sent, now),
        Outcome::TooFast(pause) => again(pause, "too fast", true),
        Outcome::NotSent(reason) => {
            let pause = pause(sending);
            again(pause, &reason, false)
        }
        Outcome::TokenRefused => {
            token::raise(conn, now)?;
            again(TOKEN_PAUSE, "the token was refused", false)
        }
        Outcome::InDoubt(_) => broadcast::settled(conn, to, id, Fate::Unknown, now),
        Outcome::Unreachable => {
            customer::store::set_blocked(conn, sending.chat, now)?;
            broadcast::settled(conn, to, id, Fate::Blocked, now)
        }
        Outcome::TargetGone | Outcome::Refused(_) => {
            tracing::warn!(send = id.0, ?outcome, "Telegram refuses a message of a broadcast");
            broadcast::settled(conn, to, id, Fate::Failed, now)
        }
    }
}

fn in_doubt(conn: &Connection, sending: &Sending, reason: &str, now: UnixMillis) -> Result<()> {
    let again_at = now.plus(match sending.policy {
        Policy::Notice => NOTICE_AGAIN,
        Policy::Harmless | Policy::Once => pause(sending),
    });
    if store::in_doubt(
        conn,
        sending.id,
        sending.policy,
        sending.repeats,
        reason,
        again_at,
        now,
    )? {
        tracing::warn!(send = sending.id.0, purpose = ?sending.purpose, reason, "nobody knows whether a message arrived");
        raise_unknown(conn, 1, now)?;
    }
    Ok(())
}

/// How long a message waits for its next try.
fn pause(sending: &Sending) -> Duration {
    let longest = match sending.purpose {
        Purpose::Notice => PAUSE_MAX_NOTICE,
        _ => PAUSE_MAX_INTERACTIVE,
    };
    retry::pause(sending.attempt, retry::spread(sending.id.0)).min(longest)
}

/// Tells the owner that messages are in doubt.
///
/// # Errors
/// When the database fails.
pub fn raise_unknown(conn: &Connection, count: usize, now: UnixMillis) -> Result<()> {
    incident::store::raise(conn, Kind::SendUnknown, &count.to_string(), now)?;
    Ok(())
}

fn target_gone(conn: &Connection, shop: &Shop, sending: &Sending, now: UnixMillis) -> Result<()> {
    match (&sending.outgoing, sending.order) {
        (Outgoing::Goods { .. }, Some(order)) => {
            if parts::count_failed(conn, order, FRAME_GONE)? >= FRAMES_MAX {
                return unreachable(conn, shop, sending, now);
            }
            store::failed(conn, sending.id, FRAME_GONE, now)?;
            trade::frame_again(conn, shop, &order::store::get(conn, order)?, sending.part, now)
        }
        (Outgoing::EditText(screen), _) => {
            store::failed(conn, sending.id, "its message is gone", now)?;
            let fresh = NewSend {
                order: sending.order,
                ..NewSend::screen(sending.chat, screen.clone())
            };
            let fresh = store::enqueue(conn, &fresh, now)?;
            // Where that page shows a broadcast's progress, the next change goes to the new message.
            if let Some(gone) = sending.edits {
                crate::shop::broadcast::store::move_page(conn, sending.chat, gone.0, fresh.0)?;
            }
            Ok(())
        }
        _ => store::failed(conn, sending.id, "its message is gone", now),
    }
}

/// Nothing reaches this person now: what waits for them is given up, and goods are kept.
fn unreachable(conn: &Connection, shop: &Shop, sending: &Sending, now: UnixMillis) -> Result<()> {
    store::failed(conn, sending.id, "the person cannot be reached", now)?;
    customer::store::set_blocked(conn, sending.chat, now)?;
    let mut kept = store::give_up_chat(conn, sending.chat, now)?;
    if let (Purpose::Goods, Some(order)) = (sending.purpose, sending.order) {
        kept.push(order);
    }
    // Of goods in parts every part names its order.
    kept.sort_unstable_by_key(|order| order.0);
    kept.dedup();
    for id in kept {
        if order::store::get(conn, id)?.state == order::State::Paid {
            trade::goods_unreachable(conn, shop, id, now)?;
        }
    }
    Ok(())
}

fn refused(conn: &Connection, shop: &Shop, sending: &Sending, reason: &str, now: UnixMillis) -> Result<()> {
    if let (Purpose::Goods, Some(order)) = (sending.purpose, sending.order) {
        tracing::error!(send = sending.id.0, reason, "Telegram refuses goods");
        store::failed(conn, sending.id, GOODS_REFUSED, now)?;
        return trade::goods_refused(conn, shop, order, (sending.edits, reason), now);
    }
    store::failed(conn, sending.id, reason, now)?;
    // A press that is too old, or a toast: nobody misses it.
    if sending.purpose == Purpose::Answer {
        return Ok(());
    }
    tracing::error!(send = sending.id.0, purpose = ?sending.purpose, reason, "Telegram refuses a message");
    let code = match sending.order {
        Some(id) => order::store::get(conn, id)?.code,
        None => "–".to_owned(),
    };
    let text = incident::facts(&["message", &code, reason]);
    incident::store::raise(conn, Kind::SendRefused, &text, now)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outbox::{Screen, SendId},
        shop::customer::CustomerId,
    };

    fn edit() -> Sending {
        Sending {
            id: SendId(1),
            chat: CustomerId(1),
            policy: Policy::Harmless,
            purpose: Purpose::Edit,
            order: None,
            outgoing: Outgoing::EditText(Screen::default()),
            attempt: 1,
            repeats: 0,
            created_at: UnixMillis(0),
            is_edit: true,
            edits: Some(MessageId(7)),
            part: 0,
            broadcast: None,
        }
    }

    fn refusal(code: i64, reason: &str) -> Outcome {
        Outcome::of(
            Err(CallError::Refused {
                code,
                reason: reason.to_owned(),
            }),
            &edit(),
        )
    }

    #[test]
    fn an_edit_that_changes_nothing_has_arrived() {
        let same = "Bad Request: message is not modified: specified new message content and reply markup are exactly \
                    the same as a current content and reply markup of the message";
        assert_eq!(refusal(400, same), Outcome::Sent(Some(MessageId(7))));
    }

    #[test]
    fn refusals_are_told_apart() {
        assert_eq!(
            refusal(400, "Bad Request: message to edit not found"),
            Outcome::TargetGone
        );
        assert_eq!(
            refusal(400, "Bad Request: message can't be edited"),
            Outcome::TargetGone
        );
        assert_eq!(
            refusal(403, "Forbidden: bot was blocked by the user"),
            Outcome::Unreachable
        );
        assert_eq!(refusal(400, "Bad Request: chat not found"), Outcome::Unreachable);
        assert_eq!(refusal(401, "Unauthorized"), Outcome::TokenRefused);
        assert!(matches!(
            refusal(
                400,
                "Bad Request: wrong file_id or the file is temporarily unavailable"
            ),
            Outcome::NotSent(_)
        ));
        assert!(matches!(
            refusal(400, "Bad Request: wrong file identifier/HTTP URL specified"),
            Outcome::Refused(_)
        ));
        assert!(matches!(
            refusal(400, "Bad Request: message is too long"),
            Outcome::Refused(_)
        ));
    }
}

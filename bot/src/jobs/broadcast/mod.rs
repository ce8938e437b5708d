//! A broadcast's moves, each in the caller's transaction with everything that follows from it.
//! It keeps a window of few messages in the outbox and fills it as it drains, so that a hundred thousand people need
//! no hundred thousand rows; a message that may have arrived is never sent again by itself.

pub mod page;
pub mod work;

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::task::{BeginBroadcast, ReportBroadcast, Task, TellBroadcastStopped};
use crate::{
    outbox::{
        Button, Keyboard, Outgoing, Screen, SendId,
        press::Press,
        rich::Rich,
        store::{self as sends, window},
    },
    shop::{
        broadcast::{
            Announcement, Broadcast, BroadcastId, Effect, Event, Fate, SETBACKS_MAX, State, WINDOW_MAX,
            apply, store,
        },
        catalog,
        customer::CustomerId,
    },
};

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It happened.
    Yes,
    /// It cannot happen where the broadcast stands.
    Refused,
    /// Another broadcast goes out at the moment.
    AnotherRuns,
}

/// Lets an event happen to a broadcast, with everything that follows.
///
/// # Errors
/// When the database fails.
pub fn happen(conn: &Connection, id: BroadcastId, event: Event, now: UnixMillis) -> Result<Moved> {
    let Some(broadcast) = store::get(conn, id)? else {
        return Ok(Moved::Refused);
    };
    let runs_next = apply(broadcast.state, event).is_ok_and(|(next, _)| next == State::Running);
    if runs_next && store::running(conn)?.is_some_and(|other| other != id) {
        return Ok(Moved::AnotherRuns);
    }
    let Some(effects) = store::step(conn, &broadcast, event, now)? else {
        return Ok(Moved::Refused);
    };
    for effect in effects {
        follow(conn, &broadcast, *effect, now)?;
    }
    Ok(Moved::Yes)
}

fn follow(conn: &Connection, broadcast: &Broadcast, effect: Effect, now: UnixMillis) -> Result<()> {
    let id = broadcast.id;
    match effect {
        Effect::Appoint => {
            let at = broadcast
                .scheduled_at
                .context("a broadcast is scheduled without a time")?;
            BeginBroadcast { broadcast: id }.enqueue(conn, at, now)
        }
        Effect::Disappoint => BeginBroadcast { broadcast: id }.cancel(conn),
        Effect::TakeUpUnknown => store::take_up_unknown(conn, id).map(drop),
        Effect::Fill => fill(conn, id, now),
        Effect::HandBack => {
            for chat in window::take_back(conn, id)? {
                store::hand_back(conn, id, chat)?;
            }
            Ok(())
        }
        Effect::Forget => {
            window::take_back(conn, id)?;
            store::forget_audience(conn, id)
        }
        Effect::Report => ReportBroadcast { broadcast: id }.enqueue(conn, now, now),
        Effect::Tell => TellBroadcastStopped { broadcast: id }.enqueue(conn, now, now),
    }
}

/// Gives it a time, and lets it wait for that.
///
/// # Errors
/// When the database fails.
pub fn schedule(conn: &Connection, id: BroadcastId, at: UnixMillis, now: UnixMillis) -> Result<Moved> {
    let Some(broadcast) = store::get(conn, id)? else {
        return Ok(Moved::Refused);
    };
    if apply(broadcast.state, Event::Schedule).is_err() {
        return Ok(Moved::Refused);
    }
    store::set_time(conn, id, at)?;
    happen(conn, id, Event::Schedule, now)
}

/// Counts what became of one message, and lets the next ones follow.
///
/// # Errors
/// When the database fails.
pub fn settled(
    conn: &Connection,
    (id, chat): (BroadcastId, CustomerId),
    send: SendId,
    fate: Fate,
    now: UnixMillis,
) -> Result<()> {
    if !window::remove(conn, send)? {
        return Ok(());
    }
    store::settle(conn, id, chat, fate)?;
    sends::window_left(conn, now)?;
    go_on(conn, id, now)
}

/// One message has certainly not left. It goes again, unless nobody wants it to.
///
/// # Errors
/// When the database fails.
pub fn not_sent(
    conn: &Connection,
    (id, chat): (BroadcastId, CustomerId),
    send: SendId,
    (not_before, reason, forgive): (UnixMillis, &str, bool),
    now: UnixMillis,
) -> Result<()> {
    let state = store::get(conn, id)?.map(|broadcast| broadcast.state);
    if state == Some(State::Running) {
        return sends::again(conn, send, not_before, reason, forgive);
    }
    if window::remove(conn, send)? && state == Some(State::Paused) {
        store::hand_back(conn, id, chat)?;
    }
    go_on(conn, id, now)
}

/// After a start: the one that was running goes on.
///
/// # Errors
/// When the database fails.
pub fn resume(conn: &Connection, now: UnixMillis) -> Result<()> {
    let Some(id) = store::running(conn)? else {
        return Ok(());
    };
    go_on(conn, id, now)?;
    ReportBroadcast { broadcast: id }.enqueue(conn, now, now)
}

/// After a restore: more people may have them than are counted, so nothing goes out before a seller says so.
///
/// # Errors
/// When the database fails.
pub fn restored(conn: &Connection, now: UnixMillis) -> Result<()> {
    for id in store::before_their_end(conn)? {
        happen(conn, id, Event::Restored, now)?;
    }
    Ok(())
}

/// What an announcement looks like to whoever gets it.
///
/// # Errors
/// When the database fails.
pub fn outgoing(conn: &Connection, announcement: &Announcement) -> Result<Outgoing> {
    let mut keyboard: Keyboard = Vec::new();
    for id in &announcement.products {
        // A product that is gone has no button; the others stay.
        if let Some(product) = catalog::store::get(conn, *id)? {
            let label = format!("🛒 {}", product.draft.name);
            keyboard.push(vec![Button::new(
                label,
                Press::Anew(Box::new(Press::Product(*id))),
            )]);
        }
    }
    let screen = Screen {
        words: Rich::plain(announcement.text.clone()),
        keyboard,
    };
    Ok(match &announcement.photo {
        Some(photo) => Outgoing::Photo {
            photo: photo.clone(),
            caption: screen,
        },
        None => Outgoing::Text(screen),
    })
}

/// After every message: too many failures stop it, otherwise the window fills; when nothing is left, it is done.
fn go_on(conn: &Connection, id: BroadcastId, now: UnixMillis) -> Result<()> {
    let broadcast = store::get(conn, id)?.context("a message of a broadcast that is not there")?;
    match broadcast.state {
        State::Running if broadcast.setbacks >= SETBACKS_MAX => {
            happen(conn, id, Event::Trouble, now)?;
            Ok(())
        }
        State::Running => fill(conn, id, now),
        State::Paused => end_if_empty(conn, id, now),
        State::Draft | State::Scheduled | State::Done | State::Cancelled => Ok(()),
    }
}

/// Fills the window once half of it is empty.
fn fill(conn: &Connection, id: BroadcastId, now: UnixMillis) -> Result<()> {
    let size = window::size(conn, id)?;
    if size > WINDOW_MAX / 2 {
        return Ok(());
    }
    let broadcast = store::get(conn, id)?.context("a broadcast that is not there cannot be filled")?;
    let next = store::take(conn, &broadcast, WINDOW_MAX - size)?;
    let outgoing = outgoing(conn, &broadcast.announcement)?;
    for chat in next {
        window::add(conn, id, chat, &outgoing, now)?;
    }
    end_if_empty(conn, id, now)
}

fn end_if_empty(conn: &Connection, id: BroadcastId, now: UnixMillis) -> Result<()> {
    if window::size(conn, id)? > 0 {
        return Ok(());
    }
    let broadcast = store::get(conn, id)?.context("a broadcast that is not there cannot end")?;
    if !store::has_turns(conn, &broadcast)? {
        happen(conn, id, Event::Emptied, now)?;
    }
    Ok(())
}

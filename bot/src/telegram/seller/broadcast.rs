//! One announcement: what it says, how far it is, and the seller's word on it.
//! The message in which it is opened is the one in which its progress follows.

use anyhow::Result;

use super::{broadcast_products, broadcast_time, broadcasts};
use crate::{
    jobs::broadcast::{self as moves, Moved},
    outbox::{self, NewSend, Screen, on_broadcast::OnBroadcast, press::Press, rich::Rich},
    shop::broadcast::{Broadcast, BroadcastId, Event, Page, store},
    telegram::visit::{Reply, Visit},
};

/// What a seller wants of one.
///
/// # Errors
/// When the database fails.
pub fn wanted(visit: &Visit<'_>, id: BroadcastId, wish: OnBroadcast) -> Result<Reply> {
    let Some(broadcast) = store::get(visit.conn, id)? else {
        return Ok(Reply::both(
            visit.say("toast-no-broadcast", &[]),
            broadcasts::page(visit, 0)?,
        ));
    };
    match wish {
        OnBroadcast::Open => opened(visit, id).map(Reply::page),
        OnBroadcast::Preview => preview(visit, &broadcast),
        OnBroadcast::Products(number) => broadcast_products::page(visit, &broadcast, number).map(Reply::page),
        OnBroadcast::Toggle(product, number) => {
            broadcast_products::toggle(visit, &broadcast, product, number)
        }
        OnBroadcast::Schedule => broadcast_time::ask(visit, id).map(Reply::page),
        OnBroadcast::AskCancel => ask_cancel(visit, &broadcast).map(Reply::page),
        OnBroadcast::Send => moved(visit, id, Event::Send, "toast-broadcast-begins"),
        OnBroadcast::Pause => moved(visit, id, Event::Pause, "toast-broadcast-paused"),
        OnBroadcast::Resume => moved(visit, id, Event::Resume, "toast-broadcast-resumes"),
        OnBroadcast::RetryUnknown => moved(visit, id, Event::RetryUnknown, "toast-broadcast-resumes"),
        OnBroadcast::Cancel => moved(visit, id, Event::Cancel, "toast-broadcast-cancelled"),
    }
}

/// Its page, as a new message that does not follow by itself.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, id: BroadcastId) -> Result<Screen> {
    match store::get(visit.conn, id)? {
        Some(broadcast) => Ok(moves::page::screen(
            visit.shop,
            visit.language,
            &broadcast,
            visit.now,
        )),
        None => broadcasts::page(visit, 0),
    }
}

/// Its page in the pressed message, which follows from then on.
fn opened(visit: &Visit<'_>, id: BroadcastId) -> Result<Screen> {
    let page_here = visit.pressed.map(|message| Page {
        chat: visit.user,
        message: Some(message.0),
        send: None,
    });
    store::set_page(visit.conn, id, page_here)?;
    page(visit, id)
}

fn moved(visit: &Visit<'_>, id: BroadcastId, event: Event, done: &str) -> Result<Reply> {
    let key = match moves::happen(visit.conn, id, event, visit.now)? {
        Moved::Yes => done,
        Moved::Refused => "toast-broadcast-cannot",
        Moved::AnotherRuns => "toast-another-broadcast",
    };
    Ok(Reply::both(visit.say(key, &[]), opened(visit, id)?))
}

/// Exactly what everybody would get, to the seller alone.
fn preview(visit: &Visit<'_>, broadcast: &Broadcast) -> Result<Reply> {
    let preview = NewSend {
        outgoing: moves::outgoing(visit.conn, &broadcast.announcement)?,
        ..NewSend::screen(visit.user, Screen::default())
    };
    outbox::store::enqueue(visit.conn, &preview, visit.now)?;
    Ok(Reply::toast(visit.say("toast-preview", &[])))
}

/// The question stays in its place: progress must not write over it.
fn ask_cancel(visit: &Visit<'_>, broadcast: &Broadcast) -> Result<Screen> {
    store::set_page(visit.conn, broadcast.id, None)?;
    let left = broadcast.counts.left().to_string();
    let on = |wish| Press::Broadcast(broadcast.id, wish);
    Ok(Screen {
        words: Rich::plain(visit.say("broadcast-ask-cancel", &[("count", &left)])),
        keyboard: vec![
            vec![visit.button("button-really-cancel", on(OnBroadcast::Cancel))],
            vec![visit.button("button-back", on(OnBroadcast::Open))],
        ],
    })
}

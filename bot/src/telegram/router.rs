//! One event in, rows out: everything that an update changes happens here, in one transaction, without waiting.
//! A press is answered exactly once and opens at most one page; whose button it is, is asked again at every press.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{
    customer, dialogue,
    event::{Event, EventKind, PressedMessage},
    seller,
    visit::{Document, Reply, Said, Visit},
};
use crate::{
    jobs::trade,
    outbox::{self, NewSend, Screen, press::Press, store::parts},
    shop::{self, Shop, customer::CustomerId, order},
};

/// Does what an event asks for.
///
/// # Errors
/// When the database fails; the caller's transaction then leaves nothing behind.
pub fn handle(conn: &Connection, shop: &Shop, event: &Event, now: UnixMillis) -> Result<()> {
    if event.kind == EventKind::Blocked {
        dialogue::store::forget(conn, event.user)?;
        return shop::customer::store::set_blocked(conn, event.user, now);
    }
    if shop::customer::store::seen(conn, event.user, now)? {
        show_what_waited(conn, shop, event.user, now)?;
    }
    let language = shop::customer::store::language(conn, event.user, shop.language)?;
    let visit = Visit {
        conn,
        shop,
        user: event.user,
        language,
        now,
        pressed: None,
    };
    match &event.kind {
        EventKind::Command { name, .. } => {
            dialogue::store::forget(conn, visit.user)?;
            send(&visit, commanded(&visit, name)?)
        }
        EventKind::Text(text) => send(&visit, said(&visit, Said::Text(text))?),
        EventKind::Photo { file, caption } => send(&visit, said(&visit, Said::Photo { file, caption })?),
        EventKind::Document {
            file,
            unique,
            name,
            caption,
        } => {
            let document = Document {
                file,
                unique,
                name,
                caption,
            };
            send(&visit, said(&visit, Said::Document(document))?)
        }
        EventKind::Other => send(&visit, said(&visit, Said::Other)?),
        EventKind::Press {
            callback_id,
            data,
            message,
        } => {
            dialogue::store::forget(conn, visit.user)?;
            pressed(&visit, callback_id, data, *message)
        }
        EventKind::Blocked | EventKind::Unblocked => Ok(()),
    }
}

/// Paid goods that could not reach somebody who had blocked the shop.
fn show_what_waited(conn: &Connection, shop: &Shop, user: CustomerId, now: UnixMillis) -> Result<()> {
    for order in order::store::undelivered_of_customer(conn, user)? {
        trade::deliver_goods(conn, shop, &order, now)?;
    }
    Ok(())
}

fn commanded(visit: &Visit<'_>, name: &str) -> Result<Screen> {
    if let Some(screen) = customer::commanded(visit, name)? {
        return Ok(screen);
    }
    if visit.is_seller() && name == "seller" {
        return seller::menu::page(visit);
    }
    Ok(customer::advice::hint(visit))
}

/// Words are the answer to a seller's open question, or nobody asked for them.
fn said(visit: &Visit<'_>, said: Said<'_>) -> Result<Screen> {
    let open = if visit.is_seller() {
        dialogue::store::open(visit.conn, visit.user, visit.now)?
    } else {
        None
    };
    match open {
        Some(step) => seller::answered(visit, step, said),
        None => Ok(customer::advice::hint(visit)),
    }
}

fn pressed(visit: &Visit<'_>, callback_id: &str, data: &str, message: Option<PressedMessage>) -> Result<()> {
    let (press, anew) = match Press::decode(data) {
        Ok(Press::Anew(press)) => (Some(*press), true),
        Ok(press) => (Some(press), false),
        Err(_) => (None, false),
    };
    let in_place = match message.filter(|message| message.is_text && !anew) {
        // No button of the shop there asks for it, but whoever writes their own client can.
        Some(message) if parts::is_frame(visit.conn, visit.user, message.id)? => None,
        other => other,
    };
    let visit = &Visit {
        pressed: in_place.map(|message| message.id),
        ..*visit
    };
    let reply = match press {
        Some(press) => reply_to(visit, &press)?,
        None => None,
    };
    let reply = reply.unwrap_or_else(|| Reply::toast(visit.say("toast-old-button", &[])));
    let answer = NewSend::answer(visit.user, callback_id, reply.toast, reply.stays);
    outbox::store::enqueue(visit.conn, &answer, visit.now)?;
    let Some(screen) = reply.screen else { return Ok(()) };
    match in_place {
        Some(message) => {
            let edit = NewSend::screen_in_place(visit.user, message.id, screen);
            outbox::store::enqueue(visit.conn, &edit, visit.now)?;
            Ok(())
        }
        _ if reply.only_in_place => Ok(()),
        _ => send(visit, screen),
    }
}

/// `None`: no such button for this person.
fn reply_to(visit: &Visit<'_>, press: &Press) -> Result<Option<Reply>> {
    if let Some(reply) = customer::pressed(visit, press)? {
        return Ok(Some(reply));
    }
    if visit.is_seller() {
        seller::pressed(visit, press)
    } else {
        Ok(None)
    }
}

fn send(visit: &Visit<'_>, screen: Screen) -> Result<()> {
    outbox::store::enqueue(visit.conn, &NewSend::screen(visit.user, screen), visit.now)?;
    Ok(())
}

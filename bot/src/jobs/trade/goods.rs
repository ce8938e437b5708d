//! Goods on their way: framed, arrived, refused, or kept because nobody is there.

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{advance, tell_sellers};
use crate::{
    incident::{self, Kind},
    jobs::notices,
    outbox::{
        self, MessageId, NewSend, Outgoing, Policy, Purpose, Target,
        store::parts::{self, GOODS_REFUSED},
    },
    shop::{
        Shop, customer,
        order::{self, Event, Order, OrderId, State},
        stock::{self, Item},
    },
};

/// Puts the goods of a paid order on their way: every part that is neither with the customer nor on its way to them.
///
/// # Errors
/// When the database fails.
pub fn deliver_goods(conn: &Connection, shop: &Shop, order: &Order, now: UnixMillis) -> Result<()> {
    let item = sold(conn, order)?;
    let started = parts::started(conn, order.id)?;
    let missing = (0..notices::parts(&item)).filter(|part| !started.contains(part));
    put_into_frames(conn, shop, (order, &item), missing, now)
}

/// Shows all of an order's goods, whatever was shown before.
///
/// # Errors
/// When the database fails.
pub fn show_goods(conn: &Connection, shop: &Shop, order: &Order, now: UnixMillis) -> Result<()> {
    // Frames that have not gone out yet will do: whoever presses ten times gets the goods once.
    if !parts::waiting(conn, order.id)?.is_empty() {
        return Ok(());
    }
    let item = sold(conn, order)?;
    put_into_frames(conn, shop, (order, &item), 0..notices::parts(&item), now)
}

/// Somebody deleted the frame of a part: it gets a new one. The parts behind it that still wait are put behind that,
/// so that they arrive in their order.
///
/// # Errors
/// When the database fails.
pub fn frame_again(conn: &Connection, shop: &Shop, order: &Order, part: u32, now: UnixMillis) -> Result<()> {
    let mut waiting = parts::waiting(conn, order.id)?;
    // The goods were asked for once more meanwhile, and come whole.
    if !waiting.insert(part) {
        return Ok(());
    }
    for purpose in [Purpose::Goods, Purpose::Placeholder] {
        outbox::store::withdraw(conn, order.id, purpose, now)?;
    }
    let item = sold(conn, order)?;
    put_into_frames(conn, shop, (order, &item), waiting, now)
}

/// First the empty frame, then the goods by editing it, part after part: so the goods themselves are pushed once
/// however often the bot dies in between.
fn put_into_frames(
    conn: &Connection,
    shop: &Shop,
    (order, item): (&Order, &Item),
    parts: impl IntoIterator<Item = u32>,
    now: UnixMillis,
) -> Result<()> {
    let language = customer::store::language(conn, order.customer, shop.language)?;
    for part in parts {
        let frame = NewSend {
            policy: Policy::Harmless,
            purpose: Purpose::Placeholder,
            order: Some(order.id),
            part,
            outgoing: notices::frame(language, order, item, part),
            ..NewSend::screen(order.customer, outbox::Screen::default())
        };
        let frame_id = outbox::store::enqueue(conn, &frame, now)?;
        let goods = NewSend {
            purpose: Purpose::Goods,
            target: Some(Target::Send(frame_id)),
            outgoing: Outgoing::Goods { language },
            ..frame
        };
        outbox::store::enqueue(conn, &goods, now)?;
    }
    Ok(())
}

fn sold(conn: &Connection, order: &Order) -> Result<Item> {
    stock::store::item(conn, order.id)?.with_context(|| format!("order {} has no item", order.code))
}

/// A part of the goods arrived, or was shown again. When the last one has arrived for the first time, that is news.
///
/// # Errors
/// When the database fails.
pub fn goods_arrived(conn: &Connection, shop: &Shop, id: OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    let arrived = parts::arrived(conn, id)?;
    let count = notices::parts(&sold(conn, &order)?);
    if (0..count).all(|part| arrived.contains(&part)) {
        advance(conn, shop, &order, Event::DeliverySent, now)?;
    }
    Ok(())
}

/// Telegram does not take the goods, as with a file that another bot was given: the frame says so, seller and owner
/// hear of it once, and a paid order stays paid until the file is sent in anew.
///
/// # Errors
/// When the database fails.
pub fn goods_refused(
    conn: &Connection,
    shop: &Shop,
    id: OrderId,
    (frame, reason): (Option<MessageId>, &str),
    now: UnixMillis,
) -> Result<()> {
    let order = order::store::get(conn, id)?;
    // A customer who presses again and again tells nobody anything new.
    if parts::count_failed(conn, id, GOODS_REFUSED)? <= 1 {
        tell_of_refusal(conn, shop, &order, reason, now)?;
    }
    if let Some(frame) = frame {
        let language = customer::store::language(conn, order.customer, shop.language)?;
        let words = notices::refused(language, &order);
        let outgoing = match sold(conn, &order)? {
            Item::Text(_) => Outgoing::EditText(words),
            Item::File(_) => Outgoing::EditCaption(words),
        };
        let edit = NewSend {
            order: Some(order.id),
            outgoing,
            ..NewSend::screen_in_place(order.customer, frame, outbox::Screen::default())
        };
        outbox::store::enqueue(conn, &edit, now)?;
    }
    Ok(())
}

fn tell_of_refusal(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    reason: &str,
    now: UnixMillis,
) -> Result<()> {
    tell_sellers(conn, shop, order, now, |language| {
        notices::seller_goods_refused(language, order)
    })?;
    let text = incident::facts(&["goods", &order.code, reason]);
    incident::store::raise(conn, Kind::SendRefused, &text, now)?;
    Ok(())
}

/// A seller has sent in anew what Telegram refused: a paid order that waits for it is delivered. `false`: it does not wait.
///
/// # Errors
/// When the database fails.
pub fn goods_renewed(conn: &Connection, shop: &Shop, id: OrderId, now: UnixMillis) -> Result<bool> {
    let order = order::store::get(conn, id)?;
    parts::forget_refusals(conn, id)?;
    let waits = order.state == State::Paid;
    if waits {
        deliver_goods(conn, shop, &order, now)?;
    }
    Ok(waits)
}

/// The goods cannot reach their customer: seller and owner hear of it; the order stays paid, and the goods go out
/// when the customer comes back.
///
/// # Errors
/// When the database fails.
pub fn goods_unreachable(conn: &Connection, shop: &Shop, id: OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    tell_sellers(conn, shop, &order, now, |language| {
        notices::seller_unreachable(language, &order)
    })?;
    incident::store::raise(conn, Kind::CustomerUnreachable, &order.code, now)?;
    Ok(())
}

//! Goods on their way: framed, arrived, or kept because nobody is there.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{advance, tell_sellers};
use crate::{
    incident::{self, Kind},
    jobs::notices,
    outbox::{self, NewSend, Outgoing, Policy, Purpose, Target},
    shop::{
        Shop, customer,
        order::{self, Event, Order},
    },
};

/// Puts the goods of a paid order into a frame: first the empty frame, then the goods by editing it, so that the
/// goods themselves are pushed once however often the bot dies in between.
///
/// # Errors
/// When the database fails.
pub fn show_goods(conn: &Connection, shop: &Shop, order: &Order, now: UnixMillis) -> Result<()> {
    // A frame that has not gone out yet will do: whoever presses ten times gets the goods once.
    if outbox::store::is_waiting(conn, order.id, Purpose::Goods)? {
        return Ok(());
    }
    let language = customer::store::language(conn, order.customer, shop.language)?;
    let frame = NewSend {
        policy: Policy::Harmless,
        purpose: Purpose::Placeholder,
        order: Some(order.id),
        ..NewSend::screen(order.customer, notices::placeholder(language, order))
    };
    let frame_id = outbox::store::enqueue(conn, &frame, now)?;
    let goods = NewSend {
        purpose: Purpose::Goods,
        target: Some(Target::Send(frame_id)),
        outgoing: Outgoing::Goods { language },
        ..frame
    };
    outbox::store::enqueue(conn, &goods, now)?;
    Ok(())
}

/// The goods arrived, or were shown again: the first time is news.
///
/// # Errors
/// When the database fails.
pub fn goods_arrived(conn: &Connection, shop: &Shop, id: order::OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    advance(conn, shop, &order, Event::DeliverySent, now)?;
    Ok(())
}

/// The goods cannot reach their customer: seller and owner hear of it; the order stays paid, and the goods go out
/// when the customer comes back.
///
/// # Errors
/// When the database fails.
pub fn goods_unreachable(conn: &Connection, shop: &Shop, id: order::OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    tell_sellers(conn, shop, &order, now, |language| {
        notices::seller_unreachable(language, &order)
    })?;
    let text = format!(
        "The customer of the paid order {} has blocked the bot or left Telegram. The goods are kept for them and go \
         out when they come back.",
        order.code
    );
    incident::store::raise(conn, Kind::CustomerUnreachable, &text, now)?;
    Ok(())
}

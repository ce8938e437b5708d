//! The trade's moves: a decision of `shop` together with everything that follows from it, in the caller's transaction.
//! Nothing here waits and nothing leaves the machine: what must leave is enqueued.

mod goods;
mod invoice;
mod money;
mod place;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{
    notices,
    task::{CancelInvoice, Deliver, Task},
};
use crate::{
    outbox::{self, NewSend, Screen},
    shop::{
        Shop,
        customer::{self, Language},
        order::{self, Effect, Event, Order, machine},
        stock,
    },
};
pub use goods::{
    deliver_goods, frame_again, goods_arrived, goods_refused, goods_renewed, goods_unreachable, show_goods,
};
pub use invoice::{send_invoice, show_invoice};
pub use money::{settle_refund, take_payment};
pub use place::{Placed, place};

/// Moves an order and does what follows from the move.
///
/// # Errors
/// When the order cannot take the event, or the database fails; then nothing has moved.
pub fn advance(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    event: Event,
    now: UnixMillis,
) -> Result<Order> {
    let (state, effects) = machine::apply(order.state, event)?;
    order::store::advance(conn, order.id, order.state, state, now)?;
    let order = Order {
        state,
        ..order.clone()
    };
    for effect in effects {
        follow(conn, shop, &order, *effect, now)?;
    }
    Ok(order)
}

fn follow(conn: &Connection, shop: &Shop, order: &Order, effect: Effect, now: UnixMillis) -> Result<()> {
    let language = || customer::store::language(conn, order.customer, shop.language);
    let tell = |screen: Screen| -> Result<()> {
        outbox::store::enqueue(
            conn,
            &NewSend::notice(order.customer, Some(order.id), screen),
            now,
        )?;
        Ok(())
    };
    match effect {
        Effect::SellReserved => {
            anyhow::ensure!(
                stock::store::sell_reserved(conn, order.id)?,
                "a paid order has no item reserved"
            );
        }
        Effect::ReleaseStock => stock::store::release(conn, order.id)?,
        Effect::Deliver => Deliver { order: order.id }.enqueue(conn, now, now)?,
        Effect::CancelAtGateway => CancelInvoice { order: order.id }.enqueue(conn, now, now)?,
        Effect::CloseInvoice => invoice::close(conn, language()?, order, now)?,
        Effect::TellInvoiceRefused => tell(notices::invoice_refused(language()?, order))?,
        Effect::TellRefunded => tell(notices::refunded(language()?, order))?,
        Effect::TellSold => tell_sellers(conn, shop, order, now, |language| {
            notices::seller_sold(language, order)
        })?,
    }
    Ok(())
}

fn tell_sellers(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    now: UnixMillis,
    screen: impl Fn(Language) -> Screen,
) -> Result<()> {
    for seller in shop.told_about_trade() {
        let language = customer::store::language(conn, seller, shop.language)?;
        outbox::store::enqueue(
            conn,
            &NewSend::notice(seller, Some(order.id), screen(language)),
            now,
        )?;
    }
    Ok(())
}

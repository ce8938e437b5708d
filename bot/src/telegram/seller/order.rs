//! One order as the seller sees it: its times and its customer's number, never the goods.

use anyhow::Result;

use super::orders;
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::order::{self, Order, State},
    telegram::visit::{Reply, Visit},
    words::{trade, when},
};

/// Opens an order's page.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, code: &str) -> Result<Reply> {
    match order::store::by_code(visit.conn, code)? {
        Some(order) => Ok(Reply::page(page(visit, &order)?)),
        None => Ok(Reply::both(
            visit.say("order-not-found", &[]),
            orders::page(visit, 0)?,
        )),
    }
}

fn page(visit: &Visit<'_>, order: &Order) -> Result<Screen> {
    let (paid_at, delivered_at) = order::store::times(visit.conn, order.id)?;
    let at = |key, at| visit.say(key, &[("time", &when::day_and_clock(at, &visit.shop.timezone))]);
    let mut lines = vec![
        visit.say("order-product", &[("product", &order.product_name)]),
        visit.say("order-price", &[("price", &order.price.to_string())]),
        visit.say(
            "order-state",
            &[("state", &trade::state(visit.language, order.state))],
        ),
        visit.say("seller-buyer", &[("buyer", &order.customer.0.to_string())]),
        at("order-placed-at", order.placed_at),
    ];
    if order.state == State::AwaitingPayment {
        lines.push(at("order-pay-before", order.pay_before));
    }
    lines.extend(paid_at.map(|paid_at| at("order-paid-at", paid_at)));
    lines.extend(delivered_at.map(|delivered_at| at("order-delivered-at", delivered_at)));
    let words = Rich::plain(visit.say("order-code", &[]))
        .then(" ")
        .bold(&order.code);
    let keyboard = vec![vec![
        visit.button("button-seller-orders", Press::SellerOrders(0)),
        visit.button("button-seller-menu", Press::Seller),
    ]];
    Ok(Screen {
        words: words.then("\n\n").then(&lines.join("\n")),
        keyboard,
    })
}

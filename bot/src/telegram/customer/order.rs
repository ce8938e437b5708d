//! One of the visitor's own orders: where it stands and what can still be done.

use anyhow::Result;

use super::orders;
use crate::{
    jobs::trade,
    outbox::{Screen, press::Press, rich::Rich},
    shop::order::{self, Event, Order, State},
    telegram::visit::{Reply, Visit},
    words::{trade as names, when},
};

/// Opens an order's page.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, code: &str) -> Result<Reply> {
    match own(visit, code)? {
        Some(order) => Ok(Reply::page(page(visit, &order))),
        None => not_found(visit),
    }
}

/// Shows the goods once more, below everything that was written since.
///
/// # Errors
/// When the database fails.
pub fn show_goods(visit: &Visit<'_>, code: &str) -> Result<Reply> {
    let Some(order) = own(visit, code)? else {
        return not_found(visit);
    };
    if !has_goods(order.state) {
        return Ok(Reply::both(
            visit.say("toast-goods-not-there", &[]),
            page(visit, &order),
        ));
    }
    trade::show_goods(visit.conn, visit.shop, &order, visit.now)?;
    Ok(Reply::toast(visit.say("toast-goods-coming", &[])))
}

/// Shows the picture to pay with once more.
///
/// # Errors
/// When the database fails.
pub fn show_invoice(visit: &Visit<'_>, code: &str) -> Result<Reply> {
    let Some(order) = own(visit, code)? else {
        return not_found(visit);
    };
    if order.state != State::AwaitingPayment {
        return Ok(Reply::page(page(visit, &order)));
    }
    trade::show_invoice(visit.conn, visit.shop, &order, visit.now)?;
    Ok(Reply::toast(visit.say("toast-preparing", &[])))
}

/// Calls an unpaid order off. Its QR picture, if it was sent, says so by itself.
///
/// # Errors
/// When the database fails.
pub fn cancel(visit: &Visit<'_>, code: &str) -> Result<Reply> {
    let Some(order) = own(visit, code)? else {
        return not_found(visit);
    };
    if order.state != State::AwaitingPayment {
        return Ok(Reply::update(
            visit.say("toast-cannot-cancel", &[]),
            page(visit, &order),
        ));
    }
    let order = trade::advance(
        visit.conn,
        visit.shop,
        &order,
        Event::CustomerCancelled,
        visit.now,
    )?;
    Ok(Reply::update(
        visit.say("toast-cancelled", &[]),
        page(visit, &order),
    ))
}

/// An order's page.
#[must_use]
pub fn page(visit: &Visit<'_>, order: &Order) -> Screen {
    let placed_at = when::day_and_clock(order.placed_at, &visit.shop.timezone);
    let lines = [
        visit.say("order-product", &[("product", &order.product_name)]),
        visit.say("order-price", &[("price", &order.price.to_string())]),
        visit.say("order-placed-at", &[("time", &placed_at)]),
        visit.say(
            "order-state",
            &[("state", &names::state(visit.language, order.state))],
        ),
    ];
    let mut words = Rich::plain(visit.say("order-code", &[]))
        .then(" ")
        .bold(&order.code);
    words = words.then("\n\n").then(&lines.join("\n"));
    let mut keyboard = Vec::new();
    if has_goods(order.state) {
        keyboard.push(vec![
            visit.button("button-show-goods", Press::Goods(order.code.clone())),
        ]);
    }
    if order.state == State::AwaitingPayment {
        words = words.then("\n\n").then(&time_left(visit, order));
        keyboard.push(vec![
            visit.button("button-show-invoice", Press::Invoice(order.code.clone())),
            visit.button("button-cancel-order", Press::CancelOrder(order.code.clone())),
        ]);
    }
    keyboard.push(vec![
        visit.button("button-my-orders", Press::Orders(0)),
        visit.button("button-home", Press::Home),
    ]);
    Screen { words, keyboard }
}

fn time_left(visit: &Visit<'_>, order: &Order) -> String {
    let left = order.pay_before.since(visit.now);
    if left.is_zero() {
        return visit.say("order-time-up", &[]);
    }
    let minutes = left.as_secs().div_ceil(60).max(1).to_string();
    let until = when::clock(order.pay_before, &visit.shop.timezone);
    visit.say("order-time-left", &[("minutes", &minutes), ("time", &until)])
}

fn has_goods(state: State) -> bool {
    match state {
        State::Paid | State::Delivered => true,
        State::AwaitingPayment
        | State::Expired
        | State::Cancelled
        | State::Review
        | State::RefundDue
        | State::Refunded => false,
    }
}

/// Codes come from outside: another customer's order is not there.
fn own(visit: &Visit<'_>, code: &str) -> Result<Option<Order>> {
    Ok(order::store::by_code(visit.conn, code)?.filter(|order| order.customer == visit.user))
}

fn not_found(visit: &Visit<'_>) -> Result<Reply> {
    Ok(Reply::both(
        visit.say("order-not-found", &[]),
        orders::page(visit, 0)?,
    ))
}

//! One amount that is due, and the seller's word on it. The bot moves no money: it writes down what a person did.

use anyhow::Result;

use super::refunds;
use crate::{
    jobs::trade,
    outbox::{Screen, press::Press, rich::Rich},
    shop::{
        order,
        refund::{self, Decision, Reason, Refund, RefundId},
    },
    telegram::visit::{Reply, Visit},
    words::{trade as names, when},
};

/// Opens its page.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, id: RefundId) -> Result<Reply> {
    match refund::store::due_by_id(visit.conn, id)? {
        Some(due) => Ok(Reply::page(page(visit, &due)?)),
        None => settled_before(visit),
    }
}

/// Writes the seller's decision down.
///
/// # Errors
/// When the database fails.
pub fn settle(visit: &Visit<'_>, id: RefundId, decision: Decision) -> Result<Reply> {
    if trade::settle_refund(visit.conn, visit.shop, id, decision, visit.user, visit.now)? {
        let word = match decision {
            Decision::Done => "toast-refund-done",
            Decision::Kept => "toast-amount-kept",
        };
        return Ok(Reply::both(visit.say(word, &[]), refunds::page(visit, 0)?));
    }
    match refund::store::due_by_id(visit.conn, id)? {
        // Still due: only a wrong amount can be kept, and only while there is an item for it.
        Some(due) => Ok(Reply::both(
            visit.say("toast-no-item-to-keep", &[]),
            page(visit, &due)?,
        )),
        None => settled_before(visit),
    }
}

fn settled_before(visit: &Visit<'_>) -> Result<Reply> {
    Ok(Reply::both(
        visit.say("toast-refund-settled", &[]),
        refunds::page(visit, 0)?,
    ))
}

fn page(visit: &Visit<'_>, due: &Refund) -> Result<Screen> {
    let order = order::store::get(visit.conn, due.order)?;
    let lines = [
        visit.say("refund-amount", &[("amount", &due.amount.to_string())]),
        visit.say(
            "refund-reason",
            &[("reason", &names::reason(visit.language, due.reason))],
        ),
        visit.say("order-product", &[("product", &order.product_name)]),
        visit.say("refund-price", &[("price", &order.price.to_string())]),
        visit.say("seller-buyer", &[("buyer", &order.customer.0.to_string())]),
        visit.say(
            "refund-since",
            &[("time", &when::day_and_clock(due.due_at, &visit.shop.timezone))],
        ),
    ];
    let words = Rich::plain(visit.say("order-code", &[]))
        .then(" ")
        .bold(&order.code)
        .then(&format!("\n\n{}\n\n", lines.join("\n")))
        .then(&visit.say("refund-how", &[]));
    let mut keyboard = vec![vec![
        visit.button("button-refund-done", Press::RefundDone(due.id)),
    ]];
    if due.reason == Reason::WrongAmount {
        keyboard.push(vec![
            visit.button("button-keep-amount", Press::KeepAmount(due.id)),
        ]);
    }
    keyboard.push(vec![visit.button("button-back", Press::Refunds(0))]);
    Ok(Screen { words, keyboard })
}

//! Asks the gateway about an order that this shop never had: after a restore to an earlier moment a customer of the time
//! that was undone still pays. Seller and owner hear of the money once an order; nothing is booked, for there is no order.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{
    notices,
    run::{Workshop, trouble},
    task::{AskUnknown, Task},
};
use crate::{
    clock::now,
    gateways::{GatewayError, pakasir},
    incident::{self, Kind},
    outbox::{self, NewSend},
    queue::{Job, worker::Outcome},
    shop::{
        Shop, customer, order,
        payment::{
            Answer, Status,
            confirm::Mode,
            store::unknown::{self, News},
        },
    },
};

/// A webhook may come ahead of its money; this long.
const AHEAD_MAX: Duration = Duration::from_secs(600);
/// How long until the gateway is asked again.
const AGAIN: Duration = Duration::from_secs(30);
/// Where each order is told of no more: what the owner reads in the place of a code.
const MANY: &str = "many_orders";

/// Does it.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let task = AskUnknown::of(job)?;
    let answer = match shop.pakasir.status(&task.txn_id).await {
        Ok(answer) => Some(answer),
        // Anybody who knows the secret can make up a transaction; the gateway does not know it.
        Err(GatewayError::Unknown) => None,
        Err(error) => return Ok(trouble(error)),
    };
    let is_pending = answer
        .as_ref()
        .is_some_and(|answer| answer.status == Status::Pending);
    if is_pending && now().since(task.asked_at) < AHEAD_MAX {
        return Ok(Outcome::Snooze(AGAIN));
    }
    let mode = shop.pakasir.mode();
    shop.settle(job.claim, move |conn, shop| {
        take(conn, shop, (&task.code, answer.as_ref()), mode, now())
    })
    .await
}

/// Takes the gateway's own answer in and tells of its money, once an order.
///
/// # Errors
/// When the database fails.
pub fn take(
    conn: &Connection,
    shop: &Shop,
    (code, answer): (&str, Option<&Answer>),
    mode: Mode,
    now: UnixMillis,
) -> Result<()> {
    let is_ours = |answer: &&Answer| {
        answer.order_code == code
            && answer.status == Status::Completed
            && answer.sandbox == (mode == Mode::Sandbox)
    };
    let Some(answer) = answer.filter(is_ours) else {
        return unknown::nothing(conn, pakasir::NAME, code);
    };
    if order::store::by_code(conn, code)?.is_some() {
        return Ok(());
    }
    match unknown::paid(conn, pakasir::NAME, code, answer.amount, now)? {
        News::None => {}
        News::One => {
            for seller in shop.told_about_trade() {
                let language = customer::store::language(conn, seller, shop.language)?;
                let screen = notices::seller_unknown_order(language, code, answer.amount);
                outbox::store::enqueue(conn, &NewSend::notice(seller, None, screen), now)?;
            }
            let amount = answer.amount.to_string();
            let text = incident::facts(&[pakasir::NAME, code, "unknown_order", &amount]);
            incident::store::raise(conn, Kind::PaymentMismatch, &text, now)?;
        }
        News::TooMany => {
            let text = incident::facts(&[pakasir::NAME, MANY, "unknown_order"]);
            incident::store::raise(conn, Kind::PaymentMismatch, &text, now)?;
        }
    }
    Ok(())
}

//! Gives an order up that nobody paid in time. The gateway is asked once more before the item goes back to the shelf.

use std::time::Duration;

use anyhow::Result;

use super::{
    ask_payment::{Asked, ask},
    run::Workshop,
    task::{ExpireOrder, Task},
    trade,
};
use crate::{
    clock::now,
    gateways::pakasir,
    queue::{Job, worker::Outcome},
    shop::{
        order::{self, Event, State},
        payment,
    },
};

/// A gateway that gives no answer for this long does not keep items off the shelf any longer.
const GATEWAY_PATIENCE: Duration = Duration::from_secs(600);
/// How long to wait for a gateway that gives no answer.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Does it.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let id = ExpireOrder::of(job)?.order;
    let order = shop.order(id).await?;
    if order.state != State::AwaitingPayment {
        return shop.nothing(job.claim).await;
    }
    let payment = shop
        .reader
        .run(move |conn| payment::store::of_order(conn, pakasir::NAME, id))
        .await?;
    if let Some(payment) = payment {
        match ask(shop, id, &payment.invoice.txn_id).await? {
            Asked::Later(pause) => return Ok(Outcome::Snooze(pause)),
            Asked::Trouble(_) if now().since(order.pay_before) < GATEWAY_PATIENCE => {
                return Ok(Outcome::Snooze(TRY_AGAIN));
            }
            Asked::Trouble(_) | Asked::Said(_) => {}
        }
    }
    shop.settle(job.claim, move |conn, shop| {
        let order = order::store::get(conn, id)?;
        if order.state == State::AwaitingPayment {
            trade::advance(conn, shop, &order, Event::PaymentWindowClosed, now())?;
        }
        Ok(())
    })
    .await
}

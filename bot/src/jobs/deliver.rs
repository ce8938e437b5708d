//! Puts the goods of a paid order on their way to the customer.

use anyhow::Result;

use super::{
    run::Workshop,
    task::{Deliver, Task},
    trade,
};
use crate::{
    clock::now,
    keeper::durable::{self, Waited},
    queue::{Job, worker::Outcome},
    shop::order::{self, State},
};

/// Does it.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let id = Deliver::of(job)?.order;
    // The payment leaves the machine before the goods do, or the time for it is over.
    if shop.durable.wait_in_hand().await == Waited::Later {
        return Ok(Outcome::Snooze(durable::LATER));
    }
    crate::fail::point("before_goods_enqueued");
    shop.settle(job.claim, move |conn, shop| {
        let order = order::store::get(conn, id)?;
        if order.state == State::Paid {
            trade::deliver_goods(conn, shop, &order, now())?;
        }
        Ok(())
    })
    .await
}

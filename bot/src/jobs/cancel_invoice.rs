//! Tells the gateway that nobody will pay an invoice, after the customer called the order off.
//! Money that comes all the same is found by the poller, which goes on.

use anyhow::Result;

use super::{
    run::{Workshop, trouble},
    task::{CancelInvoice, Task},
};
use crate::{
    gateways::{GatewayError, pakasir},
    queue::{Job, worker::Outcome},
    shop::payment,
};

/// Tries before it is left to expire by itself: nobody is harmed by an invoice that stays open for a day.
const TRIES_MAX: u32 = 5;

/// Does it.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let order = CancelInvoice::of(job)?.order;
    let payment = shop
        .reader
        .run(move |conn| payment::store::of_order(conn, pakasir::NAME, order))
        .await?;
    let Some(payment) = payment else {
        return shop.nothing(job.claim).await;
    };
    match shop.pakasir.cancel(&payment.invoice.txn_id).await {
        // Refused: it is paid or cancelled already, which the poller finds out.
        Ok(()) | Err(GatewayError::Refused(_) | GatewayError::Unknown) => shop.nothing(job.claim).await,
        Err(_) if job.attempt >= TRIES_MAX => shop.nothing(job.claim).await,
        Err(error) => Ok(trouble(error)),
    }
}

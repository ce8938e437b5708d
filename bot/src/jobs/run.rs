//! What every worker has at hand, and which worker does which kind of job.

use std::sync::Arc;

use anyhow::anyhow;
use rusqlite::Connection;

use super::{
    ask_payment, cancel_invoice, create_invoice, deliver, expire_order, housekeeping,
    task::{
        CancelInvoice, CheckPayment, CreateInvoice, Deliver, ExpireOrder, Housekeeping, PollPayment, Task,
    },
};
use crate::{
    db::{Reader, Writer},
    gateways::{GatewayError, pakasir::Pakasir},
    queue::{Claim, Job, store, worker::Outcome},
    shop::{
        Shop,
        order::{self, Order, OrderId},
    },
};

/// What every worker has at hand.
pub struct Workshop {
    /// What the owner decided.
    pub shop: Shop,
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub reader: Reader,
    /// The gateway.
    pub pakasir: Pakasir,
}

impl Workshop {
    /// Does one job.
    pub async fn work(self: Arc<Self>, job: Job) -> Outcome {
        let done = match job.kind.as_str() {
            CreateInvoice::KIND => create_invoice::work(&self, &job).await,
            PollPayment::KIND => ask_payment::poll(&self, &job).await,
            CheckPayment::KIND => ask_payment::check(&self, &job).await,
            ExpireOrder::KIND => expire_order::work(&self, &job).await,
            CancelInvoice::KIND => cancel_invoice::work(&self, &job).await,
            Deliver::KIND => deliver::work(&self, &job).await,
            Housekeeping::KIND => housekeeping::work(&self, &job).await,
            unknown => Ok(Outcome::Discard(anyhow!("no worker knows the kind '{unknown}'"))),
        };
        done.unwrap_or_else(Outcome::Retry)
    }

    /// One order, as it stands now.
    ///
    /// # Errors
    /// When there is no such order or the database fails.
    pub async fn order(&self, id: OrderId) -> anyhow::Result<Order> {
        self.reader.run(move |conn| order::store::get(conn, id)).await
    }

    /// Does `work` and completes the job in one transaction. When the claim is an old one, neither happens.
    ///
    /// # Errors
    /// When the claim is old, the work fails or the database does.
    pub async fn settle<F>(&self, claim: Claim, work: F) -> anyhow::Result<Outcome>
    where
        F: FnOnce(&Connection, &Shop) -> anyhow::Result<()> + Send + 'static,
    {
        let shop = self.shop.clone();
        self.writer
            .run(move |conn| {
                work(conn, &shop)?;
                anyhow::ensure!(
                    store::complete(conn, claim)?,
                    "the job was given to somebody else meanwhile"
                );
                Ok(())
            })
            .await?;
        Ok(Outcome::Settled)
    }

    /// There is nothing left to do.
    ///
    /// # Errors
    /// As [`Workshop::settle`].
    pub async fn nothing(&self, claim: Claim) -> anyhow::Result<Outcome> {
        self.settle(claim, |_, _| Ok(())).await
    }
}

/// What a gateway's trouble means for a job that can wait.
#[must_use]
pub fn trouble(error: GatewayError) -> Outcome {
    match error {
        GatewayError::Wait(pause) => Outcome::Snooze(pause),
        other => Outcome::Retry(other.into()),
    }
}

//! What every worker has at hand, and which worker does which kind of job.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde::Deserialize;

use super::{
    ask_payment, broadcast, cancel_invoice, create_invoice, deliver, expire_order, housekeeping,
    task::{
        AskUnknown, BeginBroadcast, CancelInvoice, CheckPayment, CreateInvoice, Deliver, ExpireOrder,
        Housekeeping, PollPayment, ReportBroadcast, Task, TellBroadcastStopped,
    },
    unknown_payment,
};
use crate::{
    clock::now,
    db::{Reader, Writer},
    gateways::{GatewayError, pakasir::Pakasir},
    keeper::durable::Durable,
    queue::{
        Claim, Job, Policy,
        periodic::{Missed, Periodic},
        store,
        worker::Outcome,
    },
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
    /// Waiting for what was committed to be off the machine.
    pub durable: Durable,
}

impl Workshop {
    /// Does one job.
    pub async fn work(self: Arc<Self>, job: Job) -> Outcome {
        crate::fail::hang(&job.kind).await;
        let done = match job.kind.as_str() {
            CreateInvoice::KIND => create_invoice::work(&self, &job).await,
            PollPayment::KIND => ask_payment::poll(&self, &job).await,
            CheckPayment::KIND => ask_payment::check(&self, &job).await,
            AskUnknown::KIND => unknown_payment::work(&self, &job).await,
            ExpireOrder::KIND => expire_order::work(&self, &job).await,
            CancelInvoice::KIND => cancel_invoice::work(&self, &job).await,
            Deliver::KIND => deliver::work(&self, &job).await,
            BeginBroadcast::KIND => broadcast::work::begin(&self, &job).await,
            ReportBroadcast::KIND => broadcast::work::report(&self, &job).await,
            TellBroadcastStopped::KIND => broadcast::work::tell_stopped(&self, &job).await,
            Housekeeping::KIND => housekeeping::work(&self, &job).await,
            unknown => Ok(Outcome::Discard(anyhow!("no worker knows the kind '{unknown}'"))),
        };
        done.unwrap_or_else(Outcome::Retry)
    }

    /// One order, as it stands now.
    ///
    /// # Errors
    /// When there is no such order or the database fails.
    pub async fn order(&self, id: OrderId) -> Result<Order> {
        self.reader.run(move |conn| order::store::get(conn, id)).await
    }

    /// Does `work` and completes the job in one transaction. When the claim is an old one, neither happens.
    ///
    /// # Errors
    /// When the claim is old, the work fails or the database does.
    pub async fn settle<F>(&self, claim: Claim, work: F) -> Result<Outcome>
    where
        F: FnOnce(&Connection, &Shop) -> Result<()> + Send + 'static,
    {
        let shop = self.shop.clone();
        self.writer
            .run(move |conn| {
                work(conn, &shop)?;
                anyhow::ensure!(
                    store::complete(conn, claim, now())?,
                    "the job was given to somebody else meanwhile"
                );
                Ok(())
            })
            .await?;
        Ok(Outcome::Settled)
    }

    /// A sign of life of a job that takes longer than its kind's time limit: the limit begins anew.
    ///
    /// # Errors
    /// When the job was given to somebody else meanwhile, or the database fails: the worker must stop.
    pub async fn still_at_it(&self, job: &Job) -> Result<()> {
        let (claim, lease) = (job.claim, policy_of(&job.kind).lease());
        let extended = self
            .writer
            .run(move |conn| store::extend(conn, claim, now().plus(lease)))
            .await?;
        anyhow::ensure!(extended, "the job was given to somebody else meanwhile");
        Ok(())
    }

    /// There is nothing left to do.
    ///
    /// # Errors
    /// As [`Workshop::settle`].
    pub async fn nothing(&self, claim: Claim) -> Result<Outcome> {
        self.settle(claim, |_, _| Ok(())).await
    }
}

/// How a kind of job is treated. One that nobody knows is given up by its worker, in the usual way.
#[must_use]
pub fn policy_of(kind: &str) -> Policy {
    match kind {
        CreateInvoice::KIND => CreateInvoice::policy(),
        PollPayment::KIND => PollPayment::policy(),
        CheckPayment::KIND => CheckPayment::policy(),
        AskUnknown::KIND => AskUnknown::policy(),
        ExpireOrder::KIND => ExpireOrder::policy(),
        CancelInvoice::KIND => CancelInvoice::policy(),
        Deliver::KIND => Deliver::policy(),
        BeginBroadcast::KIND => BeginBroadcast::policy(),
        ReportBroadcast::KIND => ReportBroadcast::policy(),
        TellBroadcastStopped::KIND => TellBroadcastStopped::policy(),
        Housekeeping::KIND => Housekeeping::policy(),
        _ => Policy::USUAL,
    }
}

/// The order that a job is about, by the code that people know it by.
#[must_use]
pub fn about(conn: &Connection, payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        order: OrderId,
    }
    let Named { order } = serde_json::from_str(payload).ok()?;
    Some(order::store::get(conn, order).ok()?.code)
}

/// What is done again and again, by the shop's clock.
#[must_use]
pub fn periodic() -> Vec<Periodic> {
    // Not on the hour, when a shop may be busy. A missed one is made up for: what is old does not wait.
    let housekeeping = Housekeeping {}
        .job(UnixMillis(0))
        .and_then(|job| Periodic::new(Housekeeping::KIND, "0 17 * * * *", Missed::Once, job));
    vec![housekeeping.expect("the line is a schedule")]
}

/// What a gateway's trouble means for a job that can wait.
#[must_use]
pub fn trouble(error: GatewayError) -> Outcome {
    match error {
        GatewayError::Wait(pause) => Outcome::Snooze(pause),
        other => Outcome::Retry(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_has_a_schedule_and_a_worker() {
        for periodic in periodic() {
            let policy = policy_of(periodic.job.kind);
            assert!(
                policy.attempts_max < Policy::USUAL.attempts_max,
                "{}: the next one comes anyway",
                periodic.name
            );
        }
    }
}

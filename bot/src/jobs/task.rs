//! The kinds of jobs, each with what its worker needs to know, and the key that keeps it from being enqueued twice.

use std::time::Duration;

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    queue::{Job, NewJob, Policy, Priority, QueueName, Unique, retry::Backoff, store},
    shop::{broadcast::BroadcastId, order::OrderId},
};

/// A kind of job: its name, how it is treated, and its key.
pub trait Task: Serialize + DeserializeOwned {
    /// Its name in the database; never changed, for rows carry it.
    const KIND: &'static str;
    /// How urgent it is.
    const PRIORITY: Priority;
    /// Where it stands; what can be paused and limited by itself.
    const QUEUE: QueueName = QueueName::UPKEEP;
    /// Tries before it is given up.
    const ATTEMPTS_MAX: u32 = Policy::USUAL.attempts_max;
    /// How long it waits after a failed try.
    const BACKOFF: Backoff = Policy::USUAL.backoff;
    /// How long it may run without a sign of life; see [`crate::jobs::Workshop::still_at_it`].
    const TIME_LIMIT: Duration = Policy::USUAL.time_limit;

    /// Two of the same key are the same job.
    fn unique_key(&self) -> String;

    /// For how long the key is taken: usually as long as the job is there.
    fn unique(&self) -> Unique {
        Unique::Present(self.full_key())
    }

    /// The key among all kinds.
    fn full_key(&self) -> String {
        format!("{}:{}", Self::KIND, self.unique_key())
    }

    /// How it is treated.
    #[must_use]
    fn policy() -> Policy {
        Policy {
            attempts_max: Self::ATTEMPTS_MAX,
            backoff: Self::BACKOFF,
            time_limit: Self::TIME_LIMIT,
        }
    }

    /// The job, not before `run_at`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    fn job(&self, run_at: UnixMillis) -> Result<NewJob> {
        let payload = serde_json::to_string(self).with_context(|| format!("writing a {} job", Self::KIND))?;
        Ok(NewJob {
            queue: Self::QUEUE,
            kind: Self::KIND,
            payload,
            priority: Self::PRIORITY,
            run_at,
            unique: self.unique(),
        })
    }

    /// Puts it into the queue of the caller's transaction, not before `run_at`.
    ///
    /// # Errors
    /// When the database fails.
    fn enqueue(&self, conn: &Connection, run_at: UnixMillis, now: UnixMillis) -> Result<()> {
        store::enqueue(conn, &self.job(run_at)?, now)?;
        Ok(())
    }

    /// Takes it back, where nobody has begun it.
    ///
    /// # Errors
    /// When the database fails.
    fn cancel(&self, conn: &Connection) -> Result<()> {
        store::cancel(conn, &self.full_key())?;
        Ok(())
    }

    /// Reads it back from a job.
    ///
    /// # Errors
    /// When the payload is not of this kind.
    fn of(job: &Job) -> Result<Self> {
        serde_json::from_str(&job.payload)
            .with_context(|| format!("reading the payload of a {} job", Self::KIND))
    }
}

/// Ask the gateway for an invoice and show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateInvoice {
    /// For this order.
    pub order: OrderId,
}

impl Task for CreateInvoice {
    const KIND: &'static str = "create_invoice";
    const PRIORITY: Priority = Priority::CUSTOMER;
    const QUEUE: QueueName = QueueName::INVOICES;

    fn unique_key(&self) -> String {
        self.order.0.to_string()
    }
}

/// Ask the gateway, again and again, whether an invoice is paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PollPayment {
    /// The order.
    pub order: OrderId,
    /// The gateway's number of the transaction.
    pub txn_id: String,
}

impl Task for PollPayment {
    const KIND: &'static str = "poll_payment";
    const PRIORITY: Priority = Priority::CUSTOMER;
    const QUEUE: QueueName = QueueName::MONEY;

    fn unique_key(&self) -> String {
        self.txn_id.clone()
    }
}

/// Ask the gateway once, because it sent word about a transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckPayment {
    /// The order.
    pub order: OrderId,
    /// The gateway's number of the transaction.
    pub txn_id: String,
}

impl Task for CheckPayment {
    const KIND: &'static str = "check_payment";
    const PRIORITY: Priority = Priority::GOODS;
    const QUEUE: QueueName = QueueName::MONEY;

    fn unique_key(&self) -> String {
        self.txn_id.clone()
    }

    /// Word that comes while the gateway is being asked is worth another question.
    fn unique(&self) -> Unique {
        Unique::Waiting(self.full_key())
    }
}

/// Ask the gateway about a transaction of an order that this shop never had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AskUnknown {
    /// The order, as the gateway calls it.
    pub code: String,
    /// The gateway's number of the transaction.
    pub txn_id: String,
    /// When the gateway spoke of it first.
    pub asked_at: UnixMillis,
}

impl Task for AskUnknown {
    const KIND: &'static str = "ask_unknown";
    const PRIORITY: Priority = Priority::UPKEEP;

    fn unique_key(&self) -> String {
        self.code.clone()
    }
}

/// Give an order up that nobody paid in time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExpireOrder {
    /// This order.
    pub order: OrderId,
}

impl Task for ExpireOrder {
    const KIND: &'static str = "expire_order";
    const PRIORITY: Priority = Priority::CUSTOMER;
    const QUEUE: QueueName = QueueName::MONEY;

    fn unique_key(&self) -> String {
        self.order.0.to_string()
    }
}

/// Tell the gateway that nobody will pay an invoice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelInvoice {
    /// Of this order.
    pub order: OrderId,
}

impl Task for CancelInvoice {
    const KIND: &'static str = "cancel_invoice";
    const PRIORITY: Priority = Priority::UPKEEP;

    fn unique_key(&self) -> String {
        self.order.0.to_string()
    }
}

/// Send the goods of a paid order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deliver {
    /// This order.
    pub order: OrderId,
}

impl Task for Deliver {
    const KIND: &'static str = "deliver";
    const PRIORITY: Priority = Priority::GOODS;
    const QUEUE: QueueName = QueueName::DELIVERY;

    fn unique_key(&self) -> String {
        self.order.0.to_string()
    }
}

/// Begin a broadcast at its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BeginBroadcast {
    /// This one.
    pub broadcast: BroadcastId,
}

impl Task for BeginBroadcast {
    const KIND: &'static str = "begin_broadcast";
    const PRIORITY: Priority = Priority::UPKEEP;
    const QUEUE: QueueName = QueueName::BROADCAST;

    fn unique_key(&self) -> String {
        self.broadcast.0.to_string()
    }
}

/// Show how far a broadcast is, until it rests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportBroadcast {
    /// This one.
    pub broadcast: BroadcastId,
}

impl Task for ReportBroadcast {
    const KIND: &'static str = "report_broadcast";
    const PRIORITY: Priority = Priority::UPKEEP;
    const QUEUE: QueueName = QueueName::BROADCAST;

    fn unique_key(&self) -> String {
        self.broadcast.0.to_string()
    }
}

/// Tell a broadcast's seller that it stopped by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellBroadcastStopped {
    /// This one.
    pub broadcast: BroadcastId,
}

impl Task for TellBroadcastStopped {
    const KIND: &'static str = "tell_broadcast_stopped";
    const PRIORITY: Priority = Priority::CUSTOMER;
    const QUEUE: QueueName = QueueName::BROADCAST;

    fn unique_key(&self) -> String {
        self.broadcast.0.to_string()
    }
}

/// Forget what is old enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Housekeeping {}

impl Task for Housekeeping {
    const KIND: &'static str = "housekeeping";
    const PRIORITY: Priority = Priority::UPKEEP;
    // It comes again in an hour anyway, and works through a long list of its own.
    const ATTEMPTS_MAX: u32 = 10;
    const TIME_LIMIT: Duration = Duration::from_secs(300);

    fn unique_key(&self) -> String {
        String::new()
    }
}

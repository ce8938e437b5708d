//! The kinds of jobs, each with what its worker needs to know, and the key that keeps it from being enqueued twice.

use anyhow::{Context, Result};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    queue::{Job, NewJob, Priority, store},
    shop::order::OrderId,
};

/// A kind of job: its name, its urgency and its key.
pub trait Task: Serialize + DeserializeOwned {
    /// Its name in the database; never changed, for rows carry it.
    const KIND: &'static str;
    /// How urgent it is.
    const PRIORITY: Priority;

    /// While a job of this key is there, another one is not added.
    fn unique_key(&self) -> String;

    /// Puts it into the queue of the caller's transaction, not before `run_at`.
    ///
    /// # Errors
    /// When the database fails.
    fn enqueue(&self, conn: &Connection, run_at: UnixMillis, now: UnixMillis) -> Result<()> {
        let job = NewJob {
            kind: Self::KIND,
            payload: serde_json::to_string(self)?,
            priority: Self::PRIORITY,
            run_at,
            unique_key: Some(format!("{}:{}", Self::KIND, self.unique_key())),
        };
        store::enqueue(conn, &job, now)?;
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

    fn unique_key(&self) -> String {
        self.txn_id.clone()
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

    fn unique_key(&self) -> String {
        self.order.0.to_string()
    }
}

/// Forget what is old enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Housekeeping {}

impl Task for Housekeeping {
    const KIND: &'static str = "housekeeping";
    const PRIORITY: Priority = Priority::UPKEEP;

    fn unique_key(&self) -> String {
        String::new()
    }
}

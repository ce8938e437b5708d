//! One transaction and the three ways the gateway shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where a transaction stands. There is no "expired": what is not paid is canceled in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Completed,
    Canceled,
}

/// One transaction. Amounts are whole rupiah.
#[derive(Clone, Serialize, Deserialize)]
pub struct Transaction {
    pub txn_id: String,
    pub project: String,
    pub order_id: String,
    pub method: String,
    /// What was asked for, without the fee.
    pub amount: i64,
    pub fee: i64,
    /// What the customer is shown.
    pub total_payment: i64,
    pub qr_string: Option<String>,
    pub va_number: Option<String>,
    pub created_at: Timestamp,
    pub expired_at: Timestamp,
    pub is_sandbox: bool,
    pub status: Status,
    pub completed_at: Option<Timestamp>,
    /// What status and webhook say instead of `amount`, once a wrong amount was paid.
    pub paid_amount: Option<i64>,
    /// Paid by itself as soon as it is canceled or its time is over.
    pub pays_when_closed: bool,
    #[serde(skip)]
    pub last_asked: Option<Timestamp>,
}

impl Transaction {
    /// Whether the gateway still offers it for payment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status == Status::Pending && now < self.expired_at
    }

    /// Where it stands now: money that is still on its way has not come.
    fn status_at(&self, now: Timestamp) -> (Status, Option<String>) {
        match self.completed_at {
            Some(at) if at > now => (Status::Pending, None),
            at => (self.status, at.map(iso)),
        }
    }

    /// The answer to create.
    pub fn as_created(&self, now: Timestamp) -> Value {
        let (status, completed_at) = self.status_at(now);
        json!({
            "txn_id": self.txn_id,
            "project": self.project,
            "order_id": self.order_id,
            "amount": self.amount,
            "fee": self.fee,
            "total_payment": self.total_payment,
            "payment_method": self.method,
            "qr_string": self.qr_string,
            "va_number": self.va_number,
            "expired_at": iso(self.expired_at),
            "is_sandbox": self.is_sandbox,
            "status": status,
            "completed_at": completed_at,
        })
    }

    /// The answer to status, also the body of the webhook.
    pub fn as_status(&self, now: Timestamp) -> Value {
        let (status, completed_at) = self.status_at(now);
        json!({
            "txn_id": self.txn_id,
            "order_id": self.order_id,
            "amount": self.paid_amount.unwrap_or(self.amount),
            "is_sandbox": self.is_sandbox,
            "status": status,
            "completed_at": completed_at,
        })
    }

    /// Everything, for the control API.
    pub fn as_known(&self, now: Timestamp) -> Value {
        let mut known = self.as_created(now);
        known["created_at"] = json!(iso(self.created_at));
        known["paid_amount"] = json!(self.paid_amount);
        known["pays_when_closed"] = json!(self.pays_when_closed);
        known["open"] = json!(self.is_open(now));
        known
    }
}

/// RFC 3339 with milliseconds, as the gateway writes it.
fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

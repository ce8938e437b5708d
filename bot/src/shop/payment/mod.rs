//! Money that a gateway says came in. Only the gateway's own answer counts; a webhook is a hint to go and ask.

pub mod confirm;
pub mod store;

use protocol::time::UnixMillis;

use super::{money::Rupiah, order::OrderId};

/// A payment's number inside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentId(pub i64);

/// The gateway's word on one transaction, as it answered our own question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The gateway's number for the transaction.
    pub txn_id: String,
    /// The order's code that it belongs to.
    pub order_code: String,
    /// What was paid, without the gateway's fee.
    pub amount: Rupiah,
    /// Whether this is play money.
    pub sandbox: bool,
    /// How far it is.
    pub status: Status,
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody has paid.
    Pending,
    /// The money came.
    Completed,
    /// Nobody can pay it any more.
    Canceled,
}

/// An invoice as the gateway made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The gateway's number for the transaction.
    pub txn_id: String,
    /// The price, without fee.
    pub amount: Rupiah,
    /// What the gateway adds for the customer.
    pub fee: Rupiah,
    /// What the customer pays.
    pub total: Rupiah,
    /// The text of the QR picture.
    pub qr: String,
    /// Whether this is play money.
    pub sandbox: bool,
}

/// A payment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its number.
    pub id: PaymentId,
    /// The order it is for.
    pub order: OrderId,
    /// The invoice.
    pub invoice: Invoice,
    /// How far it is, as far as we know.
    pub status: Status,
    /// When the gateway was asked last.
    pub asked_at: Option<UnixMillis>,
}

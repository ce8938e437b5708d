//! Money that is not ours to keep: who is owed what, why, and what a person decided.
//! No gateway here pays back by itself; the shop keeps the list and a seller does it.

pub mod store;

use protocol::time::UnixMillis;

use super::{money::Rupiah, order::OrderId, payment::PaymentId};

/// A refund's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefundId(pub i64);

/// Why the money is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It came after the item was given up, and there was no other.
    Late,
    /// The order had its money already.
    Second,
    /// It was another amount than the price.
    WrongAmount,
}

impl Reason {
    /// Every reason with its name in the database.
    pub const ALL: [(&'static str, Self); 3] = [
        ("late", Self::Late),
        ("second", Self::Second),
        ("wrong_amount", Self::WrongAmount),
    ];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(_, reason)| *reason == self)
            .expect("every reason is in ALL")
            .0
    }
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The money went back.
    Done,
    /// A wrong amount was accepted as the price.
    Kept,
}

/// One that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its number.
    pub id: RefundId,
    /// The payment that it gives back.
    pub payment: PaymentId,
    /// The order that the payment was for.
    pub order: OrderId,
    /// How much.
    pub amount: Rupiah,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub due_at: UnixMillis,
}

//! The pretend Pakasir, version 2 of its interface, below `/pakasir`.
//! Its money is of no country; everything else is as a shop would meet it.

mod account;
mod fee;
mod http;
mod notify;
mod pay;
mod qris;
mod rules;
mod transaction;

pub use account::{Account, Settings};
pub use http::call;
pub use notify::{Notice, send_notices};
pub use pay::{NotPaid, Payment, pay, pay_what_is_due};
pub use transaction::Transaction;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use rules::Window;

/// Transactions that are kept; the oldest are forgotten.
const TRANSACTIONS_MAX: usize = 100_000;

/// Everything the gateway remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gateway {
    pub account: Account,
    /// Oldest first.
    pub transactions: Vec<Transaction>,
    /// Webhooks to send or to send again.
    pub notices: VecDeque<Notice>,
    next: u64,
    #[serde(skip)]
    creates: Window,
    #[serde(skip)]
    cancels: Window,
}

impl Gateway {
    /// The transaction of this id.
    pub fn transaction(&self, txn_id: &str) -> Option<&Transaction> {
        self.transactions
            .iter()
            .find(|transaction| transaction.txn_id == txn_id)
    }

    /// As [`Gateway::transaction`], to change it.
    pub fn transaction_mut(&mut self, txn_id: &str) -> Option<&mut Transaction> {
        self.transactions
            .iter_mut()
            .find(|transaction| transaction.txn_id == txn_id)
    }

    /// Keeps a transaction.
    fn push(&mut self, transaction: Transaction) {
        if self.transactions.len() >= TRANSACTIONS_MAX {
            self.transactions.remove(0);
        }
        self.transactions.push(transaction);
    }

    /// A fresh transaction id: nine letters and digits that do not look like a counter.
    fn take_txn_id(&mut self) -> String {
        self.next += 1;
        // An odd factor makes this one-to-one below 2^46: no id comes twice.
        let mut rest = self.next.wrapping_mul(0x1e35_a7bd_39c5) & ((1 << 46) - 1);
        let mut id = String::new();
        for _ in 0..9 {
            let digit = u32::try_from(rest % 36).expect("a remainder of 36 is small");
            id.push(char::from_digit(digit, 36).expect("below 36"));
            rest /= 36;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_transaction_id_comes_twice() {
        let mut gateway = Gateway::default();
        let ids: BTreeSet<_> = (0..10_000).map(|_| gateway.take_txn_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 9));
    }
}

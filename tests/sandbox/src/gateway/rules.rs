//! What the gateway does with each of its calls. Pure: state in, answer out.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Gateway, fee, qris, transaction::Status, transaction::Transaction};

/// Creates, and cancels, in any one second.
const CALLS_PER_S: usize = 2;
/// Between two questions about the same transaction.
const STATUS_EVERY_S: i64 = 4;
const ORDER_ID_MAX: usize = 100;

/// An HTTP status and what the gateway says with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused(pub u16, pub &'static str);

const TOO_MANY: Refused = Refused(429, "Terlalu banyak permintaan, coba lagi nanti");
const NOT_FOUND: Refused = Refused(404, "Transaksi tidak ditemukan");

/// The calls of the last second.
#[derive(Default)]
pub struct Window(VecDeque<Timestamp>);

impl Window {
    fn take(&mut self, now: Timestamp) -> Result<(), Refused> {
        let a_second_ago = now - SignedDuration::from_secs(1);
        while self.0.front().is_some_and(|at| *at <= a_second_ago) {
            self.0.pop_front();
        }
        if self.0.len() >= CALLS_PER_S {
            return Err(TOO_MANY);
        }
        self.0.push_back(now);
        Ok(())
    }
}

impl Gateway {
    /// Finds or creates: the same order id, method and amount is the same transaction.
    pub fn create(
        &mut self,
        order_id: &str,
        method: &str,
        amount: i64,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        self.creates.take(now)?;
        if order_id.is_empty() || order_id.len() > ORDER_ID_MAX {
            return Err(Refused(400, "order_id tidak valid"));
        }
        let fee = fee::of(method, amount).ok_or(Refused(400, "Metode pembayaran tidak tersedia"))?;
        if !fee::range(method).contains(&amount) {
            return Err(Refused(400, "Nominal di luar batas metode pembayaran"));
        }
        let known = self.transactions.iter().find(|known| known.order_id == order_id);
        match known {
            Some(known) if known.method == method && known.amount == amount => Ok(answer(known, now)),
            Some(_) => Err(Refused(
                409,
                "order_id sudah dipakai dengan nominal atau metode lain",
            )),
            None => {
                let made = self.make(order_id, method, (amount, fee), now);
                let created = answer(&made, now);
                self.push(made);
                Ok(created)
            }
        }
    }

    /// A new transaction that is not kept yet.
    pub(super) fn make(
        &mut self,
        order_id: &str,
        method: &str,
        (amount, fee): (i64, i64),
        now: Timestamp,
    ) -> Transaction {
        let txn_id = self.take_txn_id();
        let total_payment = amount + fee;
        let qr = qris::text(&txn_id, &self.account.project, total_payment);
        Transaction {
            project: self.account.project.clone(),
            order_id: order_id.to_owned(),
            method: method.to_owned(),
            amount,
            fee,
            total_payment,
            qr_string: (method == "qris").then_some(qr),
            va_number: fee::BANKS
                .contains(&method)
                .then(|| format!("88810{:011}", self.next)),
            created_at: now,
            expired_at: now + SignedDuration::from_secs(self.account.window_s),
            is_sandbox: self.account.is_sandbox,
            status: Status::Pending,
            completed_at: None,
            paid_amount: None,
            pays_when_closed: false,
            last_asked: None,
            txn_id,
        }
    }

    /// What became of a transaction; asked too soon again, it does not say.
    pub fn status(&mut self, txn_id: &str, now: Timestamp) -> Result<Value, Refused> {
        let transaction = self.transaction_mut(txn_id).ok_or(NOT_FOUND)?;
        let too_soon = SignedDuration::from_secs(STATUS_EVERY_S);
        if transaction
            .last_asked
            .is_some_and(|last| now.duration_since(last) < too_soon)
        {
            return Err(TOO_MANY);
        }
        transaction.last_asked = Some(now);
        Ok(transaction.as_status(now))
    }

    /// Takes a transaction off the market, unless it is paid.
    pub fn cancel(&mut self, txn_id: &str, now: Timestamp) -> Result<Value, Refused> {
        self.cancels.take(now)?;
        let transaction = self.transaction_mut(txn_id).ok_or(NOT_FOUND)?;
        match transaction.status {
            Status::Pending => transaction.status = Status::Canceled,
            Status::Completed => return Err(Refused(400, "Transaksi sudah dibayar")),
            Status::Canceled => return Err(Refused(400, "Transaksi sudah dibatalkan")),
        }
        Ok(json!({ "message": "Berhasil batalkan transaksi" }))
    }

    /// The fee of every method for an amount.
    pub fn fees(amount: &str) -> Result<Value, Refused> {
        let amount = amount
            .parse()
            .ok()
            .filter(|amount| (1..=50_000_000).contains(amount));
        amount.map(fee::table).ok_or(Refused(400, "Nominal tidak valid"))
    }
}

fn answer(transaction: &Transaction, now: Timestamp) -> Value {
    if transaction.method == "payment_link" {
        let link = format!("/pay-v2/{}", transaction.txn_id);
        return json!({ "txn_id": transaction.txn_id, "payment_link": link });
    }
    transaction.as_created(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn the_same_order_is_found_again_and_another_amount_is_refused() {
        let mut gateway = Gateway::default();
        let first = gateway.create("A-1", "qris", 25_000, at(0)).unwrap();
        assert_eq!(gateway.create("A-1", "qris", 25_000, at(1)).unwrap(), first);
        assert_eq!(
            gateway.create("A-1", "qris", 26_000, at(2000)).unwrap_err().0,
            409
        );
        assert_eq!(
            (first["fee"].as_i64(), first["total_payment"].as_i64()),
            (Some(485), Some(25_485))
        );
    }

    #[test]
    fn a_third_create_in_a_second_is_too_many() {
        let mut gateway = Gateway::default();
        let mut create = |order: &str, ms| gateway.create(order, "qris", 500, at(ms)).map(|_| ());
        assert_eq!(
            [create("1", 0), create("2", 1), create("3", 999)],
            [Ok(()), Ok(()), Err(TOO_MANY)]
        );
        assert_eq!(create("3", 1000), Ok(()));
    }

    #[test]
    fn status_is_told_once_in_four_seconds() {
        let mut gateway = Gateway::default();
        let txn = gateway.create("A", "qris", 500, at(0)).unwrap()["txn_id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(gateway.status(&txn, at(0)).unwrap()["status"], "pending");
        assert_eq!(gateway.status(&txn, at(3999)), Err(TOO_MANY));
        assert!(gateway.status(&txn, at(4000)).is_ok());
        assert_eq!(gateway.status("nope", at(4000)), Err(NOT_FOUND));
    }

    #[test]
    fn a_transaction_is_canceled_once() {
        let mut gateway = Gateway::default();
        let txn = gateway.create("A", "qris", 500, at(0)).unwrap()["txn_id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(gateway.cancel(&txn, at(0)).is_ok());
        assert_eq!(gateway.cancel(&txn, at(1)).unwrap_err().0, 400);
    }

    #[test]
    fn amounts_outside_a_methods_range_are_refused() {
        let mut gateway = Gateway::default();
        assert_eq!(gateway.create("A", "qris", 499, at(0)).unwrap_err().0, 400);
        assert_eq!(
            gateway.create("A", "qris", 10_000_001, at(1000)).unwrap_err().0,
            400
        );
        assert_eq!(gateway.create("A", "cash", 1_000, at(2000)).unwrap_err().0, 400);
    }
}

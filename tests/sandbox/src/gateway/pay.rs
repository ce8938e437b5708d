//! Payments on demand: what a customer, a bank and the network do to a transaction.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Gateway, Transaction, notify::Notice, qris, transaction::Status};

/// Copies of one webhook.
const TIMES_MAX: u32 = 100;
const DELAY_MAX_MS: u32 = 24 * 3600 * 1000;
/// A bank takes a moment, even when it is late.
const LATE_BY: SignedDuration = SignedDuration::from_secs(1);

/// The course that a payment takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Paid in time and in full.
    #[default]
    Normal,
    /// Paid although it is canceled or over; if it is still open, as soon as it is not.
    Late,
    /// Paid, and then a second transaction of the same order is paid too.
    Twice,
    /// Another amount arrives: `amount`, or half.
    WrongAmount,
}

/// One payment, as the control API takes it.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payment {
    /// Which transaction: by its id, by the order (the newest), or by what was scanned.
    pub txn_id: Option<String>,
    pub order_id: Option<String>,
    pub qr_string: Option<String>,
    pub how: How,
    /// With `wrong_amount`: what arrives, in whole rupiah.
    pub amount: Option<i64>,
    /// Marks the transaction as one of the gateway's test mode.
    pub is_sandbox: bool,
    pub webhook: Webhook,
}

/// What happens to the webhook of a payment.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// It never leaves the gateway.
    pub lost: bool,
    /// How many copies are sent.
    pub times: u32,
    pub delay_ms: u32,
    /// Sent with this secret in place of the right one.
    pub secret: Option<String>,
    /// It arrives now, and the money only this much later: a question in between says "pending".
    pub ahead_ms: u32,
    /// The body says `pending`, as in the gateway's own documentation.
    pub says_pending: bool,
}

impl Default for Webhook {
    fn default() -> Webhook {
        Webhook {
            lost: false,
            times: 1,
            delay_ms: 0,
            secret: None,
            ahead_ms: 0,
            says_pending: false,
        }
    }
}

/// Why a payment did not happen.
#[derive(Debug, PartialEq, Eq)]
pub enum NotPaid {
    Unknown,
    Impossible(&'static str),
}

/// Carries out a payment. Returns the ids of the transactions that were paid or will be.
pub fn pay(gateway: &mut Gateway, payment: &Payment, now: Timestamp) -> Result<Vec<String>, NotPaid> {
    if !(1..=TIMES_MAX).contains(&payment.webhook.times) {
        return Err(NotPaid::Impossible("webhook.times must be 1 to 100"));
    }
    if payment.webhook.delay_ms.max(payment.webhook.ahead_ms) > DELAY_MAX_MS {
        return Err(NotPaid::Impossible("webhook delays must be at most a day"));
    }
    let txn_id = find(gateway, payment).ok_or(NotPaid::Unknown)?;
    let transaction = gateway.transaction_mut(&txn_id).ok_or(NotPaid::Unknown)?;
    match (payment.how, transaction.status) {
        (How::Late, Status::Completed) => return Err(NotPaid::Impossible("the transaction is paid already")),
        (How::Late, _) if transaction.is_open(now) => {
            transaction.pays_when_closed = true;
            return Ok(vec![txn_id]);
        }
        (How::Late, _) => complete(gateway, &txn_id, payment, now),
        (How::Normal | How::WrongAmount, _) if !transaction.is_open(now) => {
            return Err(NotPaid::Impossible(
                "the transaction is not open any more; pay it with how: late",
            ));
        }
        (How::Normal | How::WrongAmount, _) => complete(gateway, &txn_id, payment, now),
        (How::Twice, Status::Completed) => return Ok(vec![pay_again(gateway, &txn_id, payment, now)]),
        (How::Twice, _) => {
            complete(gateway, &txn_id, payment, now);
            let second = pay_again(gateway, &txn_id, payment, now);
            return Ok(vec![txn_id, second]);
        }
    }
    Ok(vec![txn_id])
}

/// Pays what was to be paid once closed. Says whether anything was.
pub fn pay_what_is_due(gateway: &mut Gateway, now: Timestamp) -> bool {
    let is_due = |transaction: &&Transaction| {
        transaction.pays_when_closed && !transaction.is_open(now) && transaction.status != Status::Completed
    };
    let due: Vec<_> = gateway
        .transactions
        .iter()
        .filter(is_due)
        .map(|paid| paid.txn_id.clone())
        .collect();
    for txn_id in &due {
        let payment = Payment::default();
        complete(gateway, txn_id, &payment, now + LATE_BY);
    }
    !due.is_empty()
}

fn find(gateway: &Gateway, payment: &Payment) -> Option<String> {
    if let Some(txn_id) = payment
        .txn_id
        .as_deref()
        .or_else(|| qris::txn_id(payment.qr_string.as_deref()?))
    {
        return Some(txn_id.to_owned());
    }
    let order_id = payment.order_id.as_deref()?;
    let newest = gateway
        .transactions
        .iter()
        .rev()
        .find(|transaction| transaction.order_id == order_id);
    newest.map(|transaction| transaction.txn_id.clone())
}

/// A second transaction for the order of the first, already paid.
fn pay_again(gateway: &mut Gateway, first: &str, payment: &Payment, now: Timestamp) -> String {
    let first = gateway
        .transaction(first)
        .expect("the caller has just found it")
        .clone();
    let second = gateway.make(&first.order_id, &first.method, (first.amount, first.fee), now);
    let txn_id = second.txn_id.clone();
    gateway.push(second);
    complete(gateway, &txn_id, payment, now);
    txn_id
}

fn complete(gateway: &mut Gateway, txn_id: &str, payment: &Payment, now: Timestamp) {
    let transaction = gateway
        .transaction_mut(txn_id)
        .expect("the caller has just found it");
    let paid_at = now + SignedDuration::from_millis(i64::from(payment.webhook.ahead_ms));
    transaction.status = Status::Completed;
    transaction.completed_at = Some(paid_at);
    transaction.pays_when_closed = false;
    transaction.is_sandbox |= payment.is_sandbox;
    if payment.how == How::WrongAmount {
        transaction.paid_amount = Some(payment.amount.unwrap_or(transaction.amount / 2));
    }
    let mut body = transaction.as_status(paid_at);
    if payment.webhook.says_pending {
        body["status"] = "pending".into();
    }
    if payment.webhook.lost {
        return;
    }
    let due_at = now + SignedDuration::from_millis(i64::from(payment.webhook.delay_ms));
    for _ in 0..payment.webhook.times {
        gateway
            .notices
            .push_back(Notice::new(body.clone(), payment.webhook.secret.clone(), due_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn gateway() -> (Gateway, String) {
        let mut gateway = Gateway::default();
        let created = gateway.create("A-1", "qris", 25_000, now()).unwrap();
        let txn_id = created["txn_id"].as_str().unwrap().to_owned();
        (gateway, txn_id)
    }

    fn payment(how: How) -> Payment {
        Payment {
            order_id: Some("A-1".into()),
            how,
            ..Payment::default()
        }
    }

    #[test]
    fn a_payment_completes_the_transaction_and_sends_one_webhook() {
        let (mut gateway, txn_id) = gateway();
        let paid = pay(&mut gateway, &payment(How::Normal), now()).unwrap();
        assert_eq!(paid, std::slice::from_ref(&txn_id));
        assert_eq!(gateway.transaction(&txn_id).unwrap().status, Status::Completed);
        assert_eq!(gateway.notices.len(), 1);
    }

    #[test]
    fn paid_twice_makes_a_second_transaction_of_the_same_order() {
        let (mut gateway, _) = gateway();
        let paid = pay(&mut gateway, &payment(How::Twice), now()).unwrap();
        assert_eq!(paid.len(), 2);
        let orders: Vec<_> = paid
            .iter()
            .map(|id| &gateway.transaction(id).unwrap().order_id)
            .collect();
        assert_eq!(orders, ["A-1", "A-1"]);
        assert_eq!(gateway.notices.len(), 2);
    }

    #[test]
    fn a_late_payment_waits_until_the_transaction_is_closed() {
        let (mut gateway, txn_id) = gateway();
        pay(&mut gateway, &payment(How::Late), now()).unwrap();
        assert!(!pay_what_is_due(&mut gateway, now()));
        gateway.cancel(&txn_id, now()).unwrap();
        assert!(pay_what_is_due(&mut gateway, now()));
        assert_eq!(gateway.transaction(&txn_id).unwrap().status, Status::Completed);
    }

    #[test]
    fn a_wrong_amount_is_what_status_then_says() {
        let (mut gateway, txn_id) = gateway();
        pay(
            &mut gateway,
            &Payment {
                amount: Some(1),
                ..payment(How::WrongAmount)
            },
            now(),
        )
        .unwrap();
        assert_eq!(gateway.status(&txn_id, now()).unwrap()["amount"], 1);
    }

    #[test]
    fn a_lost_webhook_is_not_sent_and_a_canceled_transaction_is_not_paid_in_time() {
        let (mut gateway, txn_id) = gateway();
        gateway.cancel(&txn_id, now()).unwrap();
        assert!(matches!(
            pay(&mut gateway, &payment(How::Normal), now()),
            Err(NotPaid::Impossible(_))
        ));
        let lost = Webhook {
            lost: true,
            ..Webhook::default()
        };
        pay(
            &mut gateway,
            &Payment {
                webhook: lost,
                ..payment(How::Late)
            },
            now(),
        )
        .unwrap();
        assert!(gateway.notices.is_empty());
    }
}

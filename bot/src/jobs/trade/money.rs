//! Money that came in, and money that goes back: booked, told, and put on the list of what is due.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{advance, tell_sellers};
use crate::{
    incident::{self, Kind},
    jobs::notices,
    outbox::{self, NewSend},
    shop::{
        Shop,
        customer::{self, CustomerId},
        ledger::{self, Account},
        money::Rupiah,
        order::{self, Event, Order},
        payment::{
            self, Answer, Payment, PaymentId,
            confirm::{Mode, Verdict, judge},
        },
        refund::{self, Decision, Reason, RefundId},
        stock,
    },
};

/// Takes a gateway's answer in: books the money, moves the order, tells whom it concerns.
///
/// # Errors
/// When the database fails.
pub fn take_payment(
    conn: &Connection,
    shop: &Shop,
    gateway: &'static str,
    order: &Order,
    answer: &Answer,
    mode: Mode,
    now: UnixMillis,
) -> Result<Verdict> {
    let known = payment::store::by_txn(conn, gateway, &answer.txn_id)?;
    let taken_in = known
        .as_ref()
        .is_some_and(|payment| payment.status == payment::Status::Completed);
    let verdict = judge(order, answer, taken_in, mode);
    match verdict {
        Verdict::NotYet | Verdict::Known => {}
        Verdict::Closed => {
            if let Some(payment) = known {
                payment::store::cancel(conn, payment.id)?;
            }
        }
        Verdict::Foreign(reason) => {
            let text = incident::facts(&[gateway, &order.code, reason]);
            incident::store::raise(conn, Kind::PaymentMismatch, &text, now)?;
        }
        Verdict::Confirmed | Verdict::Late | Verdict::Second | Verdict::WrongAmount => {
            let id = booked(conn, gateway, order, known, answer, now)?;
            book(conn, shop, order, id, answer.amount, verdict, now)?;
        }
    }
    Ok(verdict)
}

/// Marks the payment as completed; one that we did not ask for becomes a row first.
fn booked(
    conn: &Connection,
    gateway: &str,
    order: &Order,
    known: Option<Payment>,
    answer: &Answer,
    now: UnixMillis,
) -> Result<PaymentId> {
    let id = match known {
        Some(payment) => payment.id,
        None => {
            let invoice = payment::Invoice {
                txn_id: answer.txn_id.clone(),
                amount: answer.amount,
                fee: Rupiah(0),
                total: answer.amount,
                qr: String::new(),
                sandbox: answer.sandbox,
            };
            payment::store::open(conn, gateway, order.id, &invoice, now)?
        }
    };
    anyhow::ensure!(
        payment::store::complete(conn, id, answer.amount, now)?,
        "a payment was booked twice"
    );
    Ok(id)
}

fn book(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    payment: PaymentId,
    amount: Rupiah,
    verdict: Verdict,
    now: UnixMillis,
) -> Result<()> {
    let late_stock = verdict == Verdict::Late && stock::store::sell_free(conn, order.product, order.id)?;
    let (account, event, reason) = match verdict {
        Verdict::Confirmed => (Account::Sales, Some(Event::PaymentConfirmed), None),
        Verdict::Late if late_stock => (Account::Sales, Some(Event::LatePaymentStockFound), None),
        Verdict::Late => (
            Account::OwedBack,
            Some(Event::LatePaymentStockGone),
            Some(Reason::Late),
        ),
        Verdict::WrongAmount => (
            Account::Review,
            Some(Event::WrongAmountPaid),
            Some(Reason::WrongAmount),
        ),
        _ => (Account::OwedBack, None, Some(Reason::Second)),
    };
    if amount.0 != 0 {
        ledger::store::post(conn, account, Account::Gateway, amount, payment, now)?;
    }
    let order = match event {
        Some(event) => advance(conn, shop, order, event, now)?,
        None => order.clone(),
    };
    match reason {
        Some(reason) => owe(conn, shop, &order, payment, amount, reason, now),
        None => Ok(()),
    }
}

/// Puts money on the list of what is due and tells customer, seller and owner.
fn owe(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    payment: PaymentId,
    amount: Rupiah,
    reason: Reason,
    now: UnixMillis,
) -> Result<()> {
    if !refund::store::owe(conn, payment, order.id, amount, reason, now)? {
        return Ok(());
    }
    let language = customer::store::language(conn, order.customer, shop.language)?;
    let screen = match reason {
        Reason::Late => notices::refund_due(language, order, amount, reason),
        Reason::Second => notices::second_payment(language, order, amount),
        Reason::WrongAmount => notices::review(language, order, amount),
    };
    outbox::store::enqueue(
        conn,
        &NewSend::notice(order.customer, Some(order.id), screen),
        now,
    )?;
    tell_sellers(conn, shop, order, now, |language| match reason {
        Reason::WrongAmount => notices::seller_review(language, order, amount),
        Reason::Late | Reason::Second => notices::seller_refund_due(language, order, amount, reason),
    })?;
    let text = incident::facts(&[&amount.to_string(), &order.code, reason.name()]);
    incident::store::raise(conn, Kind::MoneyOwed, &text, now)?;
    Ok(())
}

/// A seller settles what is due. `false`: somebody did before, or what was wished does not fit.
///
/// # Errors
/// When the database fails.
pub fn settle_refund(
    conn: &Connection,
    shop: &Shop,
    id: RefundId,
    decision: Decision,
    by: CustomerId,
    now: UnixMillis,
) -> Result<bool> {
    let Some(due) = refund::store::due_by_id(conn, id)? else {
        return Ok(false);
    };
    let order = order::store::get(conn, due.order)?;
    let owed_on = if due.reason == Reason::WrongAmount {
        Account::Review
    } else {
        Account::OwedBack
    };
    let (to, event) = match (decision, due.reason) {
        (Decision::Done, Reason::Late | Reason::WrongAmount) => (Account::Gateway, Some(Event::RefundDone)),
        // The order itself is served; only its second payment goes back.
        (Decision::Done, Reason::Second) => (Account::Gateway, None),
        (Decision::Kept, Reason::WrongAmount) => {
            if !has_item(conn, &order)? {
                return Ok(false);
            }
            (Account::Sales, Some(Event::ReviewAccepted))
        }
        (Decision::Kept, Reason::Late | Reason::Second) => return Ok(false),
    };
    if !refund::store::settle(conn, id, decision, by, now)? {
        return Ok(false);
    }
    if due.amount.0 != 0 {
        // What was booked from `owed_on` to the gateway's account goes the other way, or becomes a sale.
        let (from, to) = if to == Account::Gateway {
            (Account::Gateway, owed_on)
        } else {
            (to, owed_on)
        };
        ledger::store::post(conn, from, to, due.amount, due.payment, now)?;
    }
    match event {
        Some(event) => {
            advance(conn, shop, &order, event, now)?;
        }
        // The order does not move, so nothing else would tell the customer.
        None => {
            let language = customer::store::language(conn, order.customer, shop.language)?;
            let screen = notices::second_refunded(language, &order, due.amount);
            outbox::store::enqueue(
                conn,
                &NewSend::notice(order.customer, Some(order.id), screen),
                now,
            )?;
        }
    }
    Ok(true)
}

/// An order under review keeps its item, unless it was given up before the money came: then another one.
fn has_item(conn: &Connection, order: &Order) -> Result<bool> {
    Ok(stock::store::sell_reserved(conn, order.id)?
        || stock::store::sell_free(conn, order.product, order.id)?)
}

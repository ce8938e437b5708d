//! The trade's moves: a decision of `shop` together with everything that follows from it, in the caller's transaction.
//! Nothing here waits and nothing leaves the machine: what must leave is enqueued.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{
    notices,
    task::{CancelInvoice, CreateInvoice, Deliver, ExpireOrder, Task},
};
use crate::{
    incident::{self, Kind},
    outbox::{self, Lane, NewSend, Outgoing, Policy, Purpose, Screen, Target},
    shop::{
        Shop,
        catalog::{self, ProductId},
        customer::{self, CustomerId, Language},
        ledger::{self, Account},
        money::Rupiah,
        order::{self, Effect, Event, OPEN_ORDERS_MAX, Order, State, machine},
        payment::{
            self, Answer, Payment, PaymentId,
            confirm::{Mode, Verdict, judge},
        },
        refund::{self, Decision, Reason, RefundId},
        stock, switch,
    },
};

/// The picture of a paid order can wait: the goods go first.
const GOODS_FIRST: Duration = Duration::from_millis(2_500);

/// What became of a wish to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// An order; its QR follows by itself.
    New(Order),
    /// There is an unpaid order for the same product already.
    Again(Order),
    /// The last one is gone, or kept for somebody else.
    SoldOut,
    /// There is no such product on sale.
    NotOnSale,
    /// The customer has too many unpaid orders.
    TooManyOpen,
    /// The shop does not sell at the moment.
    Paused,
}

/// Places an order: reserves the item and enqueues invoice and expiry.
///
/// # Errors
/// When the database fails.
pub fn place(
    conn: &Connection,
    shop: &Shop,
    customer: CustomerId,
    product: ProductId,
    now: UnixMillis,
) -> Result<Placed> {
    let open = order::store::open_of_customer(conn, customer)?;
    if let Some(same) = open.iter().find(|order| order.product == product && order.pay_before > now) {
        return Ok(Placed::Again(same.clone()));
    }
    if switch::store::paused(conn)?.is_some() {
        return Ok(Placed::Paused);
    }
    let Some(product) = catalog::store::get(conn, product)?.filter(|product| product.on_sale) else {
        return Ok(Placed::NotOnSale);
    };
    if i64::try_from(open.len())? >= OPEN_ORDERS_MAX {
        return Ok(Placed::TooManyOpen);
    }
    if product.free == 0 {
        return Ok(Placed::SoldOut);
    }
    let code = order::new_code(now, &mut rand::rng());
    let pay_before = now.plus(shop.payment_window);
    let id = order::store::place(conn, &code, customer, &product, now, pay_before)?;
    // Counted above in the same transaction, and there is one writer: an item is there.
    anyhow::ensure!(stock::store::reserve(conn, product.id, id)?, "an item that was counted is not there");
    CreateInvoice { order: id }.enqueue(conn, now, now)?;
    ExpireOrder { order: id }.enqueue(conn, pay_before, now)?;
    Ok(Placed::New(order::store::get(conn, id)?))
}

/// Moves an order and does what follows from the move.
///
/// # Errors
/// When the order cannot take the event, or the database fails; then nothing has moved.
pub fn advance(conn: &Connection, shop: &Shop, order: &Order, event: Event, now: UnixMillis) -> Result<Order> {
    let (state, effects) = machine::apply(order.state, event)?;
    order::store::advance(conn, order.id, order.state, state, now)?;
    let order = Order { state, ..order.clone() };
    for effect in effects {
        follow(conn, shop, &order, *effect, now)?;
    }
    Ok(order)
}

fn follow(conn: &Connection, shop: &Shop, order: &Order, effect: Effect, now: UnixMillis) -> Result<()> {
    let language = || customer::store::language(conn, order.customer, shop.language);
    let tell = |screen: Screen| -> Result<()> {
        outbox::store::enqueue(conn, &NewSend::notice(order.customer, Some(order.id), screen), now)?;
        Ok(())
    };
    match effect {
        Effect::SellReserved => {
            anyhow::ensure!(stock::store::sell_reserved(conn, order.id)?, "a paid order has no item reserved");
        }
        Effect::ReleaseStock => stock::store::release(conn, order.id)?,
        Effect::Deliver => Deliver { order: order.id }.enqueue(conn, now, now)?,
        Effect::CancelAtGateway => CancelInvoice { order: order.id }.enqueue(conn, now, now)?,
        Effect::CloseInvoice => close_invoice(conn, language()?, order, now)?,
        Effect::TellInvoiceRefused => tell(notices::invoice_refused(language()?, order))?,
        Effect::TellRefunded => tell(notices::refunded(language()?, order))?,
        Effect::TellSold => tell_sellers(conn, shop, order, now, |language| notices::seller_sold(language, order))?,
    }
    Ok(())
}

/// The picture with the QR must not be paid any more: not sent if it waits, changed if it was sent.
fn close_invoice(conn: &Connection, language: Language, order: &Order, now: UnixMillis) -> Result<()> {
    outbox::store::withdraw(conn, order.id, Purpose::Qr, now)?;
    let Some(picture) = outbox::store::of_order(conn, order.id, Purpose::Qr)? else { return Ok(()) };
    let send = NewSend {
        lane: Lane::Notice,
        policy: Policy::Harmless,
        purpose: Purpose::Edit,
        order: Some(order.id),
        target: Some(Target::Send(picture)),
        delay: if order.state == State::Paid { GOODS_FIRST } else { Duration::ZERO },
        outgoing: Outgoing::EditCaption(notices::invoice_closed(language, order)),
        ..NewSend::screen(order.customer, Screen::default())
    };
    outbox::store::enqueue(conn, &send, now)?;
    Ok(())
}

/// Puts the goods of a paid order into a frame: first the empty frame, then the goods by editing it, so that the
/// goods themselves are pushed once however often the bot dies in between.
///
/// # Errors
/// When the database fails.
pub fn show_goods(conn: &Connection, shop: &Shop, order: &Order, now: UnixMillis) -> Result<()> {
    let language = customer::store::language(conn, order.customer, shop.language)?;
    let frame = NewSend {
        policy: Policy::Harmless,
        purpose: Purpose::Placeholder,
        order: Some(order.id),
        ..NewSend::screen(order.customer, notices::placeholder(language, order))
    };
    let frame_id = outbox::store::enqueue(conn, &frame, now)?;
    let goods = NewSend {
        purpose: Purpose::Goods,
        target: Some(Target::Send(frame_id)),
        outgoing: Outgoing::Goods { language },
        ..frame
    };
    outbox::store::enqueue(conn, &goods, now)?;
    Ok(())
}

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
    let taken_in = known.as_ref().is_some_and(|payment| payment.status == payment::Status::Completed);
    let verdict = judge(order, answer, taken_in, mode);
    match verdict {
        Verdict::NotYet | Verdict::Known => {}
        Verdict::Closed => {
            if let Some(payment) = known {
                payment::store::cancel(conn, payment.id)?;
            }
        }
        Verdict::Foreign(reason) => {
            let text = format!(
                "The gateway {gateway} answered for order {}: {reason}. No goods went out for it. \
                 Compare the order with the gateway's own list, and bot.toml's mode with the gateway's project.",
                order.code
            );
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
    anyhow::ensure!(payment::store::complete(conn, id, answer.amount, now)?, "a payment was booked twice");
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
        Verdict::Late => (Account::OwedBack, Some(Event::LatePaymentStockGone), Some(Reason::Late)),
        Verdict::WrongAmount => (Account::Review, Some(Event::WrongAmountPaid), Some(Reason::WrongAmount)),
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
    outbox::store::enqueue(conn, &NewSend::notice(order.customer, Some(order.id), screen), now)?;
    tell_sellers(conn, shop, order, now, |language| match reason {
        Reason::WrongAmount => notices::seller_review(language, order, amount),
        Reason::Late | Reason::Second => notices::seller_refund_due(language, order, amount, reason),
    })?;
    let text = format!(
        "{amount} came in for order {} and is not simply ours ({}). The sellers have it on their list of what is due.",
        order.code,
        reason.name()
    );
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
    let Some(due) = refund::store::due_by_id(conn, id)? else { return Ok(false) };
    let order = order::store::get(conn, due.order)?;
    let owed_on = if due.reason == Reason::WrongAmount { Account::Review } else { Account::OwedBack };
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
        let (from, to) = if to == Account::Gateway { (Account::Gateway, owed_on) } else { (to, owed_on) };
        ledger::store::post(conn, from, to, due.amount, due.payment, now)?;
    }
    if let Some(event) = event {
        advance(conn, shop, &order, event, now)?;
    }
    Ok(true)
}

/// An order under review keeps its item, unless it was given up before the money came: then another one.
fn has_item(conn: &Connection, order: &Order) -> Result<bool> {
    Ok(stock::store::sell_reserved(conn, order.id)? || stock::store::sell_free(conn, order.product, order.id)?)
}

fn tell_sellers(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    now: UnixMillis,
    screen: impl Fn(Language) -> Screen,
) -> Result<()> {
    for seller in shop.told_about_trade() {
        let language = customer::store::language(conn, seller, shop.language)?;
        outbox::store::enqueue(conn, &NewSend::notice(seller, Some(order.id), screen(language)), now)?;
    }
    Ok(())
}

/// The goods arrived, or were shown again: the first time is news.
///
/// # Errors
/// When the database fails.
pub fn goods_arrived(conn: &Connection, shop: &Shop, id: order::OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    advance(conn, shop, &order, Event::DeliverySent, now)?;
    Ok(())
}

/// The goods cannot reach their customer: seller and owner hear of it; the order stays paid, and the goods go out
/// when the customer comes back.
///
/// # Errors
/// When the database fails.
pub fn goods_unreachable(conn: &Connection, shop: &Shop, id: order::OrderId, now: UnixMillis) -> Result<()> {
    let order = order::store::get(conn, id)?;
    tell_sellers(conn, shop, &order, now, |language| notices::seller_unreachable(language, &order))?;
    let text = format!(
        "The customer of the paid order {} has blocked the bot or left Telegram. The goods are kept for them and go \
         out when they come back.",
        order.code
    );
    incident::store::raise(conn, Kind::CustomerUnreachable, &text, now)?;
    Ok(())
}

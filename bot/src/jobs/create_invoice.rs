//! Asks the gateway for an order's invoice and puts the QR into the outbox.
//! Every retry carries the same order code, so that a timeout never makes two invoices.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use super::{
    run::{Workshop, trouble},
    task::{CreateInvoice, PollPayment, Task},
    trade,
};
use crate::{
    clock::now,
    gateways::{GatewayError, pakasir},
    incident::{self, Kind},
    queue::{Job, worker::Outcome},
    shop::{
        Shop,
        order::{self, Event, Order, State},
        payment::{self, Invoice},
    },
};

/// Does it.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn work(shop: &Workshop, job: &Job) -> Result<Outcome> {
    let order = shop.order(CreateInvoice::of(job)?.order).await?;
    if order.state != State::AwaitingPayment {
        return shop.nothing(job.claim).await;
    }
    match shop.pakasir.create(&order.code, order.price).await {
        Ok(invoice) => {
            crate::fail::point("after_invoice_before_store");
            shop.settle(job.claim, move |conn, shop| {
                show(conn, shop, &order, &invoice, now())
            })
            .await
        }
        Err(GatewayError::Refused(reason)) => {
            shop.settle(job.claim, move |conn, shop| {
                refused(conn, shop, &order, &reason, now())
            })
            .await
        }
        Err(error) => Ok(trouble(error)),
    }
}

fn show(conn: &Connection, shop: &Shop, order: &Order, invoice: &Invoice, now: UnixMillis) -> Result<()> {
    payment::store::open(conn, pakasir::NAME, order.id, invoice, now)?;
    payment::store::refuses_no_more(conn, pakasir::NAME)?;
    let poll = PollPayment {
        order: order.id,
        txn_id: invoice.txn_id.clone(),
    };
    poll.enqueue(conn, now.plus(super::ask_payment::FIRST_POLL), now)?;
    // The customer may have called it off, or the time may have run out, while the gateway was asked.
    if order::store::get(conn, order.id)?.state != State::AwaitingPayment {
        return Ok(());
    }
    trade::send_invoice(conn, shop, order, invoice, now)
}

fn refused(conn: &Connection, shop: &Shop, order: &Order, reason: &str, now: UnixMillis) -> Result<()> {
    let text = incident::facts(&[pakasir::NAME, &order.code, reason]);
    incident::store::raise(conn, Kind::GatewayRefuses, &text, now)?;
    payment::store::refuses(conn, pakasir::NAME, reason)?;
    let order = order::store::get(conn, order.id)?;
    if order.state == State::AwaitingPayment {
        trade::advance(conn, shop, &order, Event::InvoiceRefused, now)?;
    }
    Ok(())
}

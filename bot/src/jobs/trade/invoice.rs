//! The picture with the QR: sent, sent again on request, and closed so that nobody pays it any more.

use std::time::Duration;

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use crate::{
    gateways::pakasir,
    jobs::notices,
    outbox::{self, Lane, NewSend, Outgoing, Purpose, Screen, Target},
    shop::{
        Shop,
        customer::{self, Language},
        order::{Order, State},
        payment::{self, Invoice},
    },
};

/// The picture of a paid order can wait: the goods go first.
const GOODS_FIRST: Duration = Duration::from_millis(2_500);

/// Sends the picture of an invoice.
///
/// # Errors
/// When the database fails.
pub fn send_invoice(
    conn: &Connection,
    shop: &Shop,
    order: &Order,
    invoice: &Invoice,
    now: UnixMillis,
) -> Result<()> {
    let language = customer::store::language(conn, order.customer, shop.language)?;
    let send = NewSend {
        purpose: Purpose::Qr,
        order: Some(order.id),
        outgoing: Outgoing::Qr {
            qr: invoice.qr.clone(),
            caption: notices::invoice(shop, language, order, invoice),
        },
        ..NewSend::screen(order.customer, Screen::default())
    };
    outbox::store::enqueue(conn, &send, now)?;
    Ok(())
}

/// Sends the picture once more. `false`: there is no invoice yet, and its picture follows by itself.
///
/// # Errors
/// When the database fails.
pub fn show_invoice(conn: &Connection, shop: &Shop, order: &Order, now: UnixMillis) -> Result<bool> {
    let payment = payment::store::of_order(conn, pakasir::NAME, order.id)?;
    let Some(payment) = payment.filter(|payment| !payment.invoice.qr.is_empty()) else {
        return Ok(false);
    };
    // One that has not gone out yet will do.
    if !outbox::store::is_waiting(conn, order.id, Purpose::Qr)? {
        send_invoice(conn, shop, order, &payment.invoice, now)?;
    }
    Ok(true)
}

/// No picture with this QR must be paid any more: not sent if it waits, changed if it was sent.
pub(super) fn close(conn: &Connection, language: Language, order: &Order, now: UnixMillis) -> Result<()> {
    outbox::store::withdraw(conn, order.id, Purpose::Qr, now)?;
    for picture in outbox::store::of_order(conn, order.id, Purpose::Qr)? {
        let send = NewSend {
            lane: Lane::Notice,
            purpose: Purpose::Edit,
            order: Some(order.id),
            target: Some(Target::Send(picture)),
            delay: if order.state == State::Paid {
                GOODS_FIRST
            } else {
                Duration::ZERO
            },
            outgoing: Outgoing::EditCaption(notices::invoice_closed(language, order)),
            ..NewSend::screen(order.customer, Screen::default())
        };
        outbox::store::enqueue(conn, &send, now)?;
    }
    Ok(())
}

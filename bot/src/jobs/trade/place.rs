//! A wish to buy becomes an order that keeps its item, or a clear word why not.

use anyhow::Result;
use protocol::time::UnixMillis;
use rusqlite::Connection;

use crate::{
    jobs::task::{CreateInvoice, ExpireOrder, Task},
    shop::{
        Shop,
        catalog::{self, ProductId},
        customer::CustomerId,
        order::{self, OPEN_ORDERS_MAX, Order},
        stock, switch,
    },
};

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
    if let Some(same) = open
        .iter()
        .find(|order| order.product == product && order.pay_before > now)
    {
        return Ok(Placed::Again(same.clone()));
    }
    if !switch::store::sells(conn)? {
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
    anyhow::ensure!(
        stock::store::reserve(conn, product.id, id)?,
        "an item that was counted is not there"
    );
    CreateInvoice { order: id }.enqueue(conn, now, now)?;
    ExpireOrder { order: id }.enqueue(conn, pay_before, now)?;
    Ok(Placed::New(order::store::get(conn, id)?))
}

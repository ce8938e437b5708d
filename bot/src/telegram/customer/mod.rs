//! What customers see, one page a file. Every order is looked up as the visitor's own: another's code finds nothing.

pub mod advice;
mod catalogue;
mod language;
mod order;
mod orders;
mod product;

use anyhow::Result;

use super::visit::{Reply, Visit};
use crate::outbox::{Screen, press::Press};

/// The page of a command; `None` when customers have no such command.
///
/// # Errors
/// When the database fails.
pub fn commanded(visit: &Visit<'_>, name: &str) -> Result<Option<Screen>> {
    Ok(Some(match name {
        "start" => catalogue::page(visit, 0)?,
        "orders" => orders::page(visit, 0)?,
        "language" => language::page(visit),
        "help" => advice::page(visit, "help"),
        "terms" => advice::page(visit, "terms"),
        "paysupport" => advice::page(visit, "pay-support"),
        _ => return Ok(None),
    }))
}

/// The reply to a button; `None` when it is not a customer's.
///
/// # Errors
/// When the database fails.
pub fn pressed(visit: &Visit<'_>, press: &Press) -> Result<Option<Reply>> {
    Ok(Some(match press {
        Press::Home => Reply::page(catalogue::page(visit, 0)?),
        Press::Catalogue(number) => Reply::page(catalogue::page(visit, *number)?),
        Press::Product(id) => product::open(visit, *id)?,
        Press::Buy(id) => product::buy(visit, *id)?,
        Press::Orders(number) => Reply::page(orders::page(visit, *number)?),
        Press::Order(code) => order::open(visit, code)?,
        Press::Goods(code) => order::show_goods(visit, code)?,
        Press::Invoice(code) => order::show_invoice(visit, code)?,
        Press::CancelOrder(code) => order::cancel(visit, code)?,
        Press::Languages => Reply::page(language::page(visit)),
        Press::Language(chosen) => language::choose(visit, *chosen)?,
        _ => return Ok(None),
    }))
}

//! One product, and the wish to buy it.

use anyhow::Result;

use super::{catalogue, order, orders};
use crate::{
    jobs::trade::{self, Placed},
    outbox::{
        Screen,
        press::Press,
        rich::{Rich, clip},
    },
    shop::{
        catalog::{self, Product, ProductId},
        order::OPEN_ORDERS_MAX,
        switch,
    },
    telegram::visit::{Reply, Visit},
};

/// Description and terms each, so that both fit beside the rest whatever signs they are made of.
const PROSE_UNITS_MAX: usize = 1_800;

/// Opens a product's page; one that is not on sale leads back to what is.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    match catalog::store::get(visit.conn, id)?.filter(|product| product.on_sale) {
        Some(product) => {
            let sells = switch::store::sells(visit.conn)?;
            Ok(Reply::page(page(visit, &product, sells)))
        }
        None => Ok(Reply::both(
            visit.say("toast-not-on-sale", &[]),
            catalogue::page(visit, 0)?,
        )),
    }
}

/// Orders it. The QR follows by itself, so that the press costs no other message.
///
/// # Errors
/// When the database fails.
pub fn buy(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    let to_catalogue = |key| Ok(Reply::clearly(visit.say(key, &[]), catalogue::page(visit, 0)?));
    match trade::place(visit.conn, visit.shop, visit.user, id, visit.now)? {
        Placed::New(_) => Ok(Reply::toast(visit.say("toast-preparing", &[]))),
        Placed::Again(same) => Ok(Reply::both(
            visit.say("toast-again", &[]),
            order::page(visit, &same),
        )),
        Placed::TooManyOpen => {
            let count = OPEN_ORDERS_MAX.to_string();
            Ok(Reply::both(
                visit.say("toast-too-many-open", &[("count", &count)]),
                orders::page(visit, 0)?,
            ))
        }
        Placed::SoldOut => to_catalogue("toast-sold-out"),
        Placed::NotOnSale => to_catalogue("toast-not-on-sale"),
        Placed::Paused => to_catalogue("toast-paused"),
    }
}

fn page(visit: &Visit<'_>, product: &Product, sells: bool) -> Screen {
    let draft = &product.draft;
    let mut words = Rich::default()
        .bold(&draft.name)
        .then("\n")
        .then(&visit.say("product-price", &[("price", &draft.price.to_string())]))
        .then("\n")
        .then(&stock(visit, product, sells));
    if !draft.description.is_empty() {
        words = words
            .then("\n\n")
            .then(&clip(&draft.description, PROSE_UNITS_MAX));
    }
    if !draft.terms.is_empty() {
        let title = visit.say("product-terms", &[]);
        words = words
            .then("\n\n")
            .bold(&title)
            .then("\n")
            .then(&clip(&draft.terms, PROSE_UNITS_MAX));
    }
    let mut keyboard = vec![vec![visit.button("button-back", Press::Home)]];
    if product.free > 0 {
        keyboard.insert(0, vec![visit.button("button-buy", Press::Buy(product.id))]);
    }
    Screen { words, keyboard }
}

fn stock(visit: &Visit<'_>, product: &Product, sells: bool) -> String {
    if !sells {
        visit.say("product-paused", &[])
    } else if product.free > 0 {
        visit.say("product-stock", &[("count", &product.free.to_string())])
    } else {
        visit.say("product-sold-out", &[])
    }
}

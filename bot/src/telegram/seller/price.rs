//! Another price for a product. Orders that exist keep theirs.

use anyhow::Result;

use super::{asked, product};
use crate::{
    outbox::Screen,
    shop::{
        catalog::{self, PRICE_MAX, PRICE_MIN, ProductId, check_price},
        money::{self, Rupiah},
    },
    telegram::{
        dialogue::{self, Step},
        visit::{Reply, Visit},
    },
};

/// The question.
///
/// # Errors
/// When the database fails.
pub fn ask(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    let Some(product) = catalog::store::get(visit.conn, id)? else {
        return product::none(visit);
    };
    let words = visit.say("ask-price", &[("price", &product.draft.price.to_string())]);
    Ok(Reply::page(asked(visit, &Step::Price { product: id }, words)?))
}

/// The answer.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: ProductId, text: &str) -> Result<Screen> {
    let Some(price) = read(text) else {
        return asked(visit, &Step::Price { product: id }, wrong(visit));
    };
    dialogue::store::forget(visit.conn, visit.user)?;
    catalog::store::set_price(visit.conn, id, price)?;
    let done = visit.say("price-set", &[("price", &price.to_string())]);
    product::page_after(visit, id, &done)
}

/// A price that the gateways take.
#[must_use]
pub fn read(text: &str) -> Option<Rupiah> {
    money::parse(text).filter(|price| check_price(*price).is_ok())
}

/// What is expected of a price.
#[must_use]
pub fn wrong(visit: &Visit<'_>) -> String {
    visit.say(
        "wrong-price",
        &[("min", &PRICE_MIN.to_string()), ("max", &PRICE_MAX.to_string())],
    )
}

//! One product as its seller sees it.

use anyhow::Result;

use super::products;
use crate::{
    outbox::{
        Keyboard, Screen,
        press::Press,
        rich::{Rich, clip},
    },
    shop::{
        catalog::{self, Product, ProductId},
        stock,
    },
    telegram::visit::{Reply, Visit},
};

/// Description and terms each, so that both fit beside the rest whatever signs they are made of.
const PROSE_UNITS_MAX: usize = 1_800;

/// Opens a product's page.
///
/// # Errors
/// When the database fails.
pub fn open(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    match catalog::store::get(visit.conn, id)? {
        Some(product) => Ok(Reply::page(page(visit, &product)?)),
        None => none(visit),
    }
}

/// Shows it to customers, or hides it.
///
/// # Errors
/// When the database fails.
pub fn toggle(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    let Some(product) = catalog::store::get(visit.conn, id)? else {
        return none(visit);
    };
    catalog::store::set_on_sale(visit.conn, id, !product.on_sale)?;
    let product = Product {
        on_sale: !product.on_sale,
        ..product
    };
    let word = visit.say(
        if product.on_sale {
            "toast-shown"
        } else {
            "toast-hidden"
        },
        &[],
    );
    Ok(Reply::both(word, page(visit, &product)?))
}

/// The reply when there is no such product.
///
/// # Errors
/// When the database fails.
pub fn none(visit: &Visit<'_>) -> Result<Reply> {
    Ok(Reply::both(
        visit.say("toast-no-product", &[]),
        products::page(visit, 0)?,
    ))
}

/// What was done, and the product as it is now.
///
/// # Errors
/// When the database fails.
pub fn page_after(visit: &Visit<'_>, id: ProductId, done: &str) -> Result<Screen> {
    let Some(product) = catalog::store::get(visit.conn, id)? else {
        return products::page(visit, 0);
    };
    let words = Rich::plain(done).then("\n\n");
    Ok(Screen {
        words: describe(visit, &product, words)?,
        keyboard: keyboard(visit, &product),
    })
}

/// A product's page.
fn page(visit: &Visit<'_>, product: &Product) -> Result<Screen> {
    Ok(Screen {
        words: describe(visit, product, Rich::default())?,
        keyboard: keyboard(visit, product),
    })
}

fn describe(visit: &Visit<'_>, product: &Product, before: Rich) -> Result<Rich> {
    let draft = &product.draft;
    let shown = if product.on_sale {
        "seller-shown"
    } else {
        "seller-hidden"
    };
    let mut lines = vec![
        visit.say("product-price", &[("price", &draft.price.to_string())]),
        visit.say("seller-stock", &[("count", &product.free.to_string())]),
        visit.say(shown, &[]),
    ];
    let withheld = stock::store::withheld_of(visit.conn, product.id)?;
    if withheld > 0 {
        let line = visit.say("seller-stock-withheld", &[("count", &withheld.to_string())]);
        lines.insert(2, line);
    }
    let mut words = before.bold(&draft.name).then("\n").then(&lines.join("\n"));
    for prose in [&draft.description, &draft.terms]
        .into_iter()
        .filter(|prose| !prose.is_empty())
    {
        words = words.then("\n\n").then(&clip(prose, PROSE_UNITS_MAX));
    }
    Ok(words)
}

fn keyboard(visit: &Visit<'_>, product: &Product) -> Keyboard {
    let id = product.id;
    let switch = if product.on_sale {
        "button-hide"
    } else {
        "button-show"
    };
    vec![
        vec![
            visit.button("button-add-stock", Press::AddStock(id)),
            visit.button("button-set-price", Press::SetPrice(id)),
        ],
        vec![
            visit.button("button-take-out", Press::TakeOut(id)),
            visit.button(switch, Press::Toggle(id)),
        ],
        vec![
            visit.button("button-seller-products", Press::SellerProducts(0)),
            visit.button("button-seller-menu", Press::Seller),
        ],
    ]
}

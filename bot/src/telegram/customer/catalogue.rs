//! The first page: the shop's name and what is for sale. Hidden products are not there at all.

use anyhow::Result;

use crate::{
    outbox::{
        Button, Screen,
        press::Press,
        rich::{Rich, clip},
    },
    shop::{
        catalog::{self, Product},
        customer::Language,
        switch,
    },
    telegram::visit::{Page, Visit},
};

/// The shop's name is the owner's; this much of it always fits.
const SHOP_NAME_UNITS_MAX: usize = 100;

/// A page of what is for sale, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| {
        catalog::store::on_sale(visit.conn, offset, limit)
    })?;
    let sells = switch::store::sells(visit.conn)?;
    let mut keyboard: Vec<Vec<Button>> = page
        .rows
        .iter()
        .map(|product| {
            vec![Button::new(
                line(visit, product, sells),
                Press::Product(product.id),
            )]
        })
        .collect();
    page.add_turns(visit, Press::Catalogue, &mut keyboard);
    let other = match visit.language {
        Language::Indonesian => Language::English,
        Language::English => Language::Indonesian,
    };
    keyboard.push(vec![
        visit.button("button-my-orders", Press::Orders(0)),
        visit.button("button-other-language", Press::Language(other)),
    ]);
    if visit.is_seller() {
        keyboard.push(vec![visit.button("button-seller-menu", Press::Seller)]);
    }
    Ok(Screen {
        words: words(visit, &page.rows, sells),
        keyboard,
    })
}

fn words(visit: &Visit<'_>, products: &[Product], sells: bool) -> Rich {
    let name = clip(&visit.shop.name, SHOP_NAME_UNITS_MAX);
    let mut words = Rich::plain(visit.say("home-welcome", &[]))
        .then(" ")
        .bold(&name)
        .then(" 👋\n\n");
    if !sells {
        words = words.then(&visit.say("home-paused", &[])).then("\n\n");
    }
    if products.is_empty() {
        return words.then(&visit.say("home-empty", &[]));
    }
    words = words.then(&visit.say("home-how", &[])).then("\n");
    // Phones cut long buttons off: whole names stand here, under their shelves.
    let mut shelf = "";
    for product in products {
        if product.draft.category != shelf {
            shelf = &product.draft.category;
            words = words.then("\n").bold(shelf);
        }
        words = words.then("\n• ").then(&line(visit, product, sells));
    }
    words
}

/// What is held while the shop sells nothing is not sold out.
fn line(visit: &Visit<'_>, product: &Product, sells: bool) -> String {
    let line = format!("{} · {}", product.draft.name, product.draft.price);
    if product.free > 0 || !sells {
        line
    } else {
        format!("{line} {}", visit.say("sold-out-mark", &[]))
    }
}

//! All products with their stock, hidden ones as well.

use anyhow::Result;

use crate::{
    outbox::{Button, Screen, press::Press, rich::Rich},
    shop::catalog::{self, Product},
    telegram::visit::{Page, Visit},
};

/// A page of them, from 0.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| {
        catalog::store::all(visit.conn, offset, limit)
    })?;
    let mut keyboard: Vec<Vec<Button>> = page
        .rows
        .iter()
        .map(|product| vec![label(visit, product)])
        .collect();
    page.add_turns(visit, Press::SellerProducts, &mut keyboard);
    keyboard.push(vec![
        visit.button("button-new-product", Press::NewProduct),
        visit.button("button-seller-menu", Press::Seller),
    ]);
    let mut words = Rich::default().bold(&visit.say("seller-products-title", &[]));
    if page.rows.is_empty() {
        words = words.then("\n\n").then(&visit.say("seller-products-empty", &[]));
    }
    for product in &page.rows {
        words = words.then("\n• ").then(&line(visit, product));
    }
    Ok(Screen { words, keyboard })
}

fn label(visit: &Visit<'_>, product: &Product) -> Button {
    Button::new(line(visit, product), Press::SellerProduct(product.id))
}

fn line(visit: &Visit<'_>, product: &Product) -> String {
    let (price, count) = (product.draft.price.to_string(), product.free.to_string());
    let places = [
        ("name", &*product.draft.name),
        ("price", &price),
        ("count", &count),
    ];
    let line = visit.say("seller-product-row", &places);
    if product.on_sale {
        line
    } else {
        format!("{line} 🙈")
    }
}

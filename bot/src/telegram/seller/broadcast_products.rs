//! Which products get a button under an announcement.

use anyhow::Result;

use super::broadcast;
use crate::{
    outbox::{Button, Screen, on_broadcast::OnBroadcast, press::Press, rich::Rich},
    shop::{
        broadcast::{Broadcast, PRODUCTS_MAX, State, store},
        catalog::{self, Product, ProductId},
    },
    telegram::visit::{Page, Reply, Visit},
};

/// A page of all products, from 0, those with a button marked.
///
/// # Errors
/// When the database fails.
pub fn page(visit: &Visit<'_>, chosen: &Broadcast, number: u32) -> Result<Screen> {
    let page = Page::read(number, |offset, limit| {
        catalog::store::all(visit.conn, offset, limit)
    })?;
    let on = |wish| Press::Broadcast(chosen.id, wish);
    let mut keyboard: Vec<Vec<Button>> = page
        .rows
        .iter()
        .map(|product| vec![label(chosen, product, number)])
        .collect();
    page.add_turns(visit, |number| on(OnBroadcast::Products(number)), &mut keyboard);
    keyboard.push(vec![visit.button("button-finished", on(OnBroadcast::Open))]);
    let max = PRODUCTS_MAX.to_string();
    let words = Rich::plain(visit.say("broadcast-products-how", &[("max", &max)]));
    Ok(Screen { words, keyboard })
}

/// Gives a product a button, or takes it away, and shows the same page again.
///
/// # Errors
/// When the database fails.
pub fn toggle(visit: &Visit<'_>, chosen: &Broadcast, product: ProductId, number: u32) -> Result<Reply> {
    if !matches!(chosen.state, State::Draft | State::Scheduled) {
        return Ok(Reply::both(
            visit.say("toast-broadcast-cannot", &[]),
            broadcast::page(visit, chosen.id)?,
        ));
    }
    let mut chosen = chosen.clone();
    if !chosen.announcement.toggle(product) {
        let max = PRODUCTS_MAX.to_string();
        return Ok(Reply::toast(visit.say("toast-buttons-enough", &[("max", &max)])));
    }
    store::set_announcement(visit.conn, chosen.id, &chosen.announcement)?;
    Ok(Reply::page(page(visit, &chosen, number)?))
}

fn label(chosen: &Broadcast, product: &Product, number: u32) -> Button {
    let mark = if chosen.announcement.products.contains(&product.id) {
        "☑️"
    } else {
        "▫️"
    };
    let label = format!("{mark} {}", product.draft.name);
    Button::new(
        label,
        Press::Broadcast(chosen.id, OnBroadcast::Toggle(product.id, number)),
    )
}

//! More stock: lines of text, an item each, message after message until the seller has finished.
//! A line that the shop ever held is refused and named by its number; no line is shown again.

use anyhow::Result;

use super::product;
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::{
        catalog::{self, ProductId},
        stock::{self, Added, LINES_MAX},
    },
    telegram::{
        dialogue::{self, Step},
        visit::{Reply, Visit},
    },
};

/// Refused lines that are named one by one.
const NAMED_MAX: usize = 20;

/// The question.
///
/// # Errors
/// When the database fails.
pub fn ask(visit: &Visit<'_>, id: ProductId) -> Result<Reply> {
    if catalog::store::get(visit.conn, id)?.is_none() {
        return product::none(visit);
    }
    Ok(Reply::page(waiting(visit, id, &question(visit))?))
}

/// The question right after a product was made.
///
/// # Errors
/// When the database fails.
pub fn ask_for_new(visit: &Visit<'_>, id: ProductId) -> Result<Screen> {
    waiting(
        visit,
        id,
        &format!("{}\n\n{}", visit.say("product-made", &[]), question(visit)),
    )
}

/// Some of the answer: takes the lines in and waits for more.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: ProductId, text: &str) -> Result<Screen> {
    if text.lines().count() > LINES_MAX {
        return waiting(
            visit,
            id,
            &visit.say("wrong-stock", &[("max", &LINES_MAX.to_string())]),
        );
    }
    let added = stock::store::add(visit.conn, id, text.lines(), visit.now)?;
    let free = catalog::store::get(visit.conn, id)?.map_or(0, |product| product.free);
    waiting(visit, id, &report(visit, &added, free))
}

fn question(visit: &Visit<'_>) -> String {
    visit.say("ask-stock", &[("max", &LINES_MAX.to_string())])
}

fn waiting(visit: &Visit<'_>, id: ProductId, words: &str) -> Result<Screen> {
    dialogue::store::ask(visit.conn, visit.user, &Step::Stock { product: id }, visit.now)?;
    let keyboard = vec![vec![visit.button("button-finished", Press::SellerProduct(id))]];
    Ok(Screen {
        words: Rich::plain(words),
        keyboard,
    })
}

fn report(visit: &Visit<'_>, added: &Added, free: i64) -> String {
    let count = added.added.to_string();
    let mut lines = vec![visit.say("stock-added", &[("count", &count), ("total", &free.to_string())])];
    for (key, refused) in [("stock-known", &added.known), ("stock-long", &added.long)] {
        if !refused.is_empty() {
            lines.push(visit.say(key, &[("lines", &named(visit, refused))]));
        }
    }
    lines.push(visit.say("stock-more", &[]));
    lines.join("\n")
}

/// Positions, from 1, as far as they can be named one by one.
pub fn named(visit: &Visit<'_>, positions: &[usize]) -> String {
    let shown: Vec<String> = positions.iter().take(NAMED_MAX).map(usize::to_string).collect();
    let lines = shown.join(", ");
    match positions.len().saturating_sub(NAMED_MAX) {
        0 => lines,
        more => visit.say("lines-more", &[("lines", &lines), ("count", &more.to_string())]),
    }
}

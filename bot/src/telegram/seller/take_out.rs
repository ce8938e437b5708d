//! Stock that must not be sold: lines of text, an item each, message after message until the seller has finished.
//! What is sold, or kept for an order, stays where it is. No line is shown again.

use anyhow::Result;

use super::{product, stock::named};
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::{
        catalog::{self, ProductId},
        stock::{self, LINES_MAX, TakenOut},
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
    if catalog::store::get(visit.conn, id)?.is_none() {
        return product::none(visit);
    }
    let words = visit.say("ask-take-out", &[("max", &LINES_MAX.to_string())]);
    Ok(Reply::page(waiting(visit, id, &words)?))
}

/// Some of the answer: takes the lines out and waits for more.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: ProductId, text: &str) -> Result<Screen> {
    if text.lines().count() > LINES_MAX {
        let words = visit.say("wrong-stock", &[("max", &LINES_MAX.to_string())]);
        return waiting(visit, id, &words);
    }
    let done = stock::store::take_out(visit.conn, id, text.lines())?;
    waiting(visit, id, &report(visit, &done))
}

fn waiting(visit: &Visit<'_>, id: ProductId, words: &str) -> Result<Screen> {
    dialogue::store::ask(visit.conn, visit.user, &Step::TakeOut { product: id }, visit.now)?;
    let keyboard = vec![vec![visit.button("button-finished", Press::SellerProduct(id))]];
    Ok(Screen {
        words: Rich::plain(words),
        keyboard,
    })
}

fn report(visit: &Visit<'_>, done: &TakenOut) -> String {
    let mut lines = vec![visit.say("taken-out", &[("count", &done.removed.to_string())])];
    for (key, refused) in [
        ("take-out-taken", &done.taken),
        ("take-out-unknown", &done.unknown),
    ] {
        if !refused.is_empty() {
            lines.push(visit.say(key, &[("lines", &named(visit, refused))]));
        }
    }
    lines.push(visit.say("stock-more", &[]));
    lines.join("\n")
}

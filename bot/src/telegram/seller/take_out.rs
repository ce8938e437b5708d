//! Stock that must not be sold: lines of text, an item each, and files, message after message until the seller has finished.
//! What is sold, or kept for an order, stays where it is. No line is shown again.

use anyhow::Result;

use super::{product, stock::named};
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::{
        catalog::{self, ProductId},
        stock::{self, FileUniqueId, LINES_MAX, TakenOut},
    },
    telegram::{
        dialogue::{self, Step},
        visit::{Reply, Said, Visit},
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

/// Some of the answer: takes the lines or the file out and waits for more.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: ProductId, said: Said<'_>) -> Result<Screen> {
    let words = match said {
        Said::Text(text) => lines(visit, id, text.trim())?,
        Said::Document(document) => file(visit, id, document.unique)?,
        Said::Photo { .. } | Said::Other => visit.say("stock-not-a-file", &[]),
    };
    waiting(visit, id, &words)
}

fn lines(visit: &Visit<'_>, id: ProductId, text: &str) -> Result<String> {
    if text.lines().count() > LINES_MAX {
        return Ok(visit.say("wrong-stock", &[("max", &LINES_MAX.to_string())]));
    }
    // An item of several lines is sent as it is; other lines are an item each.
    let whole = stock::store::take_out(visit.conn, id, [text])?;
    if whole.unknown.is_empty() {
        return Ok(report(visit, &whole));
    }
    let done = stock::store::take_out(visit.conn, id, text.lines())?;
    Ok(report(visit, &done))
}

fn file(visit: &Visit<'_>, id: ProductId, unique: &FileUniqueId) -> Result<String> {
    let done = stock::store::take_out_file(visit.conn, id, unique)?;
    let key = if done.removed > 0 {
        "file-taken-out"
    } else if done.taken.is_empty() {
        "file-take-out-unknown"
    } else {
        "file-take-out-taken"
    };
    Ok([visit.say(key, &[]), visit.say("stock-more", &[])].join("\n"))
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

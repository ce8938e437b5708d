//! More stock: lines of text, an item each, and files, message after message until the seller has finished.
//! What the shop ever held is refused, a line named by its number, a file by its name; no line is shown again.

use anyhow::Result;

use super::product;
use crate::{
    jobs::trade,
    outbox::{
        Screen,
        press::Press,
        rich::{Rich, utf16},
    },
    shop::{
        catalog::{self, ProductId},
        stock::{self, Added, FILE_NAME_CHARS_MAX, FILE_WORDS_UNITS_MAX, FileAdded, LINES_MAX},
    },
    telegram::{
        dialogue::{self, Step},
        visit::{Document, Reply, Said, Visit},
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

/// Some of the answer: takes the lines or the file in and waits for more.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, id: ProductId, said: Said<'_>) -> Result<Screen> {
    let words = match said {
        Said::Text(text) => lines(visit, id, text.trim())?,
        Said::Document(document) => file(visit, id, document)?,
        Said::Photo { .. } | Said::Other => visit.say("stock-not-a-file", &[]),
    };
    waiting(visit, id, &words)
}

fn lines(visit: &Visit<'_>, id: ProductId, text: &str) -> Result<String> {
    if text.lines().count() > LINES_MAX {
        return Ok(visit.say("wrong-stock", &[("max", &LINES_MAX.to_string())]));
    }
    let added = stock::store::add(visit.conn, id, text.lines(), visit.now)?;
    Ok(report(visit, &added, free(visit, id)?))
}

fn file(visit: &Visit<'_>, id: ProductId, document: Document<'_>) -> Result<String> {
    let words = document.caption.trim();
    if utf16(words) > FILE_WORDS_UNITS_MAX {
        let max = FILE_WORDS_UNITS_MAX.to_string();
        return Ok(visit.say("file-words-long", &[("max", &max)]));
    }
    let name = match document.name.trim() {
        "" => visit.say("file-unnamed", &[]),
        name => name.chars().take(FILE_NAME_CHARS_MAX).collect(),
    };
    let file = stock::File {
        id: document.file.clone(),
        name: name.clone(),
        words: words.to_owned(),
    };
    let added = stock::store::add_file(visit.conn, id, document.unique, &file, visit.now)?;
    let news = match added {
        FileAdded::New => {
            let total = free(visit, id)?.to_string();
            visit.say("file-added", &[("name", &name), ("total", &total)])
        }
        FileAdded::Known(order) => {
            let renewed = |order| trade::goods_renewed(visit.conn, visit.shop, order, visit.now);
            let waits = order.map_or(Ok(false), renewed)?;
            let key = if waits { "file-renewed" } else { "file-known" };
            visit.say(key, &[("name", &name)])
        }
    };
    Ok(format!("{news}\n{}", visit.say("stock-more", &[])))
}

fn free(visit: &Visit<'_>, id: ProductId) -> Result<i64> {
    Ok(catalog::store::get(visit.conn, id)?.map_or(0, |product| product.free))
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

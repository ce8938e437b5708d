//! A new product, one question after the other: name, price, description; then its stock.
//! A wrong answer says what is expected and asks again; nothing is stored before the last answer.

use anyhow::{Context, Result};

use super::{asked, price, stock};
use crate::{
    outbox::Screen,
    shop::{
        catalog::{self, Draft, NAME_CHARS_MAX, PRICE_MIN, TEXT_CHARS_MAX},
        money::Rupiah,
    },
    telegram::{dialogue::Step, visit::Visit},
};

/// The answer that means: none.
const NONE: &str = "-";
/// Characters of a SKU that come from the name; a number may follow.
const SLUG_CHARS_MAX: usize = 30;
/// Products of the same name that are told apart by a number.
const SAME_NAME_MAX: u32 = 1_000;

/// The first question.
///
/// # Errors
/// When the database fails.
pub fn ask(visit: &Visit<'_>) -> Result<Screen> {
    let max = NAME_CHARS_MAX.to_string();
    asked(visit, &Step::NewName, visit.say("ask-name", &[("max", &max)]))
}

/// The name is there: the price.
///
/// # Errors
/// When the database fails.
pub fn named(visit: &Visit<'_>, name: &str) -> Result<Screen> {
    if draft(name, PRICE_MIN, "").check().is_err() {
        let max = NAME_CHARS_MAX.to_string();
        return asked(visit, &Step::NewName, visit.say("wrong-name", &[("max", &max)]));
    }
    let step = Step::NewPrice {
        name: name.to_owned(),
    };
    asked(visit, &step, visit.say("ask-product-price", &[]))
}

/// The price is there: the description.
///
/// # Errors
/// When the database fails.
pub fn priced(visit: &Visit<'_>, name: String, text: &str) -> Result<Screen> {
    match price::read(text) {
        Some(price) => {
            let max = TEXT_CHARS_MAX.to_string();
            let words = visit.say("ask-description", &[("max", &max)]);
            asked(visit, &Step::NewDescription { name, price }, words)
        }
        None => asked(visit, &Step::NewPrice { name }, price::wrong(visit)),
    }
}

/// The description is there: the product is made, and its stock may follow.
///
/// # Errors
/// When the database fails.
pub fn described(visit: &Visit<'_>, name: String, price: Rupiah, text: &str) -> Result<Screen> {
    let description = if text == NONE { "" } else { text };
    let draft = draft(&name, price, description);
    if draft.check().is_err() {
        let max = TEXT_CHARS_MAX.to_string();
        let words = visit.say("wrong-description", &[("max", &max)]);
        return asked(visit, &Step::NewDescription { name, price }, words);
    }
    let sku = free_sku(visit, &name)?;
    let product = catalog::store::put(visit.conn, &Draft { sku, ..draft }, visit.now)?;
    stock::ask_for_new(visit, product)
}

/// The SKU comes once everything else is good; until then one that passes stands in its place.
fn draft(name: &str, price: Rupiah, description: &str) -> Draft {
    Draft {
        sku: slug(name),
        name: name.to_owned(),
        category: String::new(),
        description: description.to_owned(),
        terms: String::new(),
        price,
    }
}

fn free_sku(visit: &Visit<'_>, name: &str) -> Result<String> {
    let slug = slug(name);
    for number in 1..=SAME_NAME_MAX {
        let sku = if number == 1 {
            slug.clone()
        } else {
            format!("{slug}-{number}")
        };
        if catalog::store::by_sku(visit.conn, &sku)?.is_none() {
            return Ok(sku);
        }
    }
    None.with_context(|| format!("there are {SAME_NAME_MAX} products of the sku '{slug}'"))
}

/// Small letters and digits of the name, with single hyphens between them.
fn slug(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let joined: String = plain.split_whitespace().collect::<Vec<_>>().join("-");
    let short: String = joined.chars().take(SLUG_CHARS_MAX).collect();
    let slug = short.trim_end_matches('-');
    if slug.is_empty() {
        "product".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_made_from_any_name() {
        assert_eq!(slug("Netflix 1 bulan"), "netflix-1-bulan");
        assert_eq!(slug("  🎬 HBO -- Max!  "), "hbo-max");
        assert_eq!(slug("🎬"), "product");
        assert_eq!(slug(&"a b ".repeat(30)).len(), 29);
        for name in ["Netflix 1 bulan", "🎬", "é", "."] {
            draft(name, PRICE_MIN, "").check().unwrap();
        }
    }
}

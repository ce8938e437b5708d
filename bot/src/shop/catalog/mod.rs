//! What is for sale. A product is added or changed whole; it is never removed, for old orders name it.

pub mod file;
pub mod store;

use serde::{Deserialize, Serialize};

use super::money::Rupiah;

/// A product's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub i64);

/// The least that QRIS takes.
pub const PRICE_MIN: Rupiah = Rupiah(500);
/// The most that QRIS takes.
pub const PRICE_MAX: Rupiah = Rupiah(10_000_000);
/// Characters of a name: it must fit on a button beside its price.
pub const NAME_CHARS_MAX: usize = 60;
/// Characters of a description, and of terms: both fit in one message together.
pub const TEXT_CHARS_MAX: usize = 1_500;
/// Characters of a SKU.
pub const SKU_CHARS_MAX: usize = 40;

/// A product as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// What it says about itself.
    pub draft: Draft,
    /// Whether customers see it.
    pub on_sale: bool,
    /// Items that can be sold now.
    pub free: i64,
}

/// What a seller says about a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The seller's own short name, unique in the shop.
    pub sku: String,
    /// What customers read on the button.
    pub name: String,
    /// The shelf it stands on; may be empty.
    pub category: String,
    /// What it is; may be empty.
    pub description: String,
    /// Its terms (SNK); may be empty.
    pub terms: String,
    /// Its price.
    pub price: Rupiah,
}

/// What is wrong with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// No SKU, a long one, or one with white space or control characters.
    #[error("sku must be 1 to 40 letters, digits, '-', '_' or '.'")]
    Sku,
    /// No name, a long one or one of several lines.
    #[error("name must be 1 to 60 characters on one line")]
    Name,
    /// A long category.
    #[error("category must be at most 60 characters on one line")]
    Category,
    /// A long description or long terms.
    #[error("description and terms must be at most 1500 characters each")]
    Text,
    /// A price that QRIS does not take.
    #[error("price must be from 500 to 10000000 rupiah")]
    Price,
}

impl Draft {
    /// Whether the draft can be sold.
    ///
    /// # Errors
    /// The first [`Flaw`].
    pub fn check(&self) -> Result<(), Flaw> {
        let sku_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.sku.is_empty() || self.sku.len() > SKU_CHARS_MAX || !self.sku.chars().all(sku_char) {
            return Err(Flaw::Sku);
        }
        if self.name.trim().is_empty() || !one_line(&self.name) {
            return Err(Flaw::Name);
        }
        if !one_line(&self.category) {
            return Err(Flaw::Category);
        }
        if [&self.description, &self.terms]
            .iter()
            .any(|text| text.chars().count() > TEXT_CHARS_MAX)
        {
            return Err(Flaw::Text);
        }
        check_price(self.price)
    }
}

/// Whether the gateways take this price.
///
/// # Errors
/// [`Flaw::Price`].
pub fn check_price(price: Rupiah) -> Result<(), Flaw> {
    if (PRICE_MIN..=PRICE_MAX).contains(&price) {
        Ok(())
    } else {
        Err(Flaw::Price)
    }
}

fn one_line(text: &str) -> bool {
    text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control)
}

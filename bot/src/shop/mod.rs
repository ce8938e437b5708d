//! The trade itself: products, stock, orders, payments, money owed.
//! It knows no Telegram, no HTTP and no clock; deciding is pure, storing happens inside the caller's transaction.

pub mod audit;
pub mod broadcast;
pub mod catalog;
pub mod customer;
pub mod hours;
pub mod ledger;
pub mod money;
pub mod order;
pub mod payment;
pub mod refund;
pub mod stock;
pub mod switch;

use std::time::Duration;

use customer::{CustomerId, Language};

/// What the owner decided about the shop; read once from bot.toml.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The name over the door.
    pub name: String,
    /// What a customer reads who has not chosen.
    pub language: Language,
    /// Where the shop's days begin and end.
    pub timezone: jiff::tz::TimeZone,
    /// Those who may do all that sellers may.
    pub owners: Vec<CustomerId>,
    /// Those who run the catalogue from Telegram.
    pub sellers: Vec<CustomerId>,
    /// How long an order waits for its payment.
    pub payment_window: Duration,
}

impl Shop {
    /// Whether this user may run the catalogue.
    #[must_use]
    pub fn is_seller(&self, user: CustomerId) -> bool {
        self.owners.contains(&user) || self.sellers.contains(&user)
    }

    /// Who is told about the trade: the sellers, or the owners where there is no seller. Each once.
    pub fn told_about_trade(&self) -> impl Iterator<Item = CustomerId> {
        let told = if self.sellers.is_empty() {
            &self.owners
        } else {
            &self.sellers
        };
        told.iter().copied()
    }
}

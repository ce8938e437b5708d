//! What a seller was asked and has not answered yet. One question a chat, for half an hour.
//! A command or a button ends it: no question ever swallows a menu.

pub mod store;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shop::{broadcast::BroadcastId, catalog::ProductId, money::Rupiah};

/// How long a question stays open.
pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The question that is open, with what was answered before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asked", rename_all = "snake_case")]
pub enum Step {
    /// A new product's name.
    NewName,
    /// A new product's price.
    NewPrice {
        /// Its name.
        name: String,
    },
    /// A new product's description.
    NewDescription {
        /// Its name.
        name: String,
        /// Its price.
        price: Rupiah,
    },
    /// Another price.
    Price {
        /// The product.
        product: ProductId,
    },
    /// Stock lines to take out; stays open for more of them.
    TakeOut {
        /// The product.
        product: ProductId,
    },
    /// The words or the picture of an announcement.
    Announcement,
    /// When an announcement goes out.
    BroadcastTime {
        /// Which one.
        broadcast: BroadcastId,
    },
    /// Stock lines; stays open for more of them.
    Stock {
        /// The product.
        product: ProductId,
    },
}

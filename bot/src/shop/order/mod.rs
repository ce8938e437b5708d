//! One order: one customer, one item, one price, from placing it to its goods or its money back.

pub mod machine;
pub mod store;

use protocol::time::UnixMillis;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{catalog::ProductId, customer::CustomerId, money::Rupiah};
pub use machine::{Effect, Event, Refused, State};

/// An order's number inside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub i64);

/// Open orders that one customer may have: an unpaid order keeps an item off the shelf.
pub const OPEN_ORDERS_MAX: i64 = 3;

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// What customer and gateway call it.
    pub code: String,
    /// Who buys.
    pub customer: CustomerId,
    /// What is bought.
    pub product: ProductId,
    /// The product's name at that moment.
    pub product_name: String,
    /// The price at that moment.
    pub price: Rupiah,
    /// Where it stands.
    pub state: State,
    /// When it was placed.
    pub placed_at: UnixMillis,
    /// Until when its item is kept for it.
    pub pay_before: UnixMillis,
}

/// Letters and digits that nobody mistakes for another on a phone (Crockford's).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new order's code: `W`, seven characters of the second, five of chance.
/// After a restore to an earlier point row numbers repeat; a code never does, so no gateway mixes two orders up.
pub fn new_code(now: UnixMillis, chance: &mut impl Rng) -> String {
    let seconds = u64::try_from(now.0 / 1_000).unwrap_or(0);
    let random: u64 = chance.random();
    let digit = |bits: u64| char::from(ALPHABET[usize::try_from(bits & 31).expect("five bits")]);
    let time = (0..7).rev().map(|place| digit(seconds >> (place * 5)));
    let tail = (0..5).map(|place| digit(random >> (place * 5)));
    std::iter::once('W').chain(time).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_within_the_same_second() {
        let mut chance = rand::rng();
        let codes: std::collections::HashSet<String> = (0..100)
            .map(|_| new_code(UnixMillis(1_795_338_000_000), &mut chance))
            .collect();
        assert!(codes.len() > 98);
        assert!(codes.iter().all(|code| code.len() == 13));
    }
}

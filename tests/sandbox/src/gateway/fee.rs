//! What the gateway takes, in whole rupiah, and the amounts it accepts.
//! QRIS is 0.7 % and Rp310, which fits the official sample and one observed payment.

use serde_json::{Value, json};

const QRIS_FIXED: i64 = 310;
const VA_FIXED: i64 = 3_500;
/// Every bank that has virtual accounts.
pub const BANKS: [&str; 8] = [
    "bri_va",
    "bni_va",
    "cimb_niaga_va",
    "permata_va",
    "maybank_va",
    "bnc_va",
    "artha_graha_va",
    "sampoerna_va",
];

/// The fee of a method, or nothing if there is no such method.
pub fn of(method: &str, amount: i64) -> Option<i64> {
    match method {
        "qris" | "payment_link" => Some((amount.saturating_mul(7).saturating_add(500)) / 1000 + QRIS_FIXED),
        bank if BANKS.contains(&bank) => Some(VA_FIXED),
        _ => None,
    }
}

/// Smallest and largest amount of a method.
pub fn range(method: &str) -> std::ops::RangeInclusive<i64> {
    match method {
        "qris" => 500..=10_000_000,
        "payment_link" => 500..=50_000_000,
        _ => 10_000..=50_000_000,
    }
}

/// The fee of every method for an amount.
pub fn table(amount: i64) -> Value {
    let mut fees = json!({ "qris": of("qris", amount) });
    for bank in BANKS {
        fees[bank] = json!(of(bank, amount));
    }
    fees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_the_one_of_the_official_sample() {
        assert_eq!(of("qris", 99_000), Some(1_003));
        assert_eq!(of("qris", 6_000), Some(352));
        assert_eq!(of("qris", 12_000), Some(394));
        assert_eq!(of("bri_va", 12_000), Some(3_500));
        assert_eq!(of("cash", 12_000), None);
    }
}
